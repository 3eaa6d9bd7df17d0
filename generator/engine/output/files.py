"""Files of a batch: written once, hashed on the way, on disk before anybody is told of them.

A worker that waits for a disk makes no rows: so whoever collects the finished files brings them to
the disk in a thread of its own (`Syncer`), and waits for it before the manifest is written.
"""

from __future__ import annotations

import hashlib
import os
import queue
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

# gzip's fastest level: 3 times smaller already, and the others take 2 to 5 times as long.
_GZIP_LEVEL = 1
# zlib's parameter for a gzip file with a header that names neither a time nor a file.
_GZIP_WINDOW = 31


@dataclass(frozen=True)
class FileEntry:
    """A finished file, as the manifest names it.

    Args:
        path: relative to the batch's folder, with `/`.
        rows: records, without the header.
        bytes: size.
        sha256: hash of the content, in hex.
    """

    path: str
    rows: int
    bytes: int
    sha256: str


class Encoder(Protocol):
    """What turns rendered records into the bytes of a file."""

    @property
    def write(self) -> Callable[[bytes | bytearray | pa.RecordBatch], object]:
        """Take records."""

    def finish(self) -> None:
        """Write what is left."""


class Disk:
    """A file's bytes on their way to the disk, hashed and counted.

    Args:
        target: the file; its folder is made.
    """

    def __init__(self, target: Path) -> None:
        self._target, self.bytes, self.closed = target, 0, False
        self._hash = hashlib.sha256()
        with self._named():
            target.parent.mkdir(parents=True, exist_ok=True)
            self.file: BinaryIO = target.open("wb", buffering=0)

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._target)) from error

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write all of `data`; a closed file takes everything and keeps nothing.

        pyarrow writes when its objects go, and that may be after the file was given up.

        Raises:
            OSError: the disk is full or the folder cannot be written; names the file.
        """
        if self.closed:
            return len(data)
        self._hash.update(data)
        self.bytes += len(data)
        rest = memoryview(data)
        with self._named():
            while rest:
                rest = rest[self.file.write(rest) :]
        return len(data)

    def close(self) -> None:
        """Close the file, finished or not."""
        if not self.closed:
            self.closed = True
            self.file.close()

    def finish(self) -> str:
        """Close the file and return its hash in hex."""
        with self._named():
            self.close()
        return self._hash.hexdigest()


class Sink:
    """A `Disk` as pyarrow wants it; what pyarrow closes stays open until the file is finished."""

    closed = False

    def __init__(self, disk: Disk) -> None:
        self.write = disk.write

    def flush(self) -> None:
        """Do nothing: nothing is held back."""

    def close(self) -> None:
        """Do nothing: the file's hash and size come after."""


class _Plain:
    def __init__(self, disk: Disk) -> None:
        self.write = disk.write

    def finish(self) -> None:
        pass


class _Gzip:
    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._packer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)

    def write(self, records: bytes | bytearray) -> None:
        self._disk.write(self._packer.compress(records))

    def finish(self) -> None:
        self._disk.write(self._packer.flush())


class _Zstd:
    def __init__(self, disk: Disk) -> None:
        # Python 3.11 has no zstd of its own; pyarrow takes a fifth of a second to import.
        import pyarrow as pa  # noqa: PLC0415

        self._stream = pa.CompressedOutputStream(pa.PythonFile(Sink(disk), "w"), "zstd")
        self.write = self._stream.write

    def finish(self) -> None:
        self._stream.close()


class PartFile:
    """A part of a table; a part without records leaves no file.

    Args:
        folder: the batch's folder.
        path: the part's path in it; its ending tells the compression (.gz, .zst).
        header: what stands before the records.
        always: make the file even without records.
        encoder: what makes bytes of the records; from the path's ending if not given.
    """

    def __init__(
        self,
        folder: Path,
        path: str,
        header: bytes = b"",
        *,
        always: bool = False,
        encoder: Callable[[Disk], Encoder] | None = None,
    ) -> None:
        self.path, self.rows = path, 0
        self._target, self._header = folder / path, header
        self._make = encoder or _encoder(path)
        self._disk: Disk | None = None
        self._encoder: Encoder | None = None
        if always:
            try:
                self._start()
            except OSError:
                self.close()
                raise

    def _start(self) -> Encoder:
        self._disk = Disk(self._target)
        self._encoder = self._make(self._disk)
        if self._header:
            self._encoder.write(self._header)
        return self._encoder

    def write(self, blocks: Iterable[bytes | bytearray | pa.RecordBatch], rows: int) -> None:
        """Append records.

        Args:
            blocks: them, in one block or several.
            rows: how many they are.

        Raises:
            OSError: the disk is full or the folder cannot be written; names the file.
        """
        if rows:
            encoder = self._encoder or self._start()
            for block in blocks:
                encoder.write(block)
            self.rows += rows

    def finish(self) -> list[FileEntry]:
        """Write what is left and return the entry; nothing when there were no records.

        The file may not be on the disk yet: see `Syncer`.
        """
        if self._disk is None or self._encoder is None:
            return []
        self._encoder.finish()
        sha256 = self._disk.finish()
        return [FileEntry(self.path, self.rows, self._disk.bytes, sha256)]

    def close(self) -> None:
        """Close the file, finished or not."""
        if self._disk is not None:
            self._disk.close()


def _encoder(path: str) -> Callable[[Disk], Encoder]:
    encoders: dict[str, Callable[[Disk], Encoder]] = {".gz": _Gzip, ".zst": _Zstd}
    plain: Callable[[Disk], Encoder] = _Plain
    return encoders.get(Path(path).suffix, plain)


class Syncer:
    """Brings finished files to the disk, one after the other, in a thread of its own."""

    def __init__(self) -> None:
        self._files: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._error: OSError | None = None

    def put(self, target: Path) -> None:
        """Bring a file to the disk soon."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="sync", daemon=True)
            self._thread.start()
        self._files.put(target)

    def _run(self) -> None:
        while (target := self._files.get()) is not None:
            try:
                _sync(target)
            except OSError as error:
                self._error = OSError(error.errno, error.strerror, str(target))

    def wait(self) -> None:
        """Wait until all files are on the disk.

        Raises:
            OSError: one could not be brought there; names it.
        """
        if self._thread is not None:
            self._files.put(None)
            self._thread.join()
            self._thread = None
        error, self._error = self._error, None
        if error is not None:
            raise error


def sync_folder(folder: Path) -> None:
    """Bring a folder's names (new files, renames) to the disk."""
    _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
