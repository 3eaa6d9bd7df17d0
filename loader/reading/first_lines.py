"""The first lines of a CSV file, taken one by one: what follows them is left in the stream."""

from __future__ import annotations

import codecs
import io
import re

from loader.errors import FileError
from loader.reading.dialect import Dialect
from loader.reading.quoted import BrokenQuotingError, split, unquoted

# What has not ended by then is no header: it bounds the memory that a file of one line takes.
MAX_HEADER_BYTES = 1024**2

# A quote in the header that is still open behind so many lines with quotes was never closed: the
# record is taken apart anew after each of them.
MAX_OPEN_LINES = 100

LF, CR = b"\n", b"\r"

_LINE_ENDS = {b"": re.compile(rb"\r\n?|\n"), LF: re.compile(LF), CR: re.compile(CR)}

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class FirstLines:
    """Reads what stands before a file's records, and finds out how its lines end.

    Args:
        stream: the file's content, at its first byte; a byte order mark is passed over.
        dialect: says what is no data, and how lines end.
        path: of the file, for the messages.

    Attributes:
        offset: bytes of the content taken so far.
        count: lines taken so far.

    Raises:
        FileError: the file's byte order mark belongs to another encoding.
    """

    def __init__(self, stream: io.BufferedReader, dialect: Dialect, path: object) -> None:
        self._stream, self._dialect, self._path = stream, dialect, path
        # Empty until it is known.
        self._end = {"auto": b"", "lf": LF, "crlf": LF, "cr": CR}[dialect.line_ends]
        self.offset, self.count = 0, 0
        self._pass_mark()

    @property
    def line_end(self) -> bytes:
        """LF, which stands for CRLF as well, or CR; LF where nothing was found to tell."""
        return self._end or LF

    def _pass_mark(self) -> None:
        first = self._stream.peek(3)[:3]
        if first[:2] in _UTF16_MARKS:
            raise FileError(
                f"{self._path}: begins with the byte order mark of UTF-16: set encoding: utf-16 in "
                "the table's dialect"
            )
        if first != codecs.BOM_UTF8:
            return
        if self._dialect.codec != "utf-8":
            raise FileError(
                f"{self._path}: begins with the byte order mark of UTF-8, the table's dialect says "
                f"encoding: {self._dialect.encoding}: set encoding: utf-8"
            )
        self._read(len(first))

    def skip_preamble(self) -> None:
        """Take the lines that the dialect says to skip, and the comments after them.

        Raises:
            FileError: the file has fewer lines than are to be skipped.
        """
        for done in range(self._dialect.skip_lines):
            if not self._skip_line():
                raise FileError(
                    f"{self._path}: has {done:,} lines, the table's dialect says skip_lines: "
                    f"{self._dialect.skip_lines}"
                )
        comment = self._dialect.comment_byte
        while comment and self._stream.peek(1)[:1] == comment:
            self._skip_line()

    def _skip_line(self) -> bytes:
        """Take a line whose quotes mean nothing; empty at the end of the file."""
        line = self._take(self._until_end)
        self._settle(line)
        self.count += line.count(self._end) if self._end else 0
        return line

    def take_record(self) -> list[bytes]:
        """Take a record and its line end, and give its fields; none at the end of the file.

        Raises:
            FileError: its quotes are broken, or it does not come to an end.
        """
        record = line = self._take(self._until_end)
        found = self._fields(record)
        tries = 0
        while found is None:
            tries += 1
            # Only a quote can close what is open: no line end before it counts.
            quote = self._dialect.quote_byte or b""
            more = self._take(re.compile(re.escape(quote)), len(record))
            if not more.endswith(quote) or tries > MAX_OPEN_LINES:
                raise FileError(
                    f"{self._path}: a quote that is opened in line {self.count + 1} is never "
                    "closed: close it, or set quote in the table's dialect"
                )
            line = self._take(self._until_end, len(record) + len(more))
            record += more + line
            found = self._fields(record)
        self._settle(line)
        self.count += record.count(self._end) if self._end else 0
        dialect = self._dialect
        return [unquoted(raw, dialect.quote_byte, dialect.escape_byte) for raw in found if record]

    def look_ahead(self) -> None:
        """Find out how lines end without taking one, as far as the stream has them at hand."""
        if self._end:
            return
        at_hand = self._stream.peek(1)
        for found in _LINE_ENDS[b""].finditer(at_hand):
            try:
                is_open = self._split(at_hand[: found.start()]) is None
            except BrokenQuotingError:
                is_open = False  # a record to be set aside; its line ends all the same
            if not is_open:
                self._settle(found[0])
                return

    def _split(self, body: bytes) -> list[bytes] | None:
        dialect = self._dialect
        return split(body, dialect.delimiter_byte, dialect.quote_byte, dialect.escape_byte)

    def _fields(self, record: bytes) -> list[bytes] | None:
        try:
            return self._split(self._without_end(record))
        except BrokenQuotingError:
            raise FileError(
                f"{self._path}: line {self.count + 1} has a quote within a field, or text after a "
                "closing quote: correct it, or set quote and escape in the table's dialect"
            ) from None

    def _without_end(self, record: bytes) -> bytes:
        if self._end == CR:
            return record.removesuffix(CR)
        if record.endswith(LF):
            return record[:-1].removesuffix(CR)
        # A CR alone ends a line only where that is still open.
        return record if self._end else record.removesuffix(CR)

    def _settle(self, line: bytes) -> None:
        """Take the end of this line for that of all, unless it is known."""
        if not self._end and line.endswith((LF, CR)):
            self._end = line[-1:]

    @property
    def _until_end(self) -> re.Pattern[bytes]:
        return _LINE_ENDS[self._end]

    def _take(self, until: re.Pattern[bytes], before: int = 0) -> bytes:
        """Take bytes up to and with the next that fit a pattern, or to the end of the file.

        Raises:
            FileError: with the `before` bytes of the same record it is too long for a header.
        """
        taken = bytearray()
        while at_hand := self._stream.peek(1):
            found = until.search(at_hand)
            taken += self._read(found.end() if found else len(at_hand))
            if before + len(taken) > MAX_HEADER_BYTES:
                raise FileError(
                    f"{self._path}: line {self.count + 1} has no end within its first "
                    f"{MAX_HEADER_BYTES:,} bytes: set line_ends or quote in the table's dialect"
                )
            if found:
                # A CR may be half of a CRLF whose other half was not at hand.
                if not self._end and taken.endswith(CR) and self._stream.peek(1)[:1] == LF:
                    taken += self._read(1)
                break
        return bytes(taken)

    def _read(self, size: int) -> bytes:
        self.offset += size
        return self._stream.read(size)
