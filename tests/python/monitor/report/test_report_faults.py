"""Each way to break a warehouse turns its checks red, and no other; is told once; turns green."""

from __future__ import annotations

import time
from contextlib import closing

import pytest
from watched import Receiver, Watched, receiver, red

from monitor.alerts.config import Alerts
from monitor.alerts.run import alert
from monitor.alerts.secrets import Secrets
from monitor.anomalies.figures import update_figures
from monitor.check import Status
from monitor.history import Run
from monitor.manifest import load_manifest
from warehouse.connections import connect

FAULTS = {
    "a source is late": (
        "update raw._loads set loaded_at = loaded_at - interval '5 days'",
        "update raw._loads set loaded_at = loaded_at + interval '5 days'",
        {"freshness:shop"},
    ),
    "a column of a mart is gone": (
        "alter table marts.daily_revenue rename column refund_amount to refunds",
        "alter table marts.daily_revenue rename column refunds to refund_amount",
        {"schema:columns:marts.daily_revenue"},
    ),
    "a column has another type": (
        "alter table marts.fct_reviews alter column rating type text",
        "alter table marts.fct_reviews alter column rating type bigint using rating::bigint",
        {"schema:types:marts.fct_reviews"},
    ),
    "a table is gone": (
        "alter table marts.cohort_retention rename to kept",
        "alter table marts.kept rename to cohort_retention",
        {"schema:columns:marts.cohort_retention"},
    ),
    "a mart no longer adds up": (
        "update marts.fct_sales set gross_amount = gross_amount + 0.01"
        " where order_item_id = (select min(order_item_id) from marts.fct_sales)",
        "update marts.fct_sales set gross_amount = gross_amount - 0.01"
        " where order_item_id = (select min(order_item_id) from marts.fct_sales)",
        {"adds_up:marts.fct_sales"},
    ),
    "rows of an aggregate are gone": (
        "create table public.kept as select * from marts.daily_revenue"
        " where order_date = (select min(order_date) from marts.daily_revenue);"
        " delete from marts.daily_revenue"
        " where order_date = (select min(order_date) from marts.daily_revenue)",
        "insert into marts.daily_revenue select * from public.kept; drop table public.kept",
        {"adds_up:marts.daily_revenue"},
    ),
    "layers differ": (
        "update monitoring.reconciliation set raw = raw + 1, difference = 1"
        " where source = 'shop' and measure = 'units' and order_date = ("
        "select min(order_date) from monitoring.reconciliation where source = 'shop')",
        "update monitoring.reconciliation set raw = raw - 1, difference = 0"
        " where source = 'shop' and measure = 'units' and order_date = ("
        "select min(order_date) from monitoring.reconciliation where source = 'shop')",
        {"reconciliation:shop:USD:units"},
    ),
    "a row is lost": (
        "update monitoring.load_counts set raw_rows = raw_rows - 1, difference = 1"
        " where load_id = 1",
        "update monitoring.load_counts set raw_rows = raw_rows + 1, difference = 0"
        " where load_id = 1",
        {"load_counts:shop"},
    ),
    "a foreign key is dropped": (
        "do $$ begin execute (select format('alter table production.payments drop constraint %I',"
        " conname) from pg_constraint where conrelid = 'production.payments'::regclass"
        " and contype = 'f' and pg_get_constraintdef(oid) like '%(order_id)%'); end $$",
        "alter table production.payments add foreign key (order_id)"
        " references production.orders (order_id)",
        {"references:key:production.payments:order_id"},
    ),
    "a column may be null": (
        "alter table production.orders alter column status drop not null",
        "alter table production.orders alter column status set not null",
        {"schema:constraints:production.orders"},
    ),
    "a file cannot be loaded": (
        "insert into raw._loads (source, table_name, batch, file, uri, format, header_lines, bytes,"
        " seconds, status, error) values ('shop', 'bids', '2030-01-01', '2030-01-01/bids.csv',"
        " 'file:///bids.csv', 'csv', 1, 10, 0.1, 'failed', 'it was cut off')",
        "delete from raw._loads where status = 'failed' and batch = '2030-01-01'",
        {"loads:failed:shop"},
    ),
    "a build was killed": (
        "insert into quality._builds default values",
        "delete from quality._builds where build = (select max(build) from quality._builds)",
        {"build:last"},
    ),
    "a model failed": (
        "insert into monitoring._run_results select max(build), 'fct_sales', 'model', 'error',"
        " null, 0.5, clock_timestamp(), null from monitoring._run_results",
        "delete from monitoring._run_results where node = 'fct_sales' and status = 'error'",
        {"build:models"},
    ),
    "a test failed": (
        "insert into monitoring._run_results select max(build), 'assert_orders_add_up', 'test',"
        " 'fail', 4, 0.5, clock_timestamp(), null from monitoring._run_results",
        "delete from monitoring._run_results"
        " where node = 'assert_orders_add_up' and status = 'fail'",
        {"test:assert_orders_add_up"},
    ),
    "a rule misses a defect": (
        "update monitoring.scored_rows set verdict = 'missed' where verdict = 'caught'"
        " and entity = 'payments'",
        "update monitoring.scored_rows set verdict = 'caught' where verdict = 'missed'"
        " and entity = 'payments'",
        {"defects:shop:payments"},
    ),
    "a load is not built": (
        "insert into raw._loads (source, table_name, batch, file, uri, format, header_lines, bytes,"
        " rows, seconds, status, loaded_at) values ('shop', 'bids', '2000-01-01',"
        " '2000-01-01/bids.csv', 'file:///bids.csv', 'csv', 1, 10, 3, 0.1, 'loaded',"
        " clock_timestamp() - interval '30 hours')",
        "delete from raw._loads where batch = '2000-01-01'",
        {"lag:quality", "lag:production", "lag:marts", "lag:monitoring"},
    ),
    "a file lacks a column": (
        "update raw._loads set columns = array_remove(columns, 'email') where table_name ="
        " 'customers' and batch = (select max(batch) from raw._loads)",
        "update raw._loads set columns = array_append(columns, 'email') where table_name ="
        " 'customers' and batch = (select max(batch) from raw._loads)",
        {"schema:landed:shop.customers"},
    ),
}


