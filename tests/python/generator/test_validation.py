"""`--validate` on batches written by hand: sound ones pass, each kind of breach is named."""

from __future__ import annotations

import csv
import gzip
import io
import json
from copy import deepcopy
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from generator.engine.faults.ledger import LEDGER_COLUMNS
from generator.engine.output.arrow_columns import TYPES
from generator.errors import ContractBroken, LandingZoneError
from generator.spec.model import Model
from generator.validation import validate

TIMES = {"type": "timestamp", "kind": "calendar"}
TABLES = {
    # Children before parents, so that the order of checking is not that of the model.
    "items": {
        "delivery": "append",
        "format": "parquet",
        "key": ["order_id", "line"],
        "time": "at",
        "rows": {"kind": "per_parent", "parent": "orders", "count": 2},
        "columns": {
            "order_id": {"type": "text", "kind": "parent"},
            "line": {"type": "integer", "kind": "position"},
            "product_id": {"type": "uuid", "kind": "reference", "to": "products"},
            "price": {"type": "decimal", "kind": "lookup", "column": "product_id.price"},
            "gift": {"type": "boolean", "kind": "choice", "values": [True, False]},
            "due": {"type": "date", "kind": "uniform", "min": "2025-01-01", "max": "2025-12-31"},
            "at": {"type": "timestamp", "kind": "lookup", "column": "orders.at"},
        },
    },
    "orders": {
        "delivery": "append",
        "format": "json.gz",
        "key": ["order_id"],
        "time": "at",
        "rows": {"kind": "over_time", "calendar": "days", "a_year": 5},
        "columns": {
            "order_id": {"type": "text", "kind": "sequence", "prefix": "ORD-", "digits": 4},
            "customer_id": {"type": "integer", "kind": "reference", "to": "customers"},
            "total": {"type": "decimal", "kind": "expression", "value": "1", "range": [0, 500]},
            "status": {"type": "text", "kind": "choice", "values": ["open", "paid"]},
            "rank": {"type": "integer", "kind": "choice", "values": [1, 5]},
            "paid": {"type": "boolean", "kind": "choice", "values": [True, False]},
            "secret": {"type": "integer", "kind": "uniform", "min": 1, "max": 2, "hidden": True},
            "at": TIMES,
        },
    },
    "customers": {
        "delivery": "change_log",
        "key": ["customer_id"],
        "time": "at",
        "rows": {"kind": "over_time", "calendar": "days", "a_year": 5},
        "columns": {
            "op": {"type": "text", "kind": "operation"},
            "customer_id": {"type": "integer", "kind": "sequence"},
            "email": {"type": "text", "kind": "template", "template": "x", "unique": True},
            "city": {"type": "text", "kind": "pool", "pool": "cities", "null_share": 0.1},
            "kind": {"type": "text", "kind": "pool", "pool": "kinds"},
            "at": TIMES,
        },
    },
    "products": {
        "delivery": "full_extract",
        "format": "csv",
        "key": ["product_id"],
        "rows": {"kind": "fixed", "count": 2},
        "columns": {
            "product_id": {"type": "uuid", "kind": "uuid"},
            "price": {"type": "decimal", "kind": "uniform", "min": 1, "max": 99.5},
            "category_id": {"type": "integer", "kind": "reference", "to": "categories"},
        },
    },
    "categories": {
        "delivery": "full_extract",
        "format": "csv.zst",
        "key": ["category_id"],
        "rows": {"kind": "fixed", "count": 3},
        "columns": {
            "category_id": {"type": "integer", "kind": "sequence"},
            "above": {"type": "integer", "kind": "tree", "levels": [1, 2]},
        },
    },
    "inside": {
        "delivery": "internal",
        "key": ["id"],
        "rows": {"kind": "fixed", "count": 3},
        "columns": {"id": {"type": "integer", "kind": "sequence"}},
    },
}
UUIDS = [f"6f1c2d3e-0000-4000-8000-00000000000{n}" for n in range(4)]
SOUND = {
    "categories": [["1", None], ["3", "2"], ["2", "1"]],
    "products": [[UUIDS[0], "1.00", "3"], [UUIDS[1], "99.50", "1"]],
    "customers": [
        ["I", "1", "a@x.org", "Rome, Lazio", "new", "2025-01-01 10:00:00+00"],
        ["U", "1", "a@x.org", None, "old", "2025-01-02 10:00:00+00"],
        ["I", "2", "b@x.org", 'the "city"', "new", "2025-01-03 23:59:59+00"],
        ["D", "1", "a@x.org", None, "old", "2025-01-04 10:00:00+00"],
    ],
    "orders": [
        ["ORD-0001", 1, Decimal("12.50"), "open", 5, True, "2025-01-02 11:00:00+00"],
        ["ORD-0002", 2, Decimal("0.00"), "paid", 1, False, "2025-01-04 11:00:00+00"],
    ],
    "items": [
        ["ORD-0001", 1, UUIDS[0], Decimal("1.00"), True, date(2025, 1, 5)],
        ["ORD-0001", 2, UUIDS[1], Decimal("99.50"), False, date(2025, 12, 31)],
        ["ORD-0002", 1, UUIDS[1], Decimal("99.50"), True, date(2025, 1, 1)],
    ],
}
for item in SOUND["items"]:
    item.append(datetime(2025, 1, 2, 11, tzinfo=UTC))


