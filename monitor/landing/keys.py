"""Keys that come twice in a batch, found in bounded memory.

Each key becomes a hash of 64 bits, and the hashes go to temporary files by their first bits. What
is equal is in the same file, and one such file at a time is sorted: a hundred million records
take 800 MB of disk and 13 MB of memory. Two different keys share a hash once in 3,700 such batches.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from loader.errors import FileError

_PARTITIONS = 64

# Hashes of a partition that are kept in memory before they are written: 512 KB in all.
_BUFFERED = 1024

_SEPARATOR = "\x1f"  # within no text of a table that anybody keeps
_SHIFT = np.uint64(58)  # leaves the first six bits


class Keys:
    """The keys of a table's records."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="counting-house-keys-"))
        self._waiting: list[list[np.ndarray]] = [[] for _ in range(_PARTITIONS)]
        self._sizes = [0] * _PARTITIONS
        self.missing = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        shutil.rmtree(self._folder)

    def add(self, columns: Sequence[pa.StringArray]) -> None:
        """Take the keys of some records; those of which a part is missing are counted.

        Raises:
            FileError: the disk of the temporary files is full.
        """
        filled = [pc.fill_null(column, "") for column in columns]
        is_there = pc.not_equal(filled[0], "")
        for column in filled[1:]:
            is_there = pc.and_(is_there, pc.not_equal(column, ""))
        texts = pc.binary_join_element_wise(*filled, _SEPARATOR) if len(filled) > 1 else filled[0]
        texts = texts.filter(is_there)
        self.missing += len(is_there) - len(texts)
        hashes = pd.util.hash_array(texts.to_numpy(zero_copy_only=False), categorize=False)
        places = (hashes >> _SHIFT).astype(np.int64)
        order = np.argsort(places, kind="stable")
        bounds = np.searchsorted(places[order], np.arange(_PARTITIONS + 1))
        for place in range(_PARTITIONS):
            part = hashes[order[bounds[place] : bounds[place + 1]]]
            if len(part):
                self._keep(place, part)

    def repeated(self) -> int:
        """Count the records whose key an earlier one has.

        Raises:
            FileError: the temporary files cannot be read.
        """
        found = 0
        for place in range(_PARTITIONS):
            parts, path = list(self._waiting[place]), self._path(place)
            if path.exists():
                parts.append(np.fromfile(path, np.uint64))
            if parts:
                hashes = np.sort(np.concatenate(parts))
                found += int(np.count_nonzero(hashes[1:] == hashes[:-1]))
        return found

    def _keep(self, place: int, part: np.ndarray) -> None:
        self._waiting[place].append(part)
        self._sizes[place] += len(part)
        if self._sizes[place] >= _BUFFERED:
            self._write(place)

    def _write(self, place: int) -> None:
        try:
            with self._path(place).open("ab") as file:
                file.write(np.concatenate(self._waiting[place]).tobytes())
        except OSError as error:
            raise FileError(
                f"{self._folder}: the keys cannot be written: {error.strerror}: make room there, "
                "or set TMPDIR to another folder"
            ) from None
        self._waiting[place], self._sizes[place] = [], 0

    def _path(self, place: int) -> Path:
        return self._folder / f"{place}"
