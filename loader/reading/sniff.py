"""Proposes how to declare a file: format, dialect and columns, guessed from its first bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from loader.errors import FileError
from loader.reading.sniffing.grid import Grid, Record, best_grid, comment_of, lines_of
from loader.reading.sniffing.heading import names_columns
from loader.reading.sniffing.names import raw_names
from loader.reading.sniffing.sample import PARQUET, Sample, read_start, text_sample
from loader.reading.sniffing.values import null_markers
from loader.sources import Format

# Rows of the preview.
PREVIEW_ROWS = 10

# Objects of a JSON file that are looked at for their keys.
_JSON_LINES = 5_000

# Of the records of a sample: with fewer of the same width the guess is a poor one.
_CONSISTENT = 0.8

# Records looked at for null markers.
_LOOKED_AT = 2_000


@dataclass
class Proposal:
    """How a file may be declared.

    Attributes:
        dialect: the keys that are not as they are without a dialect.
        columns: as raw shall name them.
        rename: name in the file: name in raw, where they differ.
        ended: whether the last line has an end; None where that means nothing or is not known.
        rows: the first ones, for the preview; None is null.
        notes: what is not sure, one line each.
    """

    format: Format
    columns: list[str]
    rows: list[list[str | None]]
    dialect: dict[str, Any] = field(default_factory=dict)
    rename: dict[str, str] = field(default_factory=dict)
    ended: bool | None = None
    notes: list[str] = field(default_factory=list)

    def table(self, patterns: list[str]) -> dict[str, Any]:
        """Give the table's entry for sources.yml, but for its name."""
        entry: dict[str, Any] = {"format": self.format, "patterns": patterns}
        if self.ended is False:
            entry["last_line_end"] = "optional"
        if self.dialect:
            entry["dialect"] = self.dialect
        if self.rename:
            entry["rename"] = self.rename
        return {**entry, "columns": self.columns}


def sniff(path: Path) -> Proposal:
    """Look at the beginning of a file and guess how it is written.

    Raises:
        FileError: it cannot be read, or is nothing that could be loaded.
    """
    start, whole = read_start(path)
    if start.startswith(PARQUET):
        return _parquet(path)
    sample = text_sample(path, start, whole)
    if sample.content.lstrip()[:1] in {b"{", b"["}:
        found = _json(path, sample)
        if found is not None:
            return found
    return _csv(path, sample)


def _parquet(path: Path) -> Proposal:
    if path.suffix in {".gz", ".zst"}:
        raise FileError(f"{path}: Parquet compresses by itself: unpack the file")
    try:
        with pq.ParquetFile(path) as file:
            columns, rename = raw_names(list(file.schema_arrow.names), path)
            batch = next(file.iter_batches(PREVIEW_ROWS), None)
            rows = [list(row.values()) for row in batch.to_pylist()] if batch else []
    except (pa.ArrowException, OSError) as error:
        raise FileError(f"{path}: is not sound Parquet ({error})") from None
    return Proposal(
        "parquet",
        columns,
        [[None if value is None else str(value) for value in row] for row in rows],
        rename=rename,
    )


def _json(path: Path, sample: Sample) -> Proposal | None:
    """Read JSON lines; None when it is something else."""
    lines = [line for line in lines_of(sample) if line.strip()]
    try:
        first = json.loads(lines[0])
    except ValueError:
        first = None
    if not isinstance(first, dict):
        if sample.content.lstrip()[1:].lstrip()[:1] in {b'"', b"{"}:
            raise FileError(
                f"{path}: is JSON, but not one object a line: jq -c writes it so ('.[]' for a list)"
            )
        return None
    objects = []
    for line in islice(lines, _JSON_LINES):
        try:
            objects.append(json.loads(line, parse_float=str, parse_int=str))
        except ValueError:
            sample.notes.append("some lines are not JSON and will be set aside")
            break
    objects = [value for value in objects if isinstance(value, dict)]
    names = list(dict.fromkeys(name for value in objects for name in value))
    columns, rename = raw_names(names, path)
    rows = [[_json_text(value.get(name)) for name in names] for value in objects[:PREVIEW_ROWS]]
    notes = list(sample.notes)
    if sample.encoding != "utf-8":
        notes.append(f"it looks like {sample.encoding}: JSON must be UTF-8, convert it with iconv")
    if not sample.whole:
        notes.append("keys that only later objects have will extend the raw table")
    return Proposal("json", columns, rows, rename=rename, ended=sample.ended, notes=notes)