def model(**tables) -> Model:
    return Model.model_validate(
        {
            "name": "small",
            "calendars": {"days": {}},
            "pools": {"kinds": {"values": ["new", "old"]}, "cities": {"faker": "city"}},
            "tables": TABLES | tables,
        }
    )


MODEL = model()


def columns(table: str) -> dict[str, str]:
    found = TABLES[table]["columns"].items()
    return {name: column["type"] for name, column in found if not column.get("hidden")}


class Exact(json.JSONEncoder):
    """Decimals as numbers, digit by digit."""

    def encode(self, o):
        values = [f"{v}" if isinstance(v, Decimal) else json.dumps(v) for v in o.values()]
        pairs = zip(o, values, strict=True)
        return "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in pairs) + "}"


def csv_bytes(header, records) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for record in records:
        if isinstance(record, bytes):
            text.write(record.decode("latin-1") + "\n")
        else:
            writer.writerow(record)
    return text.getvalue().encode("latin-1")


class Landing:
    """Writes batches into a source's folder."""

    def __init__(self, source) -> None:
        self.source = source
        self.records = deepcopy(SOUND)
        self.ledger: list[dict[str, str | int]] = []
        self.late = 0
        self.split: dict[str, int] = {}

    def write(self, batch: str = "2025-01-04", *, only: tuple[str, ...] | None = None):
        folder = self.source / batch
        (folder / "_truth").mkdir(parents=True)
        names = [name for name in self.records if TABLES[name]["delivery"] != "internal"]
        content = {"batch": batch, "generator": {"late": self.late}, "tables": {}, "truth": {}}
        for name in names:
            records = self.records[name] if only is None or name in only else []
            half = self.split.get(name, len(records))
            files = []
            for number, part in enumerate([records[:half], records[half:]], 1):
                if number == 1 or part:
                    files.append(self._file(folder, name, number, part))
            content["tables"][name] = {
                "delivery": TABLES[name]["delivery"],
                "format": TABLES[name].get("format", "csv"),
                "columns": list(columns(name)),
                "files": files,
            }
        rows = [[entry.get(column, "") for column in LEDGER_COLUMNS] for entry in self.ledger]
        (folder / "_truth" / "defects.csv").write_bytes(csv_bytes(LEDGER_COLUMNS, rows))
        content["truth"]["defects"] = {"files": [{"path": "_truth/defects.csv"}]}
        (folder / "manifest.json").write_text(json.dumps(content))
        return folder

    def _file(self, folder, name, number, records):
        fmt = TABLES[name].get("format", "csv")
        path = f"{name}/part-{number}.{fmt}"
        (folder / name).mkdir(exist_ok=True)
        kinds = columns(name)
        if fmt == "parquet":
            arrays = [
                pa.array([record[i] for record in records], TYPES[kind])
                for i, kind in enumerate(kinds.values())
            ]
            pq.write_table(pa.table(arrays, names=list(kinds)), folder / path)
        else:
            if fmt.startswith("json"):
                dicts = [dict(zip(kinds, record, strict=True)) for record in records]
                body = "".join(Exact().encode(record) + "\n" for record in dicts).encode()
            else:
                body = csv_bytes(kinds, records)
            if fmt.endswith("gz"):
                body = gzip.compress(body)
            if fmt.endswith("zst"):
                body = pa.compress(body, codec="zstd", asbytes=True)
            (folder / path).write_bytes(body)
        return {"path": path, "rows": len(records), "bytes": 0, "sha256": ""}

    def mark(self, table, record, outcome, column="", original=""):
        fmt = TABLES[table].get("format", "csv")
        self.ledger.append(
            {
                "table_name": table,
                "file": f"{table}/part-1.{fmt}",
                "row_number": record,
                "column_name": column,
                "original_value": original,
                "outcome": outcome,
            }
        )


