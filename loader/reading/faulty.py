"""What is wrong with a record, and how far a faulty one reaches.

A quote that should not be there would swallow all that follows it, up to the next one. So a faulty
record of several lines is taken apart: when a whole record begins in a line that such a quote would
swallow, or in the second line of a record with too few or too many fields, then only its first line
is the faulty one, and reading goes on with its second.
"""

from __future__ import annotations

from typing import NamedTuple

from loader.reading.at_hand import AtHand
from loader.reading.records import Fault, Reason, text_fault
from loader.reading.scanning import LF, Rules
from loader.reading.strict import Extent, StrictReader

# A longer record is set aside: it bounds the memory.
MAX_RECORD_BYTES = 64 * 1024**2

# What is kept of one.
KEPT_BYTES = 64 * 1024

# A record that goes on for more than so many bytes is taken apart, whether its quote is closed
# further on or not, when so many lines after its first are whole records. A value that looks like
# this is rarer than a quote that somebody forgot, and need not be looked for through 64 MB.
LONG_RECORD_BYTES = 64 * 1024
LONG_RECORD_LINES = 100

_BROKEN = {
    "stray": "holds a quote within an unquoted field",
    "after": "holds text after a closing quote",
    "unclosed": "opens a quote that is never closed",
}


class Verdict(NamedTuple):
    """What was found at the start of some bytes.

    Attributes:
        size: in bytes, with the line end. Of a record that is too long, and of a comment, the line
            may go on behind them.
        fault: of the record; None where it is good.
        is_comment: whether it is no record at all.
    """

    size: int
    fault: Fault | None = None
    is_comment: bool = False


class _NeedsMore(Exception):  # noqa: N818 - a question that the bytes at hand cannot answer
    """What follows decides."""


def _broken(kind: str) -> Fault:
    return Fault("broken_quoting", _BROKEN[kind])


_TOO_LONG = Fault(
    "too_long",
    f"is longer than {MAX_RECORD_BYTES // 1024**2} MB; its first {KEPT_BYTES // 1024} KB are kept",
)


