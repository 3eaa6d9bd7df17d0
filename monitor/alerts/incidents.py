"""Incidents: from the run in which a check fails to the run in which it passes. No database here.

| check | incident | what happens |
|---|---|---|
| fails | none known | opened, and told |
| fails | open | told again when it is worse, or when a reminder is due; told where nobody was |
| fails | just resolved | reopened: the same incident, told |
| passes | open | resolved, and told; one that was reopened waits for `reopen_within`: it may flap |
| skipped | any | nothing: what was not looked at has neither failed nor passed |
| absent | open | closed when no run had it for `gone_after` |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from monitor.alerts.config import Alerts
from monitor.alerts.message import Event, level
from monitor.check import Check, Severity, Status
from monitor.history import Run

Resolution = Literal["passed", "gone"]

FAILING = frozenset({Status.WARN, Status.FAIL})


@dataclass(frozen=True, kw_only=True)
class Incident:
    """A check that fails, or failed, over one or more runs.

    Args:
        check: as it was when it last failed, without statement and samples.
        severity: how much it matters now.
        worst: the worst severity that was told.
        opened_at: the end of the run in which it began.
        last_failed_at: the end of the last run in which the check failed.
        last_seen_at: the end of the last run that had the check at all.
        told_at: when somebody was last to be told of it; none where no route took it.
        incident_id: none before it is stored.
        passing_since: of one that flaps, the end of the first run in which it passed.
        resolved_at: the end of the run that closed it.
        resolution: why it was closed.
        reopened: how often it came back.
    """

    check: Check
    severity: Severity
    worst: Severity
    opened_at: datetime
    last_failed_at: datetime
    last_seen_at: datetime
    told_at: datetime | None
    incident_id: int | None = None
    passing_since: datetime | None = None
    resolved_at: datetime | None = None
    resolution: Resolution | None = None
    reopened: int = 0


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a run does to an incident.

    Args:
        incident: as it is from now on.
        check: as this run found it; of one that is gone, as it was.
        event: what is to be told of it; none where there is nothing to tell.
    """

    incident: Incident
    check: Check
    event: Event | None


def severity_of(check: Check) -> Severity:
    """How much a failure matters: a check that only warns is at most a warning."""
    if check.status is Status.FAIL:
        return check.severity
    return min(check.severity, Severity.WARNING, key=level)


def changes(
    run: Run, known: Mapping[str, Incident], now: datetime, alerts: Alerts
) -> Iterator[Change]:
    """Work out what a run does to the incidents.

    Args:
        run: later than all that was worked out before.
        known: by the key of its check, the open incident, or else the last one.
        now: the time for reminders.
        alerts: says how long is long.

    Yields:
        In the order of the run; then those whose checks it does not have.
    """
    keys = set()
    for check in run.checks:
        keys.add(check.key)
        change = _change(check, known.get(check.key), run.finished_at, now, alerts)
        if change is not None:
            yield change
    for key, incident in known.items():
        if key not in keys and incident.resolved_at is None:
            yield from _gone(incident, run.finished_at, now, alerts)


def _change(
    check: Check, incident: Incident | None, at: datetime, now: datetime, alerts: Alerts
) -> Change | None:
    if check.status in FAILING:
        if incident is not None and incident.resolved_at is None:
            return _still(check, incident, at, now, alerts)
        if incident is not None and _is_back(incident, at, alerts.reopen_within):
            return _reopened(check, incident, at, now)
        return _opened(check, at, now)
    if incident is None or incident.resolved_at is not None:
        return None
    if check.status is Status.PASS:
        return _passed(check, incident, at, now, alerts)
    return Change(incident=replace(incident, last_seen_at=at), check=check, event=None)


def _opened(check: Check, at: datetime, now: datetime) -> Change:
    severity = severity_of(check)
    opened = Incident(
        check=check,
        severity=severity,
        worst=severity,
        opened_at=at,
        last_failed_at=at,
        last_seen_at=at,
        told_at=now,
    )
    return Change(incident=opened, check=check, event=Event.OPENED)


def _is_back(incident: Incident, at: datetime, within: timedelta) -> bool:
    return (
        incident.resolution == "passed"
        and incident.resolved_at is not None
        and at - incident.resolved_at <= within
    )


def _reopened(check: Check, incident: Incident, at: datetime, now: datetime) -> Change:
    severity = severity_of(check)
    again = replace(
        incident,
        check=check,
        severity=severity,
        worst=max(severity, incident.worst, key=level),
        last_failed_at=at,
        last_seen_at=at,
        told_at=now,
        resolved_at=None,
        resolution=None,
        reopened=incident.reopened + 1,
    )
    return Change(incident=again, check=check, event=Event.REOPENED)


def _still(check: Check, incident: Incident, at: datetime, now: datetime, alerts: Alerts) -> Change:
    severity = severity_of(check)
    flapped = incident.passing_since is not None
    event = None
    if incident.told_at is None:
        event = Event.OPENED
    elif level(severity) > level(incident.worst):
        event = Event.WORSENED
    elif alerts.remind_every is not None and _is_due(now - incident.told_at, alerts.remind_every):
        event = Event.REMINDER
    still = replace(
        incident,
        check=check,
        severity=severity,
        worst=max(severity, incident.worst, key=level),
        last_failed_at=at,
        last_seen_at=at,
        told_at=incident.told_at if event is None else now,
        passing_since=None,
        reopened=incident.reopened + flapped,
    )
    return Change(incident=still, check=check, event=event)


def _is_due(passed: timedelta, interval: timedelta) -> bool:
    """Whether to remind: runs of every morning are never exactly a day apart."""
    return passed >= interval - min(interval / 10, timedelta(hours=1))


def _passed(
    check: Check, incident: Incident, at: datetime, now: datetime, alerts: Alerts
) -> Change:
    since = incident.passing_since or at
    if incident.reopened and at - since < alerts.reopen_within:
        waits = replace(incident, last_seen_at=at, passing_since=since)
        return Change(incident=waits, check=check, event=None)
    closed = replace(
        incident,
        last_seen_at=at,
        told_at=now,
        passing_since=None,
        resolved_at=at,
        resolution="passed",
    )
    return Change(incident=closed, check=check, event=Event.RESOLVED)


def _gone(incident: Incident, at: datetime, now: datetime, alerts: Alerts) -> Iterator[Change]:
    if at - incident.last_seen_at < alerts.gone_after:
        return
    closed = replace(incident, told_at=now, passing_since=None, resolved_at=at, resolution="gone")
    yield Change(incident=closed, check=incident.check, event=Event.GONE)
