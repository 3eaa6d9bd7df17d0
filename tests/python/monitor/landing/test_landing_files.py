"""Sources that deliver plain files; texts that are of a type and that are not, by PostgreSQL."""

from __future__ import annotations

import gzip
import shutil
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest

from loader.sources import parse_sources
from monitor.check import Check, Status
from monitor.landing.types import uncastable
from monitor.landing.validation import validate
from monitor.landing.volume import judge
from warehouse.connections import connect

REAL = Path(__file__).parents[2] / "data" / "online_retail"

BAKERY = """
bakery:
  layout: files
  tables:
    sales:
      format: csv
      patterns: ["*.txt"]
      dialect: {delimiter: ";", encoding: latin-1, nulls: ["", "NULL"], header: false}
      columns: [sale_id, sold_on, amount, note]
      types: {sold_on: date, amount: decimal}
      key: [sale_id]
"""


def by_key(checks: list[Check]) -> dict[str, Check]:
    return {check.key.split(":", 2)[2]: check for check in checks}


def test_files_of_the_real_shop_pass() -> None:
    checks = by_key(validate(REAL))
    assert {check.status for check in checks.values()} <= {Status.PASS, Status.SKIP}
    assert checks["invoice_lines:types"].status is Status.PASS
    assert checks["invoice_lines:types"].checked


def test_the_same_file_under_two_names_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "online_retail"
    shutil.copytree(REAL, folder)
    shutil.copy(folder / "2010-12-22.csv.gz", folder / "2010-12-23.csv.gz")
    checks = by_key(validate(folder))
    assert checks["twice"].status is Status.FAIL
    assert checks["twice"].message == ("2010-12-23.csv.gz has the same events as 2010-12-22.csv.gz")


def test_a_file_that_is_cut_off_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "online_retail"
    folder.mkdir()
    content = gzip.decompress((REAL / "2010-12-22.csv.gz").read_bytes())
    (folder / "2010-12-22.csv").write_bytes(content[:-5])
    checks = by_key(validate(folder))
    assert checks["invoice_lines:readable"].status is Status.FAIL
    assert "has no end: the file may be cut off" in checks["invoice_lines:readable"].message


def test_files_are_compared_with_those_that_were_read(tmp_path: Path) -> None:
    folder = tmp_path / "bakery"
    folder.mkdir()
    for day in range(10, 18):
        lines = [f"{day}-{n};2025-01-{day};1;x" for n in range(100)]
        (folder / f"{day}.txt").write_text("\n".join(lines) + "\n")
    sources = parse_sources(BAKERY, "the test")
    assert by_key(validate(folder, sources=sources))["sales:volume"].status is Status.PASS
    alone = by_key(validate(folder, sources=sources, batches=["17"]))
    assert alone["sales:volume"].status is Status.SKIP
    (folder / "17.txt").write_text("17-1;2025-01-17;1;x\n")
    assert by_key(validate(folder, sources=sources))["sales:volume"].status is Status.FAIL


def test_the_dialect_of_the_source_holds(tmp_path: Path) -> None:
    folder = tmp_path / "bakery"
    folder.mkdir()
    lines = [f"{n};2025-01-31;{n}.5;Brötchen" for n in range(50)]
    lines += ["50;NULL;NULL;NULL", '51;2025-02-30;1,5;"a;b"', "51;2025-01-31;2;twice", "x;y"]
    (folder / "monday.txt").write_bytes(("\n".join(lines) + "\n").encode("latin-1"))
    checks = by_key(validate(folder, sources=parse_sources(BAKERY, "the test")))
    wrong = {key: one for key, one in checks.items() if one.status is Status.WARN}
    assert {key: one.failed for key, one in wrong.items()} == {
        "sales:records": 1,
        "sales:types": 2,
        "sales:keys": 1,
    }
    assert checks["sales:nulls"].message.startswith("nulls: ")


TEXTS = [
    *("0", "-1", "007", "1.5", "1.", ".5", "-.5", ".", "-", "1e5", "NaN", "Infinity", "0x1F"),
    *("1_000", " 1", "1 ", "+1", "9223372036854775807", "9223372036854775808", "1,5", "--1", "1-"),
    *("-9223372036854775808", "-9223372036854775809", "00000000000000000000001", "abc", "é"),
    *("2025-01-31", "2025-02-29", "2024-02-29", "0000-01-01", "0001-01-01", "20250131"),
    *("2025-1-1", "now", "tomorrow", "infinity", "10000-01-01", "2025-01-31 23:59:59+00"),
    *("2025-01-31T23:59:59Z", "2025-01-31 24:00:00", "2025-01-31 24:00:01", "2025-01-31 25:00"),
    *("2025-01-31 10:00", "2025-01-31 10:00:00.123456", "2025-01-31 10:61", "2025-01-31 10:00+14"),
    *("2025-01-31 10:00:00 UTC", "2025-01-31 10:00:00+05:30", "2025-02-30 10:00", "2025-01-31x"),
    *("true", "T", "yes", "on", "off", "of", "o", "2", "1", "Fals", "truee", "n"),
    "00000000-0000-0000-0000-000000000000",
    "{00000000-0000-0000-0000-00000000000A}",
    "0000000000000000000000000000000g",
    "00000000000000000000000000000000",
]

# As the macro is_castable asks before PostgreSQL is asked.
LOOKS = {
    "decimal": ("numeric", "translate(t, '0123456789.-', '') = ''"),
    "bigint": ("bigint", "translate(t, '0123456789-', '') = ''"),
    "date": ("date", "t like '____-__-__'"),
    "timestamp": ("timestamptz", "t like '____-__-__%%'"),
    "boolean": ("boolean", "true"),
    "uuid": ("uuid", "true"),
}


@pytest.mark.parametrize("type_", sorted(LOOKS))
def test_what_can_be_cast_is_what_the_warehouse_can_cast(database_url: str, type_: str) -> None:
    name, looks = LOOKS[type_]
    with closing(connect(database_url)) as conn, conn.cursor() as cur:
        cur.execute(
            f"select t, {looks} and pg_input_is_valid(t, '{name}') from unnest(%s) as t", (TEXTS,)
        )
        expected = dict(cur.fetchall())
    wrong = uncastable(pa.array(TEXTS, pa.string()), type_)
    assert wrong is not None
    found = {text: not bad for text, bad in zip(TEXTS, wrong.to_pylist(), strict=True)}
    assert found == expected


def test_null_and_empty_are_not_wrong_and_unknown_types_take_anything() -> None:
    texts = pa.array([None, "", "x"], pa.string())
    wrong = uncastable(texts, "integer")
    assert wrong is not None and wrong.to_pylist() == [False, False, True]
    assert uncastable(texts, "text") is None
    assert uncastable(texts, "varchar(3)") is None


@pytest.mark.parametrize(
    ("rows", "before", "expected"),
    [
        (100, [100, 90, 110, 95], Status.SKIP),
        (100, [100, 90, 110, 95, 105], Status.PASS),
        (100, [36_000, 100, 90, 110, 95, 105], Status.PASS),
        (45, [100, 90, 110, 95, 105], Status.WARN),
        (0, [100, 90, 110, 95, 105], Status.FAIL),
        (1000, [100, 90, 110, 95, 105], Status.FAIL),
        # Of so few, four instead of one is no sign of anything.
        (4, [1, 2, 1, 0, 1, 2], Status.PASS),
        (0, [0, 0, 0, 0, 0], Status.PASS),
    ],
)
def test_volume_is_compared_with_the_batches_before(
    rows: int, before: list[int], expected: Status
) -> None:
    assert judge(rows, before) is expected
