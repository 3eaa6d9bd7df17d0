"""The days of a table: its figures as series, the source's days off, the last complete day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
from psycopg2 import sql
from psycopg2.extensions import cursor

from monitor.anomalies.baseline import Floats
from monitor.anomalies.detector import MEAN, SHARE, Asked, Calendar, Series, Verdict
from monitor.anomalies.figures import ROWS, stored_figures
from monitor.anomalies.ratios import a_row
from monitor.anomalies.scales import Kind
from monitor.anomalies.watched import Watched, watched_tables
from monitor.manifest import Manifest
from monitor.tables import is_there

# A key of which one day shows more than this share of all there are does not grow with the rows.
_MOST_OF_KEYS = 0.05


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
    if not is_there(cur, relation.as_string(cur)):
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
    loads: dict[str, datetime] = {}
    if is_there(cur, "raw._loads"):
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