class _Morning:
    """Report and alert, one after the other, as a scheduler runs them."""

    def __init__(self, watched: Watched, receiver: Receiver) -> None:
        self._watched, self._receiver = watched, receiver
        hook = {"channels": {"ops": {"type": "webhook", "url_env": "OPS"}}}
        self._config = Alerts.model_validate({**hook, "routes": [{"channels": ["ops"]}]})
        self._secrets = Secrets({"OPS": receiver.url})

    def comes(self) -> tuple[Run, list[tuple[str, str]]]:
        """Look, and give the run and what was told: events and keys of failures."""
        before = len(self._receiver.messages)
        run = self._watched.look()
        with closing(connect(self._watched.project.url)) as conn:
            alert(conn, run, self._config, run.finished_at, False, secrets=self._secrets)
        messages = self._receiver.messages[before:]
        assert len(messages) <= 1, "one message a run"
        told = [(item["event"], item["key"]) for message in messages for item in message["items"]]
        return run, told


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_turns_its_checks_red_is_told_once_and_resolved(
    watched: Watched, fault: str
) -> None:
    breaking, repairing, expected = FAULTS[fault]
    with receiver() as taken:
        morning = _Morning(watched, taken)
        before, _ = morning.comes()
        watched.execute(breaking)
        broken, opened = morning.comes()
        again, repeated = morning.comes()
        watched.execute(repairing)
        repaired, resolved = morning.comes()
    assert red(broken) - red(before) == expected
    assert {key for event, key in opened if event in {"opened", "reopened"}} >= expected
    assert red(again) == red(broken)
    assert repeated == []
    assert red(repaired) == red(before)
    assert {key for event, key in resolved if event == "resolved"} >= expected


def test_a_build_at_work_is_no_fault(watched: Watched) -> None:
    breaking, repairing, keys = FAULTS["a mart no longer adds up"]
    watched.execute(f"{breaking}; insert into quality._builds default values")
    try:
        with closing(connect(watched.project.url, application_name="counting-house dbt")):
            at_work = {check.key: check.status for check in watched.look().checks}
        while watched.project.query(  # the server takes a moment to see that it is gone
            "select from pg_stat_activity where datname = current_database()"
            " and application_name = 'counting-house dbt'"
        ):
            time.sleep(0.05)
        killed = red(watched.look())
    finally:
        watched.execute(f"{repairing}; {FAULTS['a build was killed'][1]}")
    assert {at_work[key] for key in {*keys, "build:last"}} == {Status.WARN}
    assert killed >= {*keys, "build:last"}


