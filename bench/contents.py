"""What a program has written: records, bytes of its files, bytes of the values in Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_BLOCK = 4 * 1024**2
_BATCH = 65_536


@dataclass(frozen=True)
class Contents:
    """What lies in a folder.

    Args:
        rows: records, without headers.
        bytes: size of the files.
        values: bytes of the values alone, without encoding and compression; 0 for CSV, where they
            are the file.
    """

    rows: int
    bytes: int
    values: int = 0


def landed_csv(folder: Path) -> Contents:
    """Count this project's tables, as their manifests name them; the answer key is left out."""
    files = list(_landed(folder))
    return Contents(sum(rows for _, rows in files), _bytes(path for path, _ in files))


def landed_parquet(folder: Path) -> Contents:
    """Count this project's tables in Parquet, the records by the files themselves."""
    return _parquet(path for path, _ in _landed(folder))


def _landed(folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield path and records of each file of a table."""
    for manifest in folder.glob("*/*/manifest.json"):
        for table in json.loads(manifest.read_text())["tables"].values():
            for file in table["files"]:
                yield manifest.parent / file["path"], file["rows"]


def csv_lines(folder: Path) -> Contents:
    """Count CSV files in which a line is a record."""
    files = list(folder.rglob("*.csv"))
    return Contents(sum(_lines(file) - 1 for file in files), _bytes(files))


def _lines(file: Path) -> int:
    with file.open("rb", buffering=0) as blocks:
        return sum(block.count(b"\n") for block in iter(lambda: blocks.read(_BLOCK), b""))


def csv_records(folder: Path) -> Contents:
    """Count CSV files in which a text may hold line ends."""
    files = list(folder.rglob("*.csv"))
    return Contents(sum(_records(file) - 1 for file in files), _bytes(files))


def _records(file: Path) -> int:
    with file.open(newline="", encoding="utf-8") as lines:
        return sum(1 for _ in csv.reader(lines))


def parquet(folder: Path) -> Contents:
    """Count Parquet files."""
    return _parquet(folder.rglob("*.parquet"))


def _parquet(paths: Iterable[Path]) -> Contents:
    rows = values = 0
    files = list(paths)
    for path in files:
        file = pq.ParquetFile(path)
        rows += file.metadata.num_rows
        for batch in file.iter_batches(_BATCH):
            values += sum(map(values_bytes, batch.columns))
    return Contents(rows, _bytes(files), values)


def values_bytes(array: pa.Array) -> int:
    """Bytes of a column's values, whatever way the writer chose to lay them out.

    Numbers, dates and times count the width of their Arrow type, a boolean a byte, texts their
    UTF-8 bytes; offsets, dictionaries and marks of missing values count nothing. Parquet's own
    total_uncompressed_size would not do: it is taken after dictionary encoding, so a better writer
    would seem to have written less.
    """
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_boolean(array.type):
        return len(array)
    if pa.types.is_primitive(array.type) or pa.types.is_decimal(array.type):
        return len(array) * int(array.type.bit_width) // 8
    return int(pc.sum(pc.binary_length(array.cast(pa.large_binary()))).as_py() or 0)


def _bytes(files: Iterable[Path]) -> int:
    return sum(file.stat().st_size for file in files)
