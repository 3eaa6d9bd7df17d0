"""The ledger names exactly the broken records, the totals are those of the sound lines."""

from __future__ import annotations

import json
import re
from collections import Counter
from decimal import Decimal, InvalidOperation

import pandas as pd
import pytest

RULES = {
    "customers": {"email_malformed"},
    "orders": {"status_unknown"},
    "order_items": {
        "price_not_positive",
        "quantity_not_positive",
        "quantity_not_a_number",
        "product_unknown",
        "duplicate_key",
    },
    "payments": {"amount_not_positive", "amount_not_a_number", "order_unknown", "duplicate_key"},
}
SHARE = 0.2


@pytest.fixture(scope="module")
def records(broken, landing) -> dict[tuple[str, str], list[dict]]:
    """Records of every file of the tables that take defects, by batch and path."""
    return {
        (manifest["batch"], entry["path"]): landing.records(
            broken / manifest["batch"] / entry["path"]
        )
        for manifest in landing.manifests(broken)
        for name in RULES
        for entry in manifest["tables"][name]["files"]
    }


@pytest.fixture(scope="module")
def ledger(broken, landing) -> pd.DataFrame:
    return landing.table(broken, "_defects")


def place(entry) -> tuple[str, str]:
    return entry.batch, entry.file


def number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def test_without_defects_the_ledger_is_empty(clean, landing):
    assert landing.table(clean, "_defects").empty
    path = clean / "2025-12-31" / "_truth" / "defects.csv"
    assert path.read_text().count("\n") == 1


def test_every_kind_occurs_and_has_its_share(ledger, records):
    found = {name: set(rows.rule) for name, rows in ledger.groupby("table_name")}
    assert found == RULES
    assert set(ledger.outcome) == {"quarantine"}
    for name in ("order_items", "payments"):
        rows = sum(len(rows) for (_, path), rows in records.items() if path.startswith(f"{name}/"))
        assert (ledger.table_name == name).sum() / rows == pytest.approx(SHARE, rel=0.1)
        counts = ledger[ledger.table_name == name].rule.value_counts()
        assert counts.min() > 0.7 * counts.mean()


def test_the_ledger_points_at_the_record_and_its_new_value(ledger, records):
    for entry in ledger.itertuples():
        record = records[place(entry)][int(entry.row_number) - 1]
        assert next(iter(record.values())) == entry.record_key
        assert record[entry.column_name] == entry.new_value
        assert entry.file.startswith(f"{entry.table_name}/")
    assert not ledger.duplicated(["batch", "file", "row_number"]).any()


def test_new_values_break_their_rule_and_original_ones_do_not(ledger, broken, landing):
    products = set(landing.table(broken, "products").product_id)
    orders = set(landing.table(broken, "orders").order_id)
    statuses = {"placed", "paid", "shipped", "delivered", "cancelled"}
    sound = {
        "price_not_positive": lambda v: number(v) > 0,
        "quantity_not_positive": lambda v: number(v) > 0,
        "quantity_not_a_number": lambda v: number(v) is not None,
        "amount_not_positive": lambda v: number(v) > 0,
        "amount_not_a_number": lambda v: number(v) is not None,
        "product_unknown": lambda v: v in products,
        "order_unknown": lambda v: v in orders,
        "status_unknown": lambda v: v in statuses,
        "email_malformed": lambda v: bool(re.fullmatch(r"[^@\s]+@[^@\s]+\.[a-z]+", v)),
    }
    for entry in ledger[ledger.rule != "duplicate_key"].itertuples():
        assert sound[entry.rule](entry.original_value), entry
        assert not sound[entry.rule](entry.new_value), entry


def test_putting_the_original_values_back_gives_the_source_without_defects(
    broken, clean, landing, ledger, records
):
    repeated = {
        (*place(entry), int(entry.row_number))
        for entry in ledger.itertuples()
        if entry.rule == "duplicate_key"
    }
    for entry in ledger[ledger.rule != "duplicate_key"].itertuples():
        records[place(entry)][int(entry.row_number) - 1][entry.column_name] = entry.original_value
    for name in RULES:
        mended = [
            tuple(record.values())
            for (batch, path), rows in records.items()
            if path.startswith(f"{name}/")
            for i, record in enumerate(rows, start=1)
            if (batch, path, i) not in repeated
        ]
        sound = landing.table(clean, name).drop(columns="batch").itertuples(index=False, name=None)
        assert Counter(mended) == Counter(sound), name


