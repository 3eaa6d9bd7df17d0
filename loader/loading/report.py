"""The summary of a run, on standard output: a table, and what went wrong or was not as declared."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from loader.errors import FileError
from loader.loading.outcome import Outcome, Run
from warehouse.console import counted

# Columns of a table that no terminal narrows.
_PLAIN_WIDTH = 140


def output_console() -> Console:
    """Make the console that prints a report on standard output."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PLAIN_WIDTH)


@dataclass
class _Line:
    """Sums over one table's files."""

    files: int = 0
    loaded: int = 0
    skipped: int = 0
    failed: int = 0
    rows: int = 0
    rejects: int = 0
    bytes: int = 0
    seconds: float = 0.0

    def add(self, outcome: Outcome) -> None:
        self.files += 1
        self.loaded += outcome.status == "loaded"
        self.skipped += outcome.status == "skipped"
        self.failed += outcome.status == "failed"
        if outcome.loaded:
            self.rows += outcome.loaded.rows
            self.rejects += len(outcome.loaded.rejects)
            self.bytes += outcome.loaded.bytes
            self.seconds += outcome.loaded.seconds

    def cells(self, name: str, seconds: float) -> list[str]:
        counts = (self.files, self.loaded, self.skipped, self.failed, self.rows, self.rejects)
        rate = f"{self.rows / seconds:,.0f}" if self.rows and seconds else ""
        return [
            name,
            *(f"{count:,}" if count else "-" for count in counts),
            f"{self.bytes:,}" if self.bytes else "-",
            f"{seconds:.2f}",
            rate,
        ]


def summary(run: Run) -> Table:
    """Sum a run up by table.

    Seconds of a table are those of its connections, added; of the run, those on the clock.
    """
    lines: dict[str, _Line] = defaultdict(_Line)
    total = _Line()
    for outcome in run.outcomes:
        lines[outcome.table].add(outcome)
        total.add(outcome)
    for problem in _barred(run):
        for line in (lines[problem.table or "(of no one table)"], total):
            line.files += 1
            line.failed += 1
    title = f"{run.source}: {counted(total.loaded, run.unit)} loaded"
    table = Table(title=title, title_justify="left")
    table.add_column("table")
    for heading in (
        "found",
        "loaded",
        "skipped",
        "failed",
        "rows",
        "rejects",
        "bytes",
        "seconds",
        "rows/s",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, line in sorted(lines.items()):
        table.add_row(*line.cells(name, line.seconds))
    table.add_section()
    table.add_row(*total.cells("all, on the clock", run.seconds))
    return table


def _barred(run: Run) -> list[FileError]:
    """List the files, and folders of them, that could not even be taken up: links that lead out."""
    return [problem for problem in run.problems if isinstance(problem, FileError)]


def remarks(run: Run) -> list[str]:
    """List what a reader should know that the table does not say."""
    said = [f"not finished, not read: batch {batch} (no manifest yet)" for batch in run.unfinished]
    by_columns: dict[tuple[str, str, tuple[str, ...]], list[str]] = defaultdict(list)
    for outcome in run.outcomes:
        if outcome.loaded and outcome.loaded.added:
            by_columns[outcome.table, "added", tuple(outcome.loaded.added)].append(outcome.name)
        if outcome.loaded and outcome.loaded.missing:
            by_columns[outcome.table, "missing", tuple(outcome.loaded.missing)].append(outcome.name)
    for (table, kind, columns), files in by_columns.items():
        what = "new columns, added to raw" if kind == "added" else "columns missing, loaded as null"
        more = f" and {len(files) - 1:,} more" if len(files) > 1 else ""
        said.append(f"{table}: {what}: {', '.join(columns)} (in {files[0]}{more})")
    if run.outcomes and run.count("skipped") == len(run.outcomes) and not run.problems:
        said.append(_nothing_new(run))
    return said


def _nothing_new(run: Run) -> str:
    what = counted(len(run.outcomes), run.unit)
    if run.unit == "table":
        return f"nothing new in {what}"
    return f"nothing new: {what} {'was' if len(run.outcomes) == 1 else 'were'} loaded before"


def faults(run: Run) -> list[str]:
    """Everything that failed, one line each."""
    failed = [outcome.error for outcome in run.outcomes if outcome.status == "failed"]
    return [problem.message for problem in run.problems] + failed + run.differences()


def show(run: Run) -> None:
    """Print the report of a run."""
    console = output_console()
    if run.outcomes or _barred(run):
        console.print(summary(run))
    for remark in remarks(run):
        console.print(Text(remark), soft_wrap=True)
    for fault in faults(run):
        console.print(Text(f"failed: {fault}", style="red"), soft_wrap=True)
