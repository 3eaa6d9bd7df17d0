"""A window of a block, judged as a whole: where its records end, and which of them are in order."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np

from loader.reading.dialect import NO_QUOTE
from loader.reading.records import first_undecodable
from loader.reading.scanning import LF, NOWHERE, Positions, Rules


class Records(NamedTuple):
    """Records of a window.

    Attributes:
        starts: positions of their first bytes.
        ends: positions of their line ends; of CRLF, that of its second byte.
        odd: numbers, from 0, of those that are not in order, or hold what must be rewritten.
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
        data: the bytes; the first is that of a record.
    """

    def __init__(self, rules: Rules, data: bytes) -> None:
        self._rules, self._data = rules, data
        self._array = np.frombuffer(data, np.uint8)
        self._sides: dict[int, _Side] = {}
        array, quote = self._array, rules.quote
        marks = (array == rules.delimiter[0]) | (array == rules.line_end[0])
        quotes = rules.quotes(array)
        self._quotes, self._escaped = quotes.real, quotes.escaped
        if quote is not None and len(self._quotes):
            marks |= array == quote[0]
            marks[self._escaped] = False
        self._marks = np.flatnonzero(marks)
        kinds = array[self._marks]
        self._are_ends = kinds == rules.line_end[0]
        self._are_delimiters = kinds == rules.delimiter[0]
        self._mark_sides = np.zeros(len(kinds), np.uint8)
        if quote is not None and len(self._quotes):
            np.cumsum(kinds == quote[0], dtype=np.uint8, out=self._mark_sides)
            self._mark_sides &= 1

    def records(self, start: int) -> Records:
        """Give the records from a position on that end within the window.

        Args:
            start: position of a record.
        """
        side = self._side(self._number_of_quotes(start) & 1)
        first = int(np.searchsorted(side.ends, start))
        ends = side.ends[first:]
        starts = np.empty_like(ends)
        if not len(ends):
            return Records(starts, ends, NOWHERE)
        starts[0] = start
        starts[1:] = ends[:-1] + 1
        before = side.delimiters_before(start)
        fields = np.diff(side.delimiters[first:], prepend=before) + 1
        flags = fields != self._rules.shape.fields
        marked = side.odd[np.searchsorted(side.odd, start) :]
        holders = np.searchsorted(ends, marked)
        flags[holders[holders < len(ends)]] = True
        return Records(starts, ends, np.flatnonzero(flags))

    def _number_of_quotes(self, position: int) -> int:
        return int(np.searchsorted(self._quotes, position))

    def _side(self, number: int) -> _Side:
        if number not in self._sides:
            outside = self._mark_sides == number
            is_end = self._are_ends & outside
            is_delimiter = self._are_delimiters & outside
            odd = [self._undecodable, self._always_odd, *self._broken(number), *self._stray(number)]
            self._sides[number] = _Side(
                self._marks[is_end],
                np.cumsum(is_delimiter)[is_end],
                self._marks[is_delimiter],
                np.sort(np.concatenate(odd)),
            )
        return self._sides[number]

    def _outside(self, positions: Positions, side: int) -> Positions:
        if not len(self._quotes):
            return positions if side == 0 else NOWHERE
        found: Positions = positions[np.searchsorted(self._quotes, positions) & 1 == side]
        return found

    def _broken(self, side: int) -> Iterator[Positions]:
        """Find the quotes that must not stand where they do."""
        quotes, array = self._quotes, self._array
        if not len(quotes):
            return
        opening, closing = quotes[side::2], quotes[1 - side :: 2]
        # Before the first byte a record begins; what follows the last is of no record in here.
        yield opening[(opening > 0) & ~self._rules.may_precede[array[opening - 1]]]
        closing = closing[closing + 1 < len(array)]
        yield closing[~self._rules.may_follow[array[closing + 1]]]
        yield self._outside(self._escaped, side)

    def _stray(self, side: int) -> Iterator[Positions]:
        """Find line ends of the other kind, and comments."""
        array, rules = self._array, self._rules
        if rules.other_end in self._data:
            found = np.flatnonzero(array == rules.other_end[0])
            if rules.line_end == LF:
                found = found[found + 1 < len(array)]
                found = found[array[found + 1] != LF[0]]
            yield self._outside(found, side)
        if rules.comment is not None and rules.comment in self._data:
            found = np.flatnonzero(array == rules.comment[0])
            begins = (found == 0) | (array[found - 1] == rules.line_end[0])
            yield self._outside(found[begins], side)

    @cached_property
    def _always_odd(self) -> Positions:
        """Bytes that are never in order, whether quoted or not."""
        found = [NOWHERE]
        for byte in (b"\0", *((NO_QUOTE,) if self._rules.quote is None else ())):
            if byte in self._data:
                found.append(np.flatnonzero(self._array == byte[0]))
        if len(self._rules.shape.dialect.nulls) > 1:
            found.append(np.flatnonzero(self._array == self._rules.line_end[0]))
        return np.concatenate(found)

    @cached_property
    def _undecodable(self) -> Positions:
        """The first byte of each line that is no text in the file's encoding."""
        found, start = [], 0
        encoding = self._rules.shape.dialect.encoding
        end = self._data.rfind(self._rules.line_end) + 1
        while start < end:
            place = first_undecodable(self._data[start:end], encoding)
            if place is None:
                break
            found.append(start + place)
            start = self._data.find(self._rules.line_end, start + place) + 1
        return np.array(found, np.intp)


class _Side(NamedTuple):
    """A window when reading begins inside or outside of quotes.

    Attributes:
        ends: positions of line ends outside quotes.
        delimiters: number of delimiters outside quotes before each of these.
        positions: of these delimiters.
        odd: positions of what is not in order, sorted.
    """

    ends: Positions
    delimiters: Positions
    positions: Positions
    odd: Positions

    def delimiters_before(self, position: int) -> int:
        """Count the delimiters outside quotes before a position."""
        return int(np.searchsorted(self.positions, position))
