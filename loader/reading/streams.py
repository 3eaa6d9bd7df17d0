"""The bytes of a landed file: read once, hashed and counted as they lie in its store, unpacked."""

from __future__ import annotations

import gzip
import hashlib
import io
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from loader.errors import FileError
from loader.finding.discovery import LandedFile
from loader.reading.dialect import Dialect
from loader.reading.encoding import Utf16AsUtf8
from loader.reading.whole import Whole

if TYPE_CHECKING:
    import pyarrow as pa
    from _typeshed import WriteableBuffer

# Bytes handed to libpq at a time. Of the server's own COPY, blocks of 32 KB reached 0.89, of 64 and
# 256 KB 0.95, of 1 MB 0.88 (best of 5, 1.5M rows of 9 columns, 2 connections, PostgreSQL 18).
BLOCK = 64 * 1024


class Stopped(Exception):  # noqa: N818 - not a fault: the run is being ended
    """Raised out of a read when the run has been told to stop."""


class Meter:
    """Counts the bytes read by all threads of a run, and tells them when to stop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bytes = 0
        self._stop = threading.Event()

    def add(self, n: int) -> None:
        """Count bytes read.

        Raises:
            Stopped: the run is being ended.
        """
        if self._stop.is_set():
            raise Stopped
        with self._lock:
            self._bytes += n

    def take(self) -> int:
        """Bytes counted since the last call."""
        with self._lock:
            taken, self._bytes = self._bytes, 0
        return taken

    def stop(self) -> None:
        """Make every reader raise Stopped at its next block."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """Whether the run is being ended."""
        return self._stop.is_set()


class _Stored(io.RawIOBase):
    """The file as it lies in its store, hashed and counted while it is read.

    Faults of the store become FileErrors here, before a library that unpacks could take them for
    faults of the content.
    """

    def __init__(self, file: LandedFile, meter: Meter | None) -> None:
        self._path = file.path
        self._file = file.path.open()
        self._meter = meter
        self.digest = hashlib.sha256()
        self.bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        try:
            n = self._file.readinto(buffer) or 0
        except OSError as error:
            raise self._path.fault(error) from None
        self.digest.update(memoryview(buffer)[:n])
        self.bytes += n
        if self._meter:
            self._meter.add(n)
        return n

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


class _Unpacked(io.RawIOBase):
    """The content of a compressed file; what is wrong with it becomes a FileError."""

    def __init__(self, file: LandedFile, stored: _Stored) -> None:
        self._path, self._kind, self._stored = file.path, file.compression, stored
        self._inner: gzip.GzipFile | pa.NativeFile
        if self._kind == "gzip":
            self._inner = gzip.GzipFile(fileobj=io.BufferedReader(stored, BLOCK), mode="rb")
        else:
            self._inner = _zstd(stored)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        try:
            n = self._inner.readinto(buffer) or 0
        except EOFError:
            raise self._cut_off() from None
        except (zlib.error, gzip.BadGzipFile, OSError) as error:
            raise FileError(
                f"{self._path}: is not sound {self._kind} ({error}): deliver it again"
            ) from None
        if not n and not self._stored.bytes:
            # Even nothing, compressed, has a head and an end.
            raise self._cut_off()
        return n

    def _cut_off(self) -> FileError:
        return FileError(
            f"{self._path}: the {self._kind} file is cut off before its end: deliver it again"
        )


def _zstd(stored: _Stored) -> pa.NativeFile:
    # Only here: a load of other files need not wait for the import.
    import pyarrow as pa  # noqa: PLC0415

    return pa.CompressedInputStream(pa.PythonFile(stored, mode="r"), "zstd")


class FileStream(io.BufferedReader):
    """A landed file's content, from its first byte to its last: decompressed, UTF-16 as UTF-8.

    `verify` may be asked once the end is reached.

    Args:
        file: to be read.
        meter: counts its bytes.
        dialect: how it is written, if it is CSV.

    Raises:
        FileError: it cannot be opened; so does reading, when the file is not sound or seems cut
            off; FileUnreachable when its store breaks off.
    """

    def __init__(
        self, file: LandedFile, meter: Meter | None = None, *, dialect: Dialect | None = None
    ) -> None:
        self._stored = _Stored(file, meter)
        self._landed = file
        raw: io.RawIOBase = self._stored
        if file.compression:
            raw = _Unpacked(file, self._stored)
        self._dialect = dialect
        self._utf16: Utf16AsUtf8 | None = None
        if dialect and dialect.encoding == "utf-16":
            raw = self._utf16 = Utf16AsUtf8(raw)
        self._whole: Whole | None = None
        if file.needs_line_end:

            def cut_off(line_end: bytes) -> FileError:
                return _no_line_end(file, meter, dialect, line_end)

            raw = self._whole = Whole(raw, dialect.line_ends if dialect else "lf", cut_off)
        super().__init__(raw, BLOCK)

    def close(self) -> None:
        """Close the file."""
        super().close()
        self._stored.close()

    def settle_line_end(self, line_end: bytes) -> None:
        """Say how lines end: the first end that the stream has seen may stand in quotes.

        Args:
            line_end: LF, which stands for CRLF as well, or CR.
        """
        if self._whole is not None:
            self._whole.settle(line_end)

    @property
    def encoding(self) -> str:
        """Python's name of the file's own encoding; that of UTF-16 is known once it was read."""
        if self._utf16 is not None:
            return self._utf16.codec
        return self._dialect.encoding if self._dialect else "utf-8"

    @property
    def disk_bytes(self) -> int:
        """Bytes of the file itself that were read so far."""
        return self._stored.bytes

    def verify(self) -> str:
        """SHA-256 of the file's own bytes, in hex, compared with the manifest's.

        Raises:
            FileError: the manifest promises another one.
        """
        return verify_sha256(self._landed, self.sha256)

    @property
    def sha256(self) -> str:
        """SHA-256 of the file's own bytes that were read so far, in hex."""
        return self._stored.digest.hexdigest()


