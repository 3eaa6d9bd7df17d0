"""The ledger names exactly the broken records, the totals are those of the sound ones."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from models import PLACE, model_of

SHARE = 0.2
COPIES = ("duplicate_key", "duplicate_row")
Record = dict[str, str | None]


@pytest.fixture(scope="module")
def ledger(broken, landing) -> pd.DataFrame:
    return landing.table(broken, "_defects").drop(columns=["path", "record"])


@pytest.fixture(scope="module")
def tables(broken, landing, shop_model) -> dict[str, pd.DataFrame]:
    """All records of the shop with defects, by batch, file and number in it."""
    return {
        name: landing.table(broken, name).set_index(PLACE)
        for name, table in shop_model["tables"].items()
        if table["delivery"] != "internal"
    }


@pytest.fixture(scope="module")
def sound(clean, landing, tables) -> dict[str, pd.DataFrame]:
    """The same of the shop without defects."""
    return {name: landing.table(clean, name) for name in tables}


def at(entries: pd.DataFrame) -> pd.MultiIndex:
    """Where records of the ledger stand."""
    frame = entries[["batch", "file"]].assign(record=entries.row_number.astype(int))
    return pd.MultiIndex.from_frame(frame, names=PLACE)


def test_without_defects_the_ledger_is_empty(clean, landing):
    assert landing.table(clean, "_defects").empty
    path = clean / "2025-12-31" / "_truth" / "defects.csv"
    assert path.read_text().count("\n") == 1


def test_every_fault_of_the_model_occurs_and_nothing_else(ledger, shop_model):
    listed = {
        (name, fault["make"], fault.get("column"), fault.get("rule"))
        for name, table in shop_model["tables"].items()
        for fault in table.get("faults", ())
        if fault.get("weight", 1) > 0
    }
    columns = ["table_name", "fault", "column_name", "rule"]
    found = {
        tuple(None if pd.isna(value) else value for value in row)
        for row in ledger[columns].drop_duplicates().itertuples(index=False, name=None)
    }
    assert found == listed
    outcomes = ledger.groupby("fault").outcome.unique().str.join("").to_dict()
    assert {make for make, outcome in outcomes.items() if outcome == "clean"} == {
        "white_space",
        "wrong_case",
    }
    assert set(ledger.outcome) == {"clean", "quarantine"}


@pytest.mark.parametrize("table", ["payments", "shipments", "reviews", "returns", "bids"])
def test_faults_have_their_share(ledger, tables, shop_model, table):
    """Of tables whose records may all be lost: the whole share, split by weight."""
    mine = ledger[ledger.table_name == table]
    copies = mine.fault.isin(COPIES).sum()
    records = len(tables[table]) - copies
    assert len(mine) / records == pytest.approx(SHARE, rel=4 / len(mine) ** 0.5)
    weights = {
        (fault["make"], fault.get("column")): fault.get("weight", 1)
        for fault in shop_model["tables"][table]["faults"]
        if fault.get("weight", 1) > 0
    }
    for (make, column), weight in weights.items():
        same = mine.column_name.isna() if column is None else mine.column_name == column
        count = ((mine.fault == make) & same).sum()
        expected = records * SHARE * weight / sum(weights.values())
        assert count == pytest.approx(expected, abs=4 * expected**0.5), make


def test_a_kind_has_its_own_share(tmp_path, make, landing, shop_model):
    """Asked for by name; a table's faults of that kind divide it, and no other kind occurs."""
    kinds = ("duplicate_row=0.05", "missing=0.1", "too_few_fields=0.03")
    flags = [part for kind in kinds for part in ("--defects", kind)]
    make(tmp_path, ("--scale", "0.01", *flags))
    ledger = landing.table(tmp_path / "shop", "_defects")
    assert set(ledger.fault) == {"duplicate_row", "missing", "too_few_fields"}
    (manifest,) = landing.manifests(tmp_path / "shop")
    for name, make_, share in (
        ("payments", "duplicate_row", 0.05),
        ("payments", "too_few_fields", 0.03),
        ("shipments", "missing", 0.1),
        ("reviews", "missing", 0.1),
    ):
        mine = ledger[ledger.table_name == name]
        rows = sum(file["rows"] for file in manifest["tables"][name]["files"])
        expected = share * (rows - (mine.fault == "duplicate_row").sum())
        count = (mine.fault == make_).sum()
        assert count == pytest.approx(expected, abs=4 * expected**0.5), (name, make_)
    assert not (ledger.table_name == "bids")[ledger.fault == "missing"].any()


