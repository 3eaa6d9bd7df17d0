"""A run told while it goes on, event by event, and put down in its record when it ends."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Literal

import click

from loader.errors import Interrupted, RecordError
from loader.loading.outcome import Outcome, Run
from loader.loading.record import file_record, run_record
from loader.loading.run_record import RunRecord, text_of
from warehouse.console import Level, is_structured, say, structured, tell
from warehouse.whole_files import whole

RUNS = Path("data/runs/loader")

_UNFIT_FOR_FILES = re.compile(r"[^A-Za-z0-9_-]")
_SOURCE_LENGTH = 63


def record_path(run: Run) -> Path:
    """Give the place of a run's record: by time, so that a listing shows the last one last."""
    # What a user types for a source need not be one, nor fit into a file's name.
    source = _UNFIT_FOR_FILES.sub("_", run.source)[:_SOURCE_LENGTH]
    return RUNS / f"{run.started_at:%Y%m%dT%H%M%SZ}-{source}-{run.run_id}.json"


@contextmanager
def logged(log: Literal["text", "json"], run: Run) -> Iterator[None]:
    """Have all that is said in the block come as text, or as JSON lines and nothing else."""
    if log == "text":
        yield
        return
    with structured(run_id=run.run_id, source=run.source):
        try:
            yield
        except click.ClickException as error:
            tell("error", error.format_message(), level="error")
            raise SystemExit(error.exit_code) from None


def note(run: Run, outcome: Outcome) -> None:
    """Take up what became of a file, and tell it."""
    run.outcomes.append(outcome)
    if not is_structured():
        return
    figures = file_record(outcome, run.expected).model_dump(exclude={"status"}, exclude_none=True)
    level: Level = "error" if outcome.status == "failed" else "info"
    tell(f"file_{outcome.status}", level=level, **figures)
    if outcome.loaded and outcome.loaded.rejects.first:
        rejects = outcome.loaded.rejects
        line_number, message = outcome.loaded.rejects.first
        tell(
            "rejects",
            level="warning",
            file=outcome.name,
            table=outcome.table,
            rejects=len(rejects),
            rejects_by_reason=rejects.by_reason,
            first={"line_number": line_number, "message": message},
        )


@contextmanager
def recorded(run: Run, path: Path) -> Iterator[None]:
    """Tell of a run from its start to its end, and leave its record, however the block ends.

    Raises:
        Interrupted: SIGINT or SIGTERM ended the block.
        RecordError: the record cannot be written; before the block begins, when that shows then.
    """
    began = time.monotonic()
    _make_room(path)
    tell("run_started", workers=run.workers, budget=run.budget)
    try:
        with _ended_by_sigterm_as_by_sigint():
            yield
    except KeyboardInterrupt:
        run.interrupted = True
        _leave(run, path, began, broken_off=True)
        raise Interrupted(
            "interrupted; what was loaded before stays: run the same command again"
        ) from None
    except BaseException as error:
        told = error.format_message() if isinstance(error, click.ClickException) else repr(error)
        run.fatal = run.fatal or told
        _leave(run, path, began, broken_off=True)
        raise
    _leave(run, path, began, broken_off=False)


@contextmanager
def _ended_by_sigterm_as_by_sigint() -> Iterator[None]:
    """Have what stops services and containers end the block in order, as Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _make_room(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordError(
            f"no folder {path.parent} for the run record: {error.strerror}: correct --record"
        ) from None


def _leave(run: Run, path: Path, began: float, *, broken_off: bool) -> None:
    """Write the record, and tell how the run ended.

    Raises:
        RecordError: it cannot be written; of a run that broke off, whose own error matters more,
            it is only said.
    """
    run.seconds = run.seconds or time.monotonic() - began
    record = run_record(run, datetime.now(UTC))
    try:
        with whole(path) as unfinished:
            unfinished.write_text(text_of(record), encoding="utf-8")
    except OSError as error:
        message = f"cannot write the run record {path}: {error.strerror}"
        if not broken_off:
            raise RecordError(f"{message}; the run itself ended: {record.verdict}") from None
        say(message)
    _tell_end(record, path)


def _tell_end(record: RunRecord, path: Path) -> None:
    level: Level = "info" if record.verdict in {"loaded", "nothing_new"} else "error"
    end = {"verdict": record.verdict, "record": str(path), "totals": record.totals.model_dump()}
    tell("run_ended", f"run record: {path}", level=level, **end)
    if is_structured():
        click.echo(json.dumps({"run_id": record.run_id, "source": record.source, **end}))
