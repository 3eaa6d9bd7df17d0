"""Ages against promises, and tables that the newest batch lacks, by the ledger alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from psycopg2.extensions import cursor

from loader.raw.ledger import ensure_ledger
from loader.sources import load_sources
from monitor.check import Severity, Status
from monitor.checks.context import Context
from monitor.checks.freshness import freshness_checks, told
from monitor.manifest import Manifest, Node, Source
from warehouse.connections import connect

NOW = datetime(2026, 3, 9, 6, tzinfo=UTC)
DAY = 86_400.0


def _source(table: str, warn: float | None, error: float | None) -> Source:
    return Source(
        unique_id=f"source.p.shop.{table}",
        source="shop",
        table=table,
        relation=f"shop_{table}",
        path="models/staging/shop/_shop__sources.yml",
        meta={},
        owner="ingestion",
        severity=Severity.CRITICAL,
        tags=(),
        warn_after=warn,
        error_after=error,
        personal=frozenset(),
    )


def _manifest(warn: float | None = 2 * DAY, error: float | None = 4 * DAY) -> Manifest:
    sources = {one.unique_id: one for one in (_source(t, warn, error) for t in ("bids", "orders"))}
    checked = Node(
        unique_id="model.p.checked_orders",
        name="checked_orders",
        kind="model",
        schema="quality",
        relation="checked_orders",
        path="models/quality/checked/checked_orders.sql",
        materialized="incremental",
        columns={},
        constraints=(),
        meta={"rules": []},
        tags=(),
        depends_on=tuple(sources),
    )
    return Manifest({checked.unique_id: checked}, sources)


@pytest.fixture
def cur(database_url: str) -> Iterator[cursor]:
    with closing(connect(database_url)) as conn, conn.cursor() as opened:
        ensure_ledger(opened)
        yield opened


def _load(cur: cursor, table: str, day: int, status: str = "loaded") -> None:
    batch = f"2026-03-{day:02}"
    cur.execute(
        "insert into raw._loads (source, table_name, batch, file, uri, format, header_lines, bytes,"
        " rows, seconds, status, loaded_at)"
        " values ('shop', %s, %s, %s, '', 'csv', 1, 1, 1, 0, %s, %s)",
        (table, batch, f"{batch}/{table}.csv", status, NOW.replace(day=day)),
    )


def _found(cur: cursor, manifest: Manifest, now: datetime = NOW) -> dict[str, tuple[Status, str]]:
    context = Context(cur, now, manifest, load_sources())
    return {check.key: (check.status, check.message) for check in freshness_checks(context)}


@pytest.mark.parametrize(
    ("days", "status"),
    [(0.5, Status.PASS), (2, Status.PASS), (2.1, Status.WARN), (4.1, Status.FAIL)],
)
def test_an_age_is_judged_by_its_promise(cur: cursor, days: float, status: Status) -> None:
    _load(cur, "orders", 1)
    _load(cur, "orders", 2, status="failed")  # what failed is not there
    now = NOW.replace(day=1) + timedelta(days=days)
    assert _found(cur, _manifest(), now)["freshness:shop"][0] is status


def test_without_load_or_promise_nothing_is_judged(cur: cursor) -> None:
    status, message = _found(cur, _manifest())["freshness:shop"]
    assert (status, message) == (Status.SKIP, "nothing was loaded yet: make load SOURCE=shop")
    _load(cur, "orders", 1)
    status, message = _found(cur, _manifest(None, None))["freshness:shop"]
    assert status is Status.SKIP
    assert "_shop__sources.yml promises nothing" in message


def test_what_came_with_every_batch_is_missed_in_the_newest(cur: cursor) -> None:
    for day in (1, 2, 3):
        _load(cur, "orders", day)
        _load(cur, "bids", day)
    assert "freshness:shop.bids" not in _found(cur, _manifest())  # too few batches to tell
    _load(cur, "orders", 4)
    assert _found(cur, _manifest())["freshness:shop.bids"] == (
        Status.FAIL,
        "batch 2026-03-04 came without it; 3 of the 3 before had it",
    )
    _load(cur, "bids", 4)
    assert _found(cur, _manifest())["freshness:shop.bids"][0] is Status.PASS
    # It is missed for some days; what does not come with most batches is not missed.
    for day, status in ((5, Status.FAIL), (6, Status.FAIL), (7, Status.PASS)):
        _load(cur, "orders", day)
        found = _found(cur, _manifest())
        assert found["freshness:shop.bids"][0] is status
        assert found["freshness:shop.orders"][0] is Status.PASS


def test_ages_are_told_as_people_say_them() -> None:
    seconds = (0, 59 * 60, 3 * 3600, 47 * 3600, 5 * DAY, -3)
    assert [told(timedelta(seconds=one)) for one in seconds] == [
        "0 minutes",
        "59 minutes",
        "3 hours",
        "47 hours",
        "5 days",
        "0 minutes",
    ]
