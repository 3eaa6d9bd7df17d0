"""`monitoring.daily_figures`: what each table's days hold, computed inside PostgreSQL.

Of every day stands beside its figures a fingerprint of its rows: how many there are, and the sum of
the transactions that wrote them (`xmin`), which grows with every change. One cheap pass over a
table finds the days whose fingerprint is no longer the one that stands there; only those are
counted anew, and days that have lost all rows lose their figures.

Measures: `rows`, `null_share:<column>`, `mean:<column>`, `distinct:<column>`, and with the currency
where a table has one, `rows:<currency>` and `sum:<column>:<currency>`; else `sum:<column>`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extensions import connection, cursor

from monitor.anomalies.watched import CURRENCY, SOURCE, Watched, watched_tables
from monitor.manifest import Manifest
from monitor.tables import as_transformer, let_readers_see, make_missing
from warehouse import composed
from warehouse.connections import transaction
from warehouse.errors import WarehouseError

FINGERPRINT, ROWS = "fingerprint", "rows"

_LOCK = "counting-house.daily_figures"

_TABLE = """
create table if not exists monitoring.daily_figures (
    source text not null,
    table_name text not null,
    day date not null,
    measure text not null,
    value double precision not null,
    primary key (source, table_name, day, measure)
);
comment on table monitoring.daily_figures is
    'What each day of a table holds, for `python -m monitor anomalies`.';
comment on column monitoring.daily_figures.source is 'The source of the rows.';
comment on column monitoring.daily_figures.table_name is 'The table, with its schema.';
comment on column monitoring.daily_figures.day is 'The day that the rows belong to.';
comment on column monitoring.daily_figures.measure is
    'What is measured: rows, null_share:<column>, mean:<column>, distinct:<column>, '
    'rows:<currency>, sum:<column>:<currency>; fingerprint: changes whenever a row does.';
comment on column monitoring.daily_figures.value is 'The figure.';
"""

# A double holds whole numbers up to 2^53.
_FINGERPRINTS = 2**50

_FIND = """
create temporary table touched_days on commit drop as
with found as (
    select {source} as source, {day} as day, cast(mod(
        sum(cast(cast(xmin as text) as bigint)) * 31 + count(*) + {version}, {fingerprints}
    ) as double precision) as fingerprint
    from {table}
    where {source} is not null and {day} is not null
    group by {source}, {day}
),
known as (
    select source, day, value as fingerprint
    from monitoring.daily_figures
    where table_name = {name} and measure = {measure}
)
select
    coalesce(found.source, known.source) as source,
    coalesce(found.day, known.day) as day,
    found.fingerprint
from found
full join known on found.source = known.source and found.day = known.day
where found.fingerprint is distinct from known.fingerprint
"""

_FORGET = """
delete from monitoring.daily_figures as figures
using touched_days
where
    figures.table_name = {name}
    and figures.source = touched_days.source
    and figures.day = touched_days.day
"""

_NOTE = """
insert into monitoring.daily_figures (source, table_name, day, measure, value)
select source, {name}, day, {measure}, fingerprint
from touched_days
where fingerprint is not null
"""

# Counted by currency first: counts and sums of the parts are those of the whole.
_ADD_UP = """
insert into monitoring.daily_figures (source, table_name, day, measure, value)
with parts as (
    select {source} as source, {day} as day, {currency} as currency, count(*) as rows{counts}
    from {table} as counted
    where exists (
        select from touched_days
        where touched_days.source = counted.{source} and touched_days.day = counted.{day}
    )
    group by 1, 2, 3
),
days as (
    select source, day, sum(rows) as rows{sums}
    from parts
    group by source, day
)
select source, {name}, day, measure, cast(value as double precision)
from days
cross join lateral (values {of_days}) as figures (measure, value)
where value is not null{parts}
"""

_OF_PARTS = """
union all
select source, {name}, day, measure || coalesce(':' || currency, ''),
    cast(value as double precision)
