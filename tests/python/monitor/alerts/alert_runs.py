"""Runs of the report for tests of alerts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.alerts.channels.common import Patience
from monitor.check import Check, Group, Severity, Status
from monitor.history import Run

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)

# Servers of tests answer at once, or never.
IMPATIENT = Patience(attempts=3, first_wait=0.001, longest_wait=0.01, timeout=30.0, deadline=30.0)

ORDERS = Check(
    key="rule:orders:total_mismatch",
    group=Group.RULES,
    name="orders: total_mismatch",
    status=Status.FAIL,
    message="12 of 4,000 orders have another total than their lines",
    subject="quality.checked_orders",
    source="shop",
    severity=Severity.CRITICAL,
    checked=4_000,
    failed=12,
    owner="finance",
    tags=("daily", "money"),
    sql="select 1",
    samples=({"email": "a•••@•••"},),
)
STALE = Check(
    key="freshness:shop:bids",
    group=Group.FRESHNESS,
    name="bids are recent",
    status=Status.WARN,
    message="the newest batch of bids is 30 hours old; promised are 24",
    subject="raw.shop_bids",
    source="shop",
    severity=Severity.WARNING,
    owner="platform",
)


def run_of(*checks: Check, at: datetime = NOON, **changes: Any) -> Run:
    """A run that ended at a time; its name is that time."""
    values: dict[str, Any] = {
        "run_id": f"run-{at:%Y%m%dT%H%M%S}",
        "started_at": at - timedelta(seconds=9),
        "finished_at": at,
        "seconds": 9.0,
        "kind": "warehouse",
        "checks": checks,
    }
    return Run(**{**values, **changes})


def passing(check: Check) -> Check:
    return replace(check, status=Status.PASS, message="all is well", failed=0)


def skipped(check: Check) -> Check:
    return replace(check, status=Status.SKIP, message="there was nothing to look at")