def _no_line_end(
    file: LandedFile, meter: Meter | None, dialect: Dialect | None, line_end: bytes
) -> FileError:
    # Lines are counted only here, by reading again: the fast path needs no number.
    with FileStream(replace(file, needs_line_end=False), meter, dialect=dialect) as stream:
        line = 1 + sum(block.count(line_end) for block in iter(lambda: stream.read(BLOCK), b""))
    return FileError(
        f"{file.path}: line {line:,} has no end: the file may be cut off; bring the whole file, "
        "or, if its source never ends the last line, say last_line_end: optional for the table "
        f"{file.table} in loader/sources.yml"
    )


def verify_sha256(file: LandedFile, found: str) -> str:
    """Compare a file's SHA-256, in hex, with its manifest's, if it has one.

    Raises:
        FileError: the manifest promises another one.
    """
    if file.sha256 is not None and found != file.sha256:
        raise FileError(
            f"{file.path}: has sha256 {found[:12]}…, its manifest promises {file.sha256[:12]}…: "
            "the file was changed after it was written; deliver the batch again"
        )
    return found


def file_sha256(file: LandedFile, meter: Meter | None = None) -> str:
    """SHA-256 of a file's own bytes, in hex.

    Raises:
        FileError: it cannot be read.
    """
    with _Stored(file, meter) as stored, memoryview(bytearray(BLOCK)) as buffer:
        while stored.readinto(buffer):
            pass
        return stored.digest.hexdigest()


class ChunkReader:
    """Gives chunks to `copy_expert`, and keeps the error that ended them.

    psycopg2 turns whatever a read raises into a QueryCanceled without its cause: `error` is it.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._next: Callable[[], bytes] = lambda: next(chunks, b"")
        self.error: BaseException | None = None

    def readline(self, _size: int = -1, /) -> bytes:
        """Give the next chunk: psycopg2 asks for the method, but never calls it."""
        return self.read()

    def read(self, _size: int = -1, /) -> bytes:
        """Give the next chunk, of whatever size; empty at the end."""
        try:
            return self._next()
        except BaseException as error:
            self.error = error
            raise
