"""The rows that a profile is computed from: read once, out of the table into a temporary one.

A table is read in one pass: everything else is asked of the copy, which belongs to the session, has
no log and is gone with the transaction. Its columns are named c0, c1, ..., and are of few types.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from psycopg2 import sql
from psycopg2.extensions import cursor

from monitor.profiles.relations import Column, Relation
from warehouse.composed import qualified

TABLE = sql.SQL("pg_temp.profiled")

# The same rows each time, as long as the table is the same.
_SEED = 1

# PostgreSQL knows only roughly how many rows a table has: from so much more than the limit on it is
# believed, and the table is not read for nothing.
_SURELY_MORE = 2

# A sample of blocks is made of whole blocks: of a table of few blocks it may be nearly none.
_LEAST_SHARE = 0.5


@dataclass(frozen=True)
class WorkingSet:
    """What was copied.

    Args:
        rows: of the table.
        copied: of these, rows in the copy.
        sample: how they were chosen.
    """

    rows: int
    copied: int
    sample: Literal["none", "blocks", "rows"]


def column_name(number: int) -> sql.Identifier:
    """Name a column of the copy by its number in the table, from 0."""
    return sql.Identifier(f"c{number}")


def copied(column: Column) -> sql.Composable:
    """Write a column as the copy has it: its base type, and what is none of a few types as text."""
    name = sql.Identifier(column.name)
    if column.kind in {"text", "other"}:
        return sql.SQL("{}::text").format(name)
    if column.base == "money":
        return sql.SQL("{}::numeric").format(name)
    return sql.SQL("{}::{}").format(name, sql.SQL(column.base))


def fill(cur: cursor, relation: Relation, limit: int | None) -> WorkingSet:
    """Copy a table, or a sample of it where it has more rows than the limit.

    Args:
        cur: in a transaction that sees one state of the database; its end drops the copy.
        relation: the table.
        limit: of the rows to be copied; none: all of them.
    """
    if limit is None or relation.estimate <= _SURELY_MORE * limit:
        end = sql.SQL("") if limit is None else sql.SQL(" limit {}").format(sql.Literal(limit + 1))
        found = _copy(cur, relation, end)
        if limit is None or found <= limit:
            return WorkingSet(found, found, "none")
        cur.execute(sql.SQL("drop table {}").format(TABLE))
    assert limit is not None
    cur.execute(
        sql.SQL("select count(*) from {}").format(qualified(relation.schema, relation.name))
    )
    ((rows,),) = cur.fetchall()
    share = min(limit / max(rows, 1), 1.0)
    if relation.has_blocks:
        found = _copy(cur, relation, _tablesample("system", share))
        if found >= _LEAST_SHARE * share * rows:
            return WorkingSet(rows, found, "blocks")
        cur.execute(sql.SQL("drop table {}").format(TABLE))
        return WorkingSet(rows, _copy(cur, relation, _tablesample("bernoulli", share)), "rows")
    # A view has no blocks.
    cur.execute("select setseed(0)")
    draw = sql.SQL(" where random() < {}").format(sql.Literal(share))
    return WorkingSet(rows, _copy(cur, relation, draw), "rows")


def _tablesample(method: str, share: float) -> sql.Composed:
    return sql.SQL(" tablesample {} ({}) repeatable ({})").format(
        sql.SQL(method), sql.Literal(100 * share), sql.Literal(_SEED)
    )


def _copy(cur: cursor, relation: Relation, end: sql.Composable) -> int:
    columns = [
        sql.SQL("{} as {}").format(copied(column), column_name(number))
        for number, column in enumerate(relation.columns)
    ]
    cur.execute(
        sql.SQL("create temporary table profiled on commit drop as select {} from {}{}").format(
            sql.SQL(", ").join(columns), qualified(relation.schema, relation.name), end
        )
    )
    return cur.rowcount
