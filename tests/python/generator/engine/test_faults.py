"""Every fault changes what it says and nothing else, is never sound, and stands in the ledger."""

from __future__ import annotations

import csv
import io
import math
import re
import uuid
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from list_sheet import ListSheet

from generator.engine.faults.breaking import Faults
from generator.engine.faults.ledger import LEDGER_COLUMNS
from generator.engine.faults.shares import MAKES, parse_shares
from generator.errors import BadParameter
from generator.spec.model import Table

COUNT = 4_000
START = datetime(2025, 1, 1)

COLUMNS = {
    "id": {"type": "text", "kind": "sequence", "prefix": "P-", "digits": 8},
    "order_id": {"type": "text", "kind": "reference", "to": "orders"},
    "product_id": {"type": "uuid", "kind": "reference", "to": "products"},
    "shop_id": {"type": "integer", "kind": "reference", "to": "shops"},
    "email": {"type": "text", "kind": "template", "template": "x"},
    "phone": {"type": "text", "kind": "template", "template": "x"},
    "status": {"type": "text", "kind": "choice", "values": ["open", "paid"]},
    "note": {"type": "text", "kind": "pool", "pool": "notes"},
    "quantity": {"type": "integer", "kind": "uniform", "min": 1, "max": 9},
    "stock": {"type": "integer", "kind": "uniform", "min": 0, "max": 9},
    "amount": {"type": "decimal", "kind": "expression", "value": "1", "range": [0, 1e9]},
    "price": {"type": "decimal", "kind": "lookup", "column": "product_id.list_price"},
    "begun": {"type": "timestamp", "kind": "calendar"},
    "done": {"type": "timestamp", "kind": "after", "column": "begun"},
    "born": {"type": "date", "kind": "uniform", "min": "1950-01-01", "max": "2000-02-29"},
}
STATUSES = ("lost", "on_hold")


def fault(make, column=None, **rest):
    outcome = {} if make in ("white_space", "wrong_case") else {"rule": f"{make}_rule"}
    reject = make in ("too_few_fields", "too_many_fields", "broken_quote", "invalid_utf8")
    return {"make": make, "weight": 0 if reject else 1, **rest} | (
        {} if reject else outcome | ({"column": column} if column else {})
    )


FAULTS = {
    "not_positive": fault("not_positive", "quantity"),
    "missing": fault("missing", "status"),
    "malformed_email": fault("malformed_email", "email"),
    "malformed_phone": fault("malformed_phone", "phone"),
    "malformed_date": fault("malformed_date", "begun"),
    "text_for_number": fault("text_for_number", "quantity"),
    "unknown_reference": fault("unknown_reference", "order_id"),
    "duplicate_key": fault("duplicate_key", "amount"),
    "duplicate_row": fault("duplicate_row"),
    "wrong_total": fault("wrong_total", "amount"),
    "future_date": fault("future_date", "begun"),
    "too_early": fault("too_early", "done", other="begun"),
    "not_below": fault("not_below", "amount", other="product_id.list_price"),
    "unknown_value": fault("unknown_value", "status", values=STATUSES),
    "white_space": fault("white_space", "note"),
    "wrong_case": fault("wrong_case", "email"),
    "too_few_fields": fault("too_few_fields"),
    "too_many_fields": fault("too_many_fields"),
    "broken_quote": fault("broken_quote"),
    "invalid_utf8": fault("invalid_utf8"),
}


def table(*faults) -> Table:
    return Table.model_validate(
        {
            "delivery": "append",
            "key": ["id"],
            "rows": {"kind": "fixed", "count": COUNT},
            "columns": COLUMNS,
            "faults": list(faults),
        }
    )