@pytest.fixture
def landing(tmp_path) -> Landing:
    return Landing(tmp_path / "small")


def check(landing, batch="2025-01-04", spec=MODEL, **rest):
    return validate(spec, landing.source / batch, landing.source, **rest)


def test_a_sound_batch_passes(landing):
    landing.write()
    assert check(landing) == 14


def test_a_sound_batch_passes_in_parts(landing):
    landing.split = dict.fromkeys(SOUND, 1)
    landing.write()
    assert check(landing) == 14


def test_the_manifest_can_be_given_before_it_is_written(landing):
    path = landing.write() / "manifest.json"
    content = json.loads(path.read_text())
    path.unlink()
    assert check(landing, manifest=content) == 14


def test_an_empty_batch_passes(landing):
    landing.write(only=("categories",))
    assert check(landing) == 3


def test_a_later_batch_points_to_earlier_ones(landing):
    landing.write()
    landing.records["orders"] = [
        ["ORD-0003", 2, Decimal("1.00"), "open", 1, True, "2025-01-05 00:00:00+00"]
    ]
    landing.records["items"] = [["ORD-0002", 2, *SOUND["items"][0][2:]]]
    landing.write("2025-01-05", only=("orders", "items", "categories", "products"))
    assert check(landing, "2025-01-05") == 7


# table, record (from 0), column, value, what the message says.
BREACHES = [
    ("categories", 0, "category_id", "one", "'one' is no whole number"),
    ("categories", 0, "category_id", "99999999999", "is no whole number"),
    ("categories", 0, "category_id", "4000000000", "'4000000000' is no whole number"),
    ("categories", 1, "category_id", None, "the value is missing, and may not be"),
    ("categories", 1, "category_id", "0", "'0' is below 1"),
    ("categories", 2, "category_id", "1", "'1' is there already"),
    ("categories", 2, "above", "7", "'7' points to no row of categories"),
    ("products", 0, "product_id", UUIDS[0].upper(), "is no UUID"),
    ("products", 1, "product_id", UUIDS[0], "is there already"),
    ("products", 0, "price", "1.5", "'1.5' is no number with two places"),
    ("products", 0, "price", "0.99", "'0.99' is below 1"),
    ("products", 0, "price", "99.51", "'99.51' is above 99.5"),
    ("products", 0, "category_id", "4", "'4' points to no row of categories"),
    ("customers", 0, "op", "X", "'X' is none of I, U, D"),
    ("customers", 2, "customer_id", "1", "'1' is there already"),
    ("customers", 2, "email", "a@x.org", "'a@x.org' is there already"),
    ("customers", 3, "email", None, "the value is missing"),
    ("customers", 1, "kind", "gone", "'gone' is none of new, old"),
    ("customers", 1, "at", "2025-02-30 10:00:00+00", "is no time such as"),
    ("customers", 1, "at", "2025-01-30T10:00:00Z", "is no time such as"),
    ("orders", 0, "order_id", "ORD-12", "'ORD-12' is no key such as ORD-0001"),
    ("orders", 1, "order_id", "ORD-0001", "'ORD-0001' is there already"),
    ("orders", 0, "customer_id", 3, "'3' points to no row of customers"),
    ("orders", 1, "customer_id", "2", "'2' is no JSON value of a column of type integer"),
    ("orders", 0, "status", 7, "'7' is no JSON value of a column of type text"),
    ("orders", 0, "paid", 1, "'1' is no JSON value of a column of type boolean"),
    ("orders", 0, "paid", None, "the value is missing"),
    ("orders", 0, "total", Decimal("500.01"), "'500.01' is above 500"),
    ("orders", 0, "total", Decimal("-0.01"), "'-0.01' is below 0"),
    ("orders", 0, "status", "lost", "'lost' is none of open, paid"),
    ("orders", 1, "rank", 3, "'3' is none of 1, 5"),
    ("items", 0, "order_id", "ORD-0009", "'ORD-0009' points to no row of orders"),
    ("items", 1, "line", 1, "'ORD-0001/1' is there already"),
    ("items", 2, "line", 3, "'3' is above 2"),
    ("items", 2, "product_id", UUIDS[3], "points to no row of products"),
    ("items", 1, "price", Decimal("99.99"), "'99.99' is above 99.5"),
    ("items", 1, "due", date(2026, 1, 1), "is after 2025-12-31"),
    ("items", 1, "due", date(2024, 12, 31), "is before 2025-01-01"),
    ("items", 1, "gift", None, "the value is missing"),
]


