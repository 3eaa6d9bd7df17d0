"""The bytes of a landed file: read once, hashed and counted as they lie on disk, decompressed."""

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

if TYPE_CHECKING:
    import pyarrow as pa
    from _typeshed import WriteableBuffer

# Bytes handed to libpq at a time. Of the server's own COPY, blocks of 32 KB reached 0.89, of 64 and
# 256 KB 0.95, of 1 MB 0.88 (best of 5, 1.5M rows of 9 columns, 2 connections, PostgreSQL 18).
BLOCK = 64 * 1024

LINE_END = ord("\n")


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


class _OnDisk(io.RawIOBase):
    """The file as it lies on disk, hashed and counted while it is read."""

    def __init__(self, file: LandedFile, meter: Meter | None) -> None:
        self._file = file.path.open("rb", buffering=0)
        self._meter = meter
        self.digest = hashlib.sha256()
        self.bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        n = self._file.readinto(buffer) or 0
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
    """The file's content; faults of disk and compression become FileErrors.

    So does, where a line end is needed, to come to the end without one: before the last record is
    given away, so that a cut one is not taken for one that is only faulty.
    """

    def __init__(self, file: LandedFile, disk: _OnDisk, meter: Meter | None) -> None:
        self._landed, self._meter = file, meter
        self._ended = True
        self._inner: io.RawIOBase | gzip.GzipFile | pa.NativeFile = disk
        if file.compression == "gzip":
            self._inner = gzip.GzipFile(fileobj=io.BufferedReader(disk, BLOCK), mode="rb")
        elif file.compression == "zstd":
            self._inner = _zstd(disk)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        n = self._fill(buffer)
        if n:
            self._ended = memoryview(buffer)[n - 1] == LINE_END
        elif self._landed.needs_line_end and not self._ended:
            raise _no_line_end(self._landed, self._meter)
        return n

    def _fill(self, buffer: WriteableBuffer) -> int:
        try:
            return self._inner.readinto(buffer) or 0
        except EOFError:
            raise FileError(
                f"{self._landed.path}: the gzip file is cut off before its end: deliver it again"
            ) from None
        except (zlib.error, gzip.BadGzipFile) as error:
            raise FileError(
                f"{self._landed.path}: is not sound gzip ({error}): deliver it again"
            ) from None
        except OSError as error:
            if error.errno is None:  # Arrow's, of the content
                raise FileError(
                    f"{self._landed.path}: is not sound zstd ({error}): deliver it again"
                ) from None
            raise FileError(f"{self._landed.path}: cannot be read: {error.strerror}") from None


def _zstd(disk: _OnDisk) -> pa.NativeFile:
    # Only here: a load of other files need not wait for the import.
    import pyarrow as pa  # noqa: PLC0415

    return pa.CompressedInputStream(pa.PythonFile(disk, mode="r"), "zstd")


class FileStream(io.BufferedReader):
    """A landed file's content, from its first byte to its last.

    `verify` may be asked once the end is reached.
    """

    def __init__(self, file: LandedFile, meter: Meter | None = None) -> None:
        try:
            self._disk = _OnDisk(file, meter)
        except OSError as error:
            raise FileError(f"{file.path}: cannot be read: {error.strerror}") from None
        self._landed = file
        super().__init__(_Unpacked(file, self._disk, meter), BLOCK)

    def close(self) -> None:
        """Close the file."""
        super().close()
        self._disk.close()

    @property
    def disk_bytes(self) -> int:
        """Bytes read from disk so far."""
        return self._disk.bytes

    def verify(self) -> str:
        """SHA-256 of the file's bytes on disk, in hex, compared with the manifest's.

        Raises:
            FileError: the manifest promises another one.
        """
        return verify_sha256(self._landed, self._disk.digest.hexdigest())


def _no_line_end(file: LandedFile, meter: Meter | None) -> FileError:
    # Lines are counted only here, by reading again: the fast path needs no number.
    with FileStream(replace(file, needs_line_end=False), meter) as stream:
        line = 1 + sum(block.count(b"\n") for block in iter(lambda: stream.read(BLOCK), b""))
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
    """SHA-256 of a file's bytes on disk, in hex."""
    try:
        with _OnDisk(file, meter) as disk, memoryview(bytearray(BLOCK)) as buffer:
            while disk.readinto(buffer):
                pass
            return disk.digest.hexdigest()
    except OSError as error:
        raise FileError(f"{file.path}: cannot be read: {error.strerror}") from None


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
