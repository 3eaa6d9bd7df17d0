"""What is said while a program works: a console on stderr and one progress interface.

On a terminal a bar; elsewhere (a log, a pipe, CI) plain lines, at most one every few seconds; and
for machines, within `structured`, one JSON object a line and nothing else. Standard output stays
free for results.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

console = Console(stderr=True, highlight=False)

# Seconds between two plain lines: seldom enough for a log, often enough to see that work goes on.
LINE_INTERVAL = 5.0


Level = Literal["info", "warning", "error"]


class _JsonLines:
    """Writes events as JSON lines; whole ones, whichever threads tell them."""

    def __init__(self, bound: Mapping[str, object]) -> None:
        self._bound = dict(bound)
        self._lock = threading.Lock()

    def write(self, event: str, level: Level, fields: Mapping[str, object]) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        # ASCII: stderr of another encoding would put escapes in that are not JSON's.
        line = json.dumps({"time": now, "level": level, "event": event, **self._bound, **fields})
        with self._lock:
            print(line, file=sys.stderr, flush=True)


_json_lines: _JsonLines | None = None


@contextmanager
def structured(**bound: object) -> Iterator[None]:
    """Have everything that is said in the block written as JSON lines.

    Args:
        bound: fields that each line bears beside its own: `time`, `level`, `event` and what the
            event has to tell.
    """
    global _json_lines  # noqa: PLW0603 - like stderr itself, one for the process
    before, _json_lines = _json_lines, _JsonLines(bound)
    try:
        yield
    finally:
        _json_lines = before


def is_structured() -> bool:
    """Whether what is said is written as JSON lines."""
    return _json_lines is not None


def tell(event: str, message: str = "", *, level: Level = "info", **fields: object) -> None:
    """Tell an event: to people its message, if it has one; in `structured` all of it.

    Args:
        event: its name, such as "retry".
        message: one line for people; an event without one is for machines only.
        level: how much it matters.
        fields: its figures, in JSON's types.
    """
    if _json_lines is not None:
        _json_lines.write(event, level, {**fields, **({"message": message} if message else {})})
    elif message:
        console.print(message, soft_wrap=True, markup=False)


def say(message: str) -> None:
    """Print one line as it is: brackets are no markup, and long lines are not cut."""
    tell("message", message)


class Advances(Protocol):
    """The face of a running progress."""

    def advance(self, n: float, detail: str = "") -> None:
        """Add `n` units of work done; `detail` says on what (a table, a file)."""


def amount(value: float) -> str:
    """Write a number short: 950, 12.4k, 3.1M, 2.0G."""
    for limit, suffix in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= limit:
            return f"{value / (1e3 if suffix == 'k' else limit):.1f}{suffix}"
    return f"{value:.0f}"


def counted(number: int, noun: str) -> str:
    """Write a number with what it counts: 1 file, 2,000 files."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


class _Bar:
    """A bar on a terminal."""

    def __init__(self, bar: Progress, task: TaskID, unit: str) -> None:
        self._bar, self._task, self._unit = bar, task, unit

    def advance(self, n: float, detail: str = "") -> None:
        self._bar.advance(self._task, n)
        task = self._bar.tasks[0]
        rate = task.completed / max(task.elapsed or 0.0, 1e-3)
        counts = f"{amount(task.completed)}/{amount(task.total or 0)} {self._unit}"
        self._bar.update(self._task, counts=f"{counts}, {amount(rate)}/s", detail=detail)


class _Lines:
    """Lines at intervals, for everything that is not a terminal."""

    def __init__(self, description: str, total: float, unit: str) -> None:
        self._description, self._total, self._unit = description, total, unit
        self._done = 0.0
        self._started = self._last = time.monotonic()

    def advance(self, n: float, detail: str = "") -> None:
        self._done += n
        if time.monotonic() - self._last >= LINE_INTERVAL:
            self._last = time.monotonic()
            self.line(detail)

    def line(self, detail: str = "") -> None:
        seconds = time.monotonic() - self._started
        rate = self._done / max(seconds, 1e-3)
        share = f"{self._done / self._total:.0%}" if self._total else "100%"
        text = (
            f"{self._description}: {amount(self._done)}/{amount(self._total)} {self._unit} "
            f"({share}), {seconds:.1f} s, {amount(rate)} {self._unit}/s"
        )
        tell(
            "progress",
            f"{text}, {detail}" if detail else text,
            done=round(self._done),
            total=round(self._total),
            unit=self._unit,
            seconds=round(seconds, 3),
            per_second=round(rate),
            detail=detail,
        )


@contextmanager
def progress(description: str, total: float, unit: str) -> Iterator[Advances]:
    """Show progress while the block runs.

    Args:
        description: what is being done, such as "loading shop".
        total: amount of work in `unit`s; 0 when there is none.
        unit: plural name of the units, such as "rows" or "bytes".

    Yields:
        An object whose `advance(n, detail)` adds work done. Call it from one thread.
    """
    if is_structured() or not console.is_terminal:
        lines = _Lines(description, total, unit)
        yield lines
        lines.line()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[detail]}"),
    )
    with Progress(*columns, console=console) as bar:
        yield _Bar(bar, bar.add_task(description, total=total, counts="", detail=""), unit)
