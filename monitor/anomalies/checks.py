"""Checks on the days of tables: whether the volume is usual, and what the rows are made of.

For each source of each watched table one check on the volume (rows, different keys and amounts
together), and one each on nulls, means, different keys and amounts a row. A check looks at the last
seven days that are complete, so that a day that was bad stays so until it is loaded again or listed
in the seed `days_off`. What the rows of a day are made of is not judged when its volume is
an anomaly: half a file is one thing to repair, not five.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
from psycopg2 import sql
from psycopg2.extensions import cursor

from monitor.anomalies.baseline import HISTORY, LEAST_DAYS, Floats
from monitor.anomalies.detector import (
    MEAN,
    SHARE,
    WATCH,
    Answer,
    Asked,
    Calendar,
    Sensitivity,
    Series,
    Verdict,
    judge_each,
    judge_together,
)
from monitor.anomalies.figures import ROWS, stored_figures
from monitor.anomalies.ratios import a_row
from monitor.anomalies.scales import Kind
from monitor.anomalies.watched import Watched, watched_tables
from monitor.check import Check, Group, Status
from monitor.manifest import Manifest, load_manifest

# So many complete days are looked at.
WINDOW = 7

# Figures of fewer rows say little about what rows are made of.
_LEAST_ROWS = 30.0

# A key of which one day shows more than this share of all there are does not grow with the rows.
_MOST_OF_KEYS = 0.05

# So many limits off, a warning becomes a failure.
_FAILS_FROM = 1.3

_SAMPLES = 5

_FIGURES = "monitoring.daily_figures"


@dataclass(frozen=True)
class Figure:
    """A figure as it is judged and spoken of.

    Args:
        name: for people.
        asked: the series and from where a day of it is an anomaly.
        digits: after the point.
        percent: whether it is written in percent.
    """

    name: str
    asked: Asked
    digits: int = 2
    percent: bool = False

    def sentence(self, verdict: Verdict) -> str:
        """Explain a verdict on it."""
        return verdict.sentence(self.name, self.digits, percent=self.percent)


@dataclass(frozen=True)
class TableDays:
    """The days of one source in one table.

    Args:
        table: the table.
        source: of the rows.
        figures: by measure; each has a figure for every calendar day.
        calendar: the source's days off.
        growing: the keys that grow with the rows.
    """

    table: Watched
    source: str
    figures: Mapping[str, Series]
    calendar: Calendar
    growing: frozenset[str]

    @property
    def rows(self) -> Series:
        """The rows of each day."""
        return self.figures[ROWS]

    def volume(self) -> Mapping[str, Series]:
        """Give the series that rise and fall with the rows, the rows first."""
        found = {ROWS: self.rows}
        for measure, series in self.figures.items():
            kind, _, column = measure.partition(":")
            if (kind == "distinct" and column in self.growing) or kind == "sum":
                found[measure] = series
        return found

    def parts(self) -> dict[str, list[Figure]]:
        """Give what the rows are made of, by what is asked of it."""
        found: dict[str, list[Figure]] = defaultdict(list)
        name = self.table.name
        for measure, series in self.figures.items():
            kind, _, column = measure.partition(":")
            if kind == "null_share":
                asked = Asked(series, SHARE, self.rows)
                found["nulls"].append(Figure(f"nulls in {column} of {name}", asked, 1, True))
            elif kind == "mean":
                asked = Asked(series, MEAN, self.rows)
                found["means"].append(Figure(f"mean {column} of {name}", asked))
            elif kind == "distinct":
                asked = Asked(a_row(series, self.rows), MEAN, self.rows)
                found["keys"].append(Figure(f"different {column} a row of {name}", asked, 3))
            elif kind == "sum":
                column, _, currency = column.partition(":")
                rows = self.figures[f"{ROWS}:{currency}"] if currency else self.rows
                asked = Asked(a_row(series, rows), MEAN, rows)
                said = f" in {currency}" if currency else ""
                found["amounts"].append(Figure(f"{column} a row of {name}{said}", asked))
        return found


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
    cur.execute("select to_regclass(%s) is not null", (_FIGURES,))
    if cur.fetchone() != (True,):
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


def read_days(cur: cursor, manifest: Manifest, history: int) -> list[TableDays]:
    """Read the figures of so many last days of each source."""
    read: dict[tuple[str, str], dict[str, list[tuple[int, float]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    lasts: dict[str, int] = {}
    for source, place, day, measure, value in stored_figures(cur, history):
        read[place, source][measure].append((day, value))
        lasts[source] = max(day, lasts.get(source, day))
    days_off = _days_off(cur, manifest)
    found = []
    for table in watched_tables(cur, manifest):
        pools = _pools(cur, table)
        for (name, source), measures in sorted(read.items()):
            if name != table.node.place:
                continue
            listed = days_off.get(None, frozenset()) | days_off.get(source, frozenset())
            figures = _series(measures, lasts[source])
            growing = frozenset(
                key
                for key, pool in pools.items()
                if f"distinct:{key}" in figures
                and _typical(figures[f"distinct:{key}"]) < _MOST_OF_KEYS * pool
            )
            found.append(TableDays(table, source, figures, Calendar(listed), growing))
    return found


def _series(measures: Mapping[str, Sequence[tuple[int, float]]], last: int) -> dict[str, Series]:
    """Make series of every calendar day out of those of the days that have rows.

    They go on to the last day of the source: a table that ends before it has a hole there.
    """
    first = min(day for figures in measures.values() for day, _ in figures)
    made = {}
    for measure, figures in measures.items():
        kind, empty = _kind_of(measure)
        values: Floats = np.full(last - first + 1, empty)
        for day, value in figures:
            values[day - first] = value
        made[measure] = Series(date.fromordinal(first), values, kind)
    return made


def _kind_of(measure: str) -> tuple[Kind, float]:
    """Give the kind of a measure, and its figure on a day without rows."""
    match measure.partition(":")[0]:
        case "rows" | "distinct":
            return Kind.COUNT, 0.0
        case "sum":
            return Kind.AMOUNT, 0.0
        case "null_share":
            return Kind.SHARE, np.nan
        case _:
            return Kind.MEAN, np.nan


def _typical(series: Series) -> float:
    return float(np.median(series.values[series.values > 0])) if series.values.any() else 0.0


_POOLS = """
select
    attname,
    case when n_distinct < 0 then -n_distinct * greatest(reltuples, 0) else n_distinct end
