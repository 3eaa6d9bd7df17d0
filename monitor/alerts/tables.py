"""The tables of alerts in the schema monitoring: incidents, deliveries, the run last seen.

They are made when alerts first run.
"""

from __future__ import annotations

from psycopg2.extensions import cursor

from monitor.alerts.errors import AlertsError
from monitor.tables import as_transformer, is_there, let_readers_see, make_missing

# What holds several runs of `python -m monitor alert` apart.
LOCK = "counting-house.alerts"

_TABLES = """
create table if not exists monitoring.incidents (
    incident_id bigint generated always as identity primary key,
    check_key text not null,
    check_group text not null,
    name text not null,
    subject text not null,
    source text,
    owner text,
    tags text[] not null,
    status text not null,
    check_severity text not null,
    severity text not null,
    worst_severity text not null,
    message text not null,
    checked bigint,
    failed bigint,
    opened_at timestamptz not null,
    last_failed_at timestamptz not null,
    last_seen_at timestamptz not null,
    told_at timestamptz,
    passing_since timestamptz,
    resolved_at timestamptz,
    resolution text check (resolution in ('passed', 'gone')),
    reopened integer not null,
    check ((resolved_at is null) = (resolution is null))
);
create unique index if not exists incidents_open_idx
on monitoring.incidents (check_key) where resolved_at is null;
create index if not exists incidents_check_key_idx
on monitoring.incidents (check_key, incident_id desc);
create table if not exists monitoring.deliveries (
    delivery_id bigint generated always as identity primary key,
    idempotency_key text not null unique,
    channel text not null,
    run_id text not null,
    incident_ids bigint[] not null,
    content jsonb not null,
    status text not null check (status in ('pending', 'sent', 'failed')),
    attempts integer not null,
    created_at timestamptz not null,
    next_attempt_at timestamptz,
    last_attempt_at timestamptz,
    sent_at timestamptz,
    last_error text,
    check ((status = 'pending') = (next_attempt_at is not null)),
    check ((status = 'sent') = (sent_at is not null))
);
create index if not exists deliveries_pending_idx
on monitoring.deliveries (delivery_id) where status = 'pending';
create index if not exists deliveries_incident_ids_idx
on monitoring.deliveries using gin (incident_ids);
create table if not exists monitoring.alerted_run (
    run_id text primary key,
    started_at timestamptz not null,
    alerted_at timestamptz not null
);
comment on table monitoring.incidents is
    'Checks that fail, or failed: from the run in which each began to the one that closed it.';
comment on column monitoring.incidents.incident_id is 'The incident.';
comment on column monitoring.incidents.check_key is 'The check, the same in every run.';
comment on column monitoring.incidents.check_group is 'What the check is about.';
comment on column monitoring.incidents.name is 'The check in a few words.';
comment on column monitoring.incidents.subject is 'The relation or file that was looked at.';
comment on column monitoring.incidents.source is
    'The source of the data; null where all are meant.';
comment on column monitoring.incidents.owner is 'Who answers for the subject.';
comment on column monitoring.incidents.tags is 'The tags of the subject in dbt.';
comment on column monitoring.incidents.status is 'warn or fail, as the check last failed.';
comment on column monitoring.incidents.check_severity is 'How much a failure of the check matters.';
comment on column monitoring.incidents.severity is
    'How much the incident matters: one that only warns is at most a warning.';
comment on column monitoring.incidents.worst_severity is 'The worst severity that was told.';
comment on column monitoring.incidents.message is 'What was found when it last failed.';
comment on column monitoring.incidents.checked is 'Rows looked at then.';
comment on column monitoring.incidents.failed is 'Of these, rows that break the check.';
comment on column monitoring.incidents.opened_at is 'The end of the run in which it began, UTC.';
comment on column monitoring.incidents.last_failed_at is
    'The end of the last run in which it failed.';
comment on column monitoring.incidents.last_seen_at is
    'The end of the last run that had the check.';
comment on column monitoring.incidents.told_at is
    'When somebody was last to be told; null where no route took it.';
comment on column monitoring.incidents.passing_since is
    'Of one that flaps: since when it passes, before it is taken for resolved.';
comment on column monitoring.incidents.resolved_at is
    'The end of the run that closed it; null while open.';
comment on column monitoring.incidents.resolution is
    'passed, or gone where no run has the check any more.';
comment on column monitoring.incidents.reopened is 'How often it came back.';
comment on table monitoring.deliveries is 'Messages to channels, and whether they arrived.';
comment on column monitoring.deliveries.delivery_id is 'The message.';
comment on column monitoring.deliveries.idempotency_key is
    'Sent with it, the same at each attempt: what may come twice can be told by it.';
comment on column monitoring.deliveries.channel is 'The channel, as alerts.yml names it.';
comment on column monitoring.deliveries.run_id is 'The first run that it tells of.';
comment on column monitoring.deliveries.incident_ids is 'The incidents that it tells of.';
comment on column monitoring.deliveries.content is
    'What it says, before it is written for the channel.';
comment on column monitoring.deliveries.status is
    'pending: to be sent, or sent again; sent; failed: given up.';
comment on column monitoring.deliveries.attempts is 'How often it was tried, in runs of alerts.';
comment on column monitoring.deliveries.created_at is 'When it was made, UTC.';
comment on column monitoring.deliveries.next_attempt_at is
    'Before then it is not tried; null unless pending.';
comment on column monitoring.deliveries.last_attempt_at is 'When it was last tried, UTC.';
comment on column monitoring.deliveries.sent_at is 'When the channel took it, UTC.';
comment on column monitoring.deliveries.last_error is
    'Why the last attempt failed, without secrets.';
comment on table monitoring.alerted_run is 'The newest run of the report that alerts have seen.';
comment on column monitoring.alerted_run.run_id is 'The run.';
comment on column monitoring.alerted_run.started_at is 'When it began, UTC.';
comment on column monitoring.alerted_run.alerted_at is 'When alerts worked it out, UTC.';
"""

# The last one of them: they are made in one transaction.
_LAST = "alerted_run"


def make_tables(cur: cursor) -> None:
    """Make the tables that are missing, in the transaction of `cur`.

    Raises:
        AlertsError: the user may not.
    """
    with as_transformer(AlertsError, "the tables of alerts cannot be made"):
        make_missing(cur, _TABLES, _LAST)
        let_readers_see(cur, "incidents", "deliveries")


def has_tables(cur: cursor) -> bool:
    """Whether alerts have run in this database before."""
    return is_there(cur, f"monitoring.{_LAST}")
