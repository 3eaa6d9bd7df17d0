"""Incidents and deliveries as the warehouse keeps them; every transaction is the caller's."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import cursor
from psycopg2.extras import Json

from monitor.alerts.incidents import Incident
from monitor.alerts.message import Message
from monitor.check import Check, Group, Severity, Status
from monitor.history import Run
from warehouse import composed

_INCIDENTS = composed.qualified("monitoring", "incidents")

_CHECK_COLUMNS = (
    "check_key",
    "check_group",
    "name",
    "subject",
    "source",
    "owner",
    "tags",
    "status",
    "check_severity",
    "message",
    "checked",
    "failed",
)
_STATE_COLUMNS = (
    "severity",
    "worst_severity",
    "opened_at",
    "last_failed_at",
    "last_seen_at",
    "told_at",
    "passing_since",
    "resolved_at",
    "resolution",
    "reopened",
)
_COLUMNS = _CHECK_COLUMNS + _STATE_COLUMNS


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A message to a channel that is not there yet.

    Args:
        delivery_id: its number.
        channel: where it goes.
        message: what it says.
        attempts: how often it was tried.
        created_at: when it was made.
        next_attempt_at: before then it is not to be tried.
    """

    delivery_id: int
    channel: str
    message: Message
    attempts: int
    created_at: datetime
    next_attempt_at: datetime


def is_new(cur: cursor, run: Run) -> bool:
    """Whether alerts have seen neither this run nor a later one."""
    cur.execute(
        "select not exists (select from monitoring.alerted_run"
        " where run_id = %s or started_at >= %s)",
        (run.run_id, run.started_at),
    )
    return cur.fetchall() == [(True,)]


def is_last(cur: cursor, run: Run) -> bool:
    """Whether this is the newest run that alerts have seen."""
    cur.execute(
        "select exists (select from monitoring.alerted_run where run_id = %s)", (run.run_id,)
    )
    return cur.fetchall() == [(True,)]


def set_seen(cur: cursor, run: Run, now: datetime) -> None:
    """Remember that alerts have seen a run."""
    cur.execute("delete from monitoring.alerted_run")
    cur.execute(
        "insert into monitoring.alerted_run (run_id, started_at, alerted_at) values (%s, %s, %s)",
        (run.run_id, run.started_at, now),
    )


def known_incidents(cur: cursor, back_to: datetime) -> dict[str, Incident]:
    """Read by the key of its check each open incident, or else the last one of that check.

    Args:
        cur: its transaction is the caller's.
        back_to: those that were closed before do not matter any more.
    """
    cur.execute(
        sql.SQL(
            "select distinct on (check_key) incident_id, {} from {}"
            " where resolved_at is null or resolved_at >= %s"
            " order by check_key, incident_id desc"
        ).format(composed.identifiers(_COLUMNS), _INCIDENTS),
        (back_to,),
    )
    rows = [dict(zip(("incident_id", *_COLUMNS), row, strict=True)) for row in cur]
    return {row["check_key"]: _incident(row) for row in rows}


def _incident(row: dict[str, Any]) -> Incident:
    check = Check(
        key=row["check_key"],
        group=Group(row["check_group"]),
        name=row["name"],
        subject=row["subject"],
        source=row["source"],
        owner=row["owner"],
        tags=tuple(row["tags"]),
        status=Status(row["status"]),
        severity=Severity(row["check_severity"]),
        message=row["message"],
        checked=row["checked"],
        failed=row["failed"],
    )
    return Incident(
        incident_id=row["incident_id"],
        check=check,
        severity=Severity(row["severity"]),
        worst=Severity(row["worst_severity"]),
        opened_at=row["opened_at"],
        last_failed_at=row["last_failed_at"],
        last_seen_at=row["last_seen_at"],
        told_at=row["told_at"],
        passing_since=row["passing_since"],
        resolved_at=row["resolved_at"],
        resolution=row["resolution"],
        reopened=row["reopened"],
    )


