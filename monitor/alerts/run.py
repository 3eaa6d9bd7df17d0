"""`python -m monitor alert`: take a run of the report, keep the incidents, send what is to be told.

What is to be sent is written down first, in the transaction that works the run out; only then is it
sent, and what became of it is written down at once. Killed in between, the next run sends it again,
the same to the byte of its content and with the same key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

import psycopg2
from psycopg2.extensions import connection, cursor

from monitor.alerts import store
from monitor.alerts.channels.common import Patience
from monitor.alerts.channels.senders import sender_for
from monitor.alerts.checks import delivery_key
from monitor.alerts.config import Alerts
from monitor.alerts.delivering import Courier, due_at
from monitor.alerts.incidents import Change, changes
from monitor.alerts.message import Event, Item, Message, in_order, merged
from monitor.alerts.outcome import Outcome, Preview
from monitor.alerts.routing import channels_of
from monitor.alerts.secrets import Secrets, secrets_of
from monitor.alerts.store import Delivery
from monitor.alerts.tables import LOCK, make_tables
from monitor.alerts.wording import clean
from monitor.check import Check, Status
from monitor.history import Run
from warehouse import composed
from warehouse.connections import transaction
from warehouse.console import tell

_NAMESPACE = uuid5(NAMESPACE_URL, "counting-house/alerts")

# Of a check's sentence as it is kept, in characters.
_KEPT = 2_000


def alert(  # noqa: PLR0913 - what the command gives, and what tests replace
    conn: connection,
    run: Run,
    config: Alerts,
    now: datetime,
    dry_run: bool,
    *,
    secrets: Secrets | None = None,
    patience: Patience | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Outcome:
    """Work a run out and send what there is to be told.

    One at a time: a second one waits for the first. A run that was worked out before, or one that
    is older, changes no incident; what is still to be sent is sent, and what no route took before
    is told where one does now.

    Args:
        conn: no transaction is open on it.
        run: of the report, the last one.
        config: says who hears of what.
        now: with a time zone.
        dry_run: work all out, show what would be sent, and change nothing.
        secrets: instead of those in the environment.
        patience: with servers.
        clock: tells the time of what happens while messages are sent.

    Raises:
        AlertsError: the tables of alerts cannot be made.
    """
    known = secrets or secrets_of(config)
    outcome = Outcome(run_id=run.run_id)
    if dry_run:
        with _rolled_back(conn) as cur:
            composed.lock(cur, LOCK)
            _work_out(cur, run, config, now, outcome)
            for delivery in store.pending(cur):
                outgoing = sender_for(config.channels[delivery.channel], known)
                until = due_at(delivery, config, now)
                outcome.previews.append(
                    Preview(
                        channel=delivery.channel,
                        outgoing=outgoing.written(delivery.message),
                        until=until if until > now else None,
                    )
                )
        return outcome
    with _alone(conn):
        with transaction(conn) as cur:
            _work_out(cur, run, config, now, outcome)
        courier = Courier(
            conn=conn,
            config=config,
            secrets=known,
            patience=patience or Patience(),
            clock=clock,
        )
        outcome.results += courier.deliver(now)
    return outcome


@contextmanager
def _rolled_back(conn: connection) -> Iterator[cursor]:
    try:
        with conn.cursor() as cur:
            yield cur
    finally:
        with suppress(psycopg2.Error):  # a lost connection has rolled back by itself
            conn.rollback()


@contextmanager
def _alone(conn: connection) -> Iterator[None]:
    """Keep other runs of alerts waiting."""
    with transaction(conn) as cur:
        if not composed.try_lock(cur, LOCK, until="session"):
            tell("waiting", "another run of alerts is at work: waiting for its end")
            composed.lock(cur, LOCK, until="session")
    try:
        yield
    finally:
        # A connection that is lost has given the lock back.
        with suppress(psycopg2.Error), transaction(conn) as cur:
            composed.unlock(cur, LOCK)


def _work_out(cur: cursor, run: Run, config: Alerts, now: datetime, outcome: Outcome) -> None:
    """Bring the incidents up to a run, and write down what is to be told."""
    make_tables(cur)
    _drop_undeclared(cur, config)
    outcome.is_new = store.is_new(cur, run)
    if not (outcome.is_new or store.is_last(cur, run)):
        return
    harmless = replace(run, checks=tuple(map(_harmless, run.checks)))
    told: dict[str, list[Item]] = defaultdict(list)
    incidents = store.known_incidents(cur, run.finished_at - config.reopen_within)
    for change in changes(harmless, incidents, now, config):
        if not outcome.is_new and not _was_never_told(change):
            continue
        channels = _channels(cur, change, config)
        is_unrouted = change.event is not None and not change.event.ends and not channels
        # Who declares a channel later is to hear of what is open.
        incident = replace(change.incident, told_at=None) if is_unrouted else change.incident
        incident_id = store.put_incident(cur, incident)
        if change.event is None:
            continue
        if is_unrouted:
            outcome.unrouted.append(change.check.key)
        if not (is_unrouted and change.event is Event.OPENED and change.incident.incident_id):
            outcome.events[change.event] += 1
        for channel in channels:
            if _is_of_itself(change, channel):
                continue
            told[channel].append(_item(change, change.event, incident_id, run.finished_at))
    waiting = {d.channel: d for d in store.pending(cur) if d.attempts == 0}
    for channel, items in told.items():
        _queue(cur, channel, items, waiting, run, config, now)
    if outcome.is_new:
        store.set_seen(cur, run, now)


def _was_never_told(change: Change) -> bool:
    """Whether a known incident is told only now: when it began, no route took it."""
    return change.event is Event.OPENED and change.incident.incident_id is not None


def _harmless(check: Check) -> Check:
    """Make the texts of a check harmless, for whatever reads the tables; what is long is cut."""
    return replace(
        check,
        key=clean(check.key, _KEPT),
        name=clean(check.name),
        message=clean(check.message, _KEPT),
        subject=clean(check.subject),
        source=check.source and clean(check.source),
        owner=check.owner and clean(check.owner, mask_addresses=False),
        tags=tuple(clean(tag, mask_addresses=False) for tag in check.tags),
        sql=None,
        samples=(),
    )


def _channels(cur: cursor, change: Change, config: Alerts) -> list[str]:
    """Name who is to hear of a change: of its end, those who heard of its beginning."""
    if change.event is not None and change.event.ends and change.incident.incident_id:
        told = store.channels_told_of(cur, change.incident.incident_id)
        return [channel for channel in told if channel in config.channels]
    return channels_of(change.check, change.incident.severity, config)


def _is_of_itself(change: Change, channel: str) -> bool:
    """Whether a channel would be told that it is late: it hears it by what then arrives."""
    return change.check.key == delivery_key(channel) and change.incident.check.status is Status.WARN


def _item(change: Change, event: Event, incident_id: int, at: datetime) -> Item:
    return Item.of(
        change.check,
        event,
        incident=incident_id,
        status=change.incident.check.status,
        severity=change.incident.severity,
        since=change.incident.opened_at,
        at=at,
    )


def _queue(  # noqa: PLR0913, PLR0917 - one step of the above
    cur: cursor,
    channel: str,
    items: Sequence[Item],
    waiting: Mapping[str, Delivery],
    run: Run,
    config: Alerts,
    now: datetime,
) -> None:
    """Write down what a channel is to be told: one message, two where only some of it is held."""
    quiet = config.quiet_hours_of(channel)
    due = quiet.end(now) if quiet else now
    urgent: list[Item] = []
    if quiet and due > now and quiet.critical == "send":
        urgent = [item for item in items if item.urgent]
    held = [item for item in items if item not in urgent]
    base = Message(
        key="",
        warehouse=clean(str(cur.connection.info.dbname)),
        run_id=clean(run.run_id),
        at=run.finished_at,
        items=(),
        report_url=config.report_url,
    )
    if urgent:
        message = replace(base, key=_key(run, channel, urgent), items=in_order(urgent))
        store.add_delivery(cur, channel, message, now, now)
    if not held:
        return
    # What was held, or could not be tried before, goes into the same message.
    if (earlier := waiting.get(channel)) is not None:
        together = merged(earlier.message.items, held)
        message = replace(earlier.message, at=run.finished_at, items=together)
        store.put_message(cur, earlier, message, due)
    else:
        message = replace(base, key=_key(run, channel, held), items=in_order(held))
        store.add_delivery(cur, channel, message, now, due)


def _key(run: Run, channel: str, items: Sequence[Item]) -> str:
    """Name a message: by the run, the channel and the checks, of each of which it tells once."""
    checks = "\n".join(sorted(item.key for item in items))
    return str(uuid5(_NAMESPACE, f"{run.run_id}/{channel}/{checks}"))


def _drop_undeclared(cur: cursor, config: Alerts) -> None:
    """Give up what was for channels that are no more."""
    for delivery in store.pending(cur):
        if delivery.channel not in config.channels:
            error = f"the channel {delivery.channel} is no longer in alerts.yml"
            store.set_failed(cur, [delivery], error)
