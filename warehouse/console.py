"""What people see while a program works: a console on stderr and one progress interface.

On a terminal a bar; elsewhere (a log, a pipe, CI) plain lines, at most one every few seconds.
Standard output stays free for results.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

console = Console(stderr=True, highlight=False)

# Seconds between two plain lines: seldom enough for a log, often enough to see that work goes on.
LINE_INTERVAL = 5.0


def say(message: str) -> None:
    """Print one line as it is: brackets are no markup, and long lines are not cut."""
    console.print(message, soft_wrap=True, markup=False)


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
        share = f"{self._done / self._total:.0%}" if self._total else "100%"
        text = (
            f"{self._description}: {amount(self._done)}/{amount(self._total)} {self._unit} "
            f"({share}), {seconds:.1f} s, {amount(self._done / max(seconds, 1e-3))} {self._unit}/s"
        )
        say(f"{text}, {detail}" if detail else text)


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
    if not console.is_terminal:
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
