"""The statements that a column's figures come from: one for each column of the copy.

Each begins with the column's distinct values and how many rows have them: everything else is
computed from these, so that a column of few values costs hardly more than being read. To group 20
columns of 1M rows takes 8.8 s so, and 15.3 s in one statement with GROUPING SETS, for each row of
its result is as wide as the table (PostgreSQL 18, 2 cores).
"""

from __future__ import annotations

from collections.abc import Sequence

from psycopg2 import sql

from monitor.profiles.relations import Column
from monitor.profiles.working_set import TABLE, column_name

# Values and patterns that are kept of a column.
TOP = 20

# Ranges of a histogram.
RANGES = 20

# Characters of a value that are kept.
KEPT_CHARACTERS = 200

# Patterns cost more than all other figures together (5 µs a value): of more distinct values than
# this, those are looked at whose hash says so.
PATTERN_VALUES = 5_000

_INTEGERS = {"int2", "int4", "int8"}

# From here on squares are too large for double precision, so numbers are scaled; and what is so
# small beside the others that its square would be none counts as 0.
_LARGE = "1e140"
_TINY = "1e-150"

# Bounds of what a timestamp can be, for means of dates, which go further: seconds since 1970.
_LATEST = "9224318015999"

# Sorting a million numbers takes 0.25 s and puts them in the order that quantiles need; to hash
# them takes 0.7 s where they differ. Of texts it is the other way round.
_SORTED = """
with f as materialized (
    select v, count(*)::int as n from (select {column} as v from {table} order by 1) as s group by 1
)"""

_HASHED = """
with f as materialized (
    select {column} as v, count(*)::int as n from {table} group by 1
)"""

_NUMBERS = (
    _SORTED
    + """,
facts as (
    select
        coalesce(sum(n) filter (where v is null), 0) as nulls,
        count(v) as distinct_values,
        count(v) filter (where n = 1) as singles,
        coalesce(sum(n) filter (where {is_nan}), 0) as not_a_number,
        coalesce(sum(n) filter (where {is_infinite}), 0) as infinite
    from f
),
finite as materialized (
    select v, n, {x} as x from f where v is not null and not ({is_nan}) and not ({is_infinite})
),
bounds as (
    select
        min(v) as smallest, max(v) as largest, sum(n) as total, {exact_mean} as exact_mean,
        case when abs(min(x)) < 1e-290 then 0 else min(x) end as lo,
        case when abs(max(x)) < 1e-290 then 0 else max(x) end as hi,
        case
            when greatest(abs(min(x)), abs(max(x))) > {large}
                then greatest(abs(min(x)), abs(max(x)))
            else 1::float8
        end as scale
    from finite
),
scaled as not materialized (
    select
        n,
        case
            when scale = 1 then x when abs(x) < scale * {tiny}::float8 then 0 else x / scale
        end as u
    from finite
    cross join bounds
),
center as (
    select sum(u * n) / sum(n) as m from scaled
),
spread as (
    select sqrt(sum(n * (d * d)) / nullif(sum(n) - 1, 0)) as deviation
    from (
        select n, case when abs(u - m) < {tiny}::float8 then 0 else u - m end as d
        from scaled
        cross join center
    ) as deviations
),
ordered as (
    select v, x, n, sum(n) over (order by v rows unbounded preceding) as upto from finite
),
quantiles as (
    select k, v, x, upto
    from ordered
    cross join bounds
    cross join lateral generate_series(
        case when upto = n then 0 else 100 * (upto - n) / total + 1 end, 100 * upto / total
    ) as k
    where upto = n or 100 * upto / total > 100 * (upto - n) / total
),
edges as (
    select
        coalesce(
            array_agg(
                case
                    when hi / 2 - lo / 2 < 8e307 then lo + i * ((hi - lo) / {ranges})
                    else lo / {ranges} * ({ranges} - i) + hi / {ranges} * i
                end
                order by i
            ),
            array[]::float8[]
        ) as inside
    from bounds
    cross join lateral generate_series(
        1, case when hi / 2 - lo / 2 > 1e-290 then {ranges} else 1 end - 1
    ) as i
),
histogram as (
    select width_bucket(x, inside) as place, sum(n) as n
    from finite
    cross join edges
    group by 1
),
compared as (
    select width_bucket(-x, {compared}::float8[]) as place, sum(n) as n
    from finite
    where cardinality({compared}::float8[]) > 0
    group by 1
)
select json_build_object(
    'nulls', nulls,
    'distinct', distinct_values,
    'singles', singles,
    'not_a_number', not_a_number,
    'infinite', infinite,
    'smallest', {shown_smallest},
    'largest', {shown_largest},
    'mean', {mean},
    'deviation', case
        when deviation is null or deviation > 1.7e308 / scale then null else deviation * scale
    end,
    'quantiles', (select json_agg(json_build_array(k, {shown}, x, upto) order by k) from quantiles),
    'total', coalesce(total, 0),
    'edges', case when total > 0 then (select lo || inside || hi from edges) end,
    'histogram', (select json_agg(json_build_array(place, n)) from histogram),
    'compared', (select json_agg(json_build_array(place, n)) from compared),
    'top', ({top})
)
from facts
cross join bounds
cross join center
cross join spread
"""
)

