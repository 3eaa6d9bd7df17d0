"""The builds' benchmark reads the server's log right, and measures a whole small shop."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.__main__ import main
from bench.builds.queries import QUERIES
from bench.builds.statements import NO_NODE, parse

_HEAD = "2026-01-01 12:00:{second} UTC [77] {program} LOG:  duration: {ms} ms  statement: {text}"


def _line(second: str, ms: str, text: str, program: str = "counting-house dbt") -> str:
    return _HEAD.format(second=second, ms=ms, text=text, program=program)


def _comment(node: str) -> str:
    return f'/* {{"app": "dbt", "dbt_version": "1.11.0", "node_id": "{node}"}} */'


def test_statements_are_added_up_by_node_and_their_overlap_counts_once() -> None:
    found = parse(
        [
            _line("01.000", "500.0", "BEGIN"),
            _line("02.000", "1000.0", _comment("model.x.orders")),
            "\tcreate table orders as",
            _line("02.500", "1000.0", _comment("test.x.y")),
            _line("04.000", "250.0", _comment("model.x.orders") + " analyze"),
            _line("05.000", "900.0", _comment("model.x.orders"), program="psql"),
        ]
    )
    assert found.by_node == {NO_NODE: 0.5, "model.x.orders": 1.25, "test.x.y": 1.0}
    assert found.seconds == pytest.approx(2.75)
    # 0.5 to 1.0, 1.0 to 2.5 and 3.75 to 4.0
    assert found.busy == pytest.approx(2.25)


def test_a_small_shop_is_measured_and_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tmp_path_factory.getbasetemp()  # made now: later it would be below the folder that is watched
    folder = Path(tempfile.mkdtemp(prefix="counting-house-test-"))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    arguments = ["builds", "--scale", "0.002", "--runs", "1", "--years", "0", "--plans"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert list(folder.iterdir()) == []
    shutil.rmtree(folder)
    for step in ("full build", "a day more", "nothing new"):
        (figures,) = re.findall(rf"│ {step} +│ ([\d.]+) .*│ ([\d.]+) .*│ ([\d.]+) ", result.stdout)
        on_the_clock, _, alone = map(float, figures)
        assert 0 < alone < on_the_clock
    for query in QUERIES:
        assert re.search(rf"│ {query} +│ +[1-9]", result.stdout), (
            "a query without rows says nothing"
        )
        assert f"\n{query}\n" in result.stdout, "its plan"
