"""Good records as COPY gets them after they were judged: each with its number before it."""

from __future__ import annotations

import re

import numpy as np

from loader.reading.dialect import NO_QUOTE
from loader.reading.scanning import Positions, Rules


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

    def run(self, data: bytes, starts: Positions, ends: Positions, number: int) -> bytes:
        """Write records that need no other change.

        Args:
            data: the bytes that hold them.
            starts: positions of their first bytes.
            ends: positions after their last bytes, line ends not counted.
            number: of the first of them.
        """
        parts = [b""] * (2 * len(starts))
        parts[::2] = self._prefixes(number, len(starts))
        parts[1::2] = map(data.__getitem__, map(slice, starts.tolist(), ends.tolist()))
        parts[0] = parts[0][1:]
        parts.append(b"\n")
        return b"".join(parts)

    def one(self, body: bytes, number: int) -> bytes:
        """Write a record, given without its line end."""
        if self._other_nulls or (self._no_quote and self._no_quote in body):
            body = self._delimiter.join(map(self._rewritten, self._fields(body)))
        (prefix,) = self._prefixes(number, 1)
        return prefix[1:] + body + b"\n"

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

    def _prefixes(self, first: int, count: int) -> list[bytes]:
        """Give line ends with the numbers of the records that follow them."""
        if self._quotes_numbers:
            quoted = (self._quoted(b"%d" % number) for number in range(first, first + count))
            return [b"\n" + number + self._delimiter for number in quoted]
        found: list[bytes] = []
        while count:
            width = len(str(first))
            same = min(count, 10**width - first)
            text = np.empty((same, width + 2), np.uint8)
            text[:, 0], text[:, -1] = ord("\n"), self._delimiter[0]
            numbers = np.arange(first, first + same)
            for place in range(width, 0, -1):
                numbers, digits = np.divmod(numbers, 10)
                text[:, place] = digits + ord("0")
            found += text.view(f"S{width + 2}").ravel().tolist()
            first, count = first + same, count - same
        return found


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
