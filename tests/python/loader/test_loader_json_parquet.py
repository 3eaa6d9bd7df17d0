"""JSON lines and Parquet: every value as the text that was delivered."""

from __future__ import annotations

import datetime as dt
import gzip
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ORDERS = "select id, total, note, _row_id from raw.mill_orders order by _load_id, _row_id"


def test_json_values_keep_their_spelling(load, query, landing: Path) -> None:
    (landing / "orders.json").write_text(
        '{"id": 1, "total": 12.50, "note": "a \\"b\\", c\\n\\u00e9"}\n'
        '{"note": "", "id": "x", "total": 1E5}\n'
        '{"id": true, "total": -0.10, "note": null}\n'
        '{"id": 12345678901234567890.10, "total": {"net": 1.10, "tags": ["é", false]}}\r\n'
        "{}\n"
    )
    assert not load().failed
    assert query(ORDERS) == [
        ("1", "12.50", 'a "b", c\né', 1),
        ("x", "1E5", "", 2),
        ("true", "-0.10", None, 3),
        ("12345678901234567890.10", '{"net": 1.10, "tags": ["é", false]}', None, 4),
        (None, None, None, 5),
    ]
    assert query("select header_lines, rows from raw._loads") == [(0, 5)]


def test_json_may_be_gzipped(load, query, landing: Path) -> None:
    (landing / "orders.json.gz").write_bytes(gzip.compress(b'{"id": 1}\n{"id": 2}\n'))
    (outcome,) = load().outcomes
    assert query("select count(*) from raw.mill_orders") == [(2,)]
    assert outcome.loaded.missing == ["total", "note"]


def test_a_json_key_that_comes_late_extends_the_table(load, query, landing: Path) -> None:
    lines = "".join(f'{{"id": {n}, "total": 1.00}}\n' for n in range(1, 20_001))
    (landing / "orders.json").write_text(lines + '{"id": 20001, "voucher": "SPRING"}\n')
    (outcome,) = load().outcomes
    assert (outcome.loaded.added, outcome.loaded.rows) == (["voucher"], 20_001)
    assert query("select id, total, voucher from raw.mill_orders where voucher is not null") == [
        ("20001", None, "SPRING")
    ]
    assert query("select count(*), max(_row_id) from raw.mill_orders") == [(20_001, 20_001)]


def test_json_lines_that_cannot_be_loaded_are_rejects(load, query, landing: Path) -> None:
    bad = [
        (b'{"id": 1', "not_json"),
        (b"[1, 2]", "not_json"),
        (b"", "not_json"),
        (b'{"id": NaN}', "not_json"),
        (b'{"id": "\xff"}', "invalid_utf8"),
        (b'{"id": "\\u0000"}', "nul_byte"),
        (b'{"id": "\\ud800"}', "invalid_utf8"),
        (b"[" * 100_000, "not_json"),
    ]
    (landing / "orders.json").write_bytes(
        b'{"id": 0}\n' + b"".join(line + b"\n" for line, _ in bad) + b'{"id": 9}\n'
    )
    assert load(max_rejects=7).count("failed") == 1
    assert load(max_rejects=8).count("loaded") == 1
    assert query("select id, _row_id from raw.mill_orders order by 2") == [("0", 1), ("9", 10)]
    rejects = query("select line_number, reason, line from raw._rejects order by 1")
    assert [(n, reason, bytes(line)) for n, reason, line in rejects] == [
        (number, reason, line) for number, (line, reason) in enumerate(bad, start=2)
    ]


@pytest.mark.parametrize("key", ["_load_id", "a" * 64, "\\u0000", "\\ud800"])
def test_json_key_that_cannot_be_a_column(load, query, landing: Path, key: str) -> None:
    (landing / "orders.json").write_text(f'{{"id": 1, "{key}": 2}}\n')
    (outcome,) = load(max_rejects=5).outcomes
    assert (outcome.status, outcome.error.startswith(f"{landing / 'orders.json'}: column")) == (
        "failed",
        True,
    )
    assert query("select count(*) from raw.mill_orders") == [(0,)]


def test_parquet_values_as_text(load, query, landing: Path) -> None:
    moment = dt.datetime(2025, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    table = pa.table(
        {
            "id": pa.array([1, 2, None], pa.int64()),
            "amount": pa.array([Decimal("12.50"), Decimal("-0.10"), None], pa.decimal128(10, 2)),
            "text": pa.array(["", 'a "b", c\nd', None]),
            "at": pa.array(
                [moment, moment.replace(microsecond=60), None], pa.timestamp("us", "Asia/Tokyo")
            ),
            "local": pa.array([moment.replace(tzinfo=None)] * 3, pa.timestamp("ns")),
            "day": pa.array([dt.date(2025, 1, 2)] * 3),
            "fine": pa.array([True, False, None]),
            "share": pa.array([0.1, 1e300, None]),
            "kind": pa.array(["x", "y", "x"]).dictionary_encode(),
            "tags": pa.array([["é", None], [], None], pa.list_(pa.string())),
        }
    )
    pq.write_table(table, landing / "stock.parquet")
    (outcome,) = load().outcomes
    assert (outcome.error, outcome.loaded.added) == ("", table.column_names[2:])
    assert query(
        "select id, amount, text, at, local, day, fine, share, kind, tags, _row_id "
        "from raw.mill_stock order by _row_id"
    ) == [
        (
            "1",
            "12.50",
            "",
            "2025-01-02 03:04:05+00",
            "2025-01-02 03:04:05",
            "2025-01-02",
            "true",
            "0.1",
            "x",
            '["é", null]',
            1,
        ),
        (
            "2",
            "-0.10",
            'a "b", c\nd',
            "2025-01-02 03:04:05.000060+00",
            "2025-01-02 03:04:05",
            "2025-01-02",
            "false",
            "1e+300",
            "y",
            "[]",
            2,
        ),
        (None, None, None, None, "2025-01-02 03:04:05", "2025-01-02", None, None, "x", None, 3),
    ]


def test_parquet_of_many_batches_keeps_its_record_numbers(load, query, landing: Path) -> None:
    ids = [str(n) for n in range(1, 40_001)]
    ids[20_000] = "n\0l"
    pq.write_table(pa.table({"id": ids}), landing / "stock.parquet", row_group_size=10_000)
    (outcome,) = load(max_rejects=1).outcomes
    assert (outcome.loaded.rows, outcome.loaded.missing) == (39_999, ["amount"])
    assert query(
        "select count(*) filter (where id = _row_id::text), count(*) from raw.mill_stock"
    ) == [(39_999,) * 2]
    assert query("select line_number, reason, convert_from(line, 'UTF8') from raw._rejects") == [
        (20_001, "nul_byte", '{"id": "n\\u0000l"}')
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"id,amount\n1,2\n", "is not sound Parquet"),
        (pa.table({"id": [b"\xff"]}), "column 'id' cannot be text"),
        (pa.table({"other": ["x"]}), "names none of the columns id, amount"),
    ],
    ids=["no parquet", "binary", "other columns"],
)
def test_parquet_that_cannot_be_loaded(
    load, query, landing: Path, content: object, message: str
) -> None:
    path = landing / "stock.parquet"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        pq.write_table(content, path)
    (outcome,) = load().outcomes
    assert outcome.status == "failed"
    assert message in outcome.error
    assert query("select count(*) from raw.mill_stock") == [(0,)]
