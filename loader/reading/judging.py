"""Blocks that COPY refused or must not get: good records are found, the others set aside.

A window of a block is judged as a whole: line ends, delimiters and quotes are counted with numpy,
and what is in order is given on in runs. Only records that are not, or that reach beyond the
window, are read one by one, by `faulty.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from loader.reading.faulty import StrictReader, field_fault
from loader.reading.records import Fault, Reject, text_fault
from loader.reading.scanning import LF, Rules
from loader.reading.streams import BLOCK

# A record longer than this is set aside: it bounds the memory.
MAX_RECORD_BYTES = 64 * 1024**2

# What is kept of one.
_KEPT_BYTES = 64 * 1024

# A quote that stays open for more than the bytes is taken for one that is never closed when so many
# lines after it are whole records.
OPEN_BYTES = 1024**2
OPEN_LINES = 100


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
        consumed: bytes of the feed that are judged.
    """

    def __init__(
        self,
        rules: Rules,
        feed: Iterator[bytes],
        offset: int,
        number: int,
        aside: Callable[[Reject], None],
    ) -> None:
        self._rules, self._feed, self._offset, self._aside = rules, feed, offset, aside
        self._reader = StrictReader(rules)
        self._data = b""
        self._position = 0
        self._is_end = False
        self.number = number
        self.consumed = 0

    def records_until(self, limit: int | None) -> Iterator[bytes]:
        """Give the good records, until so many bytes are judged or the feed ends."""
        out: list[bytes] = []
        size = 0
        while limit is None or self.consumed < limit:
            if self._position == len(self._data) and not self._more():
                break
            record = self._record()
            if record is not None:
                out.append(record)
                size += len(record)
                if size >= BLOCK:
                    yield b"".join(out)
                    out, size = [], 0
        if out:
            yield b"".join(out)

    def rest(self) -> bytes:
        """Give the bytes that were taken from the feed and are not judged."""
        return self._data[self._position :]

    def _more(self) -> bool:
        """Take more bytes, as many again as are at hand; False at the end."""
        pieces, size = [self._data[self._position :]], 0
        wanted = max(len(pieces[0]), 1)
        while size < wanted and not self._is_end:
            piece = next(self._feed, b"")
            self._is_end = not piece
            pieces.append(piece)
            size += len(piece)
        self._data, self._position = b"".join(pieces), 0
        return size > 0

    def _advance(self, end: int) -> bytes:
        body = self._data[self._position : end]
        self.consumed += end - self._position
        self._position = end
        return body

    def _record(self) -> bytes | None:
        """Judge the next record; None where it is not good."""
        while True:
            extent = self._reader.read(self._data, self._position, is_end=self._is_end)
            if extent is not None:
                break
            self._more()
        end, fault = extent.end, None
        if extent.broken >= 0:
            end = self._data.find(self._rules.line_end, extent.broken) + 1 or len(self._data)
            fault = Fault("broken_quoting", "holds a quote that does not belong there")
        elif extent.fields != self._rules.shape.fields:
            fault = field_fault(extent.fields, self._rules.shape.fields)
        elif extent.stray >= 0:
            fault = Fault("stray_carriage_return", "holds a carriage return outside quotes")
        offset = self._offset + self.consumed
        body = self._without_end(self._advance(end))
        fault = fault or text_fault(body, self._rules.shape.dialect.encoding)
        number = self.number
        self.number += 1
        if fault is not None:
            self._aside(Reject(number, 0, offset, *fault, body))
            return None
        return b"%d%b%b\n" % (number, self._rules.delimiter, body)

    def _without_end(self, record: bytes) -> bytes:
        body = record.removesuffix(self._rules.line_end)
        ended = len(body) < len(record)
        return body.removesuffix(b"\r") if ended and self._rules.line_end == LF else body
