"""Checks on the days of tables: whether the volume is usual, and what the rows are made of.

For each source of each watched table one check on the volume (rows, different keys and amounts
together), and one each on nulls, means, different keys and amounts a row. A check looks at the last
seven days that are complete, so that a day that was bad stays so until it is loaded again or listed
in the seed `days_off`. What the rows of a day are made of is not judged when its volume is
an anomaly: half a file is one thing to repair, not five.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from psycopg2.extensions import cursor

from monitor.anomalies.baseline import HISTORY, LEAST_DAYS
from monitor.anomalies.days import Figure, TableDays, last_days, read_days
from monitor.anomalies.detector import (
    WATCH,
    Answer,
    Asked,
    Sensitivity,
    Verdict,
    judge_each,
    judge_together,
)
from monitor.check import Check, Group, Status
from monitor.manifest import Manifest, load_manifest
from monitor.tables import is_there

# So many complete days are looked at.
WINDOW = 7

# Figures of fewer rows say little about what rows are made of.
_LEAST_ROWS = 30.0

# So many limits off, a warning becomes a failure.
_FAILS_FROM = 1.3

_SAMPLES = 5

_FIGURES = "monitoring.daily_figures"


_TITLES = {
    "nulls": "share of nulls",
    "means": "means of numbers",
    "keys": "different keys",
    "amounts": "amounts a row",
}


def anomaly_checks(
    cur: cursor,
    now: datetime,
    manifest: Manifest | None = None,
    *,
    window: int = WINDOW,
    volume: Sensitivity = WATCH,
) -> Iterator[Check]:
    """Judge the last complete days of all watched tables; nothing is written.

    Args:
        cur: of the warehouse, `monitoring.daily_figures` up to date (`update_figures`).
        now: the moment until which days can be complete, with a time zone.
        manifest: dbt's.
        window: so many days are looked at.
        volume: from where the volume of a day is an anomaly.

    Yields:
        The checks, table by table.
    """
    if not is_there(cur, _FIGURES):
        yield Check(
            key="anomaly:figures",
            group=Group.ANOMALIES,
            name="figures of days",
            status=Status.SKIP,
            message=f"{_FIGURES} is not there: python -m monitor anomalies makes it",
            subject=_FIGURES,
        )
        return
    found = read_days(cur, manifest or load_manifest(), HISTORY + LEAST_DAYS + window)
    lasts = last_days(cur, found, now)
    for days in found:
        last = lasts[days.source]
        yield from _checks(days, [last - timedelta(days=back) for back in range(window)], volume)


def _checks(days: TableDays, window: Sequence[date], sensitivity: Sensitivity) -> Iterator[Check]:
    volume = Figure(days.table.name, Asked(days.rows, sensitivity), 0)
    together = days.volume()
    verdicts = {day: judge_together(together, day, sensitivity, days.calendar) for day in window}
    yield _check(
        days,
        "volume",
        f"volume of {days.table.name}",
        Group.VOLUME,
        [(volume, verdict) for verdict in verdicts.values()],
    )
    sound = [
        day
        for day, verdict in verdicts.items()
        if not verdict.is_anomaly and verdict.value >= _LEAST_ROWS
    ]
    for what, figures in days.parts().items():
        judged = [
            (figure, verdict)
            for day in sound
            for figure, verdict in zip(
                figures,
                judge_each([figure.asked for figure in figures], day, days.calendar),
                strict=True,
            )
        ]
        name = f"{_TITLES[what]} of {days.table.name}"
        yield _check(days, what, name, Group.ANOMALIES, judged)


def _check(
    days: TableDays,
    what: str,
    name: str,
    group: Group,
    judged: Sequence[tuple[Figure, Verdict]],
) -> Check:
    found = sorted(
        ((figure, verdict) for figure, verdict in judged if verdict.is_anomaly),
        key=lambda pair: -pair[1].distance,
    )
    status, message = _told(judged, found)
    node = days.table.node
    return Check(
        key=f"anomaly:{days.source}:{node.relation}:{what}",
        group=group,
        name=f"{name} ({days.source})",
        status=status,
        message=message,
        subject=node.place,
        source=days.source,
        severity=node.severity,
        owner=node.owner,
        tags=node.tags,
        sql=_statement(days, what),
        samples=tuple(_sample(figure, verdict) for figure, verdict in found[:_SAMPLES]),
    )


def _told(
    judged: Sequence[tuple[Figure, Verdict]], found: Sequence[tuple[Figure, Verdict]]
) -> tuple[Status, str]:
    """Give how a check ends, and the sentence that says why."""
    if found:
        figure, verdict = found[0]
        more = f"; and {len(found) - 1:,} more" if len(found) > 1 else ""
        grave = verdict.value == 0 or verdict.distance >= _FAILS_FROM
        return Status.FAIL if grave else Status.WARN, figure.sentence(verdict) + more
    usual = [(figure, verdict) for figure, verdict in judged if verdict.answer == Answer.USUAL]
    if not usual:
        if not judged:
            return Status.SKIP, "too few rows to tell"
        figure, verdict = judged[0]
        return Status.SKIP, figure.sentence(verdict)
    figure, verdict = usual[0]
    if len({of.name for of, _ in usual}) == 1:
        return Status.PASS, figure.sentence(verdict)
    days = len({verdict.day for _, verdict in usual})
    return Status.PASS, f"{len(usual):,} figures of {days} days are usual"


def _sample(figure: Figure, verdict: Verdict) -> dict[str, str | None]:
    value, _, usual = figure.sentence(verdict).partition(": ")[2].partition("; ")
    return {
        "day": verdict.day.isoformat(),
        "figure": figure.name,
        "value": value,
        "usual": usual.removeprefix("usual "),
    }


_MEASURES = {
    "volume": "measure = 'rows' or measure like 'distinct:%' or measure like 'sum:%'",
    "nulls": "measure like 'null_share:%'",
    "means": "measure like 'mean:%'",
    "keys": "measure = 'rows' or measure like 'distinct:%'",
    "amounts": "measure like 'rows%' or measure like 'sum:%'",
}


def _statement(days: TableDays, what: str) -> str:
    """Write the statement that shows the figures."""
    source, table = (value.replace("'", "''") for value in (days.source, days.table.node.place))
    return (
        "select day, measure, value\n"
        f"from {_FIGURES}\n"
        f"where source = '{source}' and table_name = '{table}'\n"
        f"    and ({_MEASURES[what]})\n"
        "order by day desc, measure"
    )
