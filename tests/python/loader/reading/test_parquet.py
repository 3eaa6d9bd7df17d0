"""Parquet as CSV: nested values are JSON that PostgreSQL can read."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loader.errors import FileError
from loader.finding.discovery import LandedFile
from loader.finding.local import LocalStore
from loader.finding.store import Location
from loader.reading.parquet import parquet_to_csv
from loader.reading.records import Reject

MOMENT = dt.datetime(2025, 7, 1, 12, 30, tzinfo=dt.UTC)


def texts(folder: Path, column: pa.Array) -> list[str]:
    pq.write_table(pa.table({"c": column}), folder / "c.parquet")
    store = LocalStore(folder)
    place = Location(store, "c.parquet", store.stamp("c.parquet"))
    file = LandedFile("s", "t", "c", "c.parquet", place, "parquet", place.stamp.size)
    rejects: list[Reject] = []
    content = b"".join(parquet_to_csv(file, rejects.append)).decode()
    assert rejects == []
    return [text for _, text in csv.reader(io.StringIO(content))]


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (pa.array([[Decimal("1.50"), None]]), "[1.50, null]"),
        (pa.array([[float("nan"), float("-inf"), 0.1]]), '["nan", "-inf", 0.1]'),
        (
            pa.array([[MOMENT]], pa.list_(pa.timestamp("us", "Europe/Berlin"))),
            '["2025-07-01 12:30:00+00"]',
        ),
        (pa.array([[MOMENT.replace(tzinfo=None)]]), '["2025-07-01 12:30:00"]'),
        (pa.array([[MOMENT.date()]]), '["2025-07-01"]'),
        (pa.array([{"at": MOMENT.time(), "is": True}]), '{"at": "12:30:00", "is": true}'),
        (pa.array([["é".encode()]]), '["é"]'),
        (pa.array([[("k", 2**60)]], pa.map_(pa.string(), pa.int64())), f'[["k", {2**60}]]'),
        (pa.array([["a\0b"]]), '["a\\u0000b"]'),
    ],
    ids=str,
)
def test_nested_values_are_json(tmp_path: Path, column: pa.Array, text: str) -> None:
    assert texts(tmp_path, column) == [text]
    json.loads(text)


@pytest.mark.parametrize(
    "column", [pa.array([b"\xff"]), pa.array([[b"\xff"]])], ids=["alone", "nested"]
)
def test_bytes_that_are_no_text_fail_the_file(tmp_path: Path, column: pa.Array) -> None:
    with pytest.raises(FileError, match="column 'c' cannot be text"):
        texts(tmp_path, column)


def test_dictionaries_are_written_out(tmp_path: Path) -> None:
    column = pa.array([Decimal("1.50"), Decimal("-0.10")]).dictionary_encode()
    assert texts(tmp_path, column) == ["1.50", "-0.10"]
