"""What is said for people, and the same as JSON lines for machines."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta
from typing import Any

import psycopg2
import pytest

from warehouse import console
from warehouse.console import is_structured, progress, say, structured, tell
from warehouse.retry import retry


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    out, err = capsys.readouterr()
    assert not out
    return [json.loads(line) for line in err.splitlines()]


def test_people_read_the_message_alone(capsys) -> None:
    tell("disk", "the disk is [nearly] full", level="warning", share=0.97)
    tell("figures", rows=3)
    say("done")
    assert capsys.readouterr().err == "the disk is [nearly] full\ndone\n"


def test_machines_read_one_object_a_line(capsys) -> None:
    with structured(run_id="r1"):
        tell("disk", "grün\nund voll", level="warning", share=0.97)
        tell("figures", rows=3)
        say("done")
    disk, figures, said = lines(capsys)
    assert list(disk) == ["time", "level", "event", "run_id", "share", "message"]
    assert datetime.fromisoformat(disk.pop("time")).utcoffset() == timedelta(0)
    assert disk == {
        "level": "warning",
        "event": "disk",
        "run_id": "r1",
        "share": 0.97,
        "message": "grün\nund voll",
    }
    assert (figures["level"], figures["event"], figures["rows"]) == ("info", "figures", 3)
    assert "message" not in figures
    assert (said["event"], said["message"]) == ("message", "done")


def test_the_lines_are_ascii_whatever_a_file_is_called(capsys) -> None:
    with structured():
        tell("file", file="sacks-\udcff \u05d0.csv")
    err = capsys.readouterr().err
    assert err.isascii()
    assert json.loads(err)["file"] == "sacks-\udcff \u05d0.csv"


def test_structured_ends_with_its_block(capsys) -> None:
    with pytest.raises(ValueError, match="over"), structured(run_id="r1"):
        assert is_structured()
        raise ValueError("over")
    assert not is_structured()
    say("plain again")
    assert capsys.readouterr().err == "plain again\n"


def test_progress_comes_as_events(capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "LINE_INTERVAL", 0.0)
    with structured(), progress("loading shop", 10, "bytes") as bar:
        bar.advance(4, "one.csv")
        bar.advance(6, "two.csv")
    first, second, last = lines(capsys)
    assert (first["event"], first["done"], first["total"]) == ("progress", 4, 10)
    assert (second["done"], second["unit"], second["detail"]) == (10, "bytes", "two.csv")
    assert last["message"].startswith("loading shop: 10/10 bytes (100%)")


def test_retries_come_as_events(capsys) -> None:
    calls = 0

    @retry(attempts=3, first_wait=0.001, what="counting")
    def count() -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise psycopg2.OperationalError("connection refused")
        return calls

    with structured():
        assert count() == 2
    (line,) = lines(capsys)
    assert (line["event"], line["level"]) == ("retry", "warning")
    assert (line["what"], line["reason"]) == ("counting", "connection refused")
    assert (line["attempt"], line["attempts"]) == (2, 3)
    assert line["message"] == "counting: connection refused; trying again (attempt 2 of 3)"


def test_threads_do_not_mix_their_lines(capsys) -> None:
    def many(number: int) -> None:
        for step in range(200):
            tell("step", thread=number, step=step)

    with structured():
        threads = [threading.Thread(target=many, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    told = {(line["thread"], line["step"]) for line in lines(capsys)}
    assert len(told) == 800