_TEXTS = (
    _HASHED
    + """,
facts as (
    select
        coalesce(sum(n) filter (where v is null), 0) as nulls,
        count(v) as distinct_values,
        count(v) filter (where n = 1) as singles,
        min(v collate "C") as smallest,
        max(v collate "C") as largest,
        min(length(v)) as shortest,
        max(length(v)) as longest,
        (sum(length(v)::bigint * n) / sum(n) filter (where v is not null))::float8 as mean_length,
        coalesce(sum(n) filter (where v = ''), 0) as empty
    from f
),
shapes as materialized (
    select {pattern} as v, sum(n) as n
    from f
    cross join facts
    where v is not null and {has_patterns}
        and hashtext(v) % (distinct_values / {pattern_values} + 1) = 0
    group by 1
)
select json_build_object(
    'nulls', nulls,
    'distinct', distinct_values,
    'singles', singles,
    'smallest', {smallest},
    'largest', {largest},
    'shortest', shortest,
    'longest', longest,
    'mean_length', mean_length,
    'empty', empty,
    'top', ({top}),
    'patterns', (
        select json_agg(json_build_array(v, n))
        from (select v, n from shapes order by n desc, v limit {kept}) as most
    ),
    'pattern_count', (select count(*) from shapes),
    'pattern_rows', (select coalesce(sum(n), 0) from shapes),
    'compared_values', (
        select json_agg(json_build_array(v, n)) from f where v = any({compared}::text[])
    ),
    'compared_patterns', (
        select json_agg(json_build_array(v, n))
        from shapes where v = any({compared_patterns}::text[])
    )
)
from facts
"""
)

# Whatever is asked of the values of other columns, of these only how many there are.
_COUNTS = (
    _HASHED
    + """
select json_build_object(
    'nulls', coalesce(sum(n) filter (where v is null), 0),
    'distinct', count(v),
    'singles', count(v) filter (where n = 1),
    'not_a_number', coalesce(sum(n) filter (where {is_nan}), 0),
    'infinite', coalesce(sum(n) filter (where {is_infinite}), 0)
)
from f
"""
)

_TOP = """
select json_agg(json_build_array({shown}, n))
from (select v, n from f where v is not null order by n desc, v limit {kept}) as most
"""

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"


def numbers(column: Column, number: int, compared: Sequence[float]) -> sql.Composed:
    """Ask for the figures of a column of numbers or times.

    Args:
        column: of the table.
        number: of the column in the copy.
        compared: numbers at which an earlier profile knows the distribution, ascending.
    """
    is_nan, is_infinite = _unusual(column)
    return sql.SQL(_NUMBERS).format(
        column=column_name(number),
        table=TABLE,
        is_nan=is_nan,
        is_infinite=is_infinite,
        x=_double(column),
        exact_mean=_exact_mean(column),
        mean=_mean(column),
        large=sql.SQL(_LARGE),
        tiny=sql.SQL(_TINY),
        ranges=sql.Literal(RANGES),
        # Counting from the other end, a value belongs to the numbers up to the one that it equals.
        compared=sql.Literal([-one for one in reversed(compared)]),
        shown=_shown(column, "v"),
        shown_smallest=_shown(column, "smallest"),
        shown_largest=_shown(column, "largest"),
        top=_top(_shown(column, "v")),
    )


