"""Files of a batch: written once, hashed on the way, on disk before anybody is told of them."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


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


class PartFile:
    """A part of a table; a part without records leaves no file.

    Args:
        folder: the batch's folder.
        path: the part's path in it.
        header: what stands before the records.
        always: make the file even without records.
    """

    def __init__(self, folder: Path, path: str, header: bytes, *, always: bool = False) -> None:
        self.path, self.rows = path, 0
        self._target, self._header = folder / path, header
        self._hash, self._bytes = hashlib.sha256(), 0
        self._file: BinaryIO | None = None
        if always:
            self._write(b"")

    def write(self, records: bytes, rows: int) -> None:
        """Append records.

        Raises:
            OSError: the disk is full or the folder cannot be written.
        """
        if rows:
            self._write(records)
            self.rows += rows

    def _write(self, records: bytes) -> None:
        if self._file is None:
            self._target.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._target.open("wb", buffering=0)
            records = self._header + records
        self._hash.update(records)
        self._bytes += len(records)
        rest = memoryview(records)
        while rest:
            rest = rest[self._file.write(rest) :]

    def finish(self) -> list[FileEntry]:
        """Bring the file to the disk and return its entry; nothing when there were no records."""
        if self._file is None:
            return []
        os.fsync(self._file.fileno())
        self.close()
        return [FileEntry(self.path, self.rows, self._bytes, self._hash.hexdigest())]

    def close(self) -> None:
        """Close the file, finished or not."""
        if self._file is not None:
            self._file.close()


def sync_folder(folder: Path) -> None:
    """Bring a folder's names (new files, renames) to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