from pg_stats
inner join pg_class on pg_class.oid = to_regclass(format('%%I.%%I', schemaname, tablename))
where schemaname = %s and tablename = %s and attname = any(%s)
"""


def _pools(cur: cursor, table: Watched) -> dict[str, float]:
    """Estimate how many different values each key has in all, by PostgreSQL's statistics."""
    cur.execute(_POOLS, (table.node.schema, table.node.relation, list(table.keys)))
    return {name: float(pool) for name, pool in cur}


def _days_off(cur: cursor, manifest: Manifest) -> dict[str | None, frozenset[date]]:
    """Read the seed of days off; none where it is not built."""
    node = manifest.named("days_off")
    if node is None:
        return {}
    relation = sql.Identifier(node.schema, node.relation)
    cur.execute("select to_regclass(%s) is not null", (relation.as_string(cur),))
    if cur.fetchone() != (True,):
        return {}
    cur.execute(sql.SQL("select source, day from {}").format(relation))
    listed: dict[str | None, set[date]] = defaultdict(set)
    for source, day in cur:
        listed[source].add(day)
    return {source: frozenset(days) for source, days in listed.items()}


_LAST_LOADS = """
select source, max(loaded_at) from raw._loads where status = 'loaded' group by source
"""


def last_days(cur: cursor, found: Iterable[TableDays], now: datetime) -> dict[str, date]:
    """Give the last complete day of each source.

    A source has come to the day that at least half of its tables have reached. That day is
    complete when the source was loaded after its end, UTC; before that, the day before it is.

    Args:
        cur: of the warehouse.
        found: all tables of the sources.
        now: the moment until which days can be complete, with a time zone.
    """
    cur.execute("select to_regclass('raw._loads') is not null")
    loads: dict[str, datetime] = {}
    if cur.fetchone() == (True,):
        cur.execute(_LAST_LOADS)
        loads = dict(cur.fetchall())
    reached: dict[str, list[date]] = defaultdict(list)
    for days in found:
        last = days.rows.first + timedelta(days=int(np.flatnonzero(days.rows.values)[-1]))
        reached[days.source].append(last)
    lasts = {}
    for source, of_tables in reached.items():
        last = sorted(of_tables, reverse=True)[len(of_tables) // 2]
        loaded = min(loads.get(source, now), now).astimezone(UTC).date()
        lasts[source] = min(last, loaded - timedelta(days=1))
    return lasts


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
