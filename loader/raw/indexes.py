"""Indexes that users put on raw tables: out of the way of a bulk load, and built again after it.

What is dropped is written down in raw._dropped_indexes in the same transaction, and struck off in
the one that builds it again. So a loader that is killed in between loses no index: the next run of
the source builds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection, cursor

from loader.errors import IndexesError
from warehouse.composed import insert, qualified
from warehouse.connections import transaction
from warehouse.retry import is_transient

INDEXES_DDL = """
create table if not exists raw._dropped_indexes (
    table_name text not null,
    index_name text not null primary key,
    definition text not null,
    tablespace text,
    description text,
    dropped_at timestamptz not null default clock_timestamp()
);
comment on table raw._dropped_indexes is
    'Indexes of raw tables that a bulk load has dropped and the end of its run builds again';
"""

# A load is in bulk when it brings more than this share of its table's size, and so many bytes.
# Measured on 2M rows: building anew pays off from 7% more rows on where the keys are random, from
# 35% on where they ascend (at 20%: 2.3 against 3.4 s, and 1.4 against 0.7 s).
BULK_SHARE = 0.2
BULK_BYTES = 8 * 1024**2

# Dropping waits for those who read the table, and whoever comes after has to wait behind it.
LOCK_TIMEOUT = "2s"

# Those that something else hangs on stay: constraints and foreign keys (conindid), replication,
# CLUSTER, statistics targets, a partitioned index above. So do BRIN ones, the loader's own among
# them: a load hardly notices them. Without a search path the definition has all schemas in it.
_MOVABLE = """
select
    c.relname, pg_get_indexdef(c.oid), t.spcname, obj_description(c.oid, 'pg_class')
from pg_index i
join pg_class c on c.oid = i.indexrelid
join pg_am a on a.oid = c.relam
left join pg_tablespace t on t.oid = c.reltablespace
where i.indrelid = %s::regclass and a.amname <> 'brin'
and i.indisvalid and not i.indisreplident and not i.indisclustered and not c.relispartition
and c.relkind = 'i'
and not exists (select from pg_constraint where conindid = i.indexrelid)
and not exists (
    select from pg_attribute where attrelid = i.indexrelid and coalesce(attstattarget, -1) >= 0
)
order by c.relname
"""


class _Kept(NamedTuple):
    """An index that was dropped, and all that it takes to build it again."""

    table: str
    name: str
    definition: str
    tablespace: str | None
    description: str | None


def set_indexes_aside(conn: connection, bytes_to_come: Mapping[str, int]) -> list[str]:
    """Drop the indexes of those tables for which the load to come is a bulk load.

    An index stays, and the load goes on with it, where another session keeps its table locked or
    where the index is another user's.

    Args:
        conn: no transaction is open on it; each table is done in one of its own.
        bytes_to_come: by raw table, what is about to be loaded into it.

    Returns:
        Names of the indexes that were dropped.
    """
    dropped: list[str] = []
    for table, size in bytes_to_come.items():
        if size < BULK_BYTES:
            continue
        try:
            with transaction(conn) as cur:
                names = _drop(cur, table, size)
        except (psycopg2.errors.LockNotAvailable, psycopg2.errors.InsufficientPrivilege):
            continue
        dropped += names
    return dropped


def _drop(cur: cursor, table: str, size: int) -> list[str]:
    cur.execute("select set_config('lock_timeout', %s, true)", (LOCK_TIMEOUT,))
    cur.execute("set local search_path to ''")
    name = qualified("raw", table).as_string(cur)
    cur.execute("select pg_table_size(%s::regclass)", (name,))
    ((present,),) = cur.fetchall()
    if size <= present * BULK_SHARE:
        return []
    cur.execute(_MOVABLE, (name,))
    found = [_Kept(table, *row) for row in cur.fetchall()]
    for index in found:
        keep = ["table_name", "index_name", "definition", "tablespace", "description"]
        cur.execute(insert(qualified("raw", "_dropped_indexes"), keep), index)
        cur.execute(sql.SQL("drop index {}").format(qualified("raw", index.name)))
    return [index.name for index in found]


def rebuild_indexes(conn: connection, tables: Iterable[str]) -> list[str]:
    """Build again what this run or an earlier one has dropped.

    Args:
        conn: no transaction is open on it; each index is built in one of its own.
        tables: the raw tables that nobody else loads into: those of the source that is locked.

    Returns:
        Names of the indexes that were built.

    Raises:
        IndexesError: some cannot be built; their definitions are kept, the others are built.
        psycopg2.Error: the connection is lost; what was not built is still kept.
    """
    built, faults = [], []
    for index in _kept(conn, list(tables)):
        try:
            with transaction(conn) as cur:
                if _build(cur, index):
                    built.append(index.name)
        except psycopg2.Error as error:
            if conn.closed:
                raise
            faults.append(_fault(index, error))
    if faults:
        raise IndexesError("; ".join(faults))
    return built


def _kept(conn: connection, tables: list[str]) -> list[_Kept]:
    with transaction(conn) as cur:
        cur.execute(
            "select table_name, index_name, definition, tablespace, description "
            "from raw._dropped_indexes where table_name = any(%s) order by dropped_at, index_name",
            (tables,),
        )
        return [_Kept(*row) for row in cur.fetchall()]


def _build(cur: cursor, index: _Kept) -> bool:
    """Build an index and strike it off; False where it is not missing or its table is gone."""
    cur.execute("select set_config('lock_timeout', %s, true)", (LOCK_TIMEOUT,))
    place = qualified("raw", index.name)
    # Should another session do the same at this moment, this waits for its end.
    cur.execute("delete from raw._dropped_indexes where index_name = %s", (index.name,))
    if cur.rowcount == 0:
        return False
    cur.execute(
        "select to_regclass(%s) is null or exists (select from pg_index "
        "where indrelid = to_regclass(%s) and indexrelid = to_regclass(%s))",
        (*[qualified("raw", index.table).as_string(cur)] * 2, place.as_string(cur)),
    )
    if cur.fetchall() == [(True,)]:
        return False
    if index.tablespace:
        cur.execute("select set_config('default_tablespace', %s, true)", (index.tablespace,))
    cur.execute(index.definition)
    if index.description:
        cur.execute(
            sql.SQL("comment on index {} is {}").format(place, sql.Literal(index.description))
        )
    return True


def _fault(index: _Kept, error: psycopg2.Error) -> str:
    reason = " ".join(str(error).split())
    if is_transient(error):
        fix = "the next run of the loader tries again"
    elif isinstance(error, psycopg2.errors.UniqueViolation):
        fix = (
            "correct the rows and run the loader again, or give the index up: "
            "delete it from raw._dropped_indexes"
        )
    else:
        fix = "run the loader again when corrected"
    return (
        f"index {index.name} on raw.{index.table}, dropped for a bulk load, cannot be built again: "
        f"{reason}; its definition is kept in raw._dropped_indexes: {fix}"
    )
