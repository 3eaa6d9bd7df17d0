"""Records and fields of a sample: tries delimiters, quotes and escapes, keeps what fits best."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from loader.reading.quoted import BrokenQuotingError, split, unquoted
from loader.reading.sniffing.sample import Sample
from loader.reading.sniffing.values import kind

# How willingly a character is taken for a delimiter. A colon stands in times as well; the last ones
# are what some systems choose because it stands in nothing.
_DELIMITERS = {
    **dict.fromkeys([b",", b";", b"\t", b"|"], 1.0),
    **dict.fromkeys([b"~", b"^", b"\x1f", b"\x1e", b"\x1c"], 0.9),
    **dict.fromkeys([b":", b"!", b"*", b"&"], 0.6),
}

# Records that a guess is tried on.
_TRIED = 200

# A quote that is still open after so many lines was never closed.
_MOST_LINES = 100

# What a file of one column scores; more the more of its lines are one value, such as a time.
_ONE_COLUMN, _ONE_VALUE = 0.3, 0.6

# Whatever the fields look like, so much of the score comes from their number being the same.
_BASE = 0.3

# In a field it tells of a delimiter that was not seen as one, or of quotes that were not.
_UNCLEAN = re.compile(r"[;\t|]|,(?! )|^[\"'].|.[\"']$", re.DOTALL)

_COMMENTS = b"#%!"


@dataclass(frozen=True)
class Layout:
    """How records are taken apart."""

    delimiter: bytes
    quote: bytes | None
    escape: bytes | None


class Record(NamedTuple):
    """A record: its first line, counted from 1, how many it has, its fields; None: broken."""

    line: int
    lines: int
    raw: bytes
    fields: list[bytes] | None

    @property
    def width(self) -> int:
        """Number of fields; 0 of a broken record."""
        return len(self.fields) if self.fields is not None else 0


@dataclass(frozen=True)
class Grid:
    """What a sample looks like in its layout.

    Attributes:
        line_end: LF, for CRLF as well, or CR.
        width: fields of a record.
        records: of this width, in their order; header included.
        odd: records of another width, those before the first one included.
        blank: lines that hold nothing, after the first record.
        score: how well it fits, from 0 to 1.
    """

    layout: Layout
    line_end: bytes
    width: int
    records: list[Record]
    odd: list[Record]
    blank: list[Record]
    score: float

    def text(self, sample: Sample, field: bytes) -> str:
        """Decode a field, its quotes taken off."""
        return sample.text(unquoted(field, self.layout.quote, self.layout.escape))

    def is_quoted(self, field: bytes) -> bool:
        """Whether a field stands in quotes."""
        return self.layout.quote is not None and field.startswith(self.layout.quote)


def line_end_of(content: bytes) -> bytes:
    """LF, which stands for CRLF as well, or CR, where these are more."""
    alone = content.count(b"\r") - content.count(b"\r\n")
    return b"\r" if alone > content.count(b"\n") else b"\n"


def lines_of(sample: Sample) -> list[bytes]:
    """Take the lines of a sample without their ends, and without a last one that is cut off."""
    end = line_end_of(sample.content)
    lines = sample.content.split(end)
    if end == b"\n":
        lines = [line.removesuffix(b"\r") for line in lines]
    if len(lines) > 1 and (not lines[-1] or not sample.whole):
        lines.pop()
    return lines


def best_grid(sample: Sample, lines: Sequence[bytes]) -> Grid:
    """Find the layout that fits a sample best."""
    tried = [_grid(sample, lines, layout, _TRIED) for layout in _layouts(sample, lines)]
    best = max(tried, key=lambda grid: grid.score)
    return _grid(sample, lines, best.layout, None)


def _layouts(sample: Sample, lines: Sequence[bytes]) -> Iterator[Layout]:
    """Give those that are worth a try, the usual ones first: of equals they win."""
    head = b"\n".join(lines[:_TRIED])
    for delimiter in _DELIMITERS:
        if delimiter not in head and delimiter != b",":
            continue
        yield Layout(delimiter, b'"', b'"')
        for quote in (b'"', b"'"):
            sign = re.escape(quote)
            beside = rb"(?m:^|%b)%b|%b(?m:$|%b)" % (
                re.escape(delimiter),
                sign,
                sign,
                re.escape(delimiter),
            )
            if not re.search(beside, head):
                continue
            if quote != b'"':
                yield Layout(delimiter, quote, quote)
            if b"\\" + quote in head:
                yield Layout(delimiter, quote, b"\\")
        if b'"' in head:
            yield Layout(delimiter, None, None)


def _grid(sample: Sample, lines: Sequence[bytes], layout: Layout, most: int | None) -> Grid:
    found = list(islice(_records(sample, lines, layout), most))
    full = [record for record in found if record.raw]
    widths = Counter(record.width for record in full if record.width)
    # Lines before the table have one field each: several such lines do not make a table.
    width = max(widths, key=lambda width: widths[width] * (2 if width > 1 else 1), default=1)
    records = [record for record in full if record.width == width]
    first = records[0].line if records else 1
    return Grid(
        layout,
        line_end_of(sample.content),
        width,
        records,
        [record for record in full if record.width != width],
        [record for record in found if not record.raw and record.line > first],
        len(records) / max(1, len(full)) * _tidiness(sample, layout, width, records[:_TRIED]),
    )


def _records(sample: Sample, lines: Sequence[bytes], layout: Layout) -> Iterator[Record]:
    """Join lines to records; of one that is broken only the first line counts."""
    at = 0
    while at < len(lines):
        fields, count = _record_at(lines, at, layout)
        if fields is None and at + count == len(lines) and count > 1 and not sample.whole:
            return  # cut off by the sample's end
        if fields is None:
            count = 1
        yield Record(at + 1, count, b"\n".join(lines[at : at + count]), fields)
        at += count


def _record_at(lines: Sequence[bytes], at: int, layout: Layout) -> tuple[list[bytes] | None, int]:
    """Take apart the record that begins with a line; gives its fields and how many lines it has."""
    count = 1
    try:
        raw = lines[at]
        while (fields := split(raw, layout.delimiter, layout.quote, layout.escape)) is None:
            more = lines[at + count : at + _MOST_LINES]
            quote = layout.quote or b""
            closing = next((n for n, line in enumerate(more, start=1) if quote in line), None)
            if closing is None:
                return None, count + len(more)
            raw = b"\n".join([raw, *more[:closing]])
            count += closing
    except BrokenQuotingError:
        return None, 1
    return fields, count


def _tidiness(sample: Sample, layout: Layout, width: int, records: Sequence[Record]) -> float:
    """Say, from 0 to 1, how much the fields look like one value each."""
    fields = [field for record in records for field in record.fields or []]
    if not fields:
        return 0.0
    # What stands in quotes may hold anything.
    bare = [field for field in fields if not layout.quote or not field.startswith(layout.quote)]
    texts = [sample.text(field) for field in bare]
    if width == 1:
        values = sum(kind(text) not in {"text", "empty"} for text in texts)
        return _ONE_COLUMN + _ONE_VALUE * values / len(fields)
    unclean = sum(kind(text) == "text" and bool(_UNCLEAN.search(text)) for text in texts)
    return (_BASE + (1 - _BASE) * (1 - unclean / len(fields))) * _DELIMITERS[layout.delimiter]


def comment_of(grid: Grid) -> str | None:
    """Find the character with which comments begin; None where there seem to be none."""
    for sign in _COMMENTS:
        starts = bytes([sign])
        inside = sum(record.raw.startswith(starts) for record in grid.records)
        outside = sum(record.raw.startswith(starts) for record in grid.odd)
        if outside > inside and starts != grid.layout.delimiter:
            return starts.decode()
    return None
