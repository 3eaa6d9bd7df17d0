"""Blocks that COPY refused or must not get: good records are found, the others set aside.

A window is judged as a whole, by `windows.py`; what is in order is given on in runs. Only what is
not, or what reaches beyond the window, is read one by one, by `faulty.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from loader.reading.at_hand import WINDOW_BYTES, AtHand
from loader.reading.faulty import KEPT_BYTES, OneByOne, without_line_end
from loader.reading.records import Reject
from loader.reading.scanning import Rules
from loader.reading.windows import Records, Window
from loader.reading.writing import Writer

# After so few bytes without a record that ends elsewhere than it seemed, so many are read one by
# one: in a file of such lines that is 4 times faster.
DENSE_BYTES = 1024
DENSE_RECORDS = 32


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
            start = hand.position
            yield from self._judged(data, base, records)
            if len(records.ends) and hand.position != base + records.ends[-1] + 1:
                # To look at the rest of the window anew is not worth it for a few records.
                many = hand.position - start < DENSE_BYTES
                for _ in range(DENSE_RECORDS if many else 0):
                    if hand.data is data and hand.position < end:
                        yield self._one()
                continue
            # What is left is the beginning of a line, or a quote was opened and not closed.
            is_line = data.find(self._rules.line_end, hand.position, end) < 0
            if is_line and hand.position > base:
                return
            yield self._one()

    def _judged(self, data: bytes, base: int, records: Records) -> Iterator[bytes]:
        """Judge records, up to one that does not end where it seemed to.

        Args:
            data: the bytes at hand.
            base: position of the window in them.
            records: of the window, from the first byte at hand on.
        """
        hand, starts, ends = self._hand, records.starts + base, records.ends + base
        kept = np.ones(len(ends), np.bool_)
        # How far each record moves the numbers on: a comment has none. They are summed up for a
        # whole run, not moved back one comment at a time, in a window that may be full of them.
        steps = np.ones(len(ends), np.int64)

        def written(run: slice, number: int) -> bytes:
            numbers = number - 1 + np.cumsum(steps[run])
            return self._writer.run(data, starts[run], ends[run], kept[run], numbers)

        first, done = 0, len(ends)
        number, passed = self.number, 0
        for odd in records.odd.tolist():
            hand.pass_to(int(starts[odd]))
            self.number += odd - passed
            passed, before = odd + 1, self.number
            record = self._one()
            kept[odd] = False
            steps[odd] = self.number - before
            if record:
                yield written(slice(first, odd), number)
                yield record
                first, number = odd + 1, self.number
            if hand.data is not data or hand.position != ends[odd] + 1:
                done = odd + 1
                break
        else:
            if done:
                hand.pass_to(int(ends[-1]) + 1)
                self.number += done - passed
        yield written(slice(first, done), number)

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
            body = without_line_end(hand.take(verdict.size), self._rules.line_end)
            return self._writer.one(body, number)
        if verdict.fault.reason == "too_long":
            line = hand.data[hand.position : hand.position + KEPT_BYTES]
            hand.take_line(self._rules.line_end, verdict.size)
        else:
            line = without_line_end(hand.take(verdict.size), self._rules.line_end)
        self._aside(Reject(number, 0, offset, *verdict.fault, line))
        return b""
