"""Quotes in the bytes of a CSV file: where they are, and whether each stands where one may stand.

COPY takes every quote for one that opens or closes, also in the middle of a field: of `5" x 7"` it
keeps `5 x 7`. Here an opening quote must stand at the start of a field, a closing one before a
delimiter, a line end or the end of the file (of a doubled one, the first closes and the second
opens). Where that holds, COPY reads what was written, and so do we.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loader.reading import bits
from loader.reading.bits import Bytes, Positions, Words
from loader.reading.dialect import NO_QUOTE, Dialect

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
        after = self.delimiter + LF + CR
        if self.quote is not None and self.escape is None:
            after += self.quote
        self.may_follow = np.zeros(256, np.bool_)
        self.may_follow[list(after)] = True

    def escaped(self, data: Bytes, run: int = 0) -> Positions:
        """Find the quotes behind an escape: behind an odd number of them.

        Args:
            data: the bytes.
            run: number of escapes directly before them.
        """
        assert self.quote is not None and self.escape is not None
        found = np.flatnonzero(data == self.quote[0])
        escapes = np.flatnonzero(data == self.escape[0])
        numbers = np.arange(len(escapes))
        begins = np.diff(escapes, prepend=-2) != 1
        lengths = numbers - np.maximum.accumulate(np.where(begins, numbers, 0)) + 1
        lengths[escapes == numbers] += run
        before = np.searchsorted(escapes, found) - 1
        is_behind = before >= 0
        is_behind[is_behind] = escapes[before[is_behind]] == found[is_behind] - 1
        runs = np.where(found == 0, run, 0)
        runs[is_behind] = lengths[before[is_behind]]
        escaped: Positions = found[runs % 2 == 1]
        return escaped


class Quoting:
    """What is inside quotes in some bytes, and which quotes are not sound.

    Args:
        rules: of the file.
        data: the bytes.
        is_open: whether they begin inside quotes.
        follows: whether the byte before them may stand before an opening quote.
        run: number of escapes directly before them.

    Attributes:
        inside: the bytes inside quotes, with the opening and without the closing ones.
        broken: the quotes that are not sound. What follows the last byte is taken for a delimiter.
    """

    def __init__(
        self, rules: Rules, data: Bytes, *, is_open: bool, follows: bool, run: int = 0
    ) -> None:
        assert rules.quote is not None
        are_quotes = data == rules.quote[0]
        if rules.escape is not None:
            escaped = rules.escaped(data, run)
            are_quotes[escaped] = False
        quotes = bits.pack(are_quotes)
        may_precede = bits.pack((data == rules.delimiter[0]) | (data == rules.line_end[0]))
        if rules.escape is None:
            may_precede |= quotes
        may_follow = may_precede | bits.pack(data == rules.other_end[0])
        self._quotes = quotes
        self._opens_well = bits.after_each(may_precede, first=follows)
        self._closes_well = bits.before_each(may_follow, last=len(data) - 1)
        self._escaped = np.zeros_like(quotes)
        if rules.escape is not None:
            are_quotes[:] = False
            are_quotes[escaped] = True
            self._escaped = bits.pack(are_quotes)
        self.inside = bits.between(quotes, is_open=is_open)

    def broken(self, inside: Words) -> Words:
        """Find the quotes that are not sound, if so much is inside quotes.

        What follows the last byte is taken for a delimiter.
        """
        opening = inside & ~self._opens_well
        closing = ~(inside | self._closes_well)
        return self._quotes & (opening | closing) | self._escaped & ~inside


class Scan:
    """The strict scan of a block, piece by piece.

    The bytes of a piece stand in `data` from position 1 on; position 0 is the scan's own.

    Attributes:
        is_open: whether the scanned bytes end inside quotes.
        fault: position of the first byte that COPY must not be trusted with; -1 where there is
            none.
        border: position after the last line end outside quotes before the fault; 0 where there is
            none.
    """

    def __init__(self, rules: Rules, data: bytearray) -> None:
        self._rules, self._data = rules, data
        self._array = np.frombuffer(data, np.uint8)
        self._inside: Words | None = None
        self._ends: Words | None = None
        self._was_open = False
        self._run = 0
        self.is_open = False
        self.fault = -1
        self.border = 0
        data[0] = rules.line_end[0]

    def piece(self, size: int) -> None:
        """Scan the next piece of so many bytes."""
        data, rules = self._data, self._rules
        self._was_open, self._inside, self._ends = self.is_open, None, None
        faults = []
        if rules.quote is None:
            faults.append(data.find(NO_QUOTE, 1, size + 1))
        else:
            if data[0] == rules.quote[0] and not self.is_open and not rules.may_follow[data[1]]:
                faults.append(1)
            if data.find(rules.quote, 1, size + 1) >= 0:
                faults.append(self._quotes(size))
            if rules.escape is not None:
                self._count_escapes(size)
        if rules.line_end == CR and data.find(LF, 1, size + 1) >= 0:
            faults.append(self._line_feed(size))
        if rules.comment is not None:
            faults.append(self._record_that_begins_with(rules.comment, size))
        if rules.shape.end_marker:
            # Whether it is the marker may be seen only with the next piece. Such records are rare.
            faults.append(self._record_that_begins_with(b"\\", size))
        self.fault = min((fault for fault in faults if fault > 0), default=-1)
        self.border = self._last_line_end(size + 1 if self.fault < 0 else self.fault)

    def carry(self, size: int) -> None:
        """Keep the last byte of a piece for the next one."""
        self._data[0] = self._data[size]

    def count(self, end: int) -> int:
        """Count the line ends outside quotes in the piece before a position."""
        if self._ends is not None:
            return bits.count(bits.before_position(self._ends, end - 1))
        if self._was_open:
            return 0
        return int(np.count_nonzero(self._array[1:end] == self._rules.line_end[0]))

    def _quotes(self, size: int) -> int:
        """Find the first quote that is not sound; 0 where there is none."""
        data, rules = self._array[1 : size + 1], self._rules
        before = rules.delimiter + rules.line_end
        if rules.escape is None:
            before += rules.quote or b""
        quoting = Quoting(
            rules,
            data,
            is_open=self.is_open,
            follows=self._data[0] in before,
            run=self._run,
        )
        self._inside = quoting.inside
        self._ends = bits.pack(data == rules.line_end[0]) & ~quoting.inside
        self.is_open = bool(quoting.inside[-1] >> np.uint64(63))
        return bits.first(quoting.broken(quoting.inside)) + 1

    def _count_escapes(self, size: int) -> None:
        assert self._rules.escape is not None
        position = size
        while position and self._data[position] == self._rules.escape[0]:
            position -= 1
        self._run = size - position + (0 if position else self._run)

    def _line_feed(self, size: int) -> int:
        """Find the first LF outside quotes, in a file with CR; 0 where there is none.

        After a CR, COPY would take both together for the line end.
        """
        found = bits.pack(self._array[1 : size + 1] == LF[0])
        if self._inside is not None:
            found &= ~self._inside
        elif self._was_open:
            return 0
        return bits.first(found) + 1

    def _record_that_begins_with(self, byte: bytes, size: int) -> int:
        """Find the first such record; 0 where there is none."""
        position = 0
        while (position := self._data.find(byte, position + 1, size + 1)) > 0:
            if self._data[position - 1] == self._rules.line_end[0] and self._is_outside(position):
                return position
        return 0

    def _is_outside(self, position: int) -> bool:
        """Whether a record begins at a position behind a line end."""
        if position == 1 or self._ends is None:
            return not self._was_open
        word, bit = divmod(position - 2, 64)
        return bool(int(self._ends[word]) >> bit & 1)

    def _last_line_end(self, end: int) -> int:
        """Find the position after the last line end outside quotes; 0 where there is none."""
        if self._ends is not None:
            found = bits.last(bits.before_position(self._ends, end - 1))
            return found + 2 if found >= 0 else 0
        if self._was_open:
            return 0
        return self._data.rfind(self._rules.line_end, 1, end) + 1