def test_lines_that_no_reader_takes_stand_in_the_ledger_as_they_are(tmp_path, make, landing):
    """The nth line of the file is the ledger's new value, byte for byte where it is UTF-8."""
    kinds = ("too_few_fields", "too_many_fields", "broken_quote", "invalid_utf8")
    flags = [part for kind in kinds for part in ("--defects", f"{kind}=0.02")]
    make(tmp_path, ("--scale", "0.005", *flags))
    source = tmp_path / "shop"
    ledger = landing.table(source, "_defects")
    assert set(ledger.fault) == set(kinds)
    assert set(ledger.outcome) == {"reject"}
    # Reviews have texts with commas and quotes, payments have none.
    for path, entries in ledger.groupby("file"):
        lines = landing.content(source / "2025-12-31" / path).split(b"\n")
        for entry in entries.itertuples():
            line = lines[int(entry.row_number)].decode("utf-8", "backslashreplace")
            assert line == entry.new_value
            assert line != entry.original_value
            assert entry.record_key in line
    lost = ledger[ledger.fault == "invalid_utf8"]
    assert lost.new_value.str.contains(r"\x", regex=False).all()


def test_the_ledger_points_at_the_record_and_its_new_value(ledger, tables, shop_model):
    assert not ledger.duplicated(["batch", "file", "row_number"]).any()
    for name, entries in ledger.groupby("table_name"):
        assert entries.file.str.startswith(f"{name}/").all()
        broken = tables[name].loc[at(entries)]
        key = broken[shop_model["tables"][name]["key"]].agg("/".join, axis=1)
        assert (key.to_numpy() == entries.record_key.to_numpy()).all()
        for column, changed in entries.groupby("column_name"):
            now = tables[name].loc[at(changed), column].to_numpy()
            pd.testing.assert_series_equal(
                pd.Series(now, dtype="str"),
                changed.new_value.reset_index(drop=True).astype("str"),
                check_names=False,
            )
            assert (changed.new_value != changed.original_value).all()


def test_putting_the_original_values_back_gives_the_source_without_defects(ledger, tables, sound):
    for name, frame in tables.items():
        entries = ledger[ledger.table_name == name]
        mended = frame.copy()
        changed = entries[~entries.fault.isin(COPIES)]
        for column, same in changed.groupby("column_name"):
            mended.loc[at(same), column] = same.original_value.to_numpy()
        mended = mended.drop(index=at(entries[entries.fault.isin(COPIES)]))
        columns = list(mended.columns)
        pd.testing.assert_frame_equal(
            mended.sort_values(columns, ignore_index=True),
            sound[name][columns].sort_values(columns, ignore_index=True),
            obj=name,
        )


def test_copies_come_after_their_original(ledger, tables, shop_model):
    for name, entries in ledger[ledger.fault.isin(COPIES)].groupby("table_name"):
        key = shop_model["tables"][name]["key"][0]
        frame = tables[name].reset_index()
        copies = frame.set_index(PLACE).loc[at(entries)].reset_index()
        copies["column_name"] = entries.column_name.to_numpy()
        pairs = copies.merge(frame, on=[key, "batch", "path"], suffixes=("", "_first"))
        pairs = pairs[pairs.record_first < pairs.record]
        assert len(pairs) == len(entries), name
        for column in tables[name].columns.drop(key):
            same = pairs[column].eq(pairs[f"{column}_first"]) | pairs[column].isna()
            # The copy with another value differs in that one; the exact copy in none.
            assert (same == (pairs.column_name != column)).all(), (name, column)


def number(text: str | None) -> Decimal | None:
    plain = isinstance(text, str) and re.fullmatch(r"-?\d+(\.\d+)?", text)
    return Decimal(text) if plain and text is not None else None


def moment(text: str | None) -> datetime | None:
    try:
        return datetime.strptime(f"{text}00", "%Y-%m-%d %H:%M:%S%z")
    except ValueError:
        return None


def positive(column: str) -> Callable[[Record], bool]:
    return lambda record: (n := number(record[column])) is None or n > 0


def a_number(column: str) -> Callable[[Record], bool]:
    return lambda record: record[column] is None or number(record[column]) is not None


def there(column: str) -> Callable[[Record], bool]:
    return lambda record: record[column] is not None


def a_time(column: str) -> Callable[[Record], bool]:
    return lambda record: moment(record[column]) is not None


