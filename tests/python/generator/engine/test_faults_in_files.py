"""Faults in the bytes of files: what is not in the ledger is untouched, what is stands as told."""

from __future__ import annotations

import csv
import io
import json
from datetime import date

import numpy as np
import pytest

from generator.engine.faults.breaking import Faults
from generator.engine.faults.ledger import LEDGER_COLUMNS
from generator.engine.faults.shares import parse_shares
from generator.engine.output.sheets import new_sheet
from generator.engine.output.text import Column, Day, Digits, Money, Number, Stamp, Texts, Uuid
from generator.spec.faults import REJECT
from generator.spec.model import Table

COUNT = 3_000
START = date(2025, 1, 1)
NOTES = ("left, at the door", "Café au lait", 'so "good"', "plain")
FAULTS = [
    ("not_positive", "quantity"),
    ("missing", "note"),
    ("malformed_email", "email"),
    ("malformed_phone", "phone"),
    ("malformed_date", "at"),
    ("text_for_number", "quantity"),
    ("unknown_reference", "order_id"),
    ("unknown_reference", "product_id"),
    ("duplicate_key", "amount"),
    ("duplicate_row", None),
    ("wrong_total", "amount"),
    ("future_date", "born"),
    ("too_early", "done"),
    ("not_below", "amount"),
    ("unknown_value", "note"),
    ("white_space", "note"),
    ("wrong_case", "email"),
]
OTHERS = {"too_early": "at", "not_below": "price"}
TABLE = Table.model_validate(
    {
        "delivery": "append",
        "key": ["id"],
        "rows": {"kind": "fixed", "count": COUNT},
        "columns": {
            "id": {"type": "integer", "kind": "sequence"},
            "order_id": {"type": "text", "kind": "reference", "to": "orders"},
            "product_id": {"type": "uuid", "kind": "reference", "to": "products"},
            "email": {"type": "text", "kind": "template", "template": "x"},
            "phone": {"type": "text", "kind": "template", "template": "x"},
            "note": {"type": "text", "kind": "pool", "pool": "notes"},
            "quantity": {"type": "integer", "kind": "uniform", "min": 1, "max": 9},
            "amount": {"type": "decimal", "kind": "uniform", "min": 1, "max": 99},
            "price": {"type": "decimal", "kind": "uniform", "min": 1, "max": 99},
            "at": {"type": "timestamp", "kind": "calendar"},
            "done": {"type": "timestamp", "kind": "after", "column": "at"},
            "born": {"type": "date", "kind": "uniform", "min": "1950-01-01", "max": "1999-01-01"},
        },
        "faults": [
            {"make": make}
            | ({"column": column} if column else {})
            | ({} if make in ("white_space", "wrong_case") else {"rule": f"{make}_rule"})
            | ({"values": ["unheard of", "nonsense, too"]} if make == "unknown_value" else {})
            | ({"other": OTHERS[make]} if make in OTHERS else {})
            for make, column in FAULTS
        ]
        + [{"make": make, "weight": 0} for make in REJECT],
    }
)
LAYOUT = [
    Column("id", "integer", (Number(),), False),
    Column("order_id", "text", (b"ORD-", Digits(8)), False),
    Column("product_id", "uuid", (Uuid(),), False),
    Column("email", "text", (b"ann", Number(), b"@mail.example.org"), False),
    Column("phone", "text", (b"+1-202-555-", Digits(4)), False),
    Column("note", "text", (Texts(NOTES),), False),
    Column("quantity", "integer", (Number(),), False),
    Column("amount", "decimal", (Money(),), False),
    Column("price", "decimal", (Money(),), False),
    Column("at", "timestamp", (Stamp(START, 0, 400),), False),
    Column("done", "timestamp", (Stamp(START, 0, 400),), False),
    Column("born", "date", (Day(START, -30_000, 0),), False),
]


