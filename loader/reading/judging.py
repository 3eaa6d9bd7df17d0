"""Blocks that COPY refused or must not get: good records are found, the others set aside.

A window is judged as a whole, by `windows.py`; what is in order is given on in runs. Only what is
not, or what reaches beyond the window, is read one by one, by `faulty.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from loader.reading.at_hand import WINDOW_BYTES, AtHand
from loader.reading.faulty import KEPT_BYTES, OneByOne, without_line_end
from loader.reading.numbering import Writer
from loader.reading.records import Reject
from loader.reading.scanning import CR, LF, Rules
from loader.reading.windows import Records, Window


class Judge:
    """Tells the good records of a block from the others.

    Args:
        rules: of the file.
        feed: its bytes; more than the block's where it may reach further.
        offset: of the first byte in the content.
        number: of the first record.
        aside: takes the records that are not good.

    Attributes:
        number: of the next record.
    """

    def __init__(
        self,
        rules: Rules,
        feed: Iterator[bytes],
        offset: int,
        number: int,
        aside: Callable[[Reject], None],
    ) -> None:
        self._rules, self._offset, self._aside = rules, offset, aside
        self._hand = AtHand(feed)
        self._one_by_one = OneByOne(rules, self._hand)
        self._writer = Writer(rules)
        self.number = number

    @property
    def consumed(self) -> int:
        """Bytes of the feed that are judged."""
        return self._hand.taken

    def rest(self) -> bytes:
        """Give the bytes that were taken from the feed and are not judged."""
        return self._hand.data[self._hand.position :]

    def records_until(self, limit: int | None) -> Iterator[bytes]:
        """Give the good records, until so many bytes are judged or the feed ends."""
        hand = self._hand
        while limit is None or self.consumed < limit:
            hand.fill()
            if hand.is_empty:
                break
            out = b"".join(self._window())
            if out:
                yield out

    def _window(self) -> Iterator[bytes]:
        """Judge a window: all records that end in it, and at least one."""
        hand = self._hand
        data, base = hand.data, hand.position
        end = min(base + WINDOW_BYTES, len(data))
        window = Window(self._rules, data[base:end])
        while hand.data is data and hand.position < end:
            records = window.records(hand.position - base)
            done = 0
            for odd in records.odd.tolist():
                yield self._run(records, done, odd)
                yield self._one()
                done = odd + 1
                if hand.data is not data or hand.position - base != records.ends[odd] + 1:
                    break
            else:
                yield self._run(records, done, len(records.ends))
                # What is left is the beginning of a line, or a quote was opened and not closed.
                is_line = data.find(self._rules.line_end, hand.position, end) < 0
                if is_line and hand.position > base:
                    return
                yield self._one()

    def _run(self, records: Records, first: int, end: int) -> bytes:
        """Give records that are in order."""
        if first == end:
            return b""
        starts, ends = records.starts[first:end], records.ends[first:end]
        begin = int(starts[0])
        size = int(ends[-1]) + 1 - begin
        part = np.frombuffer(self._hand.take(self._hand.position + size), np.uint8)
        starts, ends = starts - begin, ends - begin
        if self._rules.line_end == CR:
            part = part.copy()
            part[ends] = LF[0]
        elif CR in self._hand.data:
            # A carriage return before LF is part of the line end.
            returns = ends[(part[ends - 1] == CR[0]) & (ends > starts)] - 1
            part = np.delete(part, returns)
            starts -= np.searchsorted(returns, starts)
        number = self.number
        self.number += end - first
        return self._writer.run(part, starts, number)

    def _one(self) -> bytes:
        """Judge one record."""
        hand = self._hand
        verdict = self._one_by_one.next()
        if verdict.is_comment:
            hand.take_line(self._rules.line_end, verdict.size)
            return b""
        number, offset = self.number, self._offset + hand.taken
        self.number += 1
        if verdict.fault is None:
            body = without_line_end(hand.take(hand.position + verdict.size), self._rules.line_end)
            return self._writer.one(body, number)
        if verdict.fault.reason == "too_long":
            line = hand.data[hand.position : hand.position + KEPT_BYTES]
            hand.take_line(self._rules.line_end, verdict.size)
        else:
            line = without_line_end(hand.take(hand.position + verdict.size), self._rules.line_end)
        self._aside(Reject(number, 0, offset, *verdict.fault, line))
        return b""
