"""Quotes in the bytes of a CSV file: where they are, and whether each stands where one may stand.

COPY takes every quote for one that opens or closes, also in the middle of a field: of `5" x 7"` it
keeps `5 x 7`. Here an opening quote must stand at the start of a field, a closing one before a
delimiter, a line end or the end of the file (of a doubled one, the first closes and the second
opens). Where that holds, COPY reads what was written, and so do we.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loader.reading.dialect import NO_QUOTE, Dialect

Bytes = NDArray[np.uint8]
Positions = NDArray[np.intp]
Flags = NDArray[np.bool_]

NOWHERE: Positions = np.empty(0, np.intp)

LF, CR = b"\n", b"\r"


@dataclass(frozen=True)
class Shape:
    r"""What a record of a file must look like.

    Attributes:
        dialect: of the file.
        fields: of each record.
        line_end: LF, which is also that of files with CRLF; or CR.
        end_marker: whether COPY takes a line of only `\.` for the end of the data, as it did
            before PostgreSQL 18.
    """

    dialect: Dialect
    fields: int
    line_end: bytes
    end_marker: bool = False


class Quotes(NamedTuple):
    """Positions of quotes: those that open or close, and those behind an escape."""

    real: Positions
    escaped: Positions


NO_QUOTES = Quotes(NOWHERE, NOWHERE)


class Rules:
    """A shape as the scans need it: which bytes mean something, and what may stand beside them."""

    def __init__(self, shape: Shape) -> None:
        dialect = shape.dialect
        self.shape = shape
        self.line_end = shape.line_end
        self.other_end = CR if shape.line_end == LF else LF
        self.delimiter = dialect.delimiter_byte
        self.quote = dialect.quote_byte
        self.comment = dialect.comment_byte
        escape = dialect.escape_byte
        self.escape = escape if escape != self.quote else None
        # Without a quote COPY is given one that is not expected to occur.
        self.forbidden = NO_QUOTE if self.quote is None else None
        before, after = self.delimiter + self.line_end, self.delimiter + LF + CR
        if self.quote is not None and self.escape is None:
            before, after = before + self.quote, after + self.quote
        self.may_precede = _table(before)
        self.may_follow = _table(after)

    def quotes(self, data: Bytes, run: int = 0) -> Quotes:
        """Find the quotes of some bytes.

        Args:
            data: the bytes.
            run: number of escapes directly before them.
        """
        if self.quote is None:
            return NO_QUOTES
        found = np.flatnonzero(data == self.quote[0])
        if self.escape is None or not len(found):
            return Quotes(found, NOWHERE)
        runs = self._escapes_before(data, found, run)
        odd = runs % 2 == 1
        return Quotes(found[~odd], found[odd])

    def _escapes_before(self, data: Bytes, found: Positions, run: int) -> Positions:
        """Count the escapes directly before each of the positions."""
        assert self.escape is not None
        escapes = np.flatnonzero(data == self.escape[0])
        numbers = np.arange(len(escapes))
        begins = np.ones(len(escapes), np.bool_)
        begins[1:] = np.diff(escapes) != 1
        first = np.maximum.accumulate(np.where(begins, numbers, 0))
        lengths = numbers - first + 1
        lengths[escapes == numbers] += run
        before = np.searchsorted(escapes, found) - 1
        direct = before >= 0
        direct[direct] = escapes[before[direct]] == found[direct] - 1
        runs = np.zeros(len(found), np.intp)
        runs[direct] = lengths[before[direct]]
        runs[found == 0] = run
        return runs


def _table(allowed: bytes) -> Flags:
    table = np.zeros(256, np.bool_)
    table[list(allowed)] = True
    return table


class Scan:
    """The strict scan of a block, piece by piece.

    The bytes of a piece stand in `data` from position 1 on, with room for one more behind them;
    position 0 is the scan's own.

    Attributes:
        fault: position of the first byte that COPY must not be trusted with; -1 where there is
            none.
        border: position after the last line end outside quotes before the fault; 0 where there is
            none.
    """

    def __init__(self, rules: Rules, data: bytearray) -> None:
        self._rules, self._data = rules, data
        self._array = np.frombuffer(data, np.uint8)
        self._is_open = False
        self._was_open = False
        self._run = 0
        self._quotes = NOWHERE
        self.fault = -1
        self.border = 0
        data[0] = rules.line_end[0]

    @property
    def is_open(self) -> bool:
        """Whether the scanned bytes end inside quotes."""
        return self._is_open

    def piece(self, size: int) -> None:
        """Scan the next piece of so many bytes."""
        data, rules = self._data, self._rules
        self._was_open, self._quotes = self._is_open, NOWHERE
        faults = []
        if rules.quote is not None:
            if data[0] == rules.quote[0] and not self._is_open and not rules.may_follow[data[1]]:
                faults.append(1)
            if data.find(rules.quote, 1, size + 1) >= 0:
                faults += self._quote_faults(size)
            if rules.escape is not None:
                self._count_escapes(size)
        elif (found := data.find(NO_QUOTE, 1, size + 1)) >= 0:
            faults.append(found)
        if rules.comment is not None:
            faults += self._at_record_starts(rules.comment, size)
        if rules.shape.end_marker:
            faults += self._end_markers(size)
        self.fault = min(faults, default=-1)
        end = size + 1 if self.fault < 0 else self.fault
        self.border = max(self._last_line_end(end), 0)

    def carry(self, size: int) -> None:
        """Keep the last byte of a piece for the next one."""
        self._data[0] = self._data[size]

    def count(self, end: int) -> int:
        """Count the line ends outside quotes in the piece before a position."""
        if not len(self._quotes):
            return 0 if self._was_open else self._data.count(self._rules.line_end, 1, end)
        found = np.flatnonzero(self._array[1:end] == self._rules.line_end[0]) + 1
        return int(np.count_nonzero(self._outside(found)))

    def _outside(self, positions: Positions) -> Flags:
        before = np.searchsorted(self._quotes, positions)
        outside: Flags = (before & 1) == self._was_open
        return outside

    def _quote_faults(self, size: int) -> list[int]:
        data, rules = self._array, self._rules
        # What follows the last byte is seen with the next piece.
        data[size + 1] = rules.line_end[0]
        found = rules.quotes(data[1 : size + 1], self._run)
        self._quotes = quotes = found.real + 1
        opening, closing = quotes[self._was_open :: 2], quotes[not self._was_open :: 2]
        self._is_open ^= len(quotes) % 2 == 1
        faults = []
        for places, beside, allowed in (
            (opening, opening - 1, rules.may_precede),
            (closing, closing + 1, rules.may_follow),
        ):
            sound = allowed[data[beside]]
            if not sound.all():
                faults.append(int(places[np.argmin(sound)]))
        if len(found.escaped):
            outside = self._outside(found.escaped + 1)
            if outside.any():
                faults.append(int(found.escaped[np.argmax(outside)]) + 1)
        return faults

    def _count_escapes(self, size: int) -> None:
        assert self._rules.escape is not None
        position = size
        while position and self._data[position] == self._rules.escape[0]:
            position -= 1
        self._run = size - position + (0 if position else self._run)

    def _at_record_starts(self, byte: bytes, size: int) -> list[int]:
        """Find the first record that begins with a byte."""
        if self._data.find(byte, 1, size + 1) < 0:
            return []
        found = np.flatnonzero(self._array[1 : size + 1] == byte[0]) + 1
        found = found[self._array[found - 1] == self._rules.line_end[0]]
        return [int(place) for place in found[self._outside(found)][:1]]

    def _end_markers(self, size: int) -> list[int]:
        r"""Find the first record that begins with `\.`, or may do so with the next piece."""
        position = 0
        while (position := self._data.find(b"\\", position + 1, size + 1)) > 0:
            begins = self._data[position - 1] == self._rules.line_end[0]
            if begins and (position == size or self._data[position + 1] == ord(".")):
                return [position]
        return []

    def _last_line_end(self, end: int) -> int:
        """Find the position after the last line end outside quotes; -1 where there is none."""
        while (found := self._data.rfind(self._rules.line_end, 1, end)) > 0:
            before = int(np.searchsorted(self._quotes, found))
            if before % 2 == self._was_open:
                return found + 1
            if not before:
                break
            end = int(self._quotes[before - 1])
        return -1
