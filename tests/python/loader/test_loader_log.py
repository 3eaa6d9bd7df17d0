"""`--log json`: one JSON object a line on standard error, one document on standard output."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from warehouse.settings import PROJECT_DIR

GOOD = "id,grain,weight\n1,rye,2\n"


class Told(NamedTuple):
    """What a program said: its exit code, its events, and its document."""

    code: int
    events: list[dict[str, Any]]
    document: dict[str, Any]

    def of(self, event: str) -> list[dict[str, Any]]:
        return [told for told in self.events if told["event"] == event]


@pytest.fixture
def start(landing: Path, sources_file: Path, database_url: str):
    """Starts the loader as a program, with --log json."""

    def call(source: str = "mill", *arguments: str) -> subprocess.Popen[str]:
        fixed = [source, "--from", str(landing), "--sources", str(sources_file), "--log", "json"]
        return subprocess.Popen(
            [sys.executable, "-m", "loader", *fixed, *arguments],
            cwd=PROJECT_DIR,
            env={**os.environ, "DATABASE_URL": database_url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return call


@pytest.fixture
def told(start):
    """Runs the loader as a program and reads all that it says."""

    def call(source: str = "mill", *arguments: str) -> Told:
        with start(source, *arguments) as running:
            return read(running)

    return call


def read(running: subprocess.Popen[str]) -> Told:
    out, err = running.communicate(timeout=60)
    events = [json.loads(line) for line in err.splitlines()]
    document = json.loads(out)
    for event in events:
        assert list(event)[:5] == ["time", "level", "event", "run_id", "source"]
        assert event["run_id"] == document["run_id"]
    return Told(running.returncode, events, document)


def test_a_run_is_told_event_by_event(told, landing: Path) -> None:
    (landing / "sacks-1.csv").write_text(GOOD)
    (landing / "sacks-2.csv").write_text("id,grain,weight\n1,rye,2\n2,oat\n")
    (landing / "flour.csv").write_text("id,kind\n")
    done = told("mill", "--max-rejects", "1", "--workers", "2")
    assert done.code == 0
    assert done.events[0]["event"] == "run_started"
    assert (done.events[0]["workers"], done.events[0]["budget"]) == (2, "1")
    loaded = {event["file"]: event for event in done.of("file_loaded")}
    assert set(loaded) == {"sacks-1.csv", "sacks-2.csv", "flour.csv"}
    assert (loaded["sacks-1.csv"]["table"], loaded["sacks-1.csv"]["rows"]) == ("sacks", 1)
    assert (loaded["flour.csv"]["rows"], loaded["flour.csv"]["empty"]) == (0, True)
    (rejects,) = done.of("rejects")
    assert (rejects["level"], rejects["file"], rejects["rejects"]) == ("warning", "sacks-2.csv", 1)
    assert rejects["rejects_by_reason"] == {"too_few_fields": 1}
    assert rejects["first"]["message"] == "has 2 fields, the header names 3"
    end = done.events[-1]
    assert (end["event"], end["level"], end["verdict"]) == ("run_ended", "info", "loaded")
    assert end["totals"] == done.document["totals"]
    assert set(done.document) == {"run_id", "source", "verdict", "record", "totals"}
    assert (done.document["totals"]["rows"], done.document["totals"]["rejects"]) == (2, 1)
    record = json.loads(Path(done.document["record"]).read_text())
    assert (record["run_id"], record["totals"]) == (end["run_id"], end["totals"])
    again = told("mill", "--max-rejects", "1")
    assert Counter(event["event"] for event in again.events) >= Counter(
        {"run_started": 1, "file_skipped": 3, "run_ended": 1}
    )
    assert {event["why"] for event in again.of("file_skipped")} == {"same_bytes"}
    assert again.document["verdict"] == "nothing_new"


def test_failures_are_told_and_end_with_one_error(told, landing: Path) -> None:
    (landing / "sacks-1.csv").write_text("id,grain,weight\n1,rye\n")
    (landing / "sacks-2.csv").write_text(GOOD)
    done = told("mill", "--max-rejects", "0")
    assert done.code == 1
    (failed,) = done.of("file_failed")
    assert (failed["level"], failed["file"]) == ("error", "sacks-1.csv")
    assert "has 2 fields" in failed["error"]
    last = done.events[-1]
    assert (last["event"], last["level"]) == ("error", "error")
    assert last["message"].startswith("1 failure in mill (see above)")
    assert done.document["verdict"] == "partly_failed"


def test_a_run_that_could_not_begin(told, landing: Path) -> None:
    landing.rmdir()
    done = told()
    assert done.code == 1
    assert [event["event"] for event in done.events] == ["run_started", "run_ended", "error"]
    assert "no folder" in done.events[-1]["message"]
    assert done.document["verdict"] == "failed"


def test_a_command_that_cannot_be_meant_is_one_error(start) -> None:
    with start("nonsense") as running:
        out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (2, "")
    (event,) = map(json.loads, err.splitlines())
    assert (event["event"], event["level"]) == ("error", "error")
    assert "unknown source 'nonsense'" in event["message"]


@pytest.fixture
def held(cli, query, landing: Path) -> None:
    """A file at whose record `held` the server waits; the raw tables exist."""
    (landing / "flour.csv").write_text("id,kind\n1,fine\n")
    cli()
    query(
        "create function hold() returns trigger language plpgsql as $$ "
        "begin perform pg_sleep(2); return new; end $$"
    )
    query(
        "create trigger hold before insert on raw.mill_sacks for each row "
        "when (new.id = 'held') execute function hold()"
    )
    (landing / "sacks.csv").write_text("id,grain,weight\nheld,rye,3\n")


def wait_for_the_hold(query) -> int:
    deadline = time.monotonic() + 30
    while not (
        found := query(
            "select pid from pg_stat_activity where datname = current_database() "
            "and application_name = 'loader' and wait_event = 'PgSleep'"
        )
    ):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return int(found[0][0])


def test_a_retry_is_an_event(start, held, query) -> None:
    with start() as running:
        pid = wait_for_the_hold(query)
        query("select pg_terminate_backend(%s)", (pid,))
        done = read(running)
    assert done.code == 0
    (retry, *_) = done.of("retry")
    assert (retry["level"], retry["what"]) == ("warning", "loading sacks.csv")
    assert (retry["attempt"], retry["attempts"]) == (2, 5)
    (loaded,) = [event for event in done.of("file_loaded") if event["file"] == "sacks.csv"]
    assert loaded["retries"] == 1
    assert done.document["totals"]["retries"] == 1


def test_an_interrupt_is_told(start, held, query) -> None:
    with start() as running:
        wait_for_the_hold(query)
        running.send_signal(signal.SIGINT)
        done = read(running)
    assert done.code == 130
    assert done.document["verdict"] == "interrupted"
    assert done.events[-1]["event"] == "error"
    assert done.events[-1]["message"].startswith("interrupted; what was loaded before stays")


def test_text_is_the_default(cli, landing: Path) -> None:
    (landing / "sacks.csv").write_text(GOOD)
    result = cli()
    assert "1 file loaded" in result.stdout
    assert f"run record: {os.environ['LOADER_RECORD']}" in result.stderr
    assert "{" not in result.output
