"""All checks of a warehouse, in the order of the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection

from loader.sources import load_sources
from monitor.alerts.checks import delivery_checks
from monitor.anomalies.checks import anomaly_checks
from monitor.check import Check, Group, Severity, Status
from monitor.checks.builds import build_checks
from monitor.checks.context import Context
from monitor.checks.defects import defect_checks
from monitor.checks.freshness import freshness_checks
from monitor.checks.landed import landed_checks
from monitor.checks.reconciliation import reconciliation_checks
from monitor.checks.relations import relation_checks
from monitor.checks.rules import rule_checks
from monitor.manifest import MANIFEST_PATH, load_manifest
from warehouse.connections import transaction

Collector = Callable[[Context], Iterable[Check]]

_COLLECTORS: dict[str, tuple[Group, Collector]] = {
    "relations": (Group.SCHEMA, relation_checks),
    "landed": (Group.SCHEMA, landed_checks),
    "rules": (Group.RULES, rule_checks),
    "builds": (Group.RECONCILIATION, build_checks),
    "reconciliation": (Group.RECONCILIATION, reconciliation_checks),
    "freshness": (Group.FRESHNESS, freshness_checks),
    "anomalies": (
        Group.ANOMALIES,
        lambda context: anomaly_checks(context.cur, context.now, context.manifest),
    ),
    "defects": (Group.DEFECTS, defect_checks),
    "deliveries": (Group.ALERTS, lambda context: delivery_checks(context.cur)),
}

_ORDER = {group: place for place, group in enumerate(Group)}


def collect(conn: connection, now: datetime, manifest: Path = MANIFEST_PATH) -> list[Check]:
    """Look at everything, in one state of the warehouse; nothing is written.

    A part that cannot look, for instance because a column is gone that it reads, is a failed check
    itself: the others stand.

    Args:
        conn: no transaction is open on it.
        now: the moment to which ages are counted, with a time zone.
        manifest: dbt's.

    Returns:
        The checks, group by group; their keys are unique.

    Raises:
        ManifestError: dbt's manifest is not there or damaged.
    """
    found: list[Check] = []
    with transaction(conn) as cur:
        cur.execute("set transaction isolation level repeatable read, read only")
        context = Context(cur, now, load_manifest(manifest), load_sources())
        for name, (group, collector) in _COLLECTORS.items():
            found += _collected(context, name, group, collector)
    return sorted(found, key=lambda check: _ORDER[check.group])


def _collected(context: Context, name: str, group: Group, collector: Collector) -> Iterator[Check]:
    context.cur.execute("savepoint collecting")
    try:
        checks = list(collector(context))
    except psycopg2.Error as error:
        context.cur.execute("rollback to savepoint collecting")
        reason = " ".join(str(error).split())
        yield Check(
            key=f"watch:{name}",
            group=group,
            name=f"the watch can look at {name}",
            status=Status.FAIL,
            message=f"it cannot: {reason}",
            subject="warehouse",
            severity=Severity.CRITICAL,
        )
        return
    context.cur.execute("release savepoint collecting")
    yield from checks