_REVIEWS = """
insert into marts.fct_reviews
select (
    jsonb_populate_record(
        null::marts.fct_reviews,
        to_jsonb(review) || jsonb_build_object(
            'review_id', 'watched-' || day || '-' || place, 'review_date', day,
            'order_id', 'watched-' || day || '-' || place, 'customer_id', 'watched-' || place,
            'product_id', 'watched-' || place % 97
        )
    )
).*
from (select * from marts.fct_reviews where source = 'shop' order by review_id limit 1) as review
cross join lateral (
    select cast(moment as date) as day
    from generate_series(
        (select max(review_date) from marts.fct_reviews) - 90,
        (select max(review_date) from marts.fct_reviews),
        interval '1 day'
    ) as moment
) as days
cross join lateral generate_series(1, 400 + extract(doy from day)::int * 7 % 23) as place
"""


def test_a_load_that_is_half_empty(watched: Watched) -> None:
    manifest = load_manifest(watched.project.folder / "target" / "manifest.json")

    def look() -> set[str]:
        with closing(connect(watched.project.url)) as conn:
            update_figures(conn, manifest)
        return red(watched.look())

    watched.execute(_REVIEWS)
    try:
        before = look()
        watched.execute(
            "create table public.kept as select * from marts.fct_reviews where review_date ="
            " (select max(order_date) from marts.fct_orders) and review_id like 'watched-%';"
            " delete from public.kept where ctid in (select ctid from public.kept limit 200);"
            " delete from marts.fct_reviews where review_id in (select review_id from public.kept)"
        )
        broken = look()
        watched.execute(
            "insert into marts.fct_reviews select * from public.kept; drop table public.kept"
        )
        repaired = look()
    finally:
        watched.execute(
            "delete from marts.fct_reviews where review_id like 'watched-%';"
            " drop table monitoring.daily_figures"
        )
    assert broken - before == {"anomaly:shop:fct_reviews:volume"}
    assert repaired == before


def test_the_small_warehouse_can_be_trusted(watched: Watched) -> None:
    run = watched.look()
    assert red(run) == set()
    assert {check.status for check in run.checks if "freshness:shop" in check.key} == {Status.PASS}
    rules = [check for check in run.checks if check.key.startswith("rule:")]
    assert len(rules) == len({check.key for check in rules}) > 200
    held = [check for check in rules if check.failed]
    assert held
    for check in held:
        assert check.samples
        assert check.sql
        assert check.owner == "data quality"
    # The statement behind a check runs as it stands, and finds as many rows as it says.
    for check in held[:5]:
        with closing(connect(watched.project.url)) as conn, conn.cursor() as cur:
            cur.execute(check.sql)
            assert len(cur.fetchall()) == check.failed


def test_each_kind_of_fault_that_was_planted_is_seen(watched: Watched) -> None:
    noticed = {
        check.key for check in watched.look().checks if check.status in {Status.WARN, Status.FAIL}
    }
    ledger = watched.project.query(
        "select distinct source, entity, rule, outcome from monitoring.scored_rows"
        " where outcome is not null"
    )
    # What a later version has corrected is held no more.
    waiting = set(
        watched.project.query(
            "select distinct entity, rule from quality.quarantine,"
            " string_to_table(failed_rules, ',') as rule where resolved_at is null"
        )
    )
    rules = {(entity, rule) for _, entity, rule, outcome in ledger if outcome == "quarantine"}
    assert len(rules) > 20
    assert {f"rule:{entity}:{rule}" for entity, rule in rules & waiting} <= noticed
    rejected = {(source, entity) for source, entity, _, outcome in ledger if outcome == "reject"}
    assert rejected
    assert {f"schema:rejects:{source}.{entity}" for source, entity in rejected} <= noticed


def test_every_statement_runs_as_it_stands(watched: Watched) -> None:
    run = watched.look()
    with closing(connect(watched.project.url)) as conn, conn.cursor() as cur:
        for check in run.checks:
            # Tests are compiled by dbt for a database of another name.
            if check.sql and not check.key.startswith("test:"):
                cur.execute(check.sql)
