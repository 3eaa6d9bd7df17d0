"""The column updated_at: comparing rows and marks by it.

Its values go through this program as the text that PostgreSQL writes, and all arithmetic is done in
the source: Python's times end at the year 9999 and know no infinity.

A row is dated when its updated_at is a finite time. The others, null or -infinity, say nothing of
when they changed. One in the future is dated, but moves no mark.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from psycopg2 import sql
from psycopg2.extensions import cursor

from loader.database.reading import Snapshot
from loader.errors import TableError

_TYPES = {
    "timestamp with time zone": sql.SQL("timestamptz"),
    "timestamp without time zone": sql.SQL("timestamp"),
    "date": sql.SQL("date"),
}

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Part:
    """Rows that are read in one COPY.

    Attributes:
        low: dated rows from here on; None from the first.
        high: dated rows before; None up to the last.
        kind: `dated`, within the bounds; `undated`; or `whole` for all there are.
    """

    kind: str
    low: str | None = None
    high: str | None = None


class Versions:
    """The column updated_at of a table of the source.

    Args:
        where: the table, for messages.
        table: its name, quoted.
        column: updated_at.
        version_type: its type in the source.

    Raises:
        TableError: it is of a type that has no order in time.
    """

    def __init__(self, where: str, table: sql.Identifier, column: str, version_type: str) -> None:
        if version_type not in _TYPES:
            raise TableError(
                f"{where}: updated_at names {column!r}, which is {version_type}: it must be "
                "timestamptz, timestamp or date; without updated_at the table is copied whole"
            )
        self.where, self.table, self.name = where, table, column
        self.column, self._type = sql.Identifier(column), _TYPES[version_type]
        self._is_date = version_type == "date"

    def check_step(self, step: timedelta) -> None:
        """Hold steps to the column's own.

        Raises:
            TableError: they are shorter.
        """
        if self._is_date and step % _DAY:
            raise TableError(
                f"{self.where}: {self.name!r} is a date: steps must be whole days (--batch 1d)"
            )

    def condition(self, part: Part) -> sql.Composable:
        """Write the condition that a part's rows meet."""
        if part.kind == "whole":
            return sql.SQL("true")
        if part.kind == "undated":
            return sql.SQL("({0} is null or {0} = '-infinity')").format(self.column)
        conditions: list[sql.Composable] = [sql.SQL("{} > '-infinity'").format(self.column)]
        if part.low is not None:
            conditions.append(sql.SQL("{} >= {}").format(self.column, self._literal(part.low)))
        if part.high is not None:
            conditions.append(sql.SQL("{} < {}").format(self.column, self._literal(part.high)))
        return sql.SQL(" and ").join(conditions)

    def newest(self, seen: Snapshot) -> str | None:
        """Give the newest time of a row, those in the future left out; None without any."""
        return self._text(
            seen.cur,
            sql.SQL("(select max({}) from {} where {} > '-infinity' and {} <= {})").format(
                self.column, self.table, self.column, self.column, self._literal(seen.clock)
            ),
        )

    def first(
        self, cur: cursor, *, after: str | None = None, part: Part | None = None
    ) -> str | None:
        """Give the oldest finite time of a row: later than `after`, or within a part."""
        conditions = [sql.SQL("{} < 'infinity'").format(self.column)]
        conditions.append(
            sql.SQL("{} > {}").format(self.column, self._literal(after or "-infinity"))
        )
        if part is not None:
            conditions.append(sql.Composed([self.condition(part)]))
        return self._text(
            cur,
            sql.SQL("(select min({}) from {} where {})").format(
                self.column, self.table, sql.SQL(" and ").join(conditions)
            ),
        )

    def plus(self, cur: cursor, value: str, step: timedelta) -> str:
        """Add a time span, which may be negative, to a value."""
        seconds = sql.Literal(f"{step.days} days {step.seconds}.{step.microseconds:06} seconds")
        moved = self._text(
            cur, sql.SQL("({} + {}::interval)").format(self._literal(value), seconds)
        )
        assert moved is not None
        return moved

    def earliest(self, cur: cursor, *values: str) -> str:
        """Give the least of some values, as this column writes it."""
        return self._pick(cur, sql.SQL("least"), values)

    def latest(self, cur: cursor, *values: str) -> str:
        """Give the greatest of some values, as this column writes it."""
        return self._pick(cur, sql.SQL("greatest"), values)

    def as_written(self, cur: cursor, value: str) -> str:
        """Give a value as this column writes it."""
        return self._pick(cur, sql.SQL("least"), (value,))

    def is_before(self, cur: cursor, one: str, other: str) -> bool:
        """Say whether a value is less than another."""
        cur.execute(sql.SQL("select {} < {}").format(self._literal(one), self._literal(other)))
        return cur.fetchall() == [(True,)]

    def share(self, cur: cursor, start: str, at: str, end: str) -> float:
        """Say how far `at` is on the way from start to end, 0 to 1."""
        cur.execute(
            sql.SQL(
                "select extract(epoch from {1}::timestamp - {0}::timestamp)"
                " / nullif(extract(epoch from {2}::timestamp - {0}::timestamp), 0)"
            ).format(self._literal(start), self._literal(at), self._literal(end))
        )
        ((share,),) = cur.fetchall()
        return 1.0 if share is None else min(max(float(share), 0.0), 1.0)

    def count_after(self, cur: cursor, value: str | None, limit: int) -> int:
        """Count the dated rows later than a value, or all; one more than `limit` at most."""
        cur.execute(
            sql.SQL("select count(*) from (select from {} where {} > {} limit {}) as newer").format(
                self.table, self.column, self._literal(value or "-infinity"), sql.Literal(limit + 1)
            )
        )
        ((count,),) = cur.fetchall()
        return int(count)

    def _pick(self, cur: cursor, function: sql.SQL, values: tuple[str, ...]) -> str:
        listed = sql.SQL(", ").join(map(self._literal, values))
        picked = self._text(cur, sql.SQL("{}({})").format(function, listed))
        assert picked is not None
        return picked

    def _literal(self, value: str) -> sql.Composed:
        return sql.SQL("{}::{}").format(sql.Literal(value), self._type)

    def _text(self, cur: cursor, expression: sql.Composable) -> str | None:
        cur.execute(sql.SQL("select ({}::{})::text").format(expression, self._type))
        ((text,),) = cur.fetchall()
        return None if text is None else str(text)