def a_day(column: str) -> Callable[[Record], bool]:
    def check(record: Record) -> bool:
        try:
            return record[column] is None or bool(date.fromisoformat(record[column]))
        except ValueError:
            return False

    return check


def born_before_2100(record: Record) -> bool:
    return (record["birth_date"] or "") < "2100" or not a_day("birth_date")(record)


def before_2100(column: str) -> Callable[[Record], bool]:
    return lambda record: (at := moment(record[column])) is None or at.year < 2100


def one_of(column: str, values: set[str | None]) -> Callable[[Record], bool]:
    return lambda record: record[column] in values


def in_order(first: str, second: str) -> Callable[[Record], bool]:
    def check(record: Record) -> bool:
        one, two = moment(record[first]), moment(record[second])
        return one is None or two is None or one <= two

    return check


def adds_up(record: Record) -> bool:
    parts = [number(record[name]) for name in ("subtotal", "discount", "tax", "shipping_fee")]
    subtotal, discount, tax, fee = (part or Decimal(0) for part in parts)
    return number(record["total"]) == subtotal - discount + tax + fee


def line_adds_up(record: Record) -> bool:
    quantity, price, discount, total = (
        number(record[name]) for name in ("quantity", "unit_price", "discount_amount", "line_total")
    )
    if quantity is None or price is None or quantity <= 0 or price <= 0 or discount is None:
        return True  # another rule's business
    return total == quantity * price - discount


def below_price(record: Record) -> bool:
    amount, price = number(record["amount"]), number(record["list_price"])
    return amount is None or price is None or amount < price


def in_range(record: Record) -> bool:
    rating = number(record["rating"])
    return rating is None or 1 <= rating <= 5


def not_negative(record: Record) -> bool:
    quantity = number(record["quantity_on_hand"])
    return quantity is not None and quantity >= 0


def matches(column: str, pattern: str) -> Callable[[Record], bool]:
    return lambda record: bool(re.fullmatch(pattern, record[column] or "", re.IGNORECASE))


def rules(sound: dict[str, pd.DataFrame]) -> dict[str, dict[str, Callable[[Record], bool]]]:
    """What a record must be to break no rule, after stray white space and case are mended."""
    ids: dict[str, Any] = {
        name: set(sound[table][name])
        for table, name in (
            ("customers", "customer_id"),
            ("orders", "order_id"),
            ("products", "product_id"),
            ("order_items", "order_item_id"),
        )
    }
    statuses = {name: {s.lower() for s in sound[name].status} for name in ("orders", "payments")}
    return {
        "customers": {
            "email_malformed": matches("email", r"[^@\s]+@[a-z0-9-]+(\.[a-z0-9-]+)+"),
            "phone_malformed": matches("phone", r"\+1-\d{3}-555-01\d{2}"),
            "birth_date_not_a_date": a_day("birth_date"),
            "birth_date_in_future": born_before_2100,
            "registered_at_not_a_time": a_time("registered_at"),
            "registered_at_in_future": before_2100("registered_at"),
            "last_name_missing": there("last_name"),
            "country_unknown": one_of("country", {"US"}),
            "state_unknown": one_of("state", {s.upper() for s in sound["customers"].state}),
        },
        "orders": {
            "status_unknown": one_of("status", statuses["orders"]),
            "total_wrong": adds_up,
            "customer_unknown": one_of("customer_id", ids["customer_id"]),
            "currency_missing": there("currency"),
            "updated_before_ordered": in_order("ordered_at", "updated_at"),
        },
        "order_items": {
            "price_not_positive": positive("unit_price"),
            "quantity_not_positive": positive("quantity"),
            "quantity_not_a_number": a_number("quantity"),
            "unit_price_missing": there("unit_price"),
            "product_unknown": one_of("product_id", ids["product_id"]),
            "line_total_wrong": line_adds_up,
        },
        "payments": {
            "amount_not_positive": positive("amount"),
            "amount_not_a_number": a_number("amount"),
            "order_unknown": one_of("order_id", ids["order_id"]),
            "paid_at_not_a_time": a_time("paid_at"),
            "paid_at_in_future": before_2100("paid_at"),
            "status_unknown": one_of("status", statuses["payments"]),
        },
        "shipments": {
            "delivered_before_shipped": in_order("shipped_at", "delivered_at"),
            "carrier_missing": there("carrier"),
            "order_unknown": one_of("order_id", ids["order_id"]),
            "shipped_at_not_a_time": a_time("shipped_at"),
        },
        "returns": {
            "quantity_not_positive": positive("quantity"),
            "refund_amount_not_a_number": a_number("refund_amount"),
            "order_item_unknown": one_of("order_item_id", ids["order_item_id"]),
            "reason_unknown": one_of("reason", set(sound["returns"].reason)),
        },
        "reviews": {
            "rating_out_of_range": in_range,
            "rating_not_a_number": a_number("rating"),
            "product_unknown": one_of("product_id", ids["product_id"]),
            "rating_missing": there("rating"),
        },
        "bids": {
            "amount_not_below_price": below_price,
            "amount_not_positive": positive("amount"),
            "customer_unknown": one_of("customer_id", ids["customer_id"]),
            "status_unknown": one_of("status", set(sound["bids"].status)),
        },
        "inventory": {
            "product_unknown": one_of("product_id", ids["product_id"]),
            "quantity_negative": not_negative,
        },
    }


