"""One record at a time, by the strict rules: where it ends, and what is wrong with it."""

from __future__ import annotations

import re
from typing import NamedTuple

from loader.reading.records import Fault
from loader.reading.scanning import Rules


class Extent(NamedTuple):
    """How far a record reaches when it is read strictly.

    Attributes:
        end: position after its line end; after the last byte, where the quotes are faulty.
        fields: of it.
        broken: position of the quote that must not stand there; of the one that is never closed.
            -1 where the quotes are sound.
        unclosed: whether it is that.
        stray: position of a carriage return (in files with CR, a line feed) outside quotes that
            ends no line; -1 where there is none.
    """

    end: int
    fields: int
    broken: int = -1
    unclosed: bool = False
    stray: int = -1


class StrictReader:
    """Reads records by the strict rules.

    Args:
        rules: of the file.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._plain = re.compile(
            rb"[^%b%b%b]*+"
            % tuple(map(re.escape, (rules.delimiter, rules.line_end, rules.quote or b"")))
        )
        self._quoted = None
        if rules.quote is not None:
            quote = re.escape(rules.quote)
            if rules.escape is None:
                pattern = rb"(?:[^%b]++|%b%b)*+" % (quote, quote, quote)
            else:
                escape = re.escape(rules.escape)
                pattern = rb"(?:[^%b%b]++|%b[%b%b]?+)*+" % (quote, escape, escape, quote, escape)
            self._quoted = re.compile(pattern, re.DOTALL)

    def read(self, data: bytes, start: int, *, is_end: bool) -> Extent | None:
        """Read the record that begins at a position.

        Args:
            data: the bytes at hand.
            start: the position.
            is_end: whether the file ends with them.

        Returns:
            None where more bytes are needed to tell.
        """
        rules, size = self._rules, len(data)
        position, fields, stray = start, 1, -1
        field = start
        while True:
            if self._quoted is not None and data[position : position + 1] == rules.quote:
                if position != field:
                    return Extent(position, fields, broken=position)
                matched = self._quoted.match(data, position + 1)
                assert matched is not None
                close = matched.end()
                # A quote or an escape at the end may go together with the next byte.
                if not is_end and close + 1 >= size:
                    return None
                if close >= size:
                    return Extent(size, fields, broken=position, unclosed=True)
                position = close + 1
                if position < size and not rules.may_follow[data[position]]:
                    return Extent(position, fields, broken=close)
            matched = self._plain.match(data, position)
            assert matched is not None
            end = matched.end()
            if end == size and not is_end:
                return None
            if stray < 0:
                stray = self._stray(data, position, end)
            if end == size:
                return Extent(size, fields, stray=stray)
            position = end
            if data[end] == rules.delimiter[0]:
                fields += 1
                position = field = end + 1
            elif data[end] == rules.line_end[0]:
                return Extent(end + 1, fields, stray=stray)

    def _stray(self, data: bytes, start: int, end: int) -> int:
        """Find a line end of the other kind outside quotes that does not belong to one."""
        found = data.find(self._rules.other_end, start, end)
        belongs = (
            found == end - 1 and self._rules.line_end == b"\n" and data[end : end + 1] == b"\n"
        )
        return -1 if belongs else found


def field_fault(found: int, fields: int) -> Fault:
    """Say that a record has too few or too many fields."""
    reason = "too_few_fields" if found < fields else "too_many_fields"
    return Fault(reason, f"has {found} fields, the header names {fields}")
