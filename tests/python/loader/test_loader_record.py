"""The run record: one document a run, however it ends, that tells no rows from lost rows."""

# ruff: noqa: PLR0917 - pytest passes fixtures by name

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from loader.__main__ import main
from loader.loading import attempts, load_file
from loader.loading.outcome import Expected, Loaded, Outcome, Run
from loader.loading.record import run_record, verdict
from loader.loading.run_record import PUBLISHED, RunRecord, published_text, text_of
from warehouse.settings import PROJECT_DIR

GOOD = "id,grain,weight\n1,rye,2\n"
SCHEMA = json.loads(published_text())

HOLD = """
create function hold() returns trigger language plpgsql as $$
begin perform pg_sleep(30); return new; end $$;
create trigger hold before insert on raw.mill_sacks for each row when (new.id = 'held')
    execute function hold();
"""

COPYING = (
    "select pid from pg_stat_activity where datname = current_database() "
    "and application_name = 'loader' and wait_event = 'PgSleep'"
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "records" / "run.json"


@pytest.fixture
def recorded(cli, place: Path):
    """Runs the loader and reads its record, after a check that its schema holds."""

    def call(source: str = "mill", *arguments: str) -> dict[str, Any]:
        result = cli(source, "--record", str(place), *arguments)
        assert "Traceback" not in result.output
        return read(place)

    return call


def read(path: Path) -> dict[str, Any]:
    text = path.read_text()
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(text))
    record = RunRecord.model_validate_json(text)
    for file in record.files:
        assert file.status != "loaded" or file.read == (file.rows or 0) + (file.rejects or 0)
    assert record.totals.files.found == len(record.files)
    return json.loads(text)