def cleaned(record: Record) -> Record:
    """A record as a receiver reads it: no white space around, case where it means nothing."""
    mended = {
        name: value.strip() if isinstance(value, str) else None for name, value in record.items()
    }
    for name, case in (("status", str.lower), ("state", str.upper), ("email", str.lower)):
        value = mended.get(name)
        if value is not None:
            mended[name] = case(value)
    return mended


def test_each_fault_breaks_its_own_rule_and_no_other(ledger, tables, sound):
    known = rules(sound)
    told = ledger[(ledger.outcome == "quarantine") & ~ledger.fault.isin(COPIES)]
    assert {(t, r) for t, r in told[["table_name", "rule"]].itertuples(index=False)} == {
        (table, rule) for table, checks in known.items() for rule in checks
    }
    seen: Counter[str] = Counter()
    for name, checks in known.items():
        entries = told[told.table_name == name]
        records = tables[name].loc[at(entries)].to_dict("records")
        for record, entry in zip(records, entries.itertuples(), strict=True):
            now = cleaned(record)
            failed = [rule for rule, holds in checks.items() if not holds(now)]
            assert failed == [entry.rule], entry
            original = cleaned({**record, entry.column_name: entry.original_value})
            assert all(holds(original) for holds in checks.values()), entry
            seen[entry.rule] += 1
    assert min(seen.values()) >= 5


