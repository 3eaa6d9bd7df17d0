"""A window of a block, judged as a whole: where its records end, and which of them are in order."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np

from loader.reading import bits, faulty
from loader.reading.bits import NOWHERE, Positions, Ranks, Words
from loader.reading.dialect import NO_QUOTE
from loader.reading.records import first_undecodable
from loader.reading.scanning import LF, Quoting, Rules

# Quotes that are not sound, looked at together.
MANY = 64


class Records(NamedTuple):
    """Records of a window.

    Attributes:
        starts: positions of their first bytes.
        ends: positions of their line ends; of CRLF, that of its second byte.
        odd: numbers, from 0, of those that are not in order or long, or hold what must be
            rewritten.
    """

    starts: Positions
    ends: Positions
    odd: Positions


class Window:
    """The bytes at hand, with all that tells records apart.

    What is inside quotes depends on where reading begins: after an odd number of quotes in the
    window, inside and outside are the other way round. This is called its side, 0 or 1.

    Args:
        rules: of the file.
        data: the bytes; a record begins with the first one.
    """

    def __init__(self, rules: Rules, data: bytes) -> None:
        self._rules, self._data = rules, data
        self._array = np.frombuffer(data, np.uint8)
        self._ends = bits.pack(self._array == rules.line_end[0])
        self._delimiters = bits.pack(self._array == rules.delimiter[0])
        self._quoting: Quoting | None = None
        if rules.quote is not None and rules.quote in data:
            self._quoting = Quoting(rules, self._array, is_open=False, follows=True)
        self._sides: dict[bool, _Side] = {}

    def records(self, start: int) -> Records:
        """Give the records from a position on that end within the window.

        Where many have quotes that are not sound, the others are left for later: how the first one
        is taken apart may show that on this side all are.

        Args:
            start: position of a record.
        """
        side = self._side(start)
        first = int(np.searchsorted(side.ends, start))
        broken = side.broken[np.searchsorted(side.broken, start) :][:MANY]
        last = len(side.ends)
        if len(broken) == MANY:
            last = int(np.searchsorted(side.ends, broken[-1])) + 1
        ends = side.ends[first:last]
        starts = np.empty_like(ends)
        if not len(ends):
            return Records(starts, ends, NOWHERE)
        starts[0] = start
        starts[1:] = ends[:-1] + 1
        delimiters = side.delimiters_before_ends[first:last]
        before = side.delimiters(np.array([start]))[0]
        flags = np.diff(delimiters, prepend=before) + 1 != self._rules.shape.fields
        flags |= ends - starts >= faulty.LONG_RECORD_BYTES
        for odd in (broken, side.odd):
            flags[np.searchsorted(ends, odd[(odd >= start) & (odd <= ends[-1])])] = True
        return Records(starts, ends, np.flatnonzero(flags))

    def _side(self, start: int) -> _Side:
        """Give the side of a record that begins at a position."""
        inside = np.zeros_like(self._ends)
        broken = NOWHERE
        is_other = False
        if self._quoting is not None:
            inside = self._quoting.inside
            # Whatever ends the line before is inside quotes on the wrong side.
            is_other = start > 0 and bool(int(inside[(start - 1) // 64]) >> (start - 1) % 64 & 1)
            if is_other in self._sides:
                return self._sides[is_other]
            if is_other:
                inside = ~inside
            broken = bits.positions(self._quoting.broken(inside))
        elif is_other in self._sides:
            return self._sides[is_other]
        ends = bits.positions(self._ends & ~inside)
        delimiters = Ranks(self._delimiters & ~inside)
        side = _Side(
            ends,
            delimiters,
            delimiters(ends),
            broken,
            np.concatenate([self._undecodable, self._always_odd, *self._odd_outside(inside)]),
        )
        self._sides[is_other] = side
        return side

    def _odd_outside(self, inside: Words) -> Iterator[Positions]:
        """Find line ends of the other kind and comments, outside quotes."""
        array, rules = self._array, self._rules
        if rules.other_end in self._data:
            others = bits.pack(array == rules.other_end[0])
            if rules.line_end == LF:
                others &= ~bits.before_each(self._ends, last=len(array) - 1)
            yield bits.positions(others & ~inside)
        if rules.comment is not None and rules.comment in self._data:
            comments = bits.pack(array == rules.comment[0])
            comments &= bits.after_each(self._ends, first=True)
            yield bits.positions(comments & ~inside)

    @cached_property
    def _always_odd(self) -> Positions:
        """Find what is never in order, or must be rewritten, whether quoted or not."""
        found = [NOWHERE]
        for byte in (b"\0", *((NO_QUOTE,) if self._rules.quote is None else ())):
            if byte in self._data:
                found.append(np.flatnonzero(self._array == byte[0]))
        return np.concatenate(found)

    @cached_property
    def _undecodable(self) -> Positions:
        """Find the first byte of each line that is no text in the file's encoding."""
        found, start = [], 0
        encoding, line_end = self._rules.shape.dialect.encoding, self._rules.line_end
        # The last line may end within a character.
        lines = self._data[: self._data.rfind(line_end) + 1]
        while start < len(lines):
            place = first_undecodable(lines, encoding, start)
            if place is None:
                break
            found.append(place)
            start = lines.find(line_end, place) + 1
        return np.array(found, np.intp)


class _Side(NamedTuple):
    """A window when reading begins outside or inside of quotes.

    Attributes:
        ends: positions of line ends outside quotes.
        delimiters: counts those outside quotes.
        delimiters_before_ends: their number before each line end.
        broken: positions of quotes that are not sound.
        odd: positions of what else is not in order, or must be rewritten.
    """

    ends: Positions
    delimiters: Ranks
    delimiters_before_ends: Positions
    broken: Positions
    odd: Positions