def test_repeated_records_come_after_their_original(ledger, records):
    for entry in ledger[ledger.rule == "duplicate_key"].itertuples():
        rows = records[place(entry)]
        copy = rows[int(entry.row_number) - 1]
        assert copy in rows[: int(entry.row_number) - 1]


def test_a_broken_version_takes_no_other_with_it(ledger, broken, landing):
    bad = {(e.batch, e.file, int(e.row_number)) for e in ledger.itertuples()}
    versions = []
    for manifest in landing.manifests(broken):
        for name in ("customers", "orders"):
            for part in manifest["tables"][name]["files"]:
                path = broken / manifest["batch"] / part["path"]
                for i, record in enumerate(landing.records(path), start=1):
                    key, *_ = record.values()
                    is_bad = (manifest["batch"], part["path"], i) in bad
                    versions.append((key, record["updated_at"], manifest["batch"], name, is_bad))
    columns = ["key", "updated_at", "batch", "name", "bad"]
    frame = pd.DataFrame(versions, columns=columns).sort_values(["key", "updated_at"])
    frame["nth"] = frame.groupby("key").cumcount()
    assert frame[frame.bad].nth.min() > 0
    for _, rows in frame[frame.name == "orders"].groupby("key"):
        for batch in rows.batch.unique():
            assert not rows[rows.batch <= batch].bad.iloc[-1]


def test_totals_are_those_of_the_sound_lines(broken, landing, ledger, to_cents):
    bad = {
        (e.batch, e.file, int(e.row_number))
        for e in ledger.itertuples()
        if e.table_name == "order_items"
    }
    lines = []
    for manifest in landing.manifests(broken):
        for part in manifest["tables"]["order_items"]["files"]:
            rows = landing.records(broken / manifest["batch"] / part["path"])
            place_of = (manifest["batch"], part["path"])
            lines += [
                row | {"batch": manifest["batch"]}
                for i, row in enumerate(rows, start=1)
                if (*place_of, i) not in bad
            ]
    items = pd.DataFrame(lines)
    orders = landing.table(broken, "orders").query("op == 'I'")
    items = items.merge(orders[["order_id", "ordered_at"]], on="order_id")
    items["order_date"] = items.ordered_at.str[:10]
    items["units"] = items.quantity.astype(int)
    items["gross"] = items.units * to_cents(items.unit_price)
    items["discount"] = to_cents(items.discount_amount)
    days = items.groupby(["batch", "order_date"])
    expected = days[["units", "gross", "discount"]].sum()
    expected["orders"] = days.order_id.nunique()
    totals = landing.table(broken, "_totals").set_index(["batch", "order_date"])
    assert set(totals.index) == set(expected.index)
    expected = expected.reindex(totals.index)
    assert (totals.units.astype(int) == expected.units).all()
    assert (totals.orders.astype(int) == expected.orders).all()
    assert (to_cents(totals.gross_amount) == expected.gross).all()
    assert (to_cents(totals.discount_amount) == expected.discount).all()
    assert (to_cents(totals.net_amount) == expected.gross - expected.discount).all()
    assert set(totals.currency) == {"USD"}


def test_words_in_columns_of_numbers_stay_valid_json(tmp_path, generate, landing):
    flags = ("--scale", "0.002", "--defects", "0.3", "--format", "json")
    assert generate(tmp_path, *flags).exit_code == 0
    lines = []
    for path in (tmp_path / "shop").glob("*/order_items/*.json"):
        lines += [json.loads(line) for line in path.read_text().splitlines()]
    kinds = Counter(type(line["quantity"]) for line in lines)
    assert kinds[int] > kinds[str] > 0
    ledger = landing.table(tmp_path / "shop", "_defects")
    words = ledger[ledger.rule == "quantity_not_a_number"]
    assert set(words.new_value) == {
        line["quantity"] for line in lines if isinstance(line["quantity"], str)
    }
