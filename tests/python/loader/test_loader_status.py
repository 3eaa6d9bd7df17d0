"""`python -m loader status`: what the ledger says of each source, for people and for programs."""

# ruff: noqa: PLR0917 - pytest passes fixtures by name

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result

from loader.__main__ import main
from loader.loading.lock import locked
from loader.raw.status_model import Status

GOOD = "id,grain,weight\n1,rye,2\n"
TORN = "id,grain,weight\n1,rye,2\n2,oat\n"


@pytest.fixture
def status(sources_file: Path, database_url: str, monkeypatch: pytest.MonkeyPatch):
    """Runs the command status on the test's database."""
    monkeypatch.setenv("DATABASE_URL", database_url)

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["status", *arguments, "--sources", str(sources_file)])

    return call


@pytest.fixture
def tables(status):
    """Runs the command with --json; gives the tables of the source mill by their names."""

    def call(*arguments: str) -> dict[str, dict[str, Any]]:
        result = status("mill", "--json", *arguments)
        assert result.exit_code == 0, result.output
        found = Status.model_validate_json(result.stdout)
        assert [source.source for source in found.sources] == ["mill"]
        return {
            table["table"]: table for table in json.loads(result.stdout)["sources"][0]["tables"]
        }

    return call


def test_nothing_was_loaded_yet(status, query) -> None:
    result = status()
    assert result.exit_code == 0
    assert result.stdout == "farm: nothing was loaded yet\nmill: nothing was loaded yet\n"
    assert status("--check").exit_code == 0
    found = json.loads(status("--json").stdout)
    assert found["needs_a_hand"] is False
    farm, mill = found["sources"]
    assert [table["table"] for table in farm["tables"]] == ["_truth_totals", "cows", "eggs"]
    assert mill["tables"][0]["last_load"] is None
    assert query("select to_regnamespace('raw') is null") == [(True,)]


def test_what_was_loaded(status, tables, cli, query, landing: Path) -> None:
    (landing / "sacks-1.csv").write_text(GOOD)
    (landing / "flour.csv").write_text("id,kind\n")
    cli()
    (landing / "sacks-2.csv").write_text(TORN)
    cli("mill", "--max-rejects", "1")
    sacks = tables()["sacks"]
    assert (sacks["loads"], sacks["files"], sacks["rows"]) == (2, 2, 2)
    assert (sacks["rejects_open"], sacks["rejects_resolved"]) == (1, 0)
    last = sacks["last_load"]
    assert (last["file"], last["batch"]) == ("sacks-2.csv", "sacks-2")
    assert (last["rows"], last["rejects"]) == (1, 1)
    assert query("select run_id from raw._loads where load_id = %s", (last["load_id"],)) == [
        (last["run_id"],)
    ]
    assert tables()["flour"]["loads"] == 1
    assert tables()["stock"]["last_load"] is None
    text = status("mill").stdout
    assert "rejects: sacks: 1 record set aside" in text
    assert "farm" not in text


def test_rejects_that_were_replayed_are_settled(tables, cli, query, landing: Path) -> None:
    (landing / "sacks.csv").write_text(TORN)
    cli("mill", "--max-rejects", "1")
    query(
        "insert into raw._loads (source, table_name, batch, file, uri, format, header_lines, bytes,"
        " rows, seconds, status, replay_of) select source, table_name, batch,"
        " file || '#replay-1', uri, format, header_lines, 0, 1, 0, 'loaded', load_id"
        " from raw._loads"
    )
    query("update raw._rejects set resolved_at = now()")
    sacks = tables("--check")["sacks"]
    assert (sacks["loads"], sacks["files"], sacks["rows"]) == (2, 1, 2)
    assert (sacks["rejects_open"], sacks["rejects_resolved"]) == (0, 1)


def test_pruned_rows_are_counted(tables, cli, query, landing: Path) -> None:
    (landing / "sacks-1.csv").write_text(GOOD)
    (landing / "sacks-2.csv").write_text(GOOD + "2,oat,1\n")
    cli()
    query("update raw._loads set pruned_at = now() where file = 'sacks-2.csv'")
    assert (tables()["sacks"]["rows"], tables()["sacks"]["rows_pruned"]) == (3, 2)


def test_a_failed_file_needs_a_hand_until_it_is_loaded(status, tables, cli, landing: Path) -> None:
    (landing / "sacks.csv").write_text(TORN)
    for _ in range(2):
        cli("mill", "--max-rejects", "0")
    (failed,) = tables()["sacks"]["failed_files"]
    assert (failed["file"], failed["batch"], failed["attempts"]) == ("sacks.csv", "sacks", 2)
    assert "has 2 fields" in failed["error"]
    result = status("mill", "--check")
    assert result.exit_code == 1
    assert f"failed: sacks: {landing / 'sacks.csv'}: record 2" in result.stdout
    assert ", 2 times)" in result.stdout
    (landing / "sacks.csv").write_text(GOOD)
    cli()
    assert tables("--check")["sacks"]["failed_files"] == []
    assert status("mill", "--check").exit_code == 0


