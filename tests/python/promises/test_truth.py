"""What the generator says it did, read from its files, is what the warehouse found."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from project import Project


def batches(project: Project) -> list[Path]:
    """Give the folders of the landed batches."""
    return sorted(path.parent for path in project.folder.glob("data/landing/shop/*/manifest.json"))


def truth(project: Project, name: str) -> list[dict[str, Any]]:
    """Read one of the truth's files of every batch, as text."""
    frames = [
        pd.read_csv(batch / "_truth" / f"{name}.csv", dtype=str, keep_default_na=False).assign(
            batch=batch.name
        )
        for batch in batches(project)
    ]
    return pd.concat(frames).to_dict("records")


def count_records(path: Path, fmt: str) -> int:
    """Count the records of a file; no value of the shop holds a line end."""
    if fmt == "parquet":
        return int(pq.read_metadata(path).num_rows)
    with path.open("rb") as lines:
        return sum(1 for _ in lines) - (fmt == "csv")


def test_no_line_is_lost(small_warehouse: Project) -> None:
    """Promise 1: records in the files = rows in raw + rejects; rows in raw = valid + held."""
    records: dict[str, int] = {}
    for batch in batches(small_warehouse):
        tables = json.loads((batch / "manifest.json").read_text())["tables"]
        for table, described in tables.items():
            for file in described["files"]:
                count = count_records(batch / file["path"], described["format"])
                records[table] = records.get(table, 0) + count
    assert len(records) == 12
    for table, expected in records.items():
        ((raw, rejected, valid, held),) = small_warehouse.query(
            f"""
            select
                (select count(*) from raw.shop_{table}),
                (
                    select count(*) from raw._rejects
                    join raw._loads using (load_id)
                    where source = 'shop' and table_name = '{table}'
                ),
                (select count(*) from quality.valid_{table} where source = 'shop'),
                (select count(*) from quality.quarantined_{table} where source = 'shop')
            """,
        )
        assert raw + rejected == expected, table
        assert valid + held == raw, table


def test_quarantine_is_the_ledger(small_warehouse: Project) -> None:
    """Promise 5: each defect is held in its place, for its rule alone, and nothing else is."""
    injected = {
        (d["table_name"], f"{d['batch']}/{d['file']}", int(d["row_number"]), d["rule"])
        for d in truth(small_warehouse, "defects")
        if d["outcome"] == "quarantine"
    }
    held = small_warehouse.query(
        "select entity, file, row_id, failed_rules from quality.quarantine"
        " where source = 'shop' and resolution is distinct from 'released'",
    )
    assert len({rule for *_, rule in injected}) >= 25
    assert set(held) == injected
    assert len(held) == len(injected)


def test_every_rule_is_scored(small_warehouse: Project) -> None:
    """Recall and precision of each rule are 1, as the warehouse itself says."""
    model = json.loads((small_warehouse.folder / "generator/models/shop.json").read_text())
    rules = {
        (name, fault["rule"])
        for name, table in model["tables"].items()
        for fault in table.get("faults", [])
        if "rule" in fault
    }
    scored = {
        (entity, rule): (recall, precision)
        for entity, rule, recall, precision in small_warehouse.query(
            "select entity, rule, recall, precision from monitoring.defect_score"
        )
    }
    assert set(scored.values()) == {(1, 1)}
    assert len(rules & scored.keys()) > 0.8 * len(rules)


def test_layers_agree(small_warehouse: Project) -> None:
    """Promise 4: not one figure of any layer, source, currency and day differs from another."""
    assert small_warehouse.query(
        "select count(*) > 500, max(abs(difference)) from monitoring.reconciliation"
    ) == [(True, 0)]


def test_without_defects_nothing_is_held(make_project: Callable[[], Project]) -> None:
    project = make_project()
    history = ("--scale", "0.002", "--days", "30", "--defects", "0")
    for flags in (history, ("--days", "2")):
        project.run_well("python", "-m", "generator", *flags)
    project.run_well("python", "-m", "loader", "shop")
    no_tests = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    project.run_well("dbt", "build", "-s", "+quarantine", *no_tests)
    assert project.query("select count(*) from quality.checked_orders") > [(100,)]
    assert project.query("select count(*) from quality.quarantine") == [(0,)]


def test_rejects_are_the_ledger(small_warehouse: Project) -> None:
    """Promise 5, for lines that no reader can take: set aside, each in its place, and no others."""
    injected = {
        (d["table_name"], f"{d['batch']}/{d['file']}", int(d["row_number"]))
        for d in truth(small_warehouse, "defects")
        if d["outcome"] == "reject"
    }
    rejected = small_warehouse.query(
        "select table_name, file, record_number from raw._rejects join raw._loads using (load_id)"
        " where source = 'shop'"
    )
    assert len(injected) > 20
    assert sorted(rejected) == sorted(injected)


def test_what_was_soiled_is_cleaned(small_warehouse: Project) -> None:
    """White space and wrong case: staging gives the value as it was, and no rule holds the row."""
    soiled = [d for d in truth(small_warehouse, "defects") if d["outcome"] == "clean"]
    assert {d["fault"] for d in soiled} == {"white_space", "wrong_case"}
    for d in soiled:
        found = small_warehouse.query(
            f"select checked.{d['column_name']}, checked.failed_rules"
            f" from quality.checked_{d['table_name']} as checked"
            " join raw._loads using (load_id)"
            f" where file = '{d['batch']}/{d['file']}' and row_id = {d['row_number']}"
        )
        assert found == [(d["original_value"], None)], d


def test_daily_revenue_is_the_truth(small_warehouse: Project) -> None:
    """Promise 4, against the generator's totals: to the cent, and no day more or less."""
    measures = ("orders", "units", "gross_amount", "discount_amount", "refund_amount")
    expected: dict[tuple[str, str], list[Decimal]] = {}
    # What arrives late counts to its day, in whichever batch it came.
    for t in truth(small_warehouse, "totals"):
        figures = [Decimal(t.get(name) or 0) for name in measures]
        before = expected.get((t["order_date"], t["currency"]), [Decimal(0)] * len(measures))
        expected[t["order_date"], t["currency"]] = [
            a + b for a, b in zip(before, figures, strict=True)
        ]
    expected = {day: figures for day, figures in expected.items() if any(figures)}
    found = {
        (str(day), currency): figures
        for day, currency, *figures in small_warehouse.query(
            f"select order_date, currency, {', '.join(measures)}"
            " from marts.daily_revenue where source = 'shop'",
        )
    }
    assert len(expected) > 50
    assert found == expected


def test_a_broken_line_shows_its_place_and_its_record(small_warehouse: Project) -> None:
    rows = small_warehouse.query(
        "select file, line_number, record ->> 'payment_id', record ->> 'amount'"
        " from quality.quarantine where failed_rules = 'amount_not_a_number'",
    )
    assert rows
    for file, line_number, payment_id, amount in rows:
        path = small_warehouse.folder / "data/landing/shop" / file
        line = path.read_text(errors="replace").split("\n")[line_number - 1]
        assert line.startswith(f"{payment_id},")
        assert amount in line