def texts(
    column: Column, number: int, compared: Sequence[str], patterns: Sequence[str]
) -> sql.Composed:
    """Ask for the figures of a column of texts, or of what is shown as text.

    Args:
        column: of the table; of a personal one no value is asked for.
        number: of the column in the copy.
        compared: values whose rows are to be counted.
        patterns: likewise.
    """
    hidden = column.personal
    value = sql.SQL("null::text") if hidden else _cut(sql.SQL("v"))
    return sql.SQL(_TEXTS).format(
        column=sql.SQL("{}::text").format(column_name(number)),
        table=TABLE,
        pattern=_pattern(),
        has_patterns=sql.Literal(column.kind == "text"),
        pattern_values=sql.Literal(PATTERN_VALUES),
        smallest=sql.SQL("null::text") if hidden else _cut(sql.SQL("smallest")),
        largest=sql.SQL("null::text") if hidden else _cut(sql.SQL("largest")),
        top=sql.SQL("select null::json") if hidden else _top(value),
        kept=sql.Literal(TOP),
        compared=sql.Literal([] if hidden else list(compared)),
        compared_patterns=sql.Literal(list(patterns)),
    )


def counts(column: Column, number: int) -> sql.Composed:
    """Ask how many values a column of numbers or times has, and for none of them."""
    is_nan, is_infinite = _unusual(column)
    return sql.SQL(_COUNTS).format(
        column=column_name(number), table=TABLE, is_nan=is_nan, is_infinite=is_infinite
    )


def _is_exact(column: Column) -> bool:
    return column.base in _INTEGERS or column.base in {"numeric", "money"}


def _unusual(column: Column) -> tuple[sql.Composable, sql.Composable]:
    """Write which values are no number, and which are infinite."""
    if column.kind == "time":
        return sql.SQL("false"), sql.SQL("not isfinite(v)")
    if column.base in _INTEGERS:
        return sql.SQL("false"), sql.SQL("false")
    return sql.SQL("v = 'NaN'"), sql.SQL("v in ('Infinity', '-Infinity')")


def _double(column: Column) -> sql.Composable:
    """Write a value in double precision; what is beyond it as the most that is not."""
    if column.kind == "time":
        return sql.SQL("extract(epoch from v)::float8")
    if column.base in {"numeric", "money"}:
        return sql.SQL(
            "case when abs(v) > 1e300 then sign(v)::float8 * 1e300"
            " when abs(v) < 1e-300 then 0 else v::float8 end"
        )
    return sql.SQL("v::float8")


def _exact_mean(column: Column) -> sql.Composable:
    if not _is_exact(column):
        return sql.SQL("null::numeric")
    # A bigint holds the product of two integers.
    wide = "int8" if column.base in {"int2", "int4"} else "numeric"
    return sql.SQL("sum(v::{} * n) / sum(n)").format(sql.SQL(wide))


def _mean(column: Column) -> sql.Composable:
    if column.kind == "time":
        return sql.SQL(
            "case when m <= {} then (to_timestamp(m) at time zone 'UTC')::text end"
        ).format(sql.SQL(_LATEST))
    if _is_exact(column):
        return sql.SQL("trim_scale(exact_mean)::text")
    return sql.SQL("(m * scale)::text")


def _shown(column: Column, value: str) -> sql.Composable:
    """Write a number or a time as text; decimals without the zeros that say nothing."""
    name = sql.Identifier(value)
    is_decimal = column.base in {"numeric", "money"}
    return sql.SQL("trim_scale({})::text" if is_decimal else "{}::text").format(name)


def _top(shown: sql.Composable) -> sql.Composed:
    return sql.SQL(_TOP).format(shown=shown, kept=sql.Literal(TOP))


def _cut(text: sql.Composable) -> sql.Composed:
    kept = sql.Literal(KEPT_CHARACTERS)
    return sql.SQL("left({t}, {k}) || case when length({t}) > {k} then '…' else '' end").format(
        t=text, k=kept
    )


def _pattern() -> sql.Composable:
    """Write the pattern of a value: letters as A, digits as 9.

    What is beyond ASCII counts as a letter: which of it is one depends on the database's locale,
    and in a pattern of personal data nothing of it may be left.
    """
    kept = sql.Literal(KEPT_CHARACTERS)
    ascii_only = sql.SQL("translate(left(v, {}), {}, {})").format(
        kept,
        sql.Literal(_LETTERS + _DIGITS),
        sql.Literal("A" * len(_LETTERS) + "9" * len(_DIGITS)),
    )
    return sql.SQL(
        "case when octet_length(v) = length(v) then {p}"
        " else regexp_replace({p}, '[^\\x01-\\x7f]', 'A', 'g') end"
        " || case when length(v) > {k} then '…' else '' end"
    ).format(p=ascii_only, k=kept)