def test_an_interrupted_load_needs_a_hand_when_no_loader_is_at_work(
    status, tables, cli, query, landing: Path, database_url: str
) -> None:
    (landing / "sacks.csv").write_text(GOOD)
    cli()
    query("update raw._loads set status = 'loading'")
    (load,) = tables()["sacks"]["open_loads"]
    assert load["file"] == "sacks.csv"
    result = status("mill", "--check")
    assert result.exit_code == 1
    assert "interrupted: sacks: load 1 of sacks.csv" in result.stdout
    with locked(database_url, "mill"):
        result = status("mill", "--check")
    assert result.exit_code == 0
    assert "a loader is at work on it" in result.stdout
    assert "interrupted" not in result.stdout


def test_indexes_that_wait_are_told(status, tables, cli, query, landing: Path) -> None:
    (landing / "sacks.csv").write_text(GOOD)
    cli()
    query(
        "insert into raw._dropped_indexes (table_name, index_name, definition) "
        "values ('mill_sacks', 'by_grain', 'create index by_grain on raw.mill_sacks (grain)')"
    )
    (index,) = tables()["sacks"]["dropped_indexes"]
    assert index["index"] == "by_grain"
    assert "index by_grain of raw.mill_sacks was dropped for a load" in status("mill").stdout


def test_a_mark_is_told_with_its_lag(status, tables, cli, query, landing: Path) -> None:
    (landing / "sacks.csv").write_text(GOOD)
    cli()
    query(
        "insert into raw._watermarks (source, table_name, column_name, high_water, load_id) values "
        "('mill', 'sacks', 'updated_at', (clock_timestamp() - interval '1 hour')::text, 1), "
        "('mill', 'flour', 'version', '17', null)"
    )
    marks = {name: table["watermark"] for name, table in tables().items()}
    assert (marks["sacks"]["column"], marks["sacks"]["load_id"]) == ("updated_at", 1)
    assert marks["sacks"]["lag_seconds"] >= 3600
    assert (marks["flour"]["high_water"], marks["flour"]["lag_seconds"]) == ("17", None)
    assert marks["stock"] is None
    text = status("mill").stdout
    assert "flour: up to version = 17 (moved 20" in text
    assert "1:00:0" in text


def test_a_source_that_is_not_declared_any_more(status, cli, query, landing: Path) -> None:
    (landing / "sacks.csv").write_text(GOOD)
    cli()
    query("update raw._loads set source = 'windmill', table_name = 'bags'")
    result = status("windmill")
    assert result.exit_code == 0
    assert "windmill (not declared in sources.yml)" in result.stdout
    (source,) = json.loads(status("windmill", "--json").stdout)["sources"]
    assert (source["declared"], source["tables"][0]["raw_table"]) == (False, "windmill_bags")
    unknown = status("watermill")
    assert unknown.exit_code == 2
    assert "unknown source 'watermill'" in unknown.stderr


def test_files_have_no_lag_that_could_be_asked_for(status) -> None:
    result = status("mill", "--lag")
    assert result.exit_code == 2
    assert "--lag: mill delivers files: it is no database" in result.stderr
    assert status("--lag").exit_code == 0


def test_a_table_that_is_not_declared_any_more(tables, cli, query, landing: Path) -> None:
    (landing / "sacks.csv").write_text(GOOD)
    cli()
    query("update raw._loads set table_name = 'bags'")
    assert tables()["bags"]["declared"] is False
    assert tables()["bags"]["loads"] == 1


def test_a_ledger_of_an_earlier_version(status, query) -> None:
    query("create schema raw")
    query("create table raw._loads (load_id bigint, source text, status text, table_name text)")
    query("insert into raw._loads (source) values ('mill')")
    result = status()
    assert result.exit_code == 1
    assert "of an earlier version: load a source once" in result.stderr


def test_a_ledger_that_may_not_be_read(
    status, cli, query, landing: Path, monkeypatch, database_url: str
) -> None:
    (landing / "sacks.csv").write_text(GOOD)
    cli()
    query("drop role if exists status_guest")
    query("create role status_guest login password 'guest'")
    try:
        query("grant usage on schema raw to status_guest")
        parts = urlsplit(database_url)
        guest = parts._replace(netloc=f"status_guest:guest@{parts.hostname}:{parts.port}").geturl()
        monkeypatch.setenv("DATABASE_URL", guest)
        result = status()
    finally:
        query("drop owned by status_guest")
        query("drop role status_guest")
    assert result.exit_code == 1
    assert "cannot read the ledger: permission denied for table _loads" in result.stderr
    assert "Traceback" not in result.output


def test_the_shape_is_the_same_with_nothing_in_it(status) -> None:
    empty = json.loads(status("mill", "--json").stdout)["sources"][0]["tables"][0]
    assert set(empty) == set(Status.model_json_schema()["$defs"]["TableStatus"]["properties"])