def fill(sheet):
    rows = np.arange(COUNT)
    sheet.begin(COUNT)
    sheet.put("id", rows + 1)
    sheet.put("order_id", rows * 7)
    sheet.put("product_id", rows * 11, rows * 13)
    sheet.put("email", rows)
    sheet.put("phone", rows)
    sheet.put("note", rows % 4)
    sheet.put("quantity", rows % 9 + 1)
    sheet.put("amount", rows + 100)
    sheet.put("price", rows + 101)
    sheet.put("at", rows * 3_600)
    sheet.put("done", rows * 3_600 + 86_400)
    sheet.put("born", -9_200 - rows % 8_000)


def lines(rendered) -> list[bytes]:
    return bytes(rendered).split(b"\n")[:-1]


def values(line: bytes, fmt: str) -> dict[str, str]:
    names = [column.name for column in LAYOUT]
    if fmt == "json":
        found = json.loads(line, parse_float=str, parse_int=str)
        assert list(found) == names
        return {name: value or "" for name, value in found.items()}
    return dict(zip(names, next(csv.reader([line.decode()], strict=True)), strict=True))


def text(value) -> str:
    if value is None:
        return ""
    if hasattr(value, "hour"):
        return f"{value:%Y-%m-%d %H:%M:%S}+00"
    return str(value)


def parsed(rendered, fmt: str) -> list:
    if fmt == "parquet":
        (batch,) = rendered
        return [{n: text(v) for n, v in record.items()} for record in batch.to_pylist()]
    return lines(b"".join(rendered))


@pytest.mark.parametrize("fmt", ["csv", "json", "parquet"])
def test_the_ledger_tells_all_that_was_changed(fmt):
    sheet = new_sheet(LAYOUT, fmt)
    fill(sheet)
    whole = parsed(sheet.render(), fmt)
    fill(sheet)
    rejects = ["too_few_fields=0.02,too_many_fields=0.02,broken_quote=0.02,invalid_utf8=0.02"]
    faults = Faults(3, "t", TABLE, parse_shares(["0.5", *rejects]), sheet, ["id"], fmt)
    lost = faults.apply(np.arange(COUNT), None, None, "t/part.csv", 1)
    records = parsed(sheet.render(), fmt)
    ledger = list(csv.DictReader(io.StringIO(faults.ledger.decode()), LEDGER_COLUMNS))
    makes = {fault.make for fault in TABLE.faults} - (set(REJECT) if fmt != "csv" else set())
    assert set(faults.counts) == makes - (
        {"text_for_number", "malformed_date"} if fmt == "parquet" else set()
    )
    entries = {int(entry["row_number"]) - 1: entry for entry in ledger}
    assert len(entries) == len(ledger) > 0.4 * COUNT
    assert len(records) == sheet.count
    for row, record in enumerate(records):
        if row not in entries:
            assert record == whole[row] and not lost[row]
            continue
        entry = entries[row]
        if entry["outcome"] == "reject":
            assert record.decode("utf-8", "backslashreplace") == entry["new_value"]
            assert whole[row].decode() == entry["original_value"] and lost[row]
            continue
        found = record if fmt == "parquet" else values(record, fmt)
        origin = row if row < COUNT else int(entry["record_key"]) - 1
        before = whole[origin] if fmt == "parquet" else values(whole[origin], fmt)
        column = entry["column_name"]
        changed = {name: value for name, value in before.items() if found[name] != value}
        assert changed == ({column: entry["original_value"]} if column else {})
        assert not column or found[column] == entry["new_value"]
        assert found["id"] == entry["record_key"]
        if row < COUNT:
            assert lost[row] == (entry["outcome"] == "quarantine")


@pytest.mark.parametrize("fmt", ["csv", "json", "parquet"])
def test_the_next_chunk_is_whole_again(fmt):
    sheet = new_sheet(LAYOUT, fmt)
    fill(sheet)
    whole = parsed(sheet.render(), fmt)
    fill(sheet)
    rejects = "broken_quote=0.1,invalid_utf8=0.1" if fmt == "csv" else "missing=0.1"
    faults = Faults(3, "t", TABLE, parse_shares(["0.5", rejects]), sheet, ["id"], fmt)
    faults.apply(np.arange(COUNT), None, None, "t/part.csv", 1)
    assert parsed(sheet.render(), fmt) != whole
    fill(sheet)
    assert parsed(sheet.render(), fmt) == whole
