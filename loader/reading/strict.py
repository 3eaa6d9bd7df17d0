"""A record of a CSV file read strictly: where it ends, and whether its quotes fit."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from loader.reading.quoted import inside_quotes
from loader.reading.scanning import LF, Rules


class Extent(NamedTuple):
    """How far a record reaches.

    Attributes:
        end: position after its line end; where the quotes are not sound, that of the quote that is
            not: one within an unquoted field (`stray`), a closing one with text after it (`after`)
            or an opening one that is never closed (`unclosed`).
        fields: of the record, up to there.
        broken: what is wrong with that quote; empty where all are sound.
        has_stray_end: whether a carriage return (in files with CR, a line feed) stands outside
            quotes that is no part of a line end.
    """

    end: int
    fields: int
    broken: Literal["", "stray", "after", "unclosed"] = ""
    has_stray_end: bool = False


class StrictReader:
    """Reads records by the rules of a file."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        quote = re.escape(rules.quote or b"")
        special = re.escape(rules.delimiter) + re.escape(rules.line_end) + quote
        self._plain = re.compile(b"[^" + special + b"]*+")
        # Beside a quote it may mean that the quote is part of the value.
        self._special = rules.escape or rules.quote
        self._inside: re.Pattern[bytes] | None = None
        if rules.quote is not None:
            self._inside = re.compile(inside_quotes(rules.quote, rules.escape or rules.quote))

    def read(self, data: bytes, start: int, *, is_end: bool) -> Extent | None:
        """Read the record that begins at a position.

        Args:
            data: the bytes at hand.
            start: the position.
            is_end: whether there are no more than these.

        Returns:
            None where more bytes are needed to tell.
        """
        rules = self._rules
        end = data.find(rules.line_end, start)
        stop = end if end >= 0 else len(data)
        if rules.quote is None or data.find(rules.quote, start, stop) < 0:
            if end < 0 and not is_end:
                return None
            fields = data.count(rules.delimiter, start, stop) + 1
            stray = self._has_stray_end(data, start, stop)
            return Extent(end + 1 or stop, fields, has_stray_end=stray)
        return self._read_quoted(data, start, is_end=is_end)

    def _read_quoted(self, data: bytes, start: int, *, is_end: bool) -> Extent | None:
        """Read a record that may hold quotes."""
        rules = self._rules
        position, fields, has_stray_end = start, 1, False
        while True:
            if self._inside is not None and data.startswith(rules.quote or b"", position):
                close = self._close(data, position, is_end=is_end)
                if isinstance(close, Extent) or close is None:
                    return close and close._replace(fields=fields)
                position = close
            end = self._plain_end(data, position)
            if end == len(data) and not is_end:
                return None
            has_stray_end |= self._has_stray_end(data, position, end)
            byte = data[end : end + 1]
            if byte == rules.delimiter:
                fields += 1
                position = end + 1
            elif byte == rules.quote:
                return Extent(end, fields, "stray")
            else:
                return Extent(end + len(byte), fields, has_stray_end=has_stray_end)

    def _plain_end(self, data: bytes, start: int) -> int:
        found = self._plain.match(data, start)
        assert found is not None  # the pattern matches nothing, too
        return found.end()

    def _close(self, data: bytes, start: int, *, is_end: bool) -> int | Extent | None:
        """Find the position after the quote that closes the one at `start`."""
        assert self._inside is not None
        # Most values hold no quote: the next one closes them.
        close = data.find(self._rules.quote or b"", start + 1)
        if close < 0:
            close = len(data)
        elif self._special in (data[close - 1 : close], data[close + 1 : close + 2]):
            found = self._inside.match(data, start + 1)
            assert found is not None  # the pattern matches nothing, too
            close = found.end()
        position = close + 1
        if position >= len(data):
            # The next byte may make it a doubled one.
            if not is_end:
                return None
            return position if position == len(data) else Extent(start, 0, "unclosed")
        return (
            position if self._rules.may_follow[data[position]] else Extent(position - 1, 0, "after")
        )

    def _has_stray_end(self, data: bytes, start: int, end: int) -> bool:
        found = data.find(self._rules.other_end, start, end)
        if found < 0:
            return False
        return self._rules.line_end != LF or found < end - 1 or data[end : end + 1] != LF