def _json_text(value: object) -> str | None:
    if isinstance(value, dict | list):
        return "{…}" if isinstance(value, dict) else "[…]"
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _csv(path: Path, sample: Sample) -> Proposal:
    lines = lines_of(sample)
    grid = best_grid(sample, lines)
    comment = comment_of(grid)
    records = [record for record in grid.records if not _is_comment(record.raw, comment)]
    if not records:
        raise FileError(f"{path}: has no records that could be told apart: look at it in an editor")
    notes = [*sample.notes, *_doubts(grid, records, comment)]
    texts = [[grid.text(sample, value) for value in record.fields or []] for record in records]
    header, sure = names_columns(texts[0], texts[1:])
    if not sure:
        what = "names the columns" if header else "is data"
        notes.append(f"line {records[0].line} {what}, or so it seems")
    names = texts[0] if header else [f"column_{n}" for n in range(1, grid.width + 1)]
    columns, rename = raw_names(names, path)
    # The records begin after the header, also where its names cannot be used.
    first, usable = records[0], header and len(set(names)) == len(names)
    if header and not usable:
        notes.append(
            "the header names a column twice: it is passed over, columns go by their order"
        )
        rename = {}
    skip = _lines_to_skip(lines[: first.line - 1], comment)
    if header and not usable:
        skip = first.line - 1 + first.lines
    data = list(zip(records, texts, strict=True))[1 if header else 0 :]
    nulls, doubtful = null_markers(
        columns, [_bare(grid, record, row) for record, row in data[:_LOOKED_AT]]
    )
    notes += doubtful
    if nulls != [""] and "" not in nulls:
        notes.append("an empty field will be an empty text, not null")
    return Proposal(
        "csv",
        columns,
        [
            [
                None if bare in nulls else text
                for bare, text in zip(_bare(grid, *row), row[1], strict=True)
            ]
            for row in data[:PREVIEW_ROWS]
        ],
        dialect=_dialect(sample, grid, usable, skip, comment, nulls),
        rename=rename,
        ended=sample.ended,
        notes=notes,
    )


def _is_comment(raw: bytes, comment: str | None) -> bool:
    return comment is not None and raw.startswith(comment.encode())


def _bare(grid: Grid, record: Record, texts: Sequence[str]) -> list[str | None]:
    """Give a record's values, None for those in quotes."""
    return [
        None if grid.is_quoted(raw) else text
        for raw, text in zip(record.fields or [], texts, strict=True)
    ]


def _lines_to_skip(before: Sequence[bytes], comment: str | None) -> int:
    """Count the lines before the table that are not passed over as comments."""
    for number in range(len(before), 0, -1):
        if not _is_comment(before[number - 1], comment):
            return number
    return 0


def _doubts(grid: Grid, records: Sequence[Record], comment: str | None) -> list[str]:
    first = records[0].line
    odd = [record for record in grid.odd if not _is_comment(record.raw, comment)]
    after = [record for record in odd if record.line > first]
    notes = []
    if len(records) < _CONSISTENT * (len(records) + len(after)):
        notes.append("the records differ so much that the delimiter may be another one")
    if any(record.line < first for record in odd):
        notes.append(f"what stands before line {first} is taken for a title")
    if after:
        notes.append(
            f"{len(after):,} records of the sample will be set aside, for they do not have "
            f"{grid.width} fields or have broken quotes; the first is line {after[0].line:,}"
        )
    if grid.blank and grid.width > 1:
        notes.append(f"empty lines, the first is line {grid.blank[0].line:,}, will be set aside")
    return notes


def _dialect(  # noqa: PLR0913, PLR0917 - each guess gives its own
    sample: Sample, grid: Grid, header: bool, skip: int, comment: str | None, nulls: list[str]
) -> dict[str, Any]:
    layout = grid.layout
    found: dict[str, Any] = {"delimiter": layout.delimiter.decode()}
    found["quote"] = layout.quote.decode() if layout.quote is not None else None
    if layout.escape is not None and layout.escape != layout.quote:
        found["escape"] = layout.escape.decode()
    found["header"] = header
    found["skip_lines"] = skip
    if comment is not None:
        found["comment"] = comment
    found["encoding"] = sample.encoding
    if grid.line_end == b"\r":
        found["line_ends"] = "cr"
    elif re.match(rb"[^\r\n]*\r(?!\n)", sample.content):
        found["line_ends"] = "lf"  # `auto` would take the first one
    found["nulls"] = nulls
    usual = {
        "delimiter": ",",
        "quote": '"',
        "header": True,
        "skip_lines": 0,
        "encoding": "utf-8",
        "nulls": [""],
    }
    return {key: value for key, value in found.items() if value != usual.get(key, ...)}
