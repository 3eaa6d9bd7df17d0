"""The status of the sources on standard output: a table for each, and what needs a hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from rich.table import Table
from rich.text import Text

from loader.loading.report import output_console
from loader.raw.status_model import SourceLag, SourceStatus, Status, TableStatus, Watermark
from warehouse.console import counted

_TIME = "%Y-%m-%d %H:%M:%S"

# A source of which everything failed must not fill the screen.
_SHOWN = 10


def show(status: Status) -> None:
    """Print the status of the sources, times in UTC."""
    console = output_console()
    for source in status.sources:
        undeclared = "" if source.declared else " (not declared in sources.yml)"
        if any(table.loads or table.failed_files or table.open_loads for table in source.tables):
            console.print(_table(source, f"{source.source}{undeclared}"))
        else:
            console.print(Text(f"{source.source}{undeclared}: nothing was loaded yet"))
        for table in source.tables:
            if table.watermark is not None:
                console.print(Text(_mark(table.table, table.watermark)), soft_wrap=True)
            if table.lag is not None:
                console.print(Text(_behind(table.table, table.lag)), soft_wrap=True)
        if source.at_work:
            console.print(Text("a loader is at work on it"))
        for line in _lines(source):
            console.print(Text(line, style="red"), soft_wrap=True)


def _table(source: SourceStatus, title: str) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in ("table", "last load", "batch"):
        table.add_column(heading, no_wrap=True)
    for heading in ("loads", "files", "rows", "pruned", "rejects", "resolved", "failed"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in source.tables:
        last = one.last_load
        counts = (
            one.loads,
            one.files,
            one.rows,
            one.rows_pruned,
            one.rejects_open,
            one.rejects_resolved,
            len(one.failed_files),
        )
        table.add_row(
            Text(one.table),
            last.at.strftime(_TIME) if last else "-",
            Text(last.batch if last else "-"),
            *(f"{count:,}" if count else "-" for count in counts),
        )
    return table


def _mark(table: str, mark: Watermark) -> str:
    lag = f", {timedelta(seconds=round(mark.lag_seconds))} ago" if mark.lag_seconds else ""
    return f"{table}: up to {mark.column} = {mark.high_water}{lag} (moved {mark.moved_at:{_TIME}})"


def _behind(table: str, lag: SourceLag) -> str:
    more = "more than " if lag.more else ""
    newest = f", the newest of {lag.newest}" if lag.newest else ""
    return f"{table}: raw is {more}{counted(lag.rows_behind, 'row')} behind its source{newest}"


def _lines(source: SourceStatus) -> Iterator[str]:
    failed = [(table, file) for table in source.tables for file in table.failed_files]
    for table, file in failed[:_SHOWN]:
        times = f", {file.attempts:,} times" if file.attempts > 1 else ""
        yield f"failed: {table.table}: {file.error} (last {file.last_at:{_TIME}}{times})"
    if len(failed) > _SHOWN:
        yield f"failed: {counted(len(failed) - _SHOWN, 'more file')}: --json lists them"
    for table in source.tables:
        yield from _owed(table, at_work=source.at_work)


def _owed(table: TableStatus, *, at_work: bool) -> Iterator[str]:
    for load in table.open_loads:
        if not at_work:
            yield (
                f"interrupted: {table.table}: load {load.load_id} of {load.file} "
                f"({load.since:{_TIME}}): the next run takes it out and loads the file again"
            )
    if table.rejects_open:
        yield (
            f"rejects: {table.table}: {counted(table.rejects_open, 'record')} set aside: "
            "python -m loader rejects lists them"
        )
    for index in table.dropped_indexes:
        yield (
            f"index {index.index} of raw.{table.raw_table} was dropped for a load "
            f"({index.since:{_TIME}}): the next run builds it again"
        )
