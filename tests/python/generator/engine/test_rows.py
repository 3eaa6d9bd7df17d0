"""CSV and JSON lines as independent readers see them, through all calls of a chunk."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pytest

from generator.engine.output.rows import Rows
from generator.engine.output.text import (
    Column,
    Digits,
    Flag,
    LineFormat,
    Money,
    Number,
    Stamp,
    Texts,
    Uuid,
)
from generator.engine.randomness.mix import NULL, Ints

ODD = (
    "plain",
    'say "hi"',
    "a,b",
    "two\nlines",
    "back\\slash",
    "tab\t",
    "Zoë 漢字 🎈",
    "",
    " ",
    "\r",
)
TAME = ("one", "two", "three hundred and one")
COLUMNS = [
    Column("id", "text", (b"ID-", Digits(6))),
    Column("odd", "text", (Texts(ODD),), nullable=True),
    Column("tame", "text", (Texts(TAME),), nullable=True),
    Column("mixed", "text", (b'x,"', Texts(ODD), b"-", Number(4)), nullable=True),
    Column("prefix", "text", (b"P-", Number(3)), nullable=True),
    Column("amount", "decimal", (Money(6, signed=True),), nullable=True),
    Column("one", "integer", (Digits(1),), nullable=True),
    Column("flag", "boolean", (Flag(),), nullable=True),
    Column("at", "timestamp", (Stamp(date(2025, 1, 1), -9, 9),), nullable=True),
    Column("key", "uuid", (Uuid(),)),
    Column("currency", "text", (b"USD",)),
]
NAMES = [column.name for column in COLUMNS]
UUIDS = np.arange(4_000) * 0x1234567890AB
Expected = list[dict[str, str | None]]


def fill(rows: Rows, seed: int, count: int, missing: float) -> Expected:
    """Fill a chunk and return the values as texts."""
    random = np.random.default_rng(seed)

    def some(limit: int) -> Ints:
        values = random.integers(0, limit, count)
        return np.where(random.random(count) < missing, NULL, values)

    rows.begin(count)
    number = np.arange(count)
    odd, tame, mixed, prefix, one, flag = (some(n) for n in (len(ODD), 3, len(ODD), 1_000, 10, 2))
    amount, at = some(10**8), some(9 * 86_400)
    amount = np.where(number % 2, amount, np.where(amount == NULL, NULL, -amount))
    rows.put("id", number)
    rows.put("odd", odd)
    rows.put("tame", tame)
    rows.put("mixed", mixed, np.where(mixed == NULL, NULL, number))
    rows.put("prefix", prefix)
    rows.put("amount", amount)
    rows.put("one", one)
    rows.put("flag", flag)
    rows.put("at", at)
    rows.put("key", UUIDS[:count], UUIDS[:count])
    expected: Expected = []
    for n in range(count):
        stamp = np.datetime64("2025-01-01T00:00:00") + int(at[n] % 2**32)
        key = f"{(int(UUIDS[n]) & ~0xF000 | 0x4000):016x}"
        tail = f"{(int(UUIDS[n]) & (2**62 - 1)) | 2**63:016x}"
        texts: dict[str, str | None] = {
            "id": f"ID-{n:06}",
            "odd": ODD[odd[n]] if odd[n] != NULL else None,
            "tame": TAME[tame[n]] if tame[n] != NULL else None,
            "mixed": f'x,"{ODD[mixed[n]]}-{n}' if mixed[n] != NULL else None,
            "prefix": f"P-{prefix[n]}" if prefix[n] != NULL else None,
            "amount": f"{Decimal(int(amount[n])) / 100:.2f}" if amount[n] != NULL else None,
            "one": str(one[n]) if one[n] != NULL else None,
            "flag": ("false", "true")[flag[n]] if flag[n] != NULL else None,
            "at": str(stamp).replace("T", " ") + "+00" if at[n] != NULL else None,
            "key": f"{key[:8]}-{key[8:12]}-{key[12:]}-{tail[:4]}-{tail[4:]}",
            "currency": "USD",
        }
        expected.append(texts)
    return expected


def read(rows: Rows, rendered: bytes | bytearray) -> Expected:
    """Read a chunk with readers that are not ours."""
    text = bytes(rows.header + rendered).decode()
    if rows.format == "json":
        lines = [json.loads(line, parse_float=str, parse_int=str) for line in text.split("\n")[:-1]]
        spelled = {True: "true", False: "false", None: None}
        return [
            {k: spelled[v] if v is None or isinstance(v, bool) else v for k, v in line.items()}
            for line in lines
        ]
    records = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    table = arrow_csv.read_csv(
        pa.py_buffer(text.encode()),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(NAMES, pa.string()),
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
        ),
    )
    seen: Expected = table.to_pylist()
    assert [{k: v or "" for k, v in record.items()} for record in seen] == records
    return seen


@pytest.fixture(params=["csv", "json"])
def rows(request: pytest.FixtureRequest) -> Rows:
    fmt: LineFormat = request.param
    return Rows(COLUMNS, fmt)


@pytest.mark.parametrize("missing", [0, 0.3, 1])
def test_chunks_read_back(rows: Rows, missing: float) -> None:
    for seed, count in enumerate((500, 3, 0, 700, 1)):
        expected = fill(rows, seed, count, missing if seed % 2 == 0 else 0)
        assert read(rows, b"".join(rows.render())) == expected
        records = np.arange(count)
        for name in NAMES:
            assert rows.texts(name, records) == [record[name] for record in expected]


@pytest.mark.parametrize("grow", [0.2, 1, 4])
def test_copies_and_overwriting_in_any_order(rows: Rows, grow: float) -> None:
    texts: Sequence[str | None] = [None, "", "a,b", 'q"', "0.00", "-12", "007", "true", "x" * 500]
    for seed in range(4):
        random = np.random.default_rng(seed)
        expected = fill(rows, seed, 400, 0.1)
        picked = np.sort(random.integers(0, 400, int(400 * grow)))
        rows.expand(picked)
        expected = [dict(expected[n]) for n in picked]
        again = random.integers(0, 10, rows.count)
        rows.put("one", again)
        for record, one in zip(expected, again.tolist(), strict=True):
            record["one"] = str(one)
        for _ in range(3):
            name = NAMES[int(random.integers(0, len(NAMES)))]
            records = random.choice(rows.count, 20, replace=False)
            chosen = [texts[n] for n in random.integers(0, len(texts), 20)]
            rows.overwrite(name, records, chosen)
            for record, text in zip(records.tolist(), chosen, strict=True):
                expected[record][name] = text
            copies = rows.repeat(records)
            assert copies.tolist() == list(range(len(expected), len(expected) + 20))
            expected += [dict(expected[n]) for n in records]
            assert rows.texts(name, copies) == chosen
        assert read(rows, b"".join(rows.render())) == expected
        # Constants and all else are back in the next chunk.
        expected = fill(rows, 9 + seed, 1_000, 0)
        assert read(rows, b"".join(rows.render())) == expected


def test_a_column_of_bare_json_takes_words_in_quotes() -> None:
    rows = Rows([Column("n", "integer", (Number(5),))], "json")
    rows.begin(6)
    rows.put("n", np.arange(6))
    rows.overwrite("n", np.arange(5), ["many", "12", "007", None, "1.50"])
    assert (
        b"".join(rows.render())
        == b'{"n":"many"}\n{"n":12}\n{"n":"007"}\n{"n":null}\n{"n":1.50}\n{"n":5}\n'
    )


def test_quotes_stand_in_every_record_or_in_none() -> None:
    columns = [
        Column("a", "text", (Texts(("x", "y,z")),), nullable=True),
        Column("b", "text", (Texts(("x", "yz")),), nullable=True),
    ]
    rows = Rows(columns, "csv")
    rows.begin(3)
    rows.put("a", np.array([0, 1, NULL]))
    rows.put("b", np.array([0, 1, NULL]))
    assert rows.header + b"".join(rows.render()) == b'a,b\n"x",x\n"y,z",yz\n,\n'


def test_lines_are_damaged_after_all_else() -> None:
    rows = Rows([Column("a", "text", (b"A", Number())), Column("b", "integer", (Number(),))], "csv")
    rows.begin(5)
    rows.put("a", np.arange(5))
    rows.put("b", np.arange(5) * 1_000)
    rows.overwrite("b", np.array([3]), ["a text much longer than the column"])
    rows.damage(3, lambda line: line + b",9")
    rows.damage(3, bytes.upper)
    rows.damage(0, lambda line: b'"' + line + b"\xff")
    assert b"".join(rows.render()) == (
        b'"A0,0\xff\nA1,1000\nA2,2000\nA3,A TEXT MUCH LONGER THAN THE COLUMN,9\nA4,4000\n'
    )
    rows.begin(2)
    rows.put("a", np.arange(2))
    rows.put("b", np.arange(2))
    assert b"".join(rows.render()) == b"A0,0\nA1,1\n"


def test_json_lines_cannot_be_damaged() -> None:
    rows = Rows([Column("b", "integer", (Number(),))], "json")
    rows.begin(1)
    with pytest.raises(ValueError, match="this table is json"):
        rows.damage(0, bytes.upper)


def test_wrong_arrays_are_named() -> None:
    rows = Rows([Column("b", "text", (Number(), b"-", Number()))], "csv")
    rows.begin(2)
    with pytest.raises(ValueError, match=r"b: takes 2 arrays of 2 values, got \(2,\)"):
        rows.put("b", np.arange(2))
    with pytest.raises(ValueError, match=r"got \(2,\), \(1,\)"):
        rows.put("b", np.arange(2), np.arange(1))


def test_a_missing_value_where_none_may_be_is_an_error() -> None:
    rows = Rows([Column("b", "integer", (Number(),))], "csv")
    rows.begin(1)
    with pytest.raises(OverflowError, match=r"^b: "):
        rows.put("b", np.array([NULL]))


def test_many_blocks_join_without_a_seam() -> None:
    rows = Rows([Column("a", "text", (b"x" * 200, Number(8)))], "csv")
    rows.begin(20_000)
    rows.put("a", np.arange(20_000))
    assert bytes(b"".join(rows.render())) == b"".join(
        b"x" * 200 + b"%d\n" % n for n in range(20_000)
    )
