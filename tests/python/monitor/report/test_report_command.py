"""`python -m monitor report`: what it writes, says and ends with."""

from __future__ import annotations

import json
import os
import re
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner
from watched import Watched, red

from monitor.__main__ import main
from monitor.check import Status
from monitor.checks import collect
from monitor.history import last_runs
from monitor.manifest import ManifestError, load_manifest
from monitor.report.document import SCHEMA_PATH
from monitor.report.page import render
from warehouse.connections import connect

BREAK = "alter table production.orders alter column status drop not null"
MEND = "alter table production.orders alter column status set not null"


def test_it_writes_page_and_document_and_keeps_the_run(watched: Watched) -> None:
    done = watched.project.run("python", "-m", "monitor", "report", "--json", "-")
    assert done.returncode == 0, done.stderr
    folder = watched.project.folder / "exports" / "report"
    assert {path.name for path in folder.iterdir()} == {"report.html", "report.json"}
    said = json.loads(done.stdout)
    assert said == json.loads((folder / "report.json").read_bytes())
    jsonschema.validate(said, json.loads(SCHEMA_PATH.read_bytes()))
    assert said["verdict"]["line"] in done.stderr
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert said["verdict"]["line"] in page
    assert len(page.encode()) < 1_000_000
    with closing(connect(watched.project.url)) as conn:
        (kept,) = last_runs(conn, 1)
    assert kept.run_id == said["run_id"]
    assert [check.key for check in kept.checks] == [check["key"] for check in said["checks"]]


def test_strict_ends_with_1_when_a_check_fails(watched: Watched, tmp_path: Path) -> None:
    command = ("python", "-m", "monitor", "report", "--no-store", "--out", str(tmp_path / "new"))
    # Days of so small a shop are as they are: without figures of them they are not judged.
    watched.execute("drop table if exists monitoring.daily_figures")
    with closing(connect(watched.project.url)) as conn:
        before = len(last_runs(conn, 99))
    assert watched.project.run(*command, "--strict").returncode == 0
    watched.execute(BREAK)
    try:
        lenient = watched.project.run(*command, "--log", "json")
        strict = watched.project.run(*command, "--strict")
    finally:
        watched.execute(MEND)
    assert (lenient.returncode, strict.returncode) == (0, 1)
    events = [json.loads(line) for line in lenient.stderr.splitlines()]
    assert [(one["event"], one["level"]) for one in events] == [
        ("report", "error"),
        ("page", "info"),
    ]
    assert events[0]["fail"] == 1
    assert json.loads(lenient.stdout)["counts"]["fail"] == 1
    assert "Do not trust it: 1 of" in strict.stderr
    assert "production.orders" in strict.stderr
    assert (tmp_path / "new" / "report.html").exists()
    with closing(connect(watched.project.url)) as conn:
        assert len(last_runs(conn, 99)) == before


def test_what_cannot_be_written_is_said_in_one_line(
    watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DATABASE_URL", watched.project.url)
    manifest = str(watched.project.folder / "target" / "manifest.json")
    out = str(tmp_path / "file" / "folder")
    flags = ["report", "--no-store", "--out", out, "--manifest", manifest]
    done = CliRunner().invoke(main, flags)
    assert done.exit_code == 1
    assert "choose another --out" in done.output
    assert "Traceback" not in done.output
    nowhere = [*flags[:-1], str(tmp_path / "manifest.json")]
    done = CliRunner().invoke(main, nowhere)
    assert done.exit_code == 1
    assert "dbt parse writes it" in done.output


def test_a_manifest_that_is_no_manifest_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    for text, reason in (("{", "is damaged"), ('{"nodes": {}}', "lacks 'sources'")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ManifestError, match=reason):
            load_manifest(path)


def test_an_empty_warehouse_has_a_page_too(watched: Watched, database_url: str) -> None:
    manifest = watched.project.folder / "target" / "manifest.json"
    with closing(connect(database_url)) as conn:
        checks = collect(conn, datetime.now(UTC), manifest)
    assert {check.status for check in checks} == {Status.FAIL, Status.SKIP}
    assert "build:last" in {check.key for check in checks if check.status is Status.FAIL}
    assert not [check for check in checks if check.key.startswith("watch:")]
    run = watched.look()
    page = render(run.__class__(**{**vars(run), "checks": tuple(checks)}), [])
    assert "Do not trust it" in page


def test_personal_data_are_masked(watched: Watched) -> None:
    watched.execute(
        "create table public.kept as select * from quality.quarantine;"
        " update quality.quarantine set resolved_at = null, failed_rules = 'email_malformed',"
        ' entity = \'customers\', record = \'{"email": "ada@example.com", "Strasse":'
        ' "Marktplatz", "last_name": "Lovelace", "city": "Rome; bob@example.com"}\''
        " where (entity, load_id, row_id) in (select entity, load_id, row_id"
        " from quality.quarantine where entity = 'orders' limit 2)"
    )
    try:
        run = watched.look()
        page = render(run, [])
    finally:
        watched.execute(
            "truncate quality.quarantine; insert into quality.quarantine select * from public.kept;"
            " drop table public.kept"
        )
    (rule,) = [check for check in run.checks if check.key == "rule:customers:email_malformed"]
    assert {sample["email"] for sample in rule.samples} >= {"a•••@•••"}
    assert "a•••@•••" in page
    for secret in ("ada@", "bob@", "Marktplatz", "Lovelace"):
        assert secret not in page


def test_a_part_that_cannot_look_is_a_failed_check(watched: Watched) -> None:
    before = red(watched.look())
    watched.execute("alter table monitoring.load_counts rename column held_rows to kept_rows")
    try:
        run = watched.look()
    finally:
        watched.execute("alter table monitoring.load_counts rename column kept_rows to held_rows")
    found = red(run) - before
    assert found == {"schema:columns:monitoring.load_counts", "watch:landed"}
    (watch,) = [check for check in run.checks if check.key == "watch:landed"]
    assert "held_rows does not exist" in watch.message
    assert os.linesep not in watch.message


def test_the_bench_measures_it(watched: Watched) -> None:
    done = watched.project.run("python", "-m", "bench", "report", "--existing", "--runs", "1")
    assert done.returncode == 0, done.stderr
    figures = dict(re.findall(r"^(.+): ([\d.,]+) \(goal: at most", done.stdout, re.MULTILINE))
    assert figures.keys() == {"seconds of a report", "megabytes of memory", "megabytes of the page"}
    assert float(figures["megabytes of memory"]) > 30
    assert 0.1 < float(figures["megabytes of the page"]) < 1