from parts
cross join lateral (values {of_parts}) as figures (measure, value)
where value is not null and {wanted}
"""

_COUNT_KEYS = """
insert into monitoring.daily_figures (source, table_name, day, measure, value)
select source, {name}, day, measure, cast(value as double precision)
from (
    select {source} as source, {day} as day{counts}
    from {table} as counted
    where exists (
        select from touched_days
        where touched_days.source = counted.{source} and touched_days.day = counted.{day}
    )
    group by 1, 2
) as days
cross join lateral (values {of_days}) as figures (measure, value)
"""


class FiguresError(WarehouseError):
    """The figures of days cannot be computed or stored."""


@dataclass(frozen=True)
class Updated:
    """What an update did: to how many days of which tables."""

    tables: int
    days: int


def update_figures(conn: connection, manifest: Manifest) -> Updated:
    """Bring the figures of all watched tables up to date, each table in a transaction of its own.

    Args:
        conn: no transaction is open on it.
        manifest: dbt's.

    Raises:
        FiguresError: the user may not write to the schema, or a table cannot be read.
    """
    with as_transformer(FiguresError, "the figures of days cannot be kept"):
        with transaction(conn) as cur:
            composed.lock(cur, _LOCK)
            make_missing(cur, _TABLE, "daily_figures")
            let_readers_see(cur, "daily_figures")
            tables = list(watched_tables(cur, manifest))
        days = 0
        for table in tables:
            with transaction(conn) as cur:
                composed.lock(cur, _LOCK)
                days += _update(cur, table)
    return Updated(len(tables), days)


def _update(cur: cursor, table: Watched) -> int:
    """Count the days of a table that have changed; give how many these are."""
    parts = _parts(table)
    statements = [_add_up(table)]
    if table.keys:
        statements.append(_count_keys(table, parts))
    # Other columns, other figures: all days are counted anew.
    text = " ".join(statement.as_string(cur) for statement in statements)
    version = sql.Literal(zlib.crc32(text.encode()))
    limits = {"version": version, "fingerprints": sql.Literal(_FINGERPRINTS)}
    cur.execute(sql.SQL(_FIND).format(**parts, **limits))
    days = cur.rowcount
    if not days:
        return 0
    cur.execute("analyze touched_days")
    cur.execute(sql.SQL(_FORGET).format(**parts))
    for statement in statements:
        cur.execute(statement)
    cur.execute(sql.SQL(_NOTE).format(**parts))
    if days > 100:
        cur.execute("analyze monitoring.daily_figures")
    return days


def _parts(table: Watched) -> dict[str, sql.Composable]:
    return {
        "table": composed.qualified(table.node.schema, table.node.relation),
        "name": sql.Literal(table.node.place),
        "measure": sql.Literal(FINGERPRINT),
        "source": sql.Identifier(SOURCE),
        "day": sql.Identifier(table.day),
    }


def _add_up(table: Watched) -> sql.Composed:
    """Write the statement that counts rows, nulls and numbers and adds up amounts."""
    counts, sums, of_days, of_parts = [], [], [_pair(ROWS, "rows")], [_pair(ROWS, "rows")]
    for number, column in enumerate(table.nullable):
        counts.append(_of("count({})", column, f"filled_{number}"))
        sums.append(f"sum(filled_{number}) as filled_{number}")
        of_days.append(_pair(f"null_share:{column}", f"1 - filled_{number} / rows"))
    for number, column in enumerate(table.numbers):
        counts.append(_of("sum({})", column, f"number_{number}"))
        counts.append(_of("count({})", column, f"numbers_{number}"))
        sums.append(f"sum(number_{number}) as number_{number}")
        sums.append(f"sum(numbers_{number}) as numbers_{number}")
        value = f"number_{number} / nullif(numbers_{number}, 0)"
        of_days.append(_pair(f"mean:{column}", value))
    for number, column in enumerate(table.amounts):
        counts.append(_of("sum({})", column, f"amount_{number}"))
        of_parts.append(_pair(f"sum:{column}", f"amount_{number}"))
    currency = sql.Identifier(CURRENCY) if table.has_currency else sql.SQL("cast(null as text)")
    wanted = "currency is not null" if table.has_currency else "measure <> 'rows'"
    parts = sql.SQL(_OF_PARTS).format(
        name=sql.Literal(table.node.place),
        of_parts=sql.SQL(", ").join(of_parts),
        wanted=sql.SQL(wanted),
    )
    return sql.SQL(_ADD_UP).format(
        **_parts(table),
        currency=currency,
        counts=_listed(counts),
        sums=_listed([sql.SQL(one) for one in sums]),
        of_days=sql.SQL(", ").join(of_days),
        parts=parts,
    )


def _count_keys(table: Watched, parts: dict[str, sql.Composable]) -> sql.Composed:
    """Write the statement that counts different keys."""
    counts = [
        _of("count(distinct {})", column, f"key_{number}")
        for number, column in enumerate(table.keys)
    ]
    of_days = [
        _pair(f"distinct:{column}", f"key_{number}") for number, column in enumerate(table.keys)
    ]
    return sql.SQL(_COUNT_KEYS).format(
        **parts, counts=_listed(counts), of_days=sql.SQL(", ").join(of_days)
    )


def _of(function: str, column: str, name: str) -> sql.Composed:
    return sql.SQL(f"{function} as {name}").format(sql.Identifier(column))


def _pair(measure: str, value: str) -> sql.Composed:
    return sql.SQL(f"({{}}, cast({value} as numeric))").format(sql.Literal(measure))


def _listed(columns: Sequence[sql.Composable]) -> sql.Composed:
    return sql.SQL("").join(sql.SQL(", {}").format(one) for one in columns)


def stored_figures(cur: cursor, days: int) -> Iterator[tuple[str, str, int, str, float]]:
    """Give the stored figures of the last days of each table and source.

    Args:
        cur: of the warehouse.
        days: so many before the last day of the source.

    Yields:
        Source, table, day as `date.toordinal` counts, measure and figure.
    """
    cur.execute(
        """
        select
            figures.source, table_name, day - date '0001-01-01' + 1, measure, value
        from monitoring.daily_figures as figures
        inner join (
            select source, max(day) as last_day from monitoring.daily_figures group by source
        ) as sources using (source)
        where day > last_day - %s and measure <> %s
        order by source, table_name, measure, day
        """,
        (days, FINGERPRINT),
    )
    yield from cur
