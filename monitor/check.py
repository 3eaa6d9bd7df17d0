"""What a check found: the one shape that reports, history and alerts share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Group(StrEnum):
    """What a check is about, in the order in which a report shows it."""

    SCHEMA = "schema"
    REFERENCES = "references"
    RULES = "business rules"
    RECONCILIATION = "reconciliation"
    FRESHNESS = "freshness"
    VOLUME = "volume"
    ANOMALIES = "anomalies"
    DEFECTS = "defects"
    ALERTS = "alerts"


class Status(StrEnum):
    """How a check ended. SKIP: it had nothing to look at, and its message says why."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


class Severity(StrEnum):
    """How much it matters that a check fails."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at, and what was found.

    Args:
        key: the same in every run, for history and incidents, such as "rule:orders:total_mismatch".
        group: what it is about.
        name: for people, a few words.
        status: how it ended.
        message: one sentence with the figures, never a value of personal data.
        subject: the relation or file that was looked at, such as "marts.fct_sales".
        source: the source of the data; none where all are meant.
        severity: how much a failure matters.
        checked: rows looked at; none where rows are not what is counted.
        failed: of these, rows that break it.
        owner: who answers for the subject, out of dbt's meta.
        tags: of the subject, out of dbt.
        sql: the statement behind it, runnable as it stands.
        samples: some of the failing rows, personal data masked; values are text or null.
    """

    key: str
    group: Group
    name: str
    status: Status
    message: str
    subject: str
    source: str | None = None
    severity: Severity = Severity.CRITICAL
    checked: int | None = None
    failed: int | None = None
    owner: str | None = None
    tags: tuple[str, ...] = ()
    sql: str | None = None
    samples: tuple[Mapping[str, str | None], ...] = ()
