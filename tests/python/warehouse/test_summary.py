"""The summary on a screen: every figure whole, and only what belongs to this database."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from io import StringIO

import psycopg2
import pytest
from click.testing import CliRunner
from queries import query
from rich.console import Console

from warehouse import cli
from warehouse.connections import where
from warehouse.figures import Entity, Figures, RawTable, Reconciled, Rule, read_figures
from warehouse.summary import Step, show

SMALL = Figures(
    raw=[
        RawTable("online_retail_invoice_lines", 1_067_371, 0, 12),
        RawTable("shop_order_items", 530_123, 0, 7),
    ],
    entities=[Entity("order_items", 1_530_123, 4_321, 1_530_119)],
    production_only=[("customer_history", 61_234)],
    marts=[("monthly_active_customers", 1_213)],
    rules=[Rule("order_items", "quantity_not_positive", 4_301, 4_302, 1_001, 1_002)],
    reconciled=[
        Reconciled(
            ("online_retail", "order_items", "GBP", "discount_amount"),
            Decimal("19287250.98"),
            Decimal("-1234567.89"),
            agrees=False,
        )
    ],
    last_batches=[("online_retail", "year-2010-2011"), ("shop", "2026-01-01")],
)
LARGE = replace(
    SMALL,
    raw=[
        RawTable("online_retail_invoice_lines_of_earlier_years", 1_067_371_000, 1_066, 12_000_000)
    ],
    entities=[Entity("order_items", 1_530_123_000, 4_321_000, 1_530_119_000)],
    rules=[Rule("order_status_events", "a_rule_with_a_very_long_name" * 3, 4_301, 4_302, 1, 2)],
)


def shown(figures: Figures, steps: list[Step], *, terminal: int | None = None) -> str:
    out = StringIO()
    show(figures, steps, Console(file=out, width=terminal, force_terminal=terminal is not None))
    return out.getvalue()


def figures_of(figures: Figures) -> list[str]:
    (entity,), (rule,), (measure,) = figures.entities, figures.rules, figures.reconciled
    numbers = [entity.valid, entity.quarantined, entity.production]
    numbers += [rule.held, rule.injected, rule.missed, rule.wrongly_held]
    numbers += [measure.figure, measure.difference]
    numbers += [n for one in figures.raw for n in (one.rows, one.pruned, one.rejects)]
    numbers += [rows for _, rows in figures.marts]
    return [f"{number:,}" for number in numbers]


@pytest.mark.parametrize("terminal", [None, 200, 60], ids=["pipe", "wide", "narrow"])
@pytest.mark.parametrize("figures", [SMALL, LARGE], ids=["small", "large"])
def test_no_figure_is_cut(figures, terminal):
    text = shown(figures, [], terminal=terminal)
    assert "…" not in text
    assert [number for number in figures_of(figures) if number not in text] == []


def test_two_sources_fit_in_a_hundred_columns_side_by_side():
    lines = shown(SMALL, []).splitlines()
    assert max(map(len, lines)) <= 100
    assert sum(line.startswith("raw ") and "production" in line for line in lines) == 1


def test_raw_rows_are_those_of_the_ledger_and_the_pruned_ones_are_told(database_url):
    with closing(psycopg2.connect(database_url)) as conn, conn.cursor() as cur:
        cur.execute(
            "create schema raw; create table raw._loads (source text, table_name text, batch text,"
            " rows bigint, rejects bigint, status text, pruned_at timestamptz);"
            "insert into raw._loads values"
            " ('shop', 'orders', '1', 20, 1, 'loaded', now()),"
            " ('shop', 'orders', '2', 30, 2, 'loaded', null),"
            " ('shop', 'orders', '3', 500, 0, 'failed', null),"
            " ('shop', 'order_items', '1', 7, 0, 'loaded', null),"
            " ('shop', 'payments', '1', 0, 0, 'loaded', null),"
            " ('shop', '_truth_totals', '1', 9, 0, 'loaded', null)"
        )
        conn.commit()
        figures = read_figures(cur)
    assert figures.raw == [
        RawTable("shop_order_items", 7, 0, 0),
        RawTable("shop_orders", 50, 20, 3),
    ]
    lines = [line.split() for line in shown(figures, []).splitlines()]
    assert ["raw", "rows", "of", "them", "pruned", "rejects"] in [line[:6] for line in lines]
    assert ["shop_orders", "50", "20", "3"] in lines
    assert "pruned" not in shown(SMALL, [])


def test_of_many_rules_the_wrong_ones_and_the_weightiest_are_shown():
    rules = [Rule("orders", f"rule_{n:02}", n, n, 0, 0) for n in range(1, 41)]
    rules[0] = Rule("orders", "rule_01", 1, 3, 2, 0)
    lines = shown(replace(SMALL, rules=rules), []).splitlines()
    ruled = [line[line.index("rule_") :].split() for line in lines if "rule_" in line]
    assert [name for name, *_ in ruled] == ["rule_01", *(f"rule_{n}" for n in range(37, 41))]
    (rest,) = [line.split()[-7:] for line in lines if "more rules" in line]
    assert rest == ["35", "more", "rules", *[str(sum(range(2, 37)))] * 2, "0", "0"]


def test_seconds_are_those_of_the_database_in_use(database_url, monkeypatch):
    steps = [Step("load", 1.5, where(database_url)), Step("load", 77.7, "database other at host:1")]
    monkeypatch.setattr(cli, "read_steps", lambda: steps)
    monkeypatch.setattr(cli, "read_figures", lambda cur: SMALL)
    done = CliRunner().invoke(cli.main, ["summary"], env={"DATABASE_URL": database_url})
    assert "load 1.5; in all 1.5" in done.stdout


def test_the_hint_for_psql_is_true(small_warehouse):
    done = small_warehouse.run_well("python", "-m", "warehouse", "psql", "-c", r"\dt marts.*")
    tables = query(small_warehouse.url, "select tablename from pg_tables where schemaname='marts'")
    assert tables
    assert all(name in done.stdout for (name,) in tables)