def sheet(first: int = 0, last: int = COUNT) -> ListSheet:
    rows = range(first, last)
    begun = [START + timedelta(minutes=37 * n) for n in rows]
    return ListSheet(
        {
            "id": [f"P-{n:08d}" for n in rows],
            "order_id": [f"ORD-{n * 7:08d}" for n in rows],
            "product_id": [str(uuid.UUID(int=n)) for n in rows],
            "shop_id": [str(n % 50 + 1) for n in rows],
            "email": [f"ann.lee{n}@mail.example.com" for n in rows],
            "phone": [f"+1-202-555-{n % 10_000:04d}" for n in rows],
            "status": ["open" if n % 3 else "paid" for n in rows],
            "note": [("left, at the door", "Café au lait", 'so "good"')[n % 3] for n in rows],
            "quantity": [str(n % 9 + 1) for n in rows],
            "stock": [str(n % 10) for n in rows],
            "amount": [f"{Decimal(n % 5_000 + 1) / 100:.2f}" for n in rows],
            "price": [f"{Decimal(n % 5_000 + 2) / 100:.2f}" for n in rows],
            "begun": [f"{t:%Y-%m-%d %H:%M:%S}+00" for t in begun],
            "done": [f"{t + timedelta(days=2):%Y-%m-%d %H:%M:%S}+00" for t in begun],
            "born": [f"{1950 + n % 50}-{n % 12 + 1:02d}-{n % 28 + 1:02d}" for n in rows],
        }
    )


class Broken:
    """A sheet after its faults, with the sheet before."""

    def __init__(
        self, shares, *faults, fmt="csv", count=COUNT, lose=None, touch=None, chunk=None, seed=7
    ):
        chunk = chunk or count
        self.before = sheet(0, count)
        self.broken = []
        self.sheets = []
        made = table(*faults)
        for first in range(0, count, chunk):
            records = sheet(first, min(first + chunk, count))
            if not self.sheets:
                self.faults = Faults(
                    seed, "payments", made, parse_shares(shares), records, ["id"], fmt
                )
            self.faults._sheet = records
            counters = np.arange(first, min(first + chunk, count))
            masks = [m if m is None else m[first : first + chunk] for m in (lose, touch)]
            self.broken.append(self.faults.apply(counters, *masks, "payments/part.csv", first + 1))
            self.sheets.append(records)
        self.lost = np.concatenate(self.broken)
        self.after = self.sheets[0]
        self.lines = [
            line for records in self.sheets for line in records.lines() if records.changes
        ]
        text = self.faults.ledger.decode()
        self.ledger = list(csv.DictReader(io.StringIO(text), LEDGER_COLUMNS))

    def pairs(self, column):
        """Old and new values of the broken ones, both from the sheets."""
        found = []
        for entry in self.ledger:
            row = int(entry["row_number"]) - 1
            found.append((self.before.columns[column][row], self.after.columns[column][row]))
        return found


def broken(make, share="0.2", **rest):
    return Broken([f"{make}={share}"], FAULTS[make], **rest)


@pytest.mark.parametrize(
    "make", [m for m in MAKES if "column" in FAULTS[m] and m != "duplicate_key"]
)
def test_a_fault_changes_its_column_only_and_the_ledger_is_exact(make):
    made = broken(make)
    column = FAULTS[make]["column"]
    rows = {int(entry["row_number"]) - 1: entry for entry in made.ledger}
    assert len(rows) == len(made.ledger) == made.faults.counts[make] > 700
    for name, values in made.after.columns.items():
        changed = {
            i
            for i, (a, b) in enumerate(zip(made.before.columns[name], values, strict=True))
            if a != b
        }
        assert changed == (set(rows) if name == column else set())
    for row, entry in rows.items():
        assert entry == {
            "table_name": "payments",
            "record_key": f"P-{row:08d}",
            "file": "payments/part.csv",
            "row_number": str(row + 1),
            "column_name": column,
            "original_value": made.before.columns[column][row],
            "new_value": made.after.columns[column][row] or "",
            "fault": make,
            "rule": FAULTS[make].get("rule", ""),
            "outcome": "quarantine" if "rule" in FAULTS[make] else "clean",
        }
    lost = set(np.flatnonzero(made.lost).tolist())
    assert lost == (set(rows) if "rule" in FAULTS[make] else set())


def variants(make) -> list[tuple[str, str]]:
    return broken(make).pairs(FAULTS[make]["column"])


