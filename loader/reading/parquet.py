"""Parquet to CSV for COPY, batch by batch.

Parquet has types, not texts: values are written as the CSV files write theirs. Each record carries
its number in the file as a first field.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from loader.errors import FileError
from loader.finding.discovery import LandedFile
from loader.reading.json_lines import Number, json_text
from loader.reading.records import Fault, Reject

# Rows turned to text at a time: a few MB, whatever the size of the file's row groups.
BATCH_ROWS = 16_384

# Bytes of a column read at a time: a file may have row groups of any size.
COLUMN_BYTES = 1024**2


def parquet_columns(file: LandedFile) -> list[str]:
    """Names of a Parquet file's columns.

    Raises:
        FileError: it is not a Parquet file.
    """
    with _parquet(file) as reader:
        return list(reader.schema_arrow.names)


def parquet_rows(file: LandedFile) -> int:
    """Give the number of rows that a Parquet file's own footer names.

    Raises:
        FileError: it is not a Parquet file.
    """
    with _parquet(file) as reader:
        return int(reader.metadata.num_rows)


def parquet_to_csv(file: LandedFile, aside: Callable[[Reject], None]) -> Iterator[bytes]:
    """Turn a Parquet file into CSV; rows with text that PostgreSQL cannot hold go to `aside`.

    Raises:
        FileError: it is not a Parquet file, or broken, or was changed since it was found.
    """
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
    number = 1
    with _parquet(file) as reader:
        names = list(reader.schema_arrow.names)
        for batch in _batches(file, reader):
            texts = [_column_text(file, name, batch) for name in names]
            numbers = _numbers(number, batch.num_rows)
            number += batch.num_rows
            table = pa.Table.from_arrays([numbers, *texts], names=["", *names])
            table = _set_aside(table, aside)
            sink = pa.BufferOutputStream()
            pyarrow.csv.write_csv(table, sink, options)
            chunk = sink.getvalue().to_pybytes()
            if chunk:
                yield chunk
    # Its sum was taken of another reading.
    file.path.check_unchanged()


def _numbers(first: int, count: int) -> pa.Array:
    # Not pa.array, pa.table or pa.scalar: at their first call they import pandas, 0.3 s for every
    # load of a Parquet file.
    values = np.arange(first, first + count, dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), count, [None, pa.py_buffer(values)])


@contextmanager
def _parquet(file: LandedFile) -> Iterator[pq.ParquetFile]:
    with file.path.open_seekable() as source:
        try:
            reader = pq.ParquetFile(source, buffer_size=COLUMN_BYTES)
        except (pa.ArrowException, OSError) as error:
            raise file.path.fault(error, "is not sound Parquet") from None
        with reader:
            yield reader


def _batches(file: LandedFile, reader: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    try:
        yield from reader.iter_batches(batch_size=BATCH_ROWS)
    except (pa.ArrowException, OSError) as error:
        raise file.path.fault(error, "is not sound Parquet") from None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _column_text(file: LandedFile, name: str, batch: pa.RecordBatch) -> pa.Array:
    try:
        return _as_text(batch.column(name))
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise FileError(
            f"{file.path}: column {name!r} cannot be text: {_one_line(error)}"
        ) from None


def _as_text(column: pa.Array) -> pa.Array:
    """Write a column's values as the CSV files write theirs; nested ones as JSON."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _as_text(column.dictionary_decode())
    if pa.types.is_nested(kind):
        texts = [
            None if value is None else json_text(_plain(value)) for value in column.to_pylist()
        ]
        return pa.array(texts, pa.string())
    if pa.types.is_timestamp(kind):
        # A zone changes only how Arrow shows the moment: in UTC all of them end in Z.
        in_utc = column.cast(pa.timestamp(kind.unit, "UTC")) if kind.tz else column
        texts = pc.replace_substring_regex(in_utc.cast(pa.string()), r"\.0+(Z?)$", r"\1")
        return pc.replace_substring_regex(texts, "Z$", "+00")
    return column.cast(pa.string())


def _plain(value: object) -> object:
    """Give what JSON has for a nested value: times in UTC, decimals with all their digits.

    JSON has no number for what is none, or infinite: it becomes a text, as it is outside of JSON.

    Raises:
        UnicodeDecodeError: bytes that are no UTF-8.
    """
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Decimal):
        return Number(value)
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, datetime) and value.tzinfo is not None:
        return f"{value.astimezone(UTC).replace(tzinfo=None)}+00"
    is_json = value is None or isinstance(value, int | str)
    return value if is_json or (isinstance(value, float) and math.isfinite(value)) else str(value)


def _set_aside(table: pa.Table, aside: Callable[[Reject], None]) -> pa.Table:
    """Take the rows out whose text holds a NUL."""
    found = [pc.match_substring(column, "\0") for column in table.columns[1:]]
    # A null holds none. (Not pc.fill_null: see `_numbers`.)
    bad = functools.reduce(pc.or_, [pc.and_kleene(pc.is_valid(one), one) for one in found])
    if not pc.any(bad).as_py():
        return table
    names = table.column_names[1:]
    for number, *values in zip(*(c.to_pylist() for c in table.filter(bad).columns), strict=True):
        line = json.dumps(dict(zip(names, values, strict=True)), ensure_ascii=False)
        # Parquet has no lines and no place for a record: its number is all there is.
        fault = Fault("nul_byte", "holds a NUL character")
        aside(Reject(number, number, None, *fault, line.encode()))
    return table.filter(pc.invert(bad))
