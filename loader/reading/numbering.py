"""Good records as COPY gets them after they were judged: each with its number before it."""

from __future__ import annotations

import re

import numpy as np

from loader.reading.bits import Bytes, Positions
from loader.reading.dialect import NO_QUOTE
from loader.reading.scanning import Rules


class Writer:
    """Writes records, in the dialect that COPY is told.

    What COPY cannot be told is written otherwise: of several null markers all are written as the
    first, and a field with the character that stands for "no quote" is quoted with it.
    """

    def __init__(self, rules: Rules) -> None:
        dialect = rules.shape.dialect
        self._delimiter, self._quote = rules.delimiter, rules.quote
        self._no_quote = NO_QUOTE if rules.quote is None else None
        first, *others = (null.encode(dialect.codec) for null in dialect.nulls)
        self._null, self._other_nulls = first, set(others)
        # A number would be cut, or taken for a null, where a digit means something else.
        special = (dialect.delimiter, dialect.quote or "", dialect.escape or "", *dialect.nulls)
        self._quotes_numbers = any(any(map(str.isdecimal, text)) for text in special)
        self._escape = rules.escape or rules.quote or NO_QUOTE
        self._field = _field_pattern(rules)

    def run(self, data: Bytes, starts: Positions, number: int) -> bytes:
        """Write records that need no other change.

        Args:
            data: the records, each ended by LF.
            starts: positions of their first bytes.
            number: of the first of them.
        """
        if self._quotes_numbers:
            records = map(bytes, np.split(data, starts[1:]))
            return b"".join(self._prefix(number + i) + body for i, body in enumerate(records))
        parts, count = [], len(starts)
        ends = np.append(starts[1:], len(data))
        first = 0
        while first < count:
            width = len(str(number))
            last = min(count, first + 10**width - number)
            begin = int(starts[first])
            parts.append(
                _numbered(
                    data[begin : int(ends[last - 1])],
                    starts[first:last] - begin,
                    self._prefixes(number, last - first, width),
                )
            )
            number, first = number + last - first, last
        return b"".join(parts)

    def one(self, body: bytes, number: int) -> bytes:
        """Write a record, given without its line end."""
        if self._other_nulls or (self._no_quote and self._no_quote in body):
            body = self._delimiter.join(map(self._rewritten, self._fields(body)))
        return self._prefix(number) + body + b"\n"

    def _fields(self, body: bytes) -> list[bytes]:
        if self._field is None or (self._quote or b"") not in body:
            return body.split(self._delimiter)
        found, position = [], 0
        while matched := self._field.match(body, position):
            found.append(matched[0])
            position = matched.end() + 1
            if position > len(body):
                break
        return found

    def _rewritten(self, field: bytes) -> bytes:
        if field in self._other_nulls:
            return self._null
        if self._no_quote and self._no_quote in field:
            return self._quoted(field)
        return field

    def _quoted(self, field: bytes) -> bytes:
        quote, escape = self._quote or NO_QUOTE, self._escape
        if escape != quote:
            field = field.replace(escape, escape * 2)
        return quote + field.replace(quote, escape + quote) + quote

    def _prefix(self, number: int) -> bytes:
        text = b"%d" % number
        return (self._quoted(text) if self._quotes_numbers else text) + self._delimiter

    def _prefixes(self, first: int, count: int, width: int) -> Bytes:
        """Give the numbers of records, all of the same width, as an array of texts."""
        texts = np.empty((count, width + 1), np.uint8)
        texts[:, -1] = self._delimiter[0]
        numbers = np.arange(first, first + count)
        for place in reversed(range(width)):
            numbers, digits = np.divmod(numbers, 10)
            texts[:, place] = digits + ord("0")
        return texts


def _numbered(data: Bytes, starts: Positions, prefixes: Bytes) -> bytes:
    """Write a prefix before each record; no object is made for any of them."""
    count, width = prefixes.shape
    out = np.empty(len(data) + count * width, np.uint8)
    places = (starts + np.arange(count) * width)[:, None] + np.arange(width)
    is_data = np.ones(len(out), np.bool_)
    is_data[places] = False
    out[is_data] = data
    out[places] = prefixes
    return out.tobytes()


def _field_pattern(rules: Rules) -> re.Pattern[bytes] | None:
    """Make a pattern of one field of a sound record; None where nothing is quoted."""
    if rules.quote is None:
        return None
    parts = {
        b"Q": re.escape(rules.quote),
        b"E": re.escape(rules.escape or b""),
        b"D": re.escape(rules.delimiter),
    }
    inside = b"[^Q]|QQ" if rules.escape is None else b"[^QE]|E[QE]?+"
    pattern = b"(?:Q(?:" + inside + b")*+Q)?+[^D]*+"
    return re.compile(re.sub(b"[QED]", lambda found: parts[found[0]], pattern), re.DOTALL)