class OneByOne:
    """Judges one record after the other.

    Args:
        rules: of the file.
        hand: the bytes, at the start of a record.
    """

    def __init__(self, rules: Rules, hand: AtHand) -> None:
        self._rules, self._hand = rules, hand
        self._fields = rules.shape.fields
        self._reader = StrictReader(rules)

    def next(self) -> Verdict:
        """Judge the record that begins with the first byte at hand; get more where needed."""
        while True:
            data, start = self._hand.data, self._hand.position
            try:
                return self._verdict(data, start)
            except _NeedsMore:
                if len(data) - start > MAX_RECORD_BYTES:
                    return self._too_long(data, start)
                self._hand.more()

    def _verdict(self, data: bytes, start: int) -> Verdict:
        comment = self._rules.comment
        if comment is not None and data.startswith(comment, start):
            return Verdict(0, is_comment=True)
        extent = self._reader.read(data, start, is_end=self._hand.is_end)
        second = data.find(self._rules.line_end, start) + 1
        if second and self._goes_on(data, start, extent) and self._lines_are_whole(data, start):
            return Verdict(second - start, _broken("unclosed"))
        if extent is None:
            raise _NeedsMore
        if extent.broken:
            return self._of_broken(data, start, second, extent)
        if extent.end - start > MAX_RECORD_BYTES:
            return self._too_long(data, start)
        return self._of_sound(data, start, second, extent)

    def _of_sound(self, data: bytes, start: int, second: int, extent: Extent) -> Verdict:
        """Judge a record with sound quotes."""
        size = extent.end - start
        if extent.fields != self._fields:
            if 0 < second < extent.end and self._is_whole(data, start, second):
                return Verdict(second - start, _broken("unclosed"))
            return Verdict(size, self._count_fault(extent.fields))
        if extent.has_stray_end:
            return Verdict(size, self._stray_fault())
        body = without_line_end(data[start : extent.end], self._rules.line_end)
        return Verdict(size, text_fault(body, self._rules.shape.dialect.encoding))

    def _of_broken(self, data: bytes, start: int, second: int, extent: Extent) -> Verdict:
        """Judge a record with a quote that is not sound: alone, or with all that it swallows."""
        is_open = extent.broken == "unclosed"
        end = len(data) if is_open else self._line_end(data, extent.end)
        if (
            0 < second < end
            and (is_open or extent.end >= second)
            and self._swallows(data, start, second, end)
        ):
            return Verdict(second - start, _broken("unclosed"))
        if end - start > MAX_RECORD_BYTES:
            return self._too_long(data, start)
        return Verdict(end - start, _broken(extent.broken))

    def _too_long(self, data: bytes, start: int) -> Verdict:
        """Judge a record that has not ended after the bytes that one may have."""
        end = start + MAX_RECORD_BYTES
        second = data.find(self._rules.line_end, start, end) + 1
        if second and self._swallows(data, start, second, end):
            return Verdict(second - start, _broken("unclosed"))
        return Verdict(MAX_RECORD_BYTES, _TOO_LONG)

    def _swallows(self, data: bytes, start: int, line: int, end: int) -> bool:
        """Whether a whole record begins in one of the lines between two positions."""
        while 0 < line < end:
            if self._is_whole(data, start, line):
                return True
            line = data.find(self._rules.line_end, line, end) + 1
        return False

    def _is_whole(self, data: bytes, start: int, line: int) -> bool:
        """Whether a sound record with the right number of fields begins in a line.

        It must end within the bytes that the record from `start` on may have.
        """
        extent = self._reader.read(data, line, is_end=self._hand.is_end)
        if extent is None and len(data) - start <= MAX_RECORD_BYTES:
            raise _NeedsMore
        if extent is None or extent.end - start > MAX_RECORD_BYTES:
            return False
        return self._is_sound(data, line, extent)

    def _is_sound(self, data: bytes, start: int, extent: Extent) -> bool:
        comment = self._rules.comment
        is_comment = comment is not None and data.startswith(comment, start)
        return not is_comment and not extent.broken and extent.fields == self._fields

    def _goes_on(self, data: bytes, start: int, extent: Extent | None) -> bool:
        """Whether a record goes on for more than a long record's bytes."""
        end = len(data)
        if extent is not None and extent.broken != "unclosed":
            end = extent.end + bool(extent.broken)
        return end - start > LONG_RECORD_BYTES

    def _lines_are_whole(self, data: bytes, start: int) -> bool:
        """Whether the lines after a long record's first are whole records, each by itself."""
        if self._fields == 1:
            return False  # every line is one
        beginning = data[start : start + LONG_RECORD_BYTES]
        lines = beginning.split(self._rules.line_end, LONG_RECORD_LINES + 1)[1:-1]
        return len(lines) == LONG_RECORD_LINES and all(map(self._is_whole_line, lines))

    def _is_whole_line(self, line: bytes) -> bool:
        """Whether a line, given without its end, is a sound record with the right fields."""
        rules = self._rules
        if rules.comment is None and (rules.quote is None or rules.quote not in line):
            return line.count(rules.delimiter) == self._fields - 1
        extent = self._reader.read(line, 0, is_end=True)
        return extent is not None and self._is_sound(line, 0, extent)

    def _line_end(self, data: bytes, start: int) -> int:
        """Find the position after the end of a line."""
        end = data.find(self._rules.line_end, start) + 1
        if not end and not self._hand.is_end:
            raise _NeedsMore
        return end or len(data)

    def _count_fault(self, found: int) -> Fault:
        reason: Reason = "too_few_fields" if found < self._fields else "too_many_fields"
        return Fault(reason, f"has {found} fields, the header names {self._fields}")

    def _stray_fault(self) -> Fault:
        if self._rules.line_end == LF:
            return Fault("stray_carriage_return", "holds a carriage return outside quotes")
        return Fault("stray_line_feed", "holds a line feed outside quotes")


def without_line_end(record: bytes, line_end: bytes) -> bytes:
    """Take the line end, LF, CRLF or CR, off a record that may have none."""
    body = record.removesuffix(line_end)
    return body.removesuffix(b"\r") if line_end == LF and len(body) < len(record) else body
