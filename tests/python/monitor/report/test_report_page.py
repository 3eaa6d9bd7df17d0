"""The page and the document of a run: what they say, and that no value does harm."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html.parser import HTMLParser

import jsonschema
import pytest
from watched import NOW, check, run_of

from monitor.check import Check, Group, Severity, Status
from monitor.history import Run
from monitor.pipeline import BuildRun, NodeCost, Pipeline
from monitor.report.document import SCHEMA_PATH, document, written
from monitor.report.environment import LONGEST_VALUE, anchor, share, value
from monitor.report.page import render, verdict

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "formula": "=cmd()",
    "attribute": "\"><img src=x onerror='alert(1)'>",
    "template": "{{ 7 * 7 }}{% for x in y %}",
    "right_to_left": "שלום \u202egnp.exe",
    "control": "a\x00b\x1b[31m",
    "long": "x" * 10_000,
    "null": None,
    "empty": "",
    "<b>name</b>": "of a column",
}


class _Tags(HTMLParser):
    """Collects tags, their attributes and ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, said in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(said or "")
            if name == "href":
                self.links.append(said or "")


def test_the_verdict_says_what_fails_first() -> None:
    fails = check("rule:orders:total_wrong")
    late = check("freshness:shop", Status.WARN, group=Group.FRESHNESS)
    info = check("schema:columns:x", severity=Severity.INFO, group=Group.SCHEMA)
    assert verdict(run_of(check("a", Status.PASS), late)).line == "Trust it: 2 checks, 0 failing"
    said = verdict(run_of(info, late, fails, check("b", Status.SKIP)))
    assert said.line == "Do not trust it: 2 of 3 checks fail"
    assert said.first == fails  # it matters more, though its group comes later
    assert said.rest == "1 warns"
    assert verdict(run_of(fails)).line == "Do not trust it: 1 of 1 checks fails"
    assert verdict(run_of()).line == "Nothing could be checked"
    landing = run_of(check("a", Status.PASS), kind="landing")
    assert verdict(landing).line == "Load them: 1 checks, 0 failing"


def test_no_value_does_harm() -> None:
    texts = {"name": HOSTILE["script"], "message": HOSTILE["attribute"], "sql": HOSTILE["script"]}
    hostile = check("rule:<script>:\"'", samples=(HOSTILE,), owner="</td><script>", **texts)
    sound = check("rule:orders:total_wrong", samples=({"a": "b"},))
    page = render(run_of(hostile), [])
    assert _Tags(page).tags.count("script") == 1
    assert not {name for name in _Tags(page).attributes if name.startswith("on")}
    # Nothing but text has come of it.
    assert set(_Tags(page).tags) <= set(_Tags(render(run_of(sound), [])).tags)
    assert "alert(1)" in page
    assert "{{ 7 * 7 }}" in page
    assert "\u202e" not in page
    assert "\x00" not in page
    assert "\x1b" not in page
    assert "x" * (LONGEST_VALUE + 1) not in page
    assert "10,000 characters" in page
    assert '<span class="null">NULL</span>' in page


def test_values_are_told_apart() -> None:
    shown = [str(value(one)) for one in (None, "NULL", "", " ", "None", "\x00", "␀")]
    assert len(set(shown)) == len(shown) - 1  # the picture of a NUL is one
    assert shown[1] == "<bdi>NULL</bdi>"


def test_links_lead_somewhere_and_ids_are_unique() -> None:
    checks = [
        check(key, status, samples=({"a": "b"},) if status is not Status.PASS else ())
        for key, status in (
            ("rule:a b:c", Status.FAIL),
            ("rule:a_b:c", Status.WARN),
            ("rule:a-b:c", Status.WARN),
            ("rule:ü:<c>", Status.WARN),
            ("test:x", Status.PASS),
        )
    ]
    tags = _Tags(render(run_of(*checks), []))
    assert len(set(tags.ids)) == len(tags.ids)
    assert {link for link in tags.links if not link.startswith("#")} == set()
    assert {link[1:] for link in tags.links} <= set(tags.ids)
    assert len({anchor(one.key) for one in checks}) == len(checks)


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 10, "0%"),
        (10, 10, "100%"),
        (1, 3, "33.33%"),
        (1, 1_000_000, "< 0.01%"),
        (999_999, 1_000_000, "> 99.99%"),
        (None, 10, "-"),
        (3, 0, "-"),
    ],
)
def test_a_share_is_never_rounded_to_none_or_all(part: int | None, whole: int, said: str) -> None:
    assert share(part, whole) == said


def _year() -> list[Run]:
    """Runs of 40 mornings, newest first; a check failed on each seventh."""
    return [
        run_of(
            check("rule:orders:total_wrong", Status.FAIL if day % 7 == 0 else Status.PASS),
            started_at=NOW - timedelta(days=day),
            run_id=f"run{day}",
        )
        for day in range(40)
    ]


def test_history_shows_thirty_runs_this_one_last() -> None:
    run, *before = _year()
    page = render(run, [run, *before])
    assert "The last 30 runs" in page
    told = document(run, [run, *before])
    assert [one["run_id"] for one in told["runs"]] == [f"run{day}" for day in range(29, -1, -1)]
    (found,) = told["checks"]
    assert found["history"].count("fail") == 5
    assert found["history"][-1] == "fail"
    assert 'aria-label="25 pass, 5 fail"' in page


def test_the_page_stays_small_and_fetches_nothing() -> None:
    wide = {f"column_{number}": "ü" * 10_000 for number in range(30)}
    checks = [
        check(f"rule:entity_{number}:rule", samples=(wide,) * 5, sql="select 1" * 40)
        for number in range(450)
    ]
    page = render(run_of(*checks), _year())
    assert len(page.encode()) < 1_000_000
    assert "This page has no room for its samples" in page
    assert not re.search(r"https?://|@import|url\(|src=", page.replace(checks[0].sql or "", ""))


def test_the_document_is_as_its_schema_says() -> None:
    schema = json.loads(SCHEMA_PATH.read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    build = BuildRun(7, NOW, 12.5, 160, 158, 4_000)
    never = BuildRun(8, None, 0.0, 3, 0, 0)
    pipeline = Pipeline((build, never), (NodeCost("fct_sales", "model", 3.5, 0.25, (3.5, None)),))
    hostile = check("rule:a:b", samples=(HOSTILE,), tags=("x",), source="shop")
    bare = Check(
        key="x",
        group=Group.DEFECTS,
        name="x",
        status=Status.SKIP,
        message="nothing to look at",
        subject="x",
    )
    for run in (run_of(hostile, bare), run_of(kind="landing")):
        found = document(run, _year(), pipeline)
        again = json.loads(written(found))
        validator.validate(again)
        assert again["checks"] == json.loads(json.dumps(found["checks"]))
    spoilt = document(run_of(bare), [])
    spoilt["checks"][0]["status"] = "perhaps"
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(spoilt)


def test_the_pipeline_stands_on_the_page() -> None:
    builds = tuple(BuildRun(n, NOW + timedelta(days=n), 10.0 + n, 100, 99, 1000) for n in range(5))
    node = NodeCost("checked_orders", "model", 20.0, 0.5, (4.0, None, 4.0, 6.0, 6.0))
    page = render(run_of(check("a", Status.PASS)), [], Pipeline(builds, (node,)))
    assert "The costliest nodes" in page
    assert "checked_orders" in page
    assert "99%" in page
    assert "The costliest nodes" not in render(run_of(check("a", Status.PASS)), [])
