"""Records that COPY cannot take: what is wrong with them, and in which line they stand."""

from __future__ import annotations

import codecs
import io
from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

from loader.reading.encoding import utf16_of

# Read at a time when lines are counted.
_PIECE = 256 * 1024

# Why a record is set aside.
Reason = Literal[
    "too_few_fields",
    "too_many_fields",
    "broken_quoting",
    "invalid_utf8",
    "invalid_encoding",
    "nul_byte",
    "stray_carriage_return",
    "stray_line_feed",
    "too_long",
    "not_json",
    "named_twice",
]
REASONS: tuple[Reason, ...] = get_args(Reason)

# Why a corrected record is not taken, though it may be sound; never a reason in raw._rejects.
Unfit = Literal["not_one_record", "unknown_columns"]

# Of UTF-8: bytes within a character, and first bytes of those that UTF-16 writes as two units.
_CONTINUED = bytes(range(0x80, 0xC0))
_PAIRS = bytes(range(0xF0, 0xF5))

# Bytes that the encoding does not define; PostgreSQL refuses them, too.
_NOT_CP1252 = (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")


class Reject(NamedTuple):
    """A record set aside.

    Attributes:
        record_number: in the file, from 1; header and comments not counted.
        line_number: of its first line, as an editor counts; 0 until `locate` has found it.
        byte_offset: of its first byte in the decompressed file; None where that says nothing.
        reason: a code.
        message: what is wrong, to follow "record 5: ".
        line: its bytes without the line end; of UTF-16, in UTF-8 until `locate` has found it.
    """

    record_number: int
    line_number: int
    byte_offset: int | None
    reason: Reason | Unfit
    message: str
    line: bytes


class Fault(NamedTuple):
    """What is wrong with a record."""

    reason: Reason | Unfit
    message: str


def text_fault(line: bytes, encoding: str = "utf-8") -> Fault | None:
    """Say why PostgreSQL would not take these bytes as text; None when it would.

    Args:
        line: the bytes; of UTF-16, turned into UTF-8.
        encoding: of the file, as a dialect calls it.
    """
    if b"\0" in line and encoding == "utf-16":
        return Fault("nul_byte", "holds a NUL character")
    if b"\0" in line:
        return Fault("nul_byte", f"holds a NUL byte at byte {line.index(0) + 1}")
    start = first_undecodable(line, encoding)
    if start is None:
        return None
    if encoding == "utf-16":
        # It is seen in UTF-8, whose bytes would mean nothing to the reader of the message.
        return Fault("invalid_encoding", "is not UTF-16: holds half a character")
    reason: Reason = "invalid_utf8" if encoding == "utf-8" else "invalid_encoding"
    name = "UTF-8" if encoding == "utf-8" else encoding
    return Fault(reason, f"is not {name}: byte 0x{line[start]:02x} at byte {start + 1}")


def first_undecodable(data: bytes, encoding: str, start: int = 0) -> int | None:
    """Find the first byte from a position on that is no text in an encoding."""
    if encoding == "latin-1":
        return None
    if encoding == "cp1252":
        found = [place for byte in _NOT_CP1252 if (place := data.find(byte, start)) >= 0]
        return min(found, default=None)
    try:
        data.isascii() or codecs.utf_8_decode(memoryview(data)[start:], "strict", True)
    except UnicodeDecodeError as error:
        return start + error.start
    return None


def locate(
    stream: io.BufferedIOBase, rejects: Sequence[Reject], encoding: str, line_end: bytes
) -> list[Reject]:
    """Find the lines that rejects stand in, where they begin in the file's own bytes, and these.

    Args:
        stream: the file's content from its first byte on; it is read to the last of them.
        rejects: their offsets are those in the content.
        encoding: of the file itself, by Python's name; the content of UTF-16 is UTF-8.
        line_end: LF or CR.
    """
    found: list[Reject] = []
    is_utf16 = encoding.startswith("utf-16")
    position = lines = units = 0
    piece = b""
    start = 0  # of what is left of the piece
    for reject in sorted(rejects, key=lambda one: one.byte_offset or 0):
        assert reject.byte_offset is not None
        while position < reject.byte_offset:
            if start == len(piece):
                piece, start = stream.read(_PIECE), 0
                if not piece:
                    break
            end = min(len(piece), start + reject.byte_offset - position)
            lines += piece.count(line_end, start, end)
            if is_utf16:
                units += _utf16_units(piece[start:end])
            position += end - start
            start = end
        located = reject._replace(line_number=lines + 1)
        if is_utf16:
            line = utf16_of(reject.line, encoding)
            located = located._replace(byte_offset=2 * units, line=line)
        found.append(located)
    return sorted(found)


def _utf16_units(data: bytes) -> int:
    """Count the two-byte units in UTF-16 of the characters that begin in some bytes of UTF-8."""
    return len(data.translate(None, _CONTINUED)) + len(data) - len(data.translate(None, _PAIRS))
