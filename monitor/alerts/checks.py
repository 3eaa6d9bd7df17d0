"""Whether alerts arrive: what the report shows of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from psycopg2.extensions import cursor

from monitor.alerts.message import when
from monitor.alerts.tables import has_tables
from monitor.check import Check, Group, Status
from warehouse.console import counted

SUBJECT = "monitoring.deliveries"

_SQL = """\
select
    channel,
    count(*) filter (where status = 'sent') as sent,
    max(sent_at) as last_sent_at,
    count(*) filter (where status = 'pending' and attempts = 0) as held,
    min(next_attempt_at) filter (where status = 'pending' and attempts = 0) as due_at,
    count(*) filter (where is_late and status = 'pending') as retried,
    count(*) filter (where is_late and status = 'failed') as given_up,
    min(created_at) filter (where is_late) as late_since,
    (array_agg(last_error order by last_attempt_at desc nulls last, delivery_id desc)
        filter (where is_late))[1] as last_error,
    (array_agg(last_error order by sent_at desc) filter (where status = 'sent'))[1] as last_note
from (
    select
        *,
        case status
            when 'pending' then attempts > 0
            when 'failed' then delivery_id > coalesce(
                max(delivery_id) filter (where status = 'sent') over (partition by channel), 0
            )
            else false
        end as is_late
    from monitoring.deliveries
) as judged
group by channel
order by channel"""


def delivery_checks(cur: cursor) -> Iterable[Check]:
    """Judge of each channel whether what is sent to it arrives.

    What was given up counts until a later message arrives.
    """
    if not has_tables(cur):
        yield _check("", Status.SKIP, "alerts have not run yet: python -m monitor alert", 0, 0)
        return
    cur.execute(_SQL)
    found = False
    for row in cur:
        found = True
        yield _judged(*row)
    if not found:
        yield _check("", Status.SKIP, "nothing was to be sent yet", 0, 0)


def _judged(  # noqa: PLR0913, PLR0917 - the columns of the statement
    channel: str,
    sent: int,
    last_sent_at: object,
    held: int,
    due_at: object,
    retried: int,
    given_up: int,
    since: object,
    last_error: str | None,
    last_note: str | None,
) -> Check:
    return _check(
        channel,
        Status.FAIL if given_up else Status.WARN if retried or last_note else Status.PASS,
        "; ".join(
            _parts(
                sent, last_sent_at, held, due_at, retried, given_up, since, last_error or last_note
            )
        ),
        sent + held + retried + given_up,
        retried + given_up,
    )


def _parts(  # noqa: PLR0913, PLR0917 - the columns of the statement
    sent: int,
    last_sent_at: object,
    held: int,
    due_at: object,
    retried: int,
    given_up: int,
    since: object,
    last_error: str | None,
) -> Iterator[str]:
    if given_up:
        yield f"{counted(given_up, 'message')} given up"
    if retried:
        yield f"{counted(retried, 'message')} not delivered yet, the next run tries again"
    if given_up or retried:
        yield f"the first of {_moment(since)}"
    if last_error:
        yield last_error
    if held:
        yield f"{counted(held, 'message')} held until {_moment(due_at)}"
    yield f"{counted(sent, 'message')} delivered" + (
        f", the last one at {_moment(last_sent_at)}" if sent else ""
    )


def _moment(value: object) -> str:
    return when(value)  # type: ignore[arg-type]


def delivery_key(channel: str) -> str:
    """Name the check of a channel."""
    return f"alerts:delivery:{channel}"


def _check(channel: str, status: Status, message: str, checked: int, failed: int) -> Check:
    return Check(
        key=delivery_key(channel) if channel else "alerts:delivery",
        group=Group.ALERTS,
        name=f"alerts to {channel} arrive" if channel else "alerts arrive",
        status=status,
        message=message,
        subject=SUBJECT,
        checked=checked,
        failed=failed,
        sql=_SQL,
    )
