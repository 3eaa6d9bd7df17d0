"""A table's profile: its rows copied once, a statement a column, and one for correlations."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection, cursor

from monitor.masking import mask_addresses
from monitor.profiles import distinct, drift, statements
from monitor.profiles.correlations import correlate
from monitor.profiles.figures import (
    ColumnProfile,
    Count,
    DistinctMethod,
    Drift,
    Grid,
    Histogram,
    Lengths,
    Patterns,
    Reference,
    TableProfile,
)
from monitor.profiles.relations import Column, ProfileError, Relation
from monitor.profiles.working_set import WorkingSet, fill
from warehouse.connections import transaction

# For sorts and hash tables of one column at a time.
_WORK_MEM = "64MB"

Distinct = Literal["sample", "hyperloglog"]


@dataclass(frozen=True)
class Terms:
    """How tables are profiled.

    Args:
        limit: rows above which a table is sampled; none: never.
        distinct: how the distinct values of a sampled table are estimated.
    """

    limit: int | None = 50_000
    distinct: Distinct = "sample"


def profile_table(
    conn: connection, relation: Relation, terms: Terms, last: Mapping[str, Reference]
) -> TableProfile:
    """Profile a table in one transaction, which sees one state of it and leaves nothing behind.

    Args:
        conn: no transaction is open on it.
        relation: the table.
        terms: how.
        last: what of its columns' last profiles is compared with, by their names.

    Raises:
        ProfileError: PostgreSQL cannot read the table.
    """
    started = time.monotonic()
    try:
        with transaction(conn) as cur:
            cur.execute(
                "set transaction isolation level repeatable read;"
                f"set local work_mem = '{_WORK_MEM}'; set local jit = off"
            )
            working = fill(cur, relation, terms.limit)
            columns = [
                _Measured(cur, relation, number, working, terms, last.get(column.name)).profile()
                for number, column in enumerate(relation.columns)
            ]
            correlations, rows = correlate(cur, relation, columns, working)
    except psycopg2.Error as error:
        reason = " ".join(str(error).split())
        raise ProfileError(
            f"{relation.schema}.{relation.name} cannot be profiled: {reason}"
        ) from None
    return TableProfile(
        schema=relation.schema,
        table=relation.name,
        rows=working.rows,
        rows_profiled=working.copied,
        sample=working.sample,
        seconds=round(time.monotonic() - started, 3),
        columns=columns,
        correlations=correlations,
        correlation_rows=rows,
    )


class _Measured:
    """A column on its way to its profile."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a column and its table say
        self,
        cur: cursor,
        relation: Relation,
        number: int,
        working: WorkingSet,
        terms: Terms,
        last: Reference | None,
    ) -> None:
        self._cur, self._relation, self._number = cur, relation, number
        self._working, self._terms, self._last = working, terms, last
        self._column = relation.columns[number]

    def profile(self) -> ColumnProfile:
        if self._column.kind in {"number", "time"}:
            return self._counts() if self._column.personal else self._numbers()
        return self._texts()

    def _ask(self, statement: sql.Composed) -> dict[str, Any]:
        self._cur.execute(statement)
        ((found,),) = self._cur.fetchall()
        assert isinstance(found, dict)
        return found

    def _common(self, found: Mapping[str, Any]) -> dict[str, Any]:
        column, working = self._column, self._working
        values, method = self._distinct(found)
        return {
            "name": column.name,
            "type": column.type,
            "kind": column.kind,
            "personal": column.personal,
            "rows": working.copied,
            "nulls": found["nulls"],
            "distinct": values,
            "distinct_method": method,
            "top": [
                # Anybody may write an address into a free text.
                Count(mask_addresses(value), rows)
                for value, rows in found.get("top") or ()
            ],
        }

    def _distinct(self, found: Mapping[str, Any]) -> tuple[int, DistinctMethod]:
        working = self._working
        if working.sample == "none":
            return found["distinct"], "exact"
        if self._terms.distinct == "hyperloglog":
            return distinct.hyperloglog(self._cur, self._relation, self._number), "hyperloglog"
        present = working.copied - found["nulls"]
        rows = round(working.rows * present / working.copied) if working.copied else 0
        return distinct.from_sample(found["distinct"], found["singles"], present, rows), "sample"

    def _counts(self) -> ColumnProfile:
        found = self._ask(statements.counts(self._column, self._number))
        return ColumnProfile(
            **self._common(found),
            not_a_number=found["not_a_number"],
            infinite=found["infinite"],
            drift=drift.drift_of_nulls(self._last, self._working.copied, found["nulls"])
            if self._is_comparable and self._last
            else None,
        )

    def _numbers(self) -> ColumnProfile:
        grid = self._last.grid if self._last else None
        compared = grid.at if grid else ()
        found = self._ask(statements.numbers(self._column, self._number, compared))
        total, quantiles = found["total"], found["quantiles"] or ()
        return ColumnProfile(
            **self._common(found),
            not_a_number=found["not_a_number"],
            infinite=found["infinite"],
            smallest=found["smallest"],
            largest=found["largest"],
            mean=found["mean"],
            deviation=found["deviation"],
            quantiles=[text for _, text, _, _ in quantiles],
            histogram=_histogram(found),
            grid=_grid(quantiles, total),
            drift=self._drift_of_numbers(grid, found["compared"] or (), total, found["nulls"]),
        )

    def _drift_of_numbers(
        self, grid: Grid | None, compared: Sequence[tuple[int, int]], total: int, nulls: int
    ) -> Drift | None:
        if not self._is_comparable or self._last is None:
            return None
        if grid is None:
            return drift.drift_of_nulls(self._last, self._working.copied, nulls)
        # A place counts the grid's numbers that a value does not exceed.
        places = dict(compared)
        upto, shares = 0, []
        for place in range(len(grid.at), 0, -1):
            upto += places.get(place, 0)
            shares.append(upto / max(total, 1))
        rows = self._working.copied
        return drift.drift_of_numbers(self._last, grid, shares if total else None, rows, nulls)

    @property
    def _is_comparable(self) -> bool:
        return self._last is not None and self._last.rows > 0 and self._working.copied > 0

    def _texts(self) -> ColumnProfile:
        values, patterns = _categories(self._column, self._last)
        statement = statements.texts(self._column, self._number, values, patterns)
        found = self._ask(statement)
        common = self._common(found)
        is_text = self._column.kind in {"text", "other"} and found["shortest"] is not None
        has_patterns = self._column.kind == "text" and found["pattern_rows"]
        return ColumnProfile(
            **common,
            smallest=_masked(found["smallest"]),
            largest=_masked(found["largest"]),
            lengths=Lengths(
                found["shortest"], found["mean_length"], found["longest"], found["empty"]
            )
            if is_text
            else None,
            patterns=Patterns(
                found["pattern_rows"],
                found["pattern_count"],
                [Count(pattern, rows) for pattern, rows in found["patterns"] or ()],
            )
            if has_patterns
            else None,
            drift=self._drift_of_texts(found, values, patterns),
        )

    def _drift_of_texts(
        self, found: Mapping[str, Any], values: Sequence[str], patterns: Sequence[str]
    ) -> Drift | None:
        if not self._is_comparable or self._last is None:
            return None
        rows, nulls = self._working.copied, found["nulls"]
        if values:
            now = dict(found["compared_values"] or ())
            return drift.drift_of_values(self._last, now, rows, nulls)
        if patterns:
            now = dict(found["compared_patterns"] or ())
            return drift.drift_of_patterns(self._last, now, found["pattern_rows"], rows, nulls)
        return drift.drift_of_nulls(self._last, rows, nulls)


def _masked(value: str | None) -> str | None:
    return None if value is None else mask_addresses(value)


def _categories(column: Column, last: Reference | None) -> tuple[list[str], list[str]]:
    """Choose what a column is compared by: its values where all were kept, or its patterns."""
    if last is None:
        return [], []
    whole = all(
        len(value) <= statements.KEPT_CHARACTERS and mask_addresses(value) == value
        for value in last.top
    )
    if last.top and last.distinct <= len(last.top) and whole and not column.personal:
        return list(last.top), []
    return [], list(last.patterns)


def _histogram(found: Mapping[str, Any]) -> Histogram | None:
    edges = found["edges"]
    if not edges:
        return None
    counts = dict(found["histogram"])
    return Histogram(edges, [counts.get(place, 0) for place in range(len(edges) - 1)])


def _grid(quantiles: Sequence[tuple[int, str, float, int]], total: int) -> Grid | None:
    upto: dict[float, float] = {}
    for _, _, at, rows in quantiles:
        upto[float(at)] = rows / total
    return Grid(list(upto), list(upto.values())) if upto else None
