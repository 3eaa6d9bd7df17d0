"""Text that is whole only if its last line has an end: the one sign of it without a manifest."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable
from typing import TYPE_CHECKING

from loader.errors import FileError
from loader.reading.dialect import LineEnds

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Makes the error for content whose last line has no end, which would be this one.
CutOff = Callable[[bytes], FileError]


class Whole(io.RawIOBase):
    """Content of which only the end of its last line shows that it is whole.

    To come to the end without one is an error: before the last record is given away, so that a cut
    one is not taken for one that is only faulty.

    Args:
        inner: the content.
        line_ends: as declared; with `auto` the first that is seen counts until `settle` is told.
        cut_off: makes the error, of LF or CR.
    """

    def __init__(self, inner: io.RawIOBase, line_ends: LineEnds, cut_off: CutOff) -> None:
        self._inner, self._cut_off = inner, cut_off
        self._end = {"auto": b"", "cr": b"\r"}.get(line_ends, b"\n")
        self._first, self._last = b"", b""

    def settle(self, line_end: bytes) -> None:
        """Hold the last line to an end that was found outside quotes."""
        self._end = line_end

    def readable(self) -> bool:
        """Whether it can be read: it can."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the buffer; 0 at the end.

        Raises:
            FileError: the last line has no end.
        """
        n = self._inner.readinto(buffer) or 0
        content = memoryview(buffer)[:n]
        if n == 0:
            if self._last not in {b"", self._end or b"\r"} and self._first != codecs.BOM_UTF8:
                raise self._cut_off(self._end or b"\n")
            return 0
        if not self._end:
            self._end = _first_line_end(self._last + bytes(content))
        if len(self._first) <= len(codecs.BOM_UTF8):
            self._first += bytes(content[: len(codecs.BOM_UTF8) + 1])
        self._last = bytes(content[-1:])
        return n


def _first_line_end(content: bytes) -> bytes:
    """Give LF, which stands for CRLF as well, or CR; empty where it takes more to tell."""
    lf, cr = content.find(b"\n"), content.find(b"\r")
    if cr == -1 or -1 < lf <= cr + 1:
        return b"\n" if lf != -1 else b""
    return b"\r" if cr + 1 < len(content) else b""