def test_not_positive_is_zero_only_where_zero_is_not_allowed():
    values = {int(new) for _, new in variants("not_positive")}
    assert max(values) == 0 and min(values) < -1
    stock = Broken(["not_positive=0.2"], fault("not_positive", "stock")).pairs("stock")
    assert {old for old, _ in stock} >= {"0", "9"}
    assert all(int(new) < 0 for _, new in stock)
    amounts = Broken(["not_positive=0.2"], fault("not_positive", "amount")).pairs("amount")
    assert all(re.fullmatch(r"-\d+\.\d\d", new) for _, new in amounts)


def test_missing_is_none():
    assert {new for _, new in variants("missing")} == {None}


def test_malformed_emails():
    new = [text for _, text in variants("malformed_email")]
    assert not any(re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", text) for text in new)
    assert len({re.sub(r"\d+", "", text) for text in new}) == 8


def test_malformed_phones():
    for _, new in variants("malformed_phone"):
        digits = re.sub(r"[-+ ()]", "", new)
        assert not digits.isdigit() or not 7 <= len(digits) <= 15


def test_malformed_dates():
    found = variants("malformed_date") + Broken(
        ["malformed_date=0.2"], fault("malformed_date", "born")
    ).pairs("born")
    orders = ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%m.%d.%Y", "%Y/%m/%d")
    for _, new in found:
        for order in orders:
            for clock in ("", " %H:%M", " %H:%M:%S", " %H:%M:%S+00"):
                with pytest.raises(ValueError, match=r"time data|unconverted|day is out of"):
                    datetime.strptime(new, order + clock)
    assert len({re.sub(r"\d", "9", new) for _, new in found}) > 8


def test_text_for_number_is_no_number():
    amounts = Broken(["text_for_number=0.2"], fault("text_for_number", "amount")).pairs("amount")
    for _, new in variants("text_for_number") + amounts:
        with pytest.raises(ValueError, match="could not convert"):
            float(new)


def test_unknown_references_exist_nowhere():
    for old, new in variants("unknown_reference"):
        assert len(new) == len(old) and new.startswith("ORD-")
        assert not new[4:].isdigit()
    uuids = Broken(["unknown_reference=0.2"], fault("unknown_reference", "product_id"))
    known = set(uuids.before.columns["product_id"])
    new = [uuid.UUID(text) for _, text in uuids.pairs("product_id")]
    assert {u.version for u in new} == {4}
    assert len(set(new)) == len(new) and not {str(u) for u in new} & known
    for _, text in Broken(["unknown_reference=0.2"], fault("unknown_reference", "shop_id")).pairs(
        "shop_id"
    ):
        assert 900_000_000 < int(text) < 2**31


def test_wrong_totals_are_off_by_a_cent_to_ten():
    found = variants("wrong_total")
    changes = {Decimal(new) - Decimal(old) for old, new in found}
    assert all(Decimal("0.01") <= abs(change) <= 10 for change in changes)
    assert min(changes) < -9 and max(changes) > 9
    assert all(Decimal(new) > 0 for _, new in found)


def test_future_dates_are_a_century_ahead():
    for old, new in variants("future_date"):
        assert new == str(int(old[:4]) + 100) + old[4:]
    leap = Broken(["future_date=0.5"], fault("future_date", "born"))
    for old, new in leap.pairs("born"):
        assert int(new[:4]) == 2100 + int(old[2:4]) and new[4:] == old[4:]


def test_the_29th_of_february_is_safe():
    records = ListSheet({"id": ["1"] * 400, "born": ["2000-02-29"] * 400})
    made = Faults(
        1, "t", table(fault("future_date", "born")), parse_shares(["0.5"]), records, ["id"], "csv"
    )
    made.apply(np.arange(400), None, None, "f", 1)
    assert set(records.columns["born"]) == {"2000-02-29", "2100-02-28"}


def test_too_early_is_an_hour_to_thirty_days_before_the_other():
    made = broken("too_early")
    for entry in made.ledger:
        begun = datetime.fromisoformat(made.after.columns["begun"][int(entry["row_number"]) - 1])
        span = begun - datetime.fromisoformat(entry["new_value"])
        assert timedelta(hours=1) <= span <= timedelta(days=30)
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00", entry["new_value"])


def test_not_below_reaches_the_other():
    made = broken("not_below")
    shares = []
    for entry in made.ledger:
        price = Decimal(made.after.columns["price"][int(entry["row_number"]) - 1])
        shares.append(Decimal(entry["new_value"]) / price)
    assert min(shares) == 1 and Decimal("1.15") < max(shares) <= Decimal("1.2")


def test_unknown_values_are_the_models():
    assert {new for _, new in variants("unknown_value")} == set(STATUSES)


def test_white_space_can_be_trimmed():
    found = variants("white_space")
    assert all(new.strip(" ") == old for old, new in found)
    assert (
        len({(len(new) - len(new.lstrip()), len(new) - len(new.rstrip())) for _, new in found}) == 5
    )


def test_wrong_case_can_be_undone():
    found = variants("wrong_case")
    assert all(new.lower() == old for old, new in found)
    assert len({re.sub(r"\d", "", new) for _, new in found}) > 1
    notes = Broken(["wrong_case=0.2"], fault("wrong_case", "note")).pairs("note")
    assert all("é" in new for old, new in notes if "é" in old)


def test_what_cannot_change_is_not_made():
    made = Broken(["wrong_case=0.3"], fault("wrong_case", "quantity"))
    assert made.ledger == [] and not made.faults.counts
    assert made.after.columns == made.before.columns


def test_a_missing_value_takes_no_fault():
    for make in ("missing", "malformed_date", "too_early", "duplicate_key"):
        records = ListSheet(
            {"id": ["1"] * 900, "begun": [None] * 900, "done": [None] * 900, "amount": [None] * 900}
        )
        spec = fault("missing", "done") if make == "missing" else FAULTS[make]
        made = Faults(1, "t", table(spec), parse_shares(["0.5"]), records, ["id"], "csv")
        assert not made.apply(np.arange(900), None, None, "f", 1).any()
        assert made.ledger == b"" and records.count == 900


def test_a_duplicate_row_is_an_exact_copy_and_not_lost():
    made = broken("duplicate_row")
    assert not made.lost.any()
    assert made.after.count == COUNT + len(made.ledger)
    rows = list(zip(*made.after.columns.values(), strict=True))
    assert all(row in set(rows[:COUNT]) for row in rows[COUNT:])
    assert [int(e["row_number"]) for e in made.ledger] == list(range(COUNT + 1, len(rows) + 1))
    assert {e["column_name"] + e["original_value"] + e["new_value"] for e in made.ledger} == {""}
    assert [e["record_key"] for e in made.ledger] == [row[0] for row in rows[COUNT:]]


@pytest.mark.parametrize("column", ["amount", "quantity", "note", "begun", "born", "product_id"])
def test_a_duplicate_key_differs_in_its_column(column):
    made = Broken(["duplicate_key=0.1"], fault("duplicate_key", column))
    assert not made.lost.any()
    assert len(made.ledger) == made.after.count - COUNT > 300
    names = made.after.names
    rows = list(zip(*made.after.columns.values(), strict=True))
    for entry in made.ledger:
        copy = rows[int(entry["row_number"]) - 1]
        original = rows[int(entry["record_key"][2:])]
        differing = {n for n, a, b in zip(names, original, copy, strict=True) if a != b}
        assert differing == {column}
        assert (entry["original_value"], entry["new_value"]) == (
            original[names.index(column)],
            copy[names.index(column)],
        )


def parsed(line: bytes) -> list[str]:
    return next(csv.reader([line.decode()], strict=True))


@pytest.mark.parametrize(
    "make", ["too_few_fields", "too_many_fields", "broken_quote", "invalid_utf8"]
)
def test_a_damaged_line_cannot_be_read(make):
    made = broken(make, share="0.1")
    whole = made.before.lines()
    changed = {i for i, (a, b) in enumerate(zip(whole, made.lines, strict=True)) if a != b}
    assert changed == set(np.flatnonzero(made.lost).tolist())
    assert changed == {int(entry["row_number"]) - 1 for entry in made.ledger}
    width = len(made.after.names)
    for entry in made.ledger:
        row = int(entry["row_number"]) - 1
        line = made.lines[row]
        assert entry["original_value"] == whole[row].decode()
        assert entry["new_value"] == line.decode("utf-8", "backslashreplace")
        assert (entry["outcome"], entry["rule"]) == ("reject", "")
        assert entry["record_key"] == f"P-{row:08d}"
        assert b"\n" not in line and line.startswith(b"P-")
        if make == "invalid_utf8":
            with pytest.raises(UnicodeDecodeError):
                line.decode()
        elif make == "broken_quote":
            assert line.count(b'"') % 2
        else:
            assert (len(parsed(line)) < width) == (make == "too_few_fields")
            assert len(parsed(line)) != width


def test_unclosed_quotes_never_make_up_a_sound_record():
    made = Broken(
        ["broken_quote=0.3,too_few_fields=0.2,too_many_fields=0.2"],
        *(FAULTS[make] for make in ("broken_quote", "too_few_fields", "too_many_fields")),
    )
    opened = {int(e["row_number"]) for e in made.ledger if e["fault"] == "broken_quote"}
    assert not opened & {int(e["row_number"]) - 1 for e in made.ledger} - opened
    assert not opened & {row - 1 for row in opened}
    # As COPY reads it: a quote opens and closes wherever it stands.
    records = "\n".join(line.decode() for line in made.lines)
    parts = records.split('"')
    joined = "".join(
        part if n % 2 == 0 else part.replace("\n", " ") for n, part in enumerate(parts)
    )
    for record in joined.split("\n"):
        if record.count("P-0") > 1:
            assert record.count(",") >= len(made.after.names)


def test_a_record_of_several_lines_stays_whole():
    records = ListSheet({"id": ["1"] * 500, "note": ["a\nb"] * 500})
    made = Faults(
        1,
        "t",
        table(FAULTS["broken_quote"]),
        parse_shares(["broken_quote=0.5"]),
        records,
        ["id"],
        "csv",
    )
    assert not made.apply(np.arange(500), None, None, "f", 1).any()
    assert records.changes == {} and made.ledger == b""


def test_too_few_fields_never_leave_an_empty_line():
    for names in (["id"], ["id", "note"], ["note", "id"]):
        records = ListSheet({name: ["1" if name == "id" else None] * 500 for name in names})
        spec = table(FAULTS["too_few_fields"])
        made = Faults(1, "t", spec, parse_shares(["too_few_fields=0.5"]), records, ["id"], "csv")
        made.apply(np.arange(500), None, None, "f", 1)
        assert set(records.lines()) <= {b"1", b"1,", b",1"}
        assert bool(records.changes) == (len(names) > 1)


ALL = tuple(FAULTS[make] for make in MAKES)


def within(count: int, share: float, total: int = COUNT) -> bool:
    """Five standard deviations of a binomial count."""
    return abs(count - share * total) <= 5 * math.sqrt(total * share * (1 - share))


def test_the_base_share_is_split_by_weight():
    faults = [fault("missing", "status", weight=3), fault("wrong_total", "amount", weight=1)]
    made = Broken(["0.2"], *faults)
    assert within(made.faults.counts["missing"], 0.15)
    assert within(made.faults.counts["wrong_total"], 0.05)


def test_all_kinds_at_once():
    made = Broken(["0.3", "broken_quote=0.01", "duplicate_row=0.05,invalid_utf8=0"], *ALL)
    counts = made.faults.counts
    assert set(counts) == set(MAKES) - {"too_few_fields", "too_many_fields", "invalid_utf8"}
    assert within(counts["duplicate_row"], 0.05)
    assert within(counts["broken_quote"], 0.01)
    assert within(sum(counts.values()), 0.36)
    places = Counter(entry["row_number"] for entry in made.ledger)
    assert max(places.values()) == 1
    lost = {int(e["row_number"]) for e in made.ledger if e["outcome"] != "clean"}
    assert {int(n) + 1 for n in np.flatnonzero(made.lost)} == {n for n in lost if n <= COUNT}


def test_a_named_share_is_split_evenly():
    made = Broken(
        ["missing=0.2"], fault("missing", "status", weight=9), fault("missing", "note", weight=0)
    )
    columns = Counter(entry["column_name"] for entry in made.ledger)
    assert all(within(columns[name], 0.1) for name in ("status", "note"))


def test_the_masks_hold():
    even = np.arange(COUNT) % 2 == 0
    third = np.arange(COUNT) % 3 == 0
    kinds = ["missing=0.2,broken_quote=0.1,white_space=0.2,duplicate_row=0.1"]
    made = Broken(
        kinds,
        *(FAULTS[m] for m in ("missing", "broken_quote", "white_space", "duplicate_row")),
        lose=even,
        touch=third,
    )
    for entry in made.ledger:
        row = int(entry["record_key"][2:])
        mask = even if entry["fault"] in ("missing", "broken_quote") else third
        assert mask[row]
    assert within(made.faults.counts["missing"], 0.2, COUNT // 2)
    assert within(made.faults.counts["duplicate_row"], 0.1, COUNT // 3)


def test_chunks_make_no_difference():
    shares = ["0.3", "broken_quote=0.05,invalid_utf8=0.05,too_few_fields=0.05"]
    one, many = Broken(shares, *ALL), Broken(shares, *ALL, chunk=777)
    copies = ("duplicate_key", "duplicate_row")

    def told(made, is_copy):
        found = [e for e in made.ledger if (e["fault"] in copies) == is_copy]
        return [e | {"row_number": ""} for e in found] if is_copy else found

    assert told(one, False) == told(many, False)
    key = str
    assert sorted(told(one, True), key=key) == sorted(told(many, True), key=key)
    assert (one.lost == many.lost).all()
    assert one.faults.ledger == Broken(shares, *ALL).faults.ledger
    assert one.faults.ledger != Broken(shares, *ALL, seed=8).faults.ledger


def test_nothing_asked_for_breaks_nothing():
    made = Broken(["0"], *ALL)
    assert made.ledger == [] and made.after.columns == made.before.columns and not made.lost.any()


@pytest.mark.parametrize("fmt", ["json", "json.gz", "parquet"])
def test_only_csv_lines_are_damaged(fmt):
    rejects = "too_few_fields=0.1,too_many_fields=0.1,broken_quote=0.1,invalid_utf8=0.1"
    made = Broken([rejects], *ALL, fmt=fmt)
    assert made.ledger == [] and made.after.changes == {}


def test_parquet_columns_keep_their_types():
    faults = [
        fault("text_for_number", "quantity"),
        fault("malformed_date", "begun"),
        fault("white_space", "amount"),
        fault("unknown_value", "quantity", values=["0", "11", "many"]),
        fault("unknown_value", "status", values=STATUSES),
    ]
    made = Broken(["0.5"], *faults, fmt="parquet")
    assert set(made.faults.counts) == {"unknown_value"}
    assert within(made.faults.counts["unknown_value"], 0.5)
    values = {(e["column_name"], e["new_value"]) for e in made.ledger}
    assert values == {("quantity", "0"), ("quantity", "11"), *(("status", s) for s in STATUSES)}


def test_a_fault_that_looks_at_a_column_of_no_file_is_refused():
    spec = table(fault("too_early", "done", other="orders.ordered_at"))
    with pytest.raises(BadParameter, match=r"table payments, fault too_early of done.*kind lookup"):
        Faults(1, "payments", spec, parse_shares(["0.1"]), sheet(0, 9), ["id"], "csv")


def test_a_composite_key_is_joined():
    records = sheet(0, 500)
    spec = table(FAULTS["missing"])
    made = Faults(1, "t", spec, parse_shares(["0.5"]), records, ["id", "shop_id"], "csv")
    made.apply(np.arange(500), None, None, "f", 1)
    first = made.ledger.decode().splitlines()[0].split(",")
    row = int(first[3]) - 1
    assert first[1] == f"P-{row:08d}/{row % 50 + 1}"
