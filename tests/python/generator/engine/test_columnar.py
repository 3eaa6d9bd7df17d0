"""Parquet: types and values as a reader sees them, and the same words as in CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from generator.engine.output import parquet
from generator.engine.output.columnar import Columnar
from generator.engine.output.files import PartFile
from generator.engine.output.rows import Rows
from generator.engine.output.text import (
    Column,
    Day,
    Digits,
    Flag,
    Keys,
    Money,
    Number,
    Sheet,
    Stamp,
    Texts,
    Uuid,
)
from generator.engine.randomness.mix import NULL, Ints
from generator.spec.values import Type

START = date(2024, 12, 30)
CITIES = ("Köln", "New York", 'say "hi", Ada', "two\nlines", "", "twice", "twice", "漢字")
BIG = np.array([b"KEY-%08d" % n for n in range(100_000)])
UNEVEN = np.array([b"K%d" % n for n in range(200_000)])
COLUMNS = [
    Column("id", "text", (b"ID-", Digits(8))),
    Column("prefixed", "text", (b"P-", Digits(3), b"/", Number(4)), nullable=True),
    Column("even", "text", (b"E-", Digits(3)), nullable=True),
    Column("city", "text", (Texts(CITIES),), nullable=True),
    Column("long", "text", (Texts(tuple(f"{n} " * 400 for n in range(2_000))),), nullable=True),
    Column("mail", "text", (Texts(CITIES), b"@", Texts(("a.com", "b.org"))), nullable=True),
    Column("key", "uuid", (Uuid(),)),
    Column("small_key", "text", (Keys(BIG[:50]),), nullable=True),
    Column("big_key", "text", (Keys(BIG),), nullable=True),
    Column("uneven_key", "text", (Keys(UNEVEN),), nullable=True),
    Column("n", "integer", (Number(9, signed=True),), nullable=True),
    Column("line", "integer", (Digits(1),)),
    Column("chosen", "integer", (Texts(("5", "-7", "100")),), nullable=True),
    Column("big", "bigint", (Number(16, signed=True),), nullable=True),
    Column("amount", "decimal", (Money(8, signed=True),), nullable=True),
    Column("rate", "decimal", (Texts(("0.05", "19.00")),)),
    Column("flag", "boolean", (Flag(),), nullable=True),
    Column("word", "text", (Flag(),)),
    Column("day", "date", (Day(START, -20_500, 900),), nullable=True),
    Column("at", "timestamp", (Stamp(START, -20_500, 900),), nullable=True),
    Column("currency", "text", (b"USD",)),
    Column("two", "integer", (b"2",)),
]
LIMITS = {
    "id": (0, 10**8), "prefixed": (0, 1_000), "even": (0, 1_000), "city": (0, len(CITIES)),
    "long": (0, 2_000), "mail": (0, len(CITIES)), "small_key": (0, 50), "big_key": (0, 100_000),
    "uneven_key": (0, 200_000), "n": (1 - 10**9, 10**9), "line": (0, 10), "chosen": (0, 3),
    "big": (1 - 10**16, 10**16), "amount": (1 - 10**10, 10**10), "rate": (0, 2), "flag": (0, 2),
    "word": (0, 2), "day": (-20_500, 901), "at": (-20_500 * 86_400, 901 * 86_400),
}  # fmt: skip
TYPES: dict[Type, pa.DataType] = {
    "text": pa.string(),
    "uuid": pa.string(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "decimal": pa.decimal128(12, 2),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


def fill(sheets: Sequence[Sheet], seed: int, count: int, missing: float) -> None:
    random = np.random.default_rng(seed)
    values: dict[str, tuple[Ints, ...]] = {}
    for column in COLUMNS:
        if column.name in LIMITS:
            low, high = LIMITS[column.name]
            numbers = random.integers(low, high, count)
            if column.nullable:
                numbers = np.where(random.random(count) < missing, NULL, numbers)
            values[column.name] = (numbers,)
    values["prefixed"] += (np.arange(count) % 9_999,)
    values["mail"] += (np.arange(count) % 2,)
    values["key"] = tuple(random.integers(-(2**63), 2**63, (2, count)))
    for sheet in sheets:
        sheet.begin(count)
        for name, arrays in values.items():
            sheet.put(name, *arrays)


def typed(kind: Type, text: str | None) -> object:
    if text is None:
        return None
    if kind in ("integer", "bigint"):
        return int(text)
    if kind == "timestamp":
        return datetime.fromisoformat(text)
    if kind == "date":
        return date.fromisoformat(text)
    return {"decimal": Decimal, "boolean": "true".__eq__}.get(kind, str)(text)


def assert_same(batch: pa.RecordBatch, rows: Rows) -> None:
    """The batch, through a Parquet file, has what the CSV says, as the right types."""
    text = (rows.header + b"".join(rows.render())).decode()
    records = list(csv.reader(io.StringIO(text, newline="")))[1:]
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_batches([batch]), sink, store_schema=False)
    table = pq.read_table(sink)
    assert table.schema.types == [TYPES[column.type] for column in COLUMNS]
    for number, column in enumerate(COLUMNS):
        cells = [record[number] for record in records]
        texts = rows.texts(column.name, np.arange(rows.count))
        assert [text or "" for text in texts] == cells
        assert table[number].to_pylist() == [typed(column.type, text) for text in texts]


@pytest.mark.parametrize("missing", [0, 0.3, 1])
def test_values_are_those_of_csv(missing: float) -> None:
    rows, columns = Rows(COLUMNS, "csv"), Columnar(COLUMNS)
    for seed, count in enumerate((400, 3, 0, 900, 1)):
        fill([rows, columns], seed, count, missing if seed % 2 == 0 else 0)
        batch = columns.render()[0]
        batch.validate(full=True)
        assert_same(batch, rows)


def test_copies_and_overwriting_are_those_of_csv() -> None:
    rows, columns = Rows(COLUMNS, "csv"), Columnar(COLUMNS)
    texts: dict[str, list[str | None]] = {
        "city": [None, "Bern", "a,b", "Bern", ""],
        "prefixed": [None, "x" * 90, "", "P", "Q"],
        "long": ["short", None, "a", "b", "c"],
        "n": ["-5", "0", None, "2147483647", "12"],
        "big": [None, "1", "2", "3", "4"],
        "amount": ["-0.01", None, "9999999999.99", "1.00", "2.50"],
        "flag": ["true", "false", None, "true", "true"],
        "day": [None, "2999-01-01", "1970-01-01", "1969-12-31", "2000-02-29"],
        "at": [None, "2125-01-01 00:00:00+00", "1969-12-31 23:59:59+00"] * 2,
        "currency": ["EUR", None, "EUR", "GBP", "x"],
        "two": ["3", None, "4", "2", "1"],
    }
    for seed in range(3):
        random = np.random.default_rng(seed)
        fill([rows, columns], seed, 300, 0.2)
        picked = np.sort(random.integers(0, 300, 500))
        line = random.integers(0, 10, 500)
        sheets: list[Sheet] = [rows, columns]
        for sheet in sheets:
            sheet.expand(picked)
            sheet.put("line", line)
        for name, given in texts.items():
            records = random.choice(rows.count, 5, replace=False)
            copied = random.choice(rows.count, 7)
            for sheet in sheets:
                sheet.overwrite(name, records, given[:5])
                assert sheet.texts(name, records) == given[:5]
            assert rows.repeat(copied).tolist() == columns.repeat(copied).tolist()
            assert rows.texts(name, copied) == columns.texts(name, copied)
        assert_same(columns.render()[0], rows)


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("n", "many"),
        ("n", "1.5"),
        ("n", "2147483648"),
        ("n", " 5 "),
        ("n", "1_0"),
        ("big", str(2**62)),
        ("amount", "1.005"),
        ("amount", "NaN"),
        ("amount", "10000000000.00"),
        ("flag", "yes"),
        ("day", "2025-02-30"),
        ("at", "yesterday"),
        ("chosen", "x"),
        ("two", "x"),
    ],
)
def test_a_text_that_the_type_cannot_hold_is_an_error(column: str, text: str) -> None:
    columns = Columnar(COLUMNS)
    fill([columns], 0, 3, 0)
    with pytest.raises(ValueError, match=f"^{column}: Parquet's type for .* cannot hold"):
        columns.overwrite(column, np.array([1]), [text])


@pytest.mark.parametrize(
    ("column", "wrong"),
    [
        ("id", 10**8),
        ("city", len(CITIES)),
        ("city", -1),
        ("big_key", 100_000),
        ("n", 10**9),
        ("line", NULL),
        ("amount", 10**10),
        ("flag", 2),
        ("flag", -1),
        ("day", 901),
        ("at", -20_500 * 86_400 - 1),
        ("chosen", 3),
    ],
)
def test_what_does_not_fit_is_an_error(column: str, wrong: int) -> None:
    columns = Columnar(COLUMNS)
    fill([columns], 0, 3, 0)
    columns.put(column, np.array([0, wrong, 0]))
    with pytest.raises(OverflowError, match=f"^{column}: "):
        columns.render()[0]


@pytest.mark.parametrize(
    "column",
    [
        Column("x", "integer", (b"1", Digits(2))),
        Column("x", "decimal", (Number(3),)),
        Column("x", "date", (Stamp(START, 0, 1),)),
        Column("x", "timestamp", (Day(START, 0, 1),)),
        Column("x", "boolean", (Digits(1),)),
        Column("x", "integer", (Texts(("1", "one")),)),
        Column("x", "decimal", (b"free",)),
    ],
)
def test_layouts_that_give_no_such_type_are_refused(column: Column) -> None:
    with pytest.raises(ValueError, match=r"^x: "):
        Columnar([column])


def test_lines_cannot_be_damaged() -> None:
    columns = Columnar(COLUMNS)
    columns.begin(1)
    with pytest.raises(ValueError, match="this table is parquet"):
        columns.damage(0, bytes.upper)


def test_wrong_arrays_are_named() -> None:
    columns = Columnar(COLUMNS)
    columns.begin(2)
    with pytest.raises(ValueError, match=r"mail: takes 2 arrays of 2 values, got \(2,\)"):
        columns.put("mail", np.arange(2))


# In a row group of three batches: one has a dictionary of its own; or all have, as long as each
# other's but with other words.
@pytest.mark.parametrize(
    "own_words", [{1: "Rome", 4: "Oslo"}, {0: "Rome", 1: "Oslo", 2: "Bern", 3: "Rome", 4: "Oslo"}]
)
def test_files_have_row_groups_and_the_same_bytes_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_words: dict[int, str]
) -> None:
    monkeypatch.setattr(parquet, "_GROUP", 1_000)
    hashes = set()
    for name in ("a", "b"):
        columns = Columnar(COLUMNS)
        part = PartFile(tmp_path, f"{name}.parquet", columns.header, encoder=columns.encoder)
        expected = []
        for seed in range(7):
            fill([columns], seed, 400, 0.1)
            if seed in own_words:
                columns.overwrite("city", np.array([3, 5]), [own_words[seed], None])
            expected.append(columns.render()[0])
            part.write([expected[-1]], columns.count)
        (entry,) = part.finish()
        hashes.add(entry.sha256)
        assert (entry.rows, entry.bytes) == (2_800, (tmp_path / entry.path).stat().st_size)
        file = pq.ParquetFile(tmp_path / entry.path)
        groups = [file.metadata.row_group(n) for n in range(file.num_row_groups)]
        assert [group.num_rows for group in groups] == [1_200, 1_200, 400]
        # The dictionary was kept: pyarrow gives it up where chunks differ in theirs.
        city = groups[0].column(columns.names.index("city"))
        assert "RLE_DICTIONARY" in city.encodings
        read = file.read()
        assert read.to_pylist() == [row for batch in expected for row in batch.to_pylist()]
        assert read.schema.names == [column.name for column in COLUMNS]
    assert len(hashes) == 1


def test_a_file_without_records_has_the_schema(tmp_path: Path) -> None:
    columns = Columnar(COLUMNS)
    part = PartFile(tmp_path, "a.parquet", encoder=columns.encoder, always=True)
    (entry,) = part.finish()
    table = pq.read_table(tmp_path / entry.path)
    assert table.num_rows == 0
    assert table.schema.types == [TYPES[column.type] for column in COLUMNS]


def test_a_full_disk_names_the_file(tmp_path: Path) -> None:
    target = tmp_path / "full.parquet"
    target.symlink_to("/dev/full")
    columns = Columnar(COLUMNS)
    part = PartFile(tmp_path, target.name, encoder=columns.encoder)
    fill([columns], 0, 500, 0)
    with pytest.raises(OSError, match="No space left") as caught:
        part.write(columns.render(), 500)
        part.finish()
    part.close()
    assert caught.value.filename == str(target)


def test_times_are_in_utc() -> None:
    columns = Columnar([Column("at", "timestamp", (Stamp(START, 0, 9),))])
    columns.begin(1)
    columns.put("at", np.array([86_399]))
    expected = datetime(2024, 12, 30, tzinfo=UTC) + timedelta(seconds=86_399)
    assert columns.render()[0].to_pydict() == {"at": [expected]}
