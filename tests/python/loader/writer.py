"""Writes CSV files of any dialect for tests, sound records and damaged ones.

It shares nothing with the loader's reading: what it expects follows from what it was told to write.
"""

from __future__ import annotations

import codecs
import random
from dataclasses import dataclass, field

Row = tuple[str | None, ...]

LINE_ENDS = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}


@dataclass(frozen=True)
class Style:
    """A dialect, and what it leaves open.

    Attributes:
        mark: whether a byte order mark is written.
        big_endian: of UTF-16, which has a mark then.
        declared_ends: `line_ends` in sources.yml: the true ones, or auto.
    """

    delimiter: str
    quote: str | None
    escape: str | None
    header: bool
    preamble: tuple[str, ...]
    comment: str | None
    encoding: str
    line_ends: str
    declared_ends: str
    nulls: tuple[str, ...]
    mark: bool
    big_endian: bool

    @property
    def codec(self) -> str:
        if self.encoding == "utf-16":
            return "utf-16-be" if self.big_endian else "utf-16-le"
        return self.encoding

    @property
    def end(self) -> str:
        return LINE_ENDS[self.line_ends]

    @property
    def declared(self) -> dict[str, object]:
        """The keys of `dialect` in sources.yml."""
        return {
            "delimiter": self.delimiter,
            "quote": self.quote,
            "escape": self.escape,
            "header": self.header,
            "skip_lines": len(self.preamble),
            "comment": self.comment,
            "encoding": self.encoding,
            "line_ends": self.declared_ends,
            "nulls": list(self.nulls),
        }


@dataclass
class Written:
    """A file, and what must come of it."""

    content: bytes = b""
    good: dict[int, Row] = field(default_factory=dict)
    bad: dict[int, tuple[str, bytes]] = field(default_factory=dict)
    offsets: dict[int, int] = field(default_factory=dict)


class Writer:
    """Writes records one after the other.

    Args:
        style: how.
        columns: their names.
        draw: decides what the style leaves open, such as quotes that are not needed.
    """

    def __init__(self, style: Style, columns: list[str], draw: random.Random) -> None:
        self._style, self._columns, self._draw = style, columns, draw
        self._number = 0
        self._quotes = True
        self.written = Written()
        if style.mark:
            self._put(
                codecs.BOM_UTF8 if style.encoding == "utf-8" else "\ufeff".encode(style.codec)
            )
        for line in style.preamble:
            self._line(line.encode(style.codec))
        self.comment()
        if style.header:
            self._line(style.delimiter.join(columns).encode(style.codec))
            self.comment()

    def comment(self) -> None:
        """Write a comment now and then, if there are any."""
        style = self._style
        if style.comment and self._draw.random() < 0.3:
            quote = style.quote if style.quote and self._quotes else ""
            text = f"{style.comment} no{style.delimiter}data {quote}"
            self._line(text.encode(style.codec))

    def row(self, values: Row) -> None:
        """Write a sound record."""
        fields = [self._field(value, first=n == 0) for n, value in enumerate(values)]
        self._number += 1
        self.written.good[self._number] = values
        self._record(self._style.delimiter.join(fields).encode(self._style.codec))

    def damaged(self, kind: str) -> None:
        """Write a record with a fault: one of `damages`, or a quote that is never closed.

        After that no quotes are written: one of them could close it so that all fits by chance.
        """
        style, width = self._style, len(self._columns)
        self._quotes = self._quotes and kind != "never closed"
        fields = [f"v{n}" for n in range(width)]
        at = self._draw.randrange(width)
        reason, hurt = kind, b""
        if kind == "too_few_fields":
            fields.pop()
        elif kind == "too_many_fields":
            fields.append("")
        elif kind in QUOTING:
            fields[at] = QUOTING[kind].replace('"', style.quote or "")
            reason = "broken_quoting"
        elif kind == "nul_byte":
            hurt = "\0".encode(style.codec)
        elif kind == "invalid":
            reason = "invalid_utf8" if style.encoding == "utf-8" else "invalid_encoding"
            hurt = INVALID[style.codec]
        else:
            hurt = ("\r" if style.line_ends != "cr" else "\n").encode(style.codec)
        parts = [text.encode(style.codec) for text in fields]
        if hurt:
            parts[at] = "v".encode(style.codec) + hurt + "w".encode(style.codec)
        line = style.delimiter.encode(style.codec).join(parts)
        self._number += 1
        self.written.bad[self._number] = (reason, line)
        self._record(line)

    def _field(self, value: str | None, *, first: bool) -> str:
        style, draw = self._style, self._draw
        if value is None:
            return draw.choice(style.nulls)
        if style.quote is None:
            return value
        special = {style.delimiter, style.quote, "\r", "\n"}
        must = value in style.nulls or not special.isdisjoint(value)
        must = must or bool(first and style.comment and value.startswith(style.comment))
        if not must and (not self._quotes or draw.random() < 0.6):
            return value
        escape = style.escape or style.quote
        if escape != style.quote:
            value = value.replace(escape, escape * 2)
        return style.quote + value.replace(style.quote, escape + style.quote) + style.quote

    def _record(self, line: bytes) -> None:
        self.written.offsets[self._number] = len(self.written.content)
        self._line(line)
        self.comment()

    def _line(self, line: bytes) -> None:
        self._put(line + self._style.end.encode(self._style.codec))

    def _put(self, content: bytes) -> None:
        self.written.content += content


# With the quote of the dialect for ".
QUOTING = {
    "stray": 'a"b',
    "stray at the end": 'ab"',
    "stray pair": 'a"b"c',
    "text after a closing quote": '"a"b',
    "a blank before a quote": ' "a"',
    "never closed": '"a',
}

INVALID = {
    "utf-8": b"\xff",
    "cp1252": b"\x81",
    "utf-16-le": b"\x00\xd8",
    "utf-16-be": b"\xd8\x00",
}


def damages(style: Style, width: int) -> list[str]:
    """List the faults that a record of a style can have, but a quote that is never closed."""
    found = ["too_many_fields", "nul_byte", "stray_line_end"]
    if width > 1:
        found.append("too_few_fields")
    if style.codec in INVALID:
        found.append("invalid")
    if style.quote is not None:
        found += [kind for kind in QUOTING if kind != "never closed"]
    return found
