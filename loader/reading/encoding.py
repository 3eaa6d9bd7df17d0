"""UTF-16, which COPY does not know, as UTF-8."""

from __future__ import annotations

import codecs
import io
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_PIECE = 64 * 1024

# Half a surrogate pair goes through as the three bytes that it would have as a character.
_HALVES = "surrogatepass"


class Source(Protocol):
    """What bytes can be read from."""

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        """Fill the buffer; 0 at the end."""
        ...


class Utf16AsUtf8(io.RawIOBase):
    """The content of a UTF-16 file in UTF-8, a byte order mark included.

    Without a mark it is read as little-endian. What is no character goes through as bytes that are
    no UTF-8, so that its record is set aside; nothing of it is lost.

    Args:
        inner: the file's content.
    """

    def __init__(self, inner: Source) -> None:
        self._inner = inner
        self._buffer = bytearray(_PIECE)
        self._decoder: codecs.IncrementalDecoder | None = None
        self._ready = b""
        self._is_end = False

    def readable(self) -> bool:
        """Whether it can be read: it can."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the buffer, as far as there is anything at hand; 0 at the end."""
        while not self._ready and not self._is_end:
            self._ready = self._next()
        view = memoryview(buffer).cast("B")
        size = min(len(view), len(self._ready))
        view[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _next(self) -> bytes:
        size = self._fill()
        data = bytes(memoryview(self._buffer)[:size])
        if self._decoder is None:
            self._decoder = codecs.getincrementaldecoder(_codec(data))(_HALVES)
        text = self._decoder.decode(data)
        if size:
            return text.encode("utf-8", _HALVES)
        self._is_end = True
        left = self._decoder.getstate()[0]
        whole = left[: len(left) // 2 * 2]
        # The last of an odd number of bytes becomes two that UTF-8 never has together.
        odd = bytes([0xFE | left[-1] >> 7, left[-1] | 0x80]) if len(left) % 2 else b""
        self._decoder.reset()
        return self._decoder.decode(whole, final=True).encode("utf-8", _HALVES) + odd

    def _fill(self) -> int:
        """Read two bytes or more, if there are as many: a byte order mark must not be halved."""
        size = self._inner.readinto(self._buffer) or 0
        if size == 1:
            size += self._inner.readinto(memoryview(self._buffer)[1:]) or 0
        return size


def _codec(first: bytes) -> str:
    """Name the codec of a UTF-16 file by its first two bytes."""
    return "utf-16-be" if first.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"