def files(record: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {file["file"]: file for file in record["files"]}


def test_the_published_schema_is_up_to_date() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert PUBLISHED.read_text() == published_text(), (
        "write loader.loading.run_record.published_text() to loader/loading/run_record.schema.json"
    )


def test_what_was_loaded(recorded, query, landing: Path) -> None:
    (landing / "sacks-1.csv").write_text(GOOD)
    (landing / "sacks-2.csv").write_bytes(b"id,grain,colour\n1,rye,red\n2,oat\n3,\xff,red\n")
    (landing / "flour.csv").write_text("id,kind\n")
    (landing / "orders.json").write_text('{"id": 1}\n{"id": 2}\n')
    record = recorded("mill", "--max-rejects", "2", "--workers", "2")
    assert record["verdict"] == "loaded"
    assert (record["source"], record["workers"], record["budget"]) == ("mill", 2, "2")
    assert record["versions"]["postgresql"].count(".") == 1
    found = files(record)
    one = found["sacks-1.csv"]
    assert one["bytes"] == len(GOOD)
    assert (one["table"], one["status"], one["read"], one["rows"]) == ("sacks", "loaded", 1, 1)
    assert (one["rejects"], one["empty"], one["retries"]) == (0, False, 0)
    assert "rejects_by_reason" not in one
    two = found["sacks-2.csv"]
    assert (two["read"], two["rows"], two["rejects"]) == (3, 1, 2)
    assert two["rejects_by_reason"] == {"invalid_utf8": 1, "too_few_fields": 1}
    assert (two["columns_added"], two["columns_missing"]) == (["colour"], ["weight"])
    assert (found["flour.csv"]["rows"], found["flour.csv"]["empty"]) == (0, True)
    sums = record["totals"]
    assert sums["files"] == {
        "found": 4,
        "loaded": 4,
        "skipped": 0,
        "failed": 0,
        "not_reached": 0,
        "empty": 1,
    }
    assert (sums["read"], sums["rows"], sums["rejects"]) == (6, 4, 2)
    tables = {table["table"]: table for table in record["tables"]}
    assert list(tables) == ["flour", "orders", "sacks"]
    assert tables["sacks"]["rejects_by_reason"] == {"invalid_utf8": 1, "too_few_fields": 1}
    assert tables["sacks"]["columns_added"] == ["colour"]
    assert query("select distinct run_id from raw._loads") == [(record["run_id"],)]


def test_a_second_run_finds_nothing_new_and_says_why(recorded, deliver, landing: Path) -> None:
    deliver("2025-01-01", {"cows": ["cow_id,name\n1,Erna\n"]})
    (landing / "2025-01-02").mkdir()
    first = recorded("farm")
    assert first["verdict"] == "loaded"
    (cows,) = first["files"]
    assert (cows["promised"], cows["found"], cows["read"]) == (1, 1, 1)
    assert first["unfinished"] == ["2025-01-02"]
    again = recorded("farm")
    assert again["verdict"] == "nothing_new"
    assert again["run_id"] != first["run_id"]
    assert again["files"] == [
        {"file": cows["file"], "table": "cows", "status": "skipped", "why": "same_sum"}
    ]


def test_files_without_a_manifest_are_read_again(recorded, landing: Path) -> None:
    (landing / "sacks.csv").write_text(GOOD)
    recorded()
    (file,) = recorded()["files"]
    assert file == {
        "file": "sacks.csv",
        "table": "sacks",
        "status": "skipped",
        "why": "same_bytes",
    }


def test_what_failed(recorded, landing: Path) -> None:
    (landing / "sacks-1.csv").write_text(GOOD)
    (landing / "sacks-2.csv").write_text("id,grain,weight\n1,rye\n2,oat\n")
    record = recorded("mill", "--max-rejects", "1")
    assert record["verdict"] == "partly_failed"
    failed = files(record)["sacks-2.csv"]
    assert failed["status"] == "failed"
    assert "more than 1 record cannot be loaded" in failed["error"]
    assert "rows" not in failed
    (landing / "sacks-1.csv").unlink()
    assert recorded("mill", "--max-rejects", "1")["verdict"] == "failed"


def test_lost_records_stand_beside_the_promised_ones(recorded, deliver, landing: Path) -> None:
    batch = deliver("2025-01-01", {"cows": ["cow_id,name\n1,Erna\n"]})
    manifest = json.loads((batch / "manifest.json").read_text())
    manifest["tables"]["cows"]["files"][0]["rows"] = 3
    (batch / "manifest.json").write_text(json.dumps(manifest))
    record = recorded("farm")
    assert record["verdict"] == "failed"
    (cows,) = record["files"]
    assert (cows["status"], cows["promised"], cows["found"]) == ("failed", 3, 1)


def test_a_file_whose_answer_was_lost_has_its_rejects(
    recorded, query, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server had committed; what it committed is what the record says."""
    (landing / "sacks.csv").write_text("id,grain,weight\n1,rye,2\n2,oat\n")
    finished = attempts.load_file
    lost: list[str] = []

    def lose_the_answer(conn, file, *rest):
        loaded = finished(conn, file, *rest)
        lost.append(file.name)
        query("select pg_terminate_backend(%s)", (conn.get_backend_pid(),))
        with conn.cursor() as cur:
            cur.execute("select 1")
        return loaded

    monkeypatch.setattr(attempts, "load_file", lose_the_answer)
    (file,) = recorded("mill", "--max-rejects", "1")["files"]
    assert lost == ["sacks.csv"]
    assert (file["status"], file["rows"], file["rejects"], file["retries"]) == ("loaded", 1, 1, 1)
    assert file["rejects_by_reason"] == {"too_few_fields": 1}


def test_a_file_of_which_records_go_missing_is_refused(
    recorded, query, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of the loader itself: COPY saw fewer records than the reader."""
    (landing / "orders.json").write_text('{"id": 1}\n{"id": 2}\n')
    copy = load_file.copy
    monkeypatch.setattr(load_file, "copy", lambda *arguments: copy(*arguments) - 1)
    record = recorded()
    (orders,) = record["files"]
    assert (record["verdict"], orders["status"], orders["found"]) == ("failed", "failed", 2)
    assert "of 2 records 1 went into raw and 0 were set aside" in orders["error"]
    assert query("select count(*) from raw.mill_orders") == [(0,)]


def test_a_batch_that_is_refused_is_a_problem(recorded, landing: Path) -> None:
    (landing / "2025-01-01").mkdir()
    (landing / "2025-01-01" / "manifest.json").write_text("{")
    record = recorded("farm")
    assert record["verdict"] == "failed"
    (problem,) = record["problems"]
    assert problem["kind"] == "ManifestError"
    assert "manifest.json" in problem["message"]


def test_a_run_that_could_not_begin(recorded, landing: Path) -> None:
    landing.rmdir()
    record = recorded()
    assert (record["verdict"], record["source"], record["files"]) == ("failed", "mill", [])
    assert "no folder" in record["error"]
    assert "postgresql" in record["versions"]


@pytest.mark.parametrize("source", ["mill", "../../etc"])
def test_a_declaration_that_is_faulty(recorded, sources_file: Path, source: str) -> None:
    sources_file.write_text("mill: {layout: none}")
    record = recorded(source)
    assert (record["verdict"], record["source"], record["files"]) == ("failed", source, [])
    assert "mill.layout" in record["error"]
    assert "postgresql" not in record["versions"]


def test_a_command_that_cannot_be_meant_leaves_no_record(cli, place: Path) -> None:
    assert cli("nonsense").exit_code == 2
    assert cli("mill", "--deletes").exit_code == 2
    assert not place.exists()


def test_a_server_that_cannot_be_reached(recorded, landing: Path, monkeypatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:1/none")
    monkeypatch.setattr("warehouse.connections.CONNECT_TIMEOUT", 1)
    (landing / "sacks.csv").write_text(GOOD)
    record = recorded()
    assert record["verdict"] == "failed"
    assert "cannot connect to database none" in record["error"]
    assert "secret" not in json.dumps(record)


def wait_for(query, statement: str) -> None:
    deadline = time.monotonic() + 30
    while not query(statement):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(
    cli, query, place: Path, landing: Path, sources_file: Path, database_url, number: int
) -> None:
    (landing / "flour.csv").write_text("id,kind\n1,fine\n")
    cli()
    query(HOLD)
    (landing / "sacks-1.csv").write_text("id,grain,weight\n1,rye,2\nheld,rye,3\n")
    (landing / "sacks-2.csv").write_text(GOOD)
    arguments = ["mill", "--from", landing, "--sources", sources_file, "--record", place]
    with subprocess.Popen(
        [sys.executable, "-m", "loader", *arguments, "--workers", "1"],
        cwd=PROJECT_DIR,
        env={**os.environ, "DATABASE_URL": database_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        wait_for(query, COPYING)
        running.send_signal(number)
        # The thread in the COPY notices when the server goes on.
        query(
            "select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'PgSleep' "
            "and datname = current_database()"
        )
        _, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert "Error: interrupted; what was loaded before stays" in err
    record = read(place)
    assert record["verdict"] == "interrupted"
    assert files(record)["sacks-2.csv"]["status"] == "not_reached"
    assert record["totals"]["files"]["not_reached"] >= 1
    assert record["seconds"] > 0


def test_the_record_has_a_place_of_its_own(
    landing: Path, sources_file: Path, database_url, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.delenv("LOADER_RECORD", raising=False)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)
    (landing / "sacks.csv").write_text(GOOD)
    for _ in range(2):
        done = CliRunner().invoke(
            main, ["mill", "--from", str(landing), "--sources", str(sources_file)]
        )
        assert done.exit_code == 0
    sources_file.write_text("")
    CliRunner().invoke(main, ["../../mill", "--sources", str(sources_file)])
    found = sorted((tmp_path / "data" / "runs" / "loader").iterdir())
    assert len(found) == 3
    for path in found:
        record = RunRecord.model_validate_json(path.read_text())
        day = record.started_at.strftime("%Y%m%dT%H%M%SZ")
        name = "______mill" if "/" in record.source else "mill"
        assert path.name == f"{day}-{name}-{record.run_id}.json"
        assert record.started_at.utcoffset() == timedelta(0)


def test_a_record_that_cannot_be_written(cli, query, landing: Path, tmp_path: Path) -> None:
    (landing / "sacks.csv").write_text(GOOD)
    (tmp_path / "taken").write_text("")
    result = cli("mill", "--record", str(tmp_path / "taken" / "run.json"))
    assert result.exit_code == 1
    assert f"no folder {tmp_path / 'taken'} for the run record" in result.stderr
    assert query("select to_regclass('raw._loads') is null") == [(True,)]


def test_a_record_replaces_the_one_before_as_a_whole(recorded, place: Path, landing: Path) -> None:
    (landing / "sacks.csv").write_text(GOOD)
    recorded()
    before = place.stat().st_ino
    recorded()
    assert place.stat().st_ino != before
    assert [path.name for path in place.parent.iterdir()] == [place.name]


def run_of(*outcomes: Outcome, **facts: Any) -> Run:
    return Run("mill", outcomes=list(outcomes), **facts)


def loaded(rows: int, read: int | None = None) -> Outcome:
    return Outcome("sacks", "sacks.csv", "loaded", Loaded(rows, 10, 0.1, read=read))


SKIPPED = Outcome("sacks", "old.csv", "skipped", why="same_sum")
FAILED = Outcome("sacks", "bad.csv", "failed", error="bad")


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (run_of(), "nothing_new"),
        (run_of(SKIPPED), "nothing_new"),
        (run_of(SKIPPED, loaded(0)), "loaded"),
        (run_of(loaded(5, read=5)), "loaded"),
        (run_of(loaded(5, read=6)), "failed"),
        (run_of(loaded(5), expected={"sacks.csv": Expected("sacks", 10, 6)}), "failed"),
        (run_of(FAILED), "failed"),
        (run_of(FAILED, SKIPPED), "partly_failed"),
        (run_of(FAILED, loaded(5)), "partly_failed"),
        (run_of(loaded(5), fatal="the disk is full"), "failed"),
        (run_of(loaded(5), interrupted=True), "interrupted"),
    ],
)
def test_verdicts(run: Run, expected: str) -> None:
    assert verdict(run) == expected


def test_records_that_do_not_add_up_are_said() -> None:
    (line,) = run_of(loaded(5, read=6)).differences()
    assert line.startswith("sacks.csv: of 6 records 5 were loaded and 0 set aside")


def test_ten_thousand_skipped_files_take_a_line_each() -> None:
    names = [f"2025-01-01/cows/part-{number:05}.csv" for number in range(10_000)]
    run = run_of(*(Outcome("cows", name, "skipped", why="same_sum") for name in names))
    text = text_of(run_record(run, datetime.now(UTC)))
    assert len(text) < 1_200_000
    assert text.count("\n") < 10_200
    assert [file["file"] for file in json.loads(text)["files"]] == names