def test_sound_records_break_no_rule(tables, ledger, sound):
    """Nor do those that only need cleaning: the ledger is all there is to find."""
    for name, checks in rules(sound).items():
        lost = ledger[(ledger.table_name == name) & (ledger.outcome == "quarantine")]
        kept = tables[name].drop(index=at(lost))
        some = kept.iloc[:: max(1, len(kept) // 3_000)]
        soiled = kept.loc[at(ledger[(ledger.table_name == name) & (ledger.outcome == "clean")])]
        for record in pd.concat([some, soiled]).to_dict("records"):
            now = cleaned(record)
            assert all(holds(now) for holds in checks.values()), record


def test_values_to_be_cleaned_mean_the_same(ledger):
    soiled = ledger[ledger.outcome == "clean"]
    assert (soiled.new_value.str.strip().str.lower() == soiled.original_value.str.lower()).all()
    spaced, cased = (soiled[soiled.fault == make] for make in ("white_space", "wrong_case"))
    assert (spaced.new_value.str.strip() == spaced.original_value).all()
    assert (cased.new_value.str.len() == cased.original_value.str.len()).all()


def test_a_broken_version_takes_no_other_with_it(ledger, tables):
    """First and last versions of a customer's or an order's life are never lost."""
    for name, key in (("customers", "customer_id"), ("orders", "order_id")):
        lost = ledger[(ledger.table_name == name) & (ledger.outcome == "quarantine")]
        frame = tables[name]
        bad = pd.Series(frame.index.isin(at(lost)), index=frame.index)
        assert bad.any()
        assert not bad[frame.op == "D"].any()
        if name == "orders":
            assert not bad[frame.op == "I"].any()
            ended = frame.status.str.strip().str.lower().isin(["delivered", "cancelled"])
            assert not bad[ended].any()
        else:
            # A customer without its first version would still be known by a later one; but none
            # is lost whom orders refer to, and all of them could be.
            assert set(frame[key][~bad]) == set(frame[key])


def test_no_row_is_lost_that_others_point_to(ledger, tables, sound):
    lost = ledger[ledger.outcome == "quarantine"]
    assert not lost.table_name.isin(["categories", "suppliers", "products"]).any()
    items = lost[(lost.table_name == "order_items") & ~lost.fault.isin(COPIES)]
    assert len(items) > 100
    assert not set(items.record_key) & set(sound["returns"].order_item_id)


def test_totals_are_those_of_the_sound_records(ledger, tables, broken, landing, to_cents):
    lost = ledger[ledger.outcome == "quarantine"]
    kept = {
        name: frame.drop(index=at(lost[lost.table_name == name])).reset_index()
        for name, frame in tables.items()
    }
    orders = kept["orders"][kept["orders"].op == "I"]
    items = kept["order_items"].merge(orders[["order_id", "ordered_at"]], on="order_id")
    payments, returns = kept["payments"], kept["returns"]
    captured = payments[payments.status == "captured"]
    units = items.quantity.astype(int)
    figures = {
        "units": (items, "ordered_at", units),
        "gross_amount": (items, "ordered_at", units * to_cents(items.unit_price)),
        "discount_amount": (items, "ordered_at", to_cents(items.discount_amount)),
        "net_amount": (items, "ordered_at", to_cents(items.line_total)),
        "tax_amount": (orders, "ordered_at", to_cents(orders.tax)),
        "shipping_amount": (orders, "ordered_at", to_cents(orders.shipping_fee)),
        "payments": (captured, "paid_at", pd.Series(1, index=captured.index)),
        "paid_amount": (captured, "paid_at", to_cents(captured.amount)),
        "returned_units": (returns, "returned_at", returns.quantity.astype(int)),
        "refund_amount": (returns, "returned_at", to_cents(returns.refund_amount)),
    }
    totals = landing.table(broken, "_totals").set_index(["batch", "order_date"])
    assert set(totals.currency) == {"USD"}
    for name, (frame, time, values) in figures.items():
        expected = values.groupby([frame.batch, frame[time].str[:10]]).sum()
        told = to_cents(totals[name]) if name.endswith("_amount") else totals[name].astype(int)
        assert (told.reindex(expected.index) == expected).all(), name
        assert told.sum() == expected.sum(), name
    first = items.drop_duplicates(["batch", "order_id"])
    expected = first.groupby([first.batch, first.ordered_at.str[:10]]).size()
    assert (totals.orders.astype(int).reindex(expected.index) == expected).all()
    assert totals.orders.astype(int).sum() == expected.sum()


@pytest.mark.parametrize("fmt", ["json", "parquet"])
def test_faults_in_other_formats(tmp_path, make, landing, fmt):
    """JSON holds words where numbers belong; Parquet has no such fault; the ledger tells both."""
    make(tmp_path, ("--scale", "0.003", "--defects", "0.3", "--format", fmt))
    source = tmp_path / "shop"
    ledger = landing.table(source, "_defects").drop(columns=["path", "record"])
    makes = set(ledger.fault)
    assert ("text_for_number" in makes) == (fmt == "json")
    assert {"not_positive", "missing", "unknown_reference", "duplicate_row", "too_early"} <= makes
    for name, entries in ledger[ledger.column_name.notna()].groupby("table_name"):
        frame = landing.table(source, name).set_index(PLACE)
        for column, changed in entries.groupby("column_name"):
            now = frame.loc[at(changed), column].to_numpy()
            same = (now == changed.new_value.to_numpy()) | (pd.isna(now) & changed.new_value.isna())
            assert same.all(), (name, column)


def test_the_clinics_ledger_tells_the_truth(tmp_path, make, landing):
    """Another model, with composite keys and other formats."""
    flags = ("--model", "clinic", "--scale", "0.01", "--seed", "3")
    make(tmp_path / "broken", (*flags, "--defects", "0.2"))
    make(tmp_path / "clean", (*flags, "--defects", "0"))
    broken, clean = (tmp_path / name / "clinic" for name in ("broken", "clean"))
    ledger = landing.table(broken, "_defects").drop(columns=["path", "record"])
    delivered = {
        n: t for n, t in model_of("clinic")["tables"].items() if t["delivery"] != "internal"
    }
    assert set(ledger.table_name) == {
        name for name, table in delivered.items() if "faults" in table
    }
    for name in delivered:
        entries = ledger[ledger.table_name == name]
        mended = landing.table(broken, name).set_index(PLACE)
        for column, same in entries[~entries.fault.isin(COPIES)].groupby("column_name"):
            mended.loc[at(same), column] = same.original_value.to_numpy()
        mended = mended.drop(index=at(entries[entries.fault.isin(COPIES)]))
        mended = mended.sort_values(list(mended.columns), ignore_index=True)
        pd.testing.assert_frame_equal(mended, landing.records(clean, name), obj=name)