def put_incident(cur: cursor, incident: Incident) -> int:
    """Write an incident, a new one or the next state of one that is known; give its number."""
    check = incident.check
    values = (
        check.key,
        check.group.value,
        check.name,
        check.subject,
        check.source,
        check.owner,
        list(check.tags),
        check.status.value,
        check.severity.value,
        check.message,
        check.checked,
        check.failed,
        incident.severity.value,
        incident.worst.value,
        incident.opened_at,
        incident.last_failed_at,
        incident.last_seen_at,
        incident.told_at,
        incident.passing_since,
        incident.resolved_at,
        incident.resolution,
        incident.reopened,
    )
    if incident.incident_id is None:
        statement = sql.SQL("{} returning incident_id").format(
            composed.insert(_INCIDENTS, _COLUMNS)
        )
        cur.execute(statement, values)
    else:
        assigned = sql.SQL(", ").join(
            sql.SQL("{} = %s").format(sql.Identifier(name)) for name in _COLUMNS
        )
        statement = sql.SQL("update {} set {} where incident_id = %s returning incident_id").format(
            _INCIDENTS, assigned
        )
        cur.execute(statement, (*values, incident.incident_id))
    ((incident_id,),) = cur.fetchall()
    return int(incident_id)


def channels_told_of(cur: cursor, incident_id: int) -> list[str]:
    """Name the channels that heard of an incident, or are to hear of it."""
    cur.execute(
        "select distinct channel from monitoring.deliveries"
        " where incident_ids @> array[%s::bigint] order by channel",
        (incident_id,),
    )
    return [channel for (channel,) in cur]


def pending(cur: cursor) -> list[Delivery]:
    """Read the messages that are not there yet, the oldest first."""
    cur.execute(
        "select delivery_id, channel, content, attempts, created_at, next_attempt_at"
        " from monitoring.deliveries where status = 'pending' order by delivery_id"
    )
    return [
        Delivery(
            delivery_id=delivery_id,
            channel=channel,
            message=Message.from_json(content),
            attempts=attempts,
            created_at=created_at,
            next_attempt_at=next_attempt_at,
        )
        for delivery_id, channel, content, attempts, created_at, next_attempt_at in cur
    ]


def add_delivery(cur: cursor, channel: str, message: Message, now: datetime, due: datetime) -> None:
    """Write a new message to a channel, to be sent from a time on."""
    cur.execute(
        "insert into monitoring.deliveries (idempotency_key, channel, run_id, incident_ids,"
        " content, status, attempts, created_at, next_attempt_at)"
        " values (%s, %s, %s, %s, %s, 'pending', 0, %s, %s)",
        (
            message.key,
            channel,
            message.run_id,
            [item.incident for item in message.items],
            Json(message.to_json()),
            now,
            due,
        ),
    )


def put_message(cur: cursor, delivery: Delivery, message: Message, due: datetime) -> None:
    """Give a message that was never tried another content."""
    cur.execute(
        "update monitoring.deliveries set content = %s, incident_ids = %s, next_attempt_at = %s"
        " where delivery_id = %s and attempts = 0 and status = 'pending'",
        (
            Json(message.to_json()),
            [item.incident for item in message.items],
            due,
            delivery.delivery_id,
        ),
    )


def claim(cur: cursor, deliveries: Collection[Delivery], now: datetime) -> None:
    """Write down that messages are about to be tried, so that nothing changes in them any more."""
    cur.execute(
        "update monitoring.deliveries set attempts = attempts + 1, last_attempt_at = %s"
        " where delivery_id = any(%s)",
        (now, [delivery.delivery_id for delivery in deliveries]),
    )


def set_sent(cur: cursor, delivery: Delivery, now: datetime, note: str | None) -> None:
    """Write down that a channel took a message; the note says what it did not take."""
    cur.execute(
        "update monitoring.deliveries set status = 'sent', sent_at = %s, next_attempt_at = null,"
        " last_error = %s where delivery_id = %s",
        (now, note, delivery.delivery_id),
    )


def set_postponed(cur: cursor, delivery: Delivery, due: datetime, error: str) -> None:
    """Write down that an attempt failed, and when there may be another one."""
    cur.execute(
        "update monitoring.deliveries set next_attempt_at = %s, last_error = %s"
        " where delivery_id = %s",
        (due, error, delivery.delivery_id),
    )


def set_failed(cur: cursor, deliveries: Sequence[Delivery], error: str) -> None:
    """Write down that messages are given up."""
    cur.execute(
        "update monitoring.deliveries set status = 'failed', next_attempt_at = null,"
        " last_error = %s where delivery_id = any(%s)",
        (error, [delivery.delivery_id for delivery in deliveries]),
    )