def put(landing, table, record, column, value):
    landing.records[table][record][list(columns(table)).index(column)] = value


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_is_named(landing, breach):
    table, record, column, value, message = breach
    put(landing, table, record, column, value)
    landing.write()
    with pytest.raises(ContractBroken) as caught:
        check(landing)
    place, told = str(caught.value).split(":", maxsplit=1)
    path = f"{table}/part-1.{TABLES[table].get('format', 'csv')}"
    assert place.startswith(f"{table}.") and column in place
    assert told.startswith(f" {path}, record {record + 1}: ")
    assert message in told


def is_pointed_to(breach) -> bool:
    table, _, column, *_ = breach
    return column == TABLES[table]["key"][0]


@pytest.mark.parametrize("breach", [b for b in BREACHES if not is_pointed_to(b)])
def test_what_the_ledger_loses_is_left_out(landing, breach):
    table, record, column, value, _ = breach
    put(landing, table, record, column, value)
    landing.mark(table, record + 1, "quarantine")
    landing.write()
    assert check(landing) == 13


def test_a_copy_in_the_ledger_is_left_out(landing):
    for table, records in landing.records.items():
        records.append(records[0])
        landing.mark(table, len(records), "quarantine")
    landing.write()
    assert check(landing) == 14


def test_a_key_comes_twice_in_two_parts_or_batches(landing):
    landing.split = {"orders": 1}
    put(landing, "orders", 1, "order_id", "ORD-0001")
    landing.write()
    with pytest.raises(
        ContractBroken, match=r"orders/part-2.json.gz, record 1: 'ORD-0001' is there"
    ):
        check(landing)
    landing.write("2025-01-05", only=("orders", "categories", "products"))
    with pytest.raises(
        ContractBroken, match=r"orders/part-1.json.gz, record 1: 'ORD-0001' is there"
    ):
        check(landing, "2025-01-05")


REJECTS = [b'9,"1,2', b"9", b"9,1,1,1", b"\xff,1", b'9,"']


@pytest.mark.parametrize("line", REJECTS)
@pytest.mark.parametrize("place", [0, 2, 3])
def test_rejected_lines_are_left_out(landing, line, place):
    landing.records["categories"].insert(place, line)
    landing.mark("categories", place + 1, "reject")
    put(landing, "products", 0, "category_id", "5")
    landing.write()
    with pytest.raises(ContractBroken, match=r"products.category_id: .*record 1: '5' points to no"):
        check(landing)


def test_rejected_lines_do_not_shift_the_numbers(landing):
    customers = landing.records["customers"]
    customers[0][3] = "two\nlines, quoted"
    customers.insert(1, b'I,"9,x')
    landing.mark("customers", 2, "reject")
    customers[3][4] = "gone"
    landing.write()
    with pytest.raises(
        ContractBroken, match=r"customers.kind: customers/part-1.csv, record 4: 'gone'"
    ):
        check(landing)


@pytest.mark.parametrize("line", REJECTS[1:4])
def test_a_bad_line_outside_the_ledger_is_a_breach(landing, line):
    landing.records["categories"].insert(1, line)
    landing.write()
    with pytest.raises(
        ContractBroken, match=r"categories: categories/part-1.csv.zst: holds what is no"
    ):
        check(landing)


