"""UTF-16, which COPY does not know, as UTF-8, and back."""

from __future__ import annotations

import codecs
import io
import re
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_PIECE = 64 * 1024

# Half a surrogate pair goes through as the three bytes that it would have as a character.
_HALVES = "surrogatepass"

# The last of an odd number of bytes goes through as two that UTF-8 never has.
_ODD_BYTE = re.compile(rb"[\xfe\xff][\x80-\xff]\Z")

# The beginning of a character in UTF-8.
_CUT_OFF = re.compile(rb"(?:[\xc0-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf7][\x80-\xbf]{0,2})\Z")


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

    Attributes:
        codec: Python's name of its encoding; known when the first bytes were read.
    """

    def __init__(self, inner: Source) -> None:
        self._inner = inner
        self._buffer = bytearray(_PIECE)
        self.codec = ""
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
            self.codec = _codec(data)
            self._decoder = codecs.getincrementaldecoder(self.codec)(_HALVES)
        text = self._decoder.decode(data)
        if size:
            return text.encode("utf-8", _HALVES)
        self._is_end = True
        return utf8_of(self._decoder.getstate()[0], self.codec)

    def _fill(self) -> int:
        """Read two bytes or more, if there are as many: a byte order mark must not be halved."""
        size = self._inner.readinto(self._buffer) or 0
        if size == 1:
            size += self._inner.readinto(memoryview(self._buffer)[1:]) or 0
        return size


def utf8_of(data: bytes, codec: str) -> bytes:
    """Turn a part of a UTF-16 file into UTF-8, as a `Utf16AsUtf8` does.

    Args:
        data: the bytes; they end with the file, or with a character.
        codec: utf-16-le or utf-16-be.
    """
    whole, odd = data[: len(data) // 2 * 2], data[len(data) // 2 * 2 :]
    found = whole.decode(codec, _HALVES).encode("utf-8", _HALVES)
    return found + bytes(part for byte in odd for part in (0xFE | byte >> 7, byte | 0x80))


def utf16_of(data: bytes, codec: str) -> bytes:
    """Give what a `Utf16AsUtf8` has made of a part of a file as the file has it.

    Args:
        data: the bytes. Of a last character that is cut off nothing is given.
        codec: utf-16-le or utf-16-be.
    """
    odd = _ODD_BYTE.search(data)
    if odd is None:
        return _CUT_OFF.sub(b"", data).decode("utf-8", _HALVES).encode(codec, _HALVES)
    first, second = odd[0]
    return utf16_of(data[:-2], codec) + bytes([(first & 1) << 7 | second & 0x7F])


def _codec(first: bytes) -> str:
    """Name the codec of a UTF-16 file by its first two bytes."""
    return "utf-16-be" if first.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"
