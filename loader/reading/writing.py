"""Good records as COPY gets them after they were judged: each with its number before it."""

from __future__ import annotations

import numpy as np

from loader.reading import bits
from loader.reading.bits import Bytes, Flags, Positions
from loader.reading.dialect import NO_QUOTE
from loader.reading.quoted import split
from loader.reading.scanning import CR, LF, Quoting, Rules


class Writer:
    """Writes records, in the dialect that COPY is told.

    What COPY cannot be told is written otherwise: of several null markers all are written as the
    first, and a field with the character that stands for "no quote" is quoted with it.
    """

    def __init__(self, rules: Rules) -> None:
        dialect = rules.shape.dialect
        self._rules = rules
        self._no_quote = NO_QUOTE if rules.quote is None else None
        self._null, *self._other_nulls = (null.encode(dialect.codec) for null in dialect.nulls)
        # A number would be cut, or taken for a null, where a digit means something else.
        special = (dialect.delimiter, dialect.quote or "", dialect.escape or "", *dialect.nulls)
        self._quotes_numbers = any(any(map(str.isdecimal, text)) for text in special)
        self._escape = rules.escape or rules.quote or NO_QUOTE

    def run(
        self, data: bytes, starts: Positions, ends: Positions, kept: Flags, numbers: Positions
    ) -> bytes:
        """Write records, none of which holds the character that stands for "no quote".

        Args:
            data: the bytes that hold them, one directly after the other.
            starts: positions of their first bytes.
            ends: positions of their line ends; of CRLF, that of its second byte.
            kept: those that are to be written.
            numbers: of each of them.
        """
        if not kept.any():
            return b""
        begin = int(starts[0])
        part = np.frombuffer(data, np.uint8, int(ends[-1]) + 1 - begin, begin)
        starts, ends = starts - begin, ends - begin
        if not kept.all():
            sizes = ends + 1 - starts
            part = part[np.repeat(kept, sizes)]
            dropped = np.cumsum(np.where(kept, 0, sizes))
            starts, ends, numbers = (starts - dropped)[kept], (ends - dropped)[kept], numbers[kept]
        part, starts = self._with_lf(part, starts, ends)
        if self._other_nulls:
            part, starts = self._with_first_null(part, starts)
        return self._numbered(part, starts, numbers)

    def one(self, body: bytes, number: int) -> bytes:
        """Write a record, given without its line end."""
        if self._other_nulls or (self._no_quote and self._no_quote in body):
            rules = self._rules
            fields = split(body, rules.delimiter, rules.quote, self._escape)
            assert fields is not None  # the record is good
            body = rules.delimiter.join(map(self._rewritten, fields))
        return self._prefix(number) + body + LF

    def _with_lf(self, data: Bytes, starts: Positions, ends: Positions) -> tuple[Bytes, Positions]:
        """End each record with LF; the starts move along."""
        if self._rules.line_end == CR:
            data = data.copy()
            data[ends] = LF[0]
            return data, starts
        returns = ends[(data[ends - 1] == CR[0]) & (ends > starts)] - 1
        if not len(returns):
            return data, starts
        return np.delete(data, returns), starts - np.searchsorted(returns, starts)

    def _with_first_null(self, data: Bytes, starts: Positions) -> tuple[Bytes, Positions]:
        """Write every null as the first marker; the starts move along."""
        stops = bits.pack((data == self._rules.delimiter[0]) | (data == LF[0]))
        if self._rules.quote is not None:
            stops &= ~Quoting(self._rules, data, is_open=False, follows=True).inside
        field_ends = bits.positions(stops)
        fields = np.append(0, field_ends[:-1] + 1)
        sizes, is_data = field_ends - fields, np.ones(len(data), np.bool_)
        is_null = np.zeros(len(fields), np.bool_)
        for null in self._other_nulls:
            alike = np.flatnonzero(sizes == len(null))
            places = fields[alike][:, None] + np.arange(len(null))
            same = (data[places] == np.frombuffer(null, np.uint8)).all(axis=1)
            is_null[alike[same]] = True
            is_data[places[same]] = False
        at, removed = fields[is_null], np.append(0, np.cumsum(sizes[is_null]))
        texts = np.tile(np.frombuffer(self._null, np.uint8), (len(at), 1))
        before = np.searchsorted(at, starts)
        moved = starts - removed[before] + before * len(self._null)
        return _inserted(data[is_data], at - removed[:-1], texts), moved

    def _numbered(self, data: Bytes, starts: Positions, numbers: Positions) -> bytes:
        if self._quotes_numbers:
            records = map(bytes, np.split(data, starts[1:]))
            prefixes = map(self._prefix, numbers.tolist())
            return b"".join(part for pair in zip(prefixes, records, strict=True) for part in pair)
        parts, first = [], 0
        ends = np.append(starts[1:], len(data))
        while first < len(numbers):
            width = len(str(numbers[first]))
            last = int(np.searchsorted(numbers, 10**width))
            begin, texts = int(starts[first]), self._prefixes(numbers[first:last], width)
            part = data[begin : int(ends[last - 1])]
            parts.append(_inserted(part, starts[first:last] - begin, texts).tobytes())
            first = last
        return b"".join(parts)

    def _prefix(self, number: int) -> bytes:
        text = b"%d" % number
        return (self._quoted(text) if self._quotes_numbers else text) + self._rules.delimiter

    def _prefixes(self, numbers: Positions, width: int) -> Bytes:
        """Give the prefixes of numbers that all have so many digits, as an array of texts."""
        texts = np.empty((len(numbers), width + 1), np.uint8)
        texts[:, -1] = self._rules.delimiter[0]
        for place in reversed(range(width)):
            numbers, digits = np.divmod(numbers, 10)
            texts[:, place] = digits + ord("0")
        return texts

    def _rewritten(self, field: bytes) -> bytes:
        if field in self._other_nulls:
            return self._null
        if self._no_quote and self._no_quote in field:
            return self._quoted(field)
        return field

    def _quoted(self, field: bytes) -> bytes:
        quote, escape = self._rules.quote or NO_QUOTE, self._escape
        if escape != quote:
            field = field.replace(escape, escape * 2)
        return quote + field.replace(quote, escape + quote) + quote


def _inserted(data: Bytes, at: Positions, texts: Bytes) -> Bytes:
    """Put a text before each of the positions; no object is made for any of them.

    Args:
        data: the bytes.
        at: the positions, in order.
        texts: as many, each a row.
    """
    count, width = texts.shape
    out = np.empty(len(data) + count * width, np.uint8)
    places = (at + np.arange(count) * width)[:, None] + np.arange(width)
    is_data = np.ones(len(out), np.bool_)
    is_data[places] = False
    out[is_data] = data
    out[places] = texts
    return out