def test_cleaned_values_are_checked_as_they_were(landing):
    put(landing, "customers", 1, "kind", "  OLD ")
    landing.mark("customers", 2, "clean", "kind", "old")
    landing.write()
    assert check(landing) == 14


def test_a_cleaned_value_that_is_another_one_is_a_breach(landing):
    put(landing, "customers", 1, "kind", "new")
    landing.mark("customers", 2, "clean", "kind", "old")
    landing.write()
    with pytest.raises(ContractBroken, match=r"record 2: 'new' differs from 'old' in more than"):
        check(landing)


def test_pools_that_faker_fills(landing):
    landing.write()
    pools = {"cities": ("Rome, Lazio", 'the "city"')}
    assert check(landing, pools=pools) == 14
    with pytest.raises(
        ContractBroken, match=r"customers.city: .*record 3: 'the \"city\"' is none of"
    ):
        check(landing, pools={"cities": ("Rome, Lazio",)})


def test_the_first_table_in_order_of_references_is_named(landing):
    put(landing, "items", 0, "line", 9)
    put(landing, "categories", 0, "category_id", "x")
    landing.write()
    with pytest.raises(ContractBroken, match=r"^categories\.category_id"):
        check(landing)


def test_what_comes_late_may_be_pointed_to_before(landing):
    put(landing, "orders", 0, "customer_id", 3)
    landing.late = 0.1
    landing.write()
    assert check(landing) == 14
    landing.records["products"][0][2] = "4"
    landing.write("2025-01-05", only=("categories", "products"))
    with pytest.raises(ContractBroken, match=r"'4' points to no row of categories"):
        check(landing, "2025-01-05")


def test_rows_deleted_from_an_extract_may_be_pointed_to(landing):
    ends = {"share": 0.1, "after_days": [1, 9], "how": "deleted"}
    spec = model(products=TABLES["products"] | {"ends": ends})
    put(landing, "items", 2, "product_id", UUIDS[3])
    landing.write()
    assert check(landing, spec=spec) == 14


def edit(landing, change):
    path = landing.write() / "manifest.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_a_manifest_with_other_counts_or_tables(landing):
    edit(landing, lambda c: c["tables"]["orders"]["files"][0].update(rows=3))
    with pytest.raises(ContractBroken, match=r"orders: .*: has 2 records, the manifest says 3"):
        check(landing)


def test_a_manifest_without_a_table(landing):
    edit(landing, lambda c: c["tables"].pop("orders"))
    with pytest.raises(
        ContractBroken, match=r"tables are not those that the model delivers: orders"
    ):
        check(landing)


def test_other_columns_than_the_models(landing):
    folder = landing.write()
    (folder / "products/part-1.csv").write_text("product_id,cost,category_id\n")
    with pytest.raises(ContractBroken, match=r"products: .* has the columns product_id, cost, cat"):
        check(landing)


def test_other_types_than_the_models(landing):
    folder = landing.write()
    path = folder / "items/part-1.parquet"
    table = pq.read_table(path)
    pq.write_table(table.set_column(1, "line", table["line"].cast(pa.int64())), path)
    with pytest.raises(ContractBroken, match=r"items.line: .*holds int64, but .* integer is int32"):
        check(landing)


@pytest.mark.parametrize("text", ["{", "[1]", '{"order_id": "ORD-0001"}'])
def test_json_that_is_no_record(landing, text):
    folder = landing.write()
    (folder / "orders/part-1.json.gz").write_bytes(gzip.compress(text.encode()))
    with pytest.raises(ContractBroken, match=r"orders: orders/part-1.json.gz, record 1"):
        check(landing)


def test_a_file_that_is_not_there_or_not_packed(landing):
    folder = landing.write()
    path = folder / "orders/part-1.json.gz"
    path.write_bytes(b"plain")
    with pytest.raises(LandingZoneError, match=r"part-1.json.gz: cannot be read"):
        check(landing)
    path.unlink()
    with pytest.raises(LandingZoneError, match=r"part-1.json.gz: cannot be read: No such file"):
        check(landing)
    (folder / "manifest.json").unlink()
    with pytest.raises(LandingZoneError, match=r"manifest.json: cannot be read: No such file"):
        check(landing)
