"""Rejects and replays on standard output: for people, and rejects as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from loader.loading.report import output_console
from loader.raw.rejects import Count, SetAside, codec_of, excerpt
from loader.raw.replay_load import Replayed
from loader.sources import Sources

# Of a replay, so many records that are still set aside are named.
_SHOWN = 10


def show_rejects(counts: Sequence[Count], first: Sequence[SetAside], sources: Sources) -> None:
    """Print how many records are set aside, and the first of them."""
    console = output_console()
    if not counts:
        console.print("no rejects")
        return
    table = Table(title="rejects", title_justify="left")
    for heading in ("source", "table", "reason"):
        table.add_column(heading, no_wrap=True)
    for heading in ("open", "resolved"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in counts:
        table.add_row(one.source, one.table, one.reason, f"{one.open:,}", f"{one.resolved:,}")
    console.print(table)
    for reject in first:
        for line in _lines(reject, sources):
            console.print(Text(line), soft_wrap=True)
    total = sum(one.open + one.resolved for one in counts)
    if 0 < len(first) < total:
        console.print(f"the first {len(first):,} of {total:,}; --limit N shows more")


def _lines(reject: SetAside, sources: Sources) -> Iterator[str]:
    place = f"record {reject.record_number:,}, line {reject.line_number:,}"
    if reject.byte_offset is not None:
        place += f", byte {reject.byte_offset:,}"
    resolved = f" (resolved by load {reject.resolved_by})" if reject.resolved_by else ""
    yield f"{reject.source} {reject.file}, {place}: {reject.message}{resolved}"
    yield f"    {excerpt(reject.line, codec_of(sources, reject))}"


def rejects_json(counts: Sequence[Count], first: Sequence[SetAside], sources: Sources) -> str:
    """Write the same as one JSON document."""
    listed = [
        {
            "load_id": one.load_id,
            "record_number": one.record_number,
            "line_number": one.line_number,
            "byte_offset": one.byte_offset,
            "source": one.source,
            "table": one.table,
            "file": one.file,
            "reason": one.reason,
            "message": one.message,
            "bytes": one.bytes,
            "excerpt": excerpt(one.line, codec_of(sources, one)),
            "resolved_by": one.resolved_by,
        }
        for one in first
    ]
    return json.dumps({"counts": [one._asdict() for one in counts], "rejects": listed}, indent=2)


def show_replays(done: Sequence[Replayed]) -> None:
    """Print what came of each load's rejects, and why some are still set aside."""
    console = output_console()
    if not done:
        console.print("no open rejects")
    for one in done:
        parts = [f"{one.rows:,} loaded as load {one.load_id}"] if one.rows else ["none loaded"]
        parts += [f"{one.before:,} loaded before"] if one.before else []
        parts += [f"{len(one.remaining):,} still set aside"] if one.remaining else []
        console.print(Text(f"{one.source} {one.file}: {', '.join(parts)}"), soft_wrap=True)
        for number, message in sorted(one.remaining.items())[:_SHOWN]:
            console.print(Text(f"    record {number:,}: {message}", style="red"), soft_wrap=True)
        if len(one.remaining) > _SHOWN:
            console.print(Text(f"    and {len(one.remaining) - _SHOWN:,} more", style="red"))
