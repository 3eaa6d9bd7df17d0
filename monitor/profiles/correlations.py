"""Which columns of numbers go together: Pearson's coefficient of each two."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from itertools import combinations

from psycopg2 import sql
from psycopg2.extensions import cursor

from monitor.profiles.figures import ColumnProfile, Correlation
from monitor.profiles.relations import Column, Relation
from monitor.profiles.working_set import TABLE, WorkingSet, column_name

# Each two columns of numbers are a sum of products: of more rows than this, a part is taken.
CORRELATION_ROWS = 50_000

_LARGEST_CORRELATED = 1e140


def correlate(
    cur: cursor, relation: Relation, columns: Sequence[ColumnProfile], working: WorkingSet
) -> tuple[list[Correlation], int]:
    """Correlate each two columns of numbers that vary; there may be none."""
    scaled = {
        number: value
        for number, column in enumerate(columns)
        if column.kind == "number"
        and (value := _standardized(relation.columns[number], number, column))
    }
    pairs = list(combinations(scaled, 2))
    if not pairs:
        return [], 0
    sample: sql.Composable = sql.SQL("")
    if working.copied > CORRELATION_ROWS:
        sample = sql.SQL(" tablesample bernoulli ({}) repeatable (1)").format(
            sql.Literal(100 * CORRELATION_ROWS / working.copied)
        )
    found: list[float | None] = []
    rows = 0
    # A result has 1,664 columns at most.
    for start in range(0, len(pairs), 1000):
        cur.execute(
            sql.SQL("select count(*), {} from (select {} from {}{}) as numbers").format(
                sql.SQL(", ").join(
                    sql.SQL("corr({}, {})").format(column_name(first), column_name(second))
                    for first, second in pairs[start : start + 1000]
                ),
                sql.SQL(", ").join(
                    sql.SQL("{} as {}").format(value, column_name(number))
                    for number, value in scaled.items()
                ),
                TABLE,
                sample,
            )
        )
        ((rows, *some),) = cur.fetchall()
        found += some
    return [
        Correlation(columns[first].name, columns[second].name, coefficient)
        for (first, second), coefficient in zip(pairs, found, strict=True)
        if coefficient is not None and not math.isnan(coefficient)
    ], rows


def _standardized(column: Column, number: int, profile: ColumnProfile) -> sql.Composed | None:
    """Write a column's numbers as deviations from its mean, so that no product is too large.

    None: of personal data, of numbers that do not vary, and of some too large to be multiplied.
    """
    if not profile.deviation or profile.mean is None or not profile.smallest:
        return None
    with suppress(OverflowError):
        bound = max(abs(float(profile.smallest)), abs(float(profile.largest or 0)))
        if bound < _LARGEST_CORRELATED:
            value = column_name(number)
            usual: sql.Composable = sql.SQL("true")
            if column.base not in {"int2", "int4", "int8"}:
                usual = sql.SQL("{} not in ('NaN', 'Infinity', '-Infinity')").format(value)
            tiny = sql.SQL("abs({}) >= 1e-150").format(value)
            return sql.SQL(
                "case when {value} is null or not {usual} then null"
                " when {tiny} then {value}::float8 else 0 end"
                " - {mean}::float8"
            ).format(usual=usual, tiny=tiny, value=value, mean=sql.Literal(float(profile.mean)))
    return None
