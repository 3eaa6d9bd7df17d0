"""What the ledger keeps of source databases: marks, and which rows each load brought.

raw._watermarks has one row a table: up to which updated_at raw holds its rows. raw._database_loads
says between which values of it the rows of a load lie, so that rows that are read again are
compared with few loads and not with all of raw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg2.extensions import connection, cursor

from loader.database.versions import Part
from loader.raw.ledger import LoadFacts, new_load
from warehouse.composed import insert, qualified
from warehouse.connections import transaction

FORMAT = "postgres"


@dataclass(frozen=True)
class Target:
    """A table as the ledger names it.

    Attributes:
        source: name of the source.
        table: in the declaration of the source.
        column: updated_at; None where the table is copied whole.
        relation: schema and table in the source.
        uri: where that is.
        run_id: of the run.
    """

    source: str
    table: str
    column: str | None
    relation: str
    uri: str
    run_id: str


def read_mark(cur: cursor, source: str, table: str, column: str) -> str | None:
    """Give a table's high-water mark; None before the first copy by this column."""
    cur.execute(
        "select high_water from raw._watermarks "
        "where source = %s and table_name = %s and column_name = %s",
        (source, table, column),
    )
    found = cur.fetchall()
    return str(found[0][0]) if found else None


def move_mark(cur: cursor, target: Target, mark: str, load_id: int | None) -> None:
    """Set a table's high-water mark, in the transaction that loads the rows up to it.

    Args:
        cur: of that transaction.
        target: the table.
        mark: value of updated_at.
        load_id: that brought the last rows; None where there were none.
    """
    cur.execute(
        "insert into raw._watermarks values (%s, %s, %s, %s, %s, clock_timestamp()) "
        "on conflict (source, table_name) do update set column_name = excluded.column_name, "
        "high_water = excluded.high_water, load_id = excluded.load_id, "
        "moved_at = excluded.moved_at",
        (target.source, target.table, target.column, mark, load_id),
    )


def forget(cur: cursor, target: Target) -> bool:
    """Forget what a raw table held that is not there any more; says whether there was a mark."""
    key = (target.source, target.table)
    cur.execute("delete from raw._database_loads where source = %s and table_name = %s", key)
    cur.execute("delete from raw._watermarks where source = %s and table_name = %s", key)
    return cur.rowcount > 0


def loads_to_compare(cur: cursor, target: Target, part: Part) -> list[int]:
    """List the loads that may hold the last version in raw of rows of a part.

    Of dated rows: loads whose range meets the part's, and of those after them that brought rows
    without a time or deletions. Of undated rows: all loads since the first that brought such.
    """
    if part.kind == "dated":
        cur.execute(
            "with own as (select load_id, kind, "
            "column_name = %s and versions && tstzrange(%s, %s) as meets "
            "from raw._database_loads where source = %s and table_name = %s) "
            "select load_id from own where meets union "
            "select load_id from own where kind in ('undated', 'deleted') "
            "and load_id > (select min(load_id) from own where meets)",
            (target.column, part.low, part.high, target.source, target.table),
        )
    else:
        cur.execute(
            "with own as (select load_id, kind, column_name from raw._database_loads "
            "where source = %s and table_name = %s) "
            "select load_id from own where load_id >= "
            "(select min(load_id) from own where kind = 'undated' and column_name = %s)",
            (target.source, target.table, target.column),
        )
    return [load_id for (load_id,) in cur.fetchall()]


@dataclass(frozen=True)
class Brought:
    """Which rows a load brought.

    Attributes:
        kind: of a Part, or `deleted`.
        what: for people: the range that was read, or the kind.
        read_at: the source's clock.
        versions: range of updated_at in which those lie that are dated.
    """

    kind: str
    what: str
    read_at: str
    versions: str | None = None


def record(cur: cursor, load_id: int, target: Target, brought: Brought, facts: LoadFacts) -> None:
    """Write a load into the ledger, in the transaction that loaded its rows."""
    values = {
        "load_id": load_id,
        "batch": brought.read_at,
        "file": f"{target.relation}@{brought.what}#{load_id}",
        **facts.values(),
    }
    _insert_load(cur, target, values)
    cur.execute(
        "insert into raw._database_loads values (%s, %s, %s, %s, %s, %s)",
        (load_id, target.source, target.table, brought.kind, target.column, brought.versions),
    )


def settle_failure(cur: cursor, target: Target, read_at: str) -> None:
    """Where the last attempt at a table failed, write that it was read since and had nothing new.

    That is a load of no rows: without it the failure would count as open until a row changes.

    Args:
        cur: of the transaction that found nothing new.
        target: the table.
        read_at: the source's clock.
    """
    cur.execute(
        "select max(loaded_at) filter (where status = 'failed') > "
        "coalesce(max(loaded_at) filter (where status = 'loaded'), '-infinity') "
        "from raw._loads where source = %s and table_name = %s",
        (target.source, target.table),
    )
    if cur.fetchall() != [(True,)]:
        return
    load_id = new_load(cur)
    values = {
        "load_id": load_id,
        "batch": read_at,
        "file": f"{target.relation}@unchanged#{load_id}",
        "bytes": 0,
        "seconds": 0.0,
        "status": "loaded",
        "run_id": target.run_id,
    }
    _insert_load(cur, target, values)


def is_committed(conn: connection, load_ids: list[int]) -> bool:
    """Say whether loads are in the ledger, after a connection was lost while they were committed.

    Args:
        conn: another one.
        load_ids: of one transaction.
    """
    with transaction(conn) as cur:
        cur.execute("select from raw._loads where load_id = any(%s)", (load_ids,))
        return cur.rowcount > 0


def record_failed(
    conn: connection, target: Target, batch: str, message: str, seconds: float
) -> None:
    """Write the ledger row of a table that could not be copied, in a transaction of its own."""
    values = {
        "batch": batch,
        "file": target.relation,
        "bytes": 0,
        "seconds": seconds,
        "status": "failed",
        "error": message,
        "run_id": target.run_id,
    }
    with transaction(conn) as cur:
        _insert_load(cur, target, values)


def _insert_load(cur: cursor, target: Target, values: Mapping[str, object]) -> None:
    row = {
        "source": target.source,
        "table_name": target.table,
        "uri": target.uri,
        "format": FORMAT,
        "header_lines": 0,
        **values,
    }
    cur.execute(insert(qualified("raw", "_loads"), list(row)), list(row.values()))
