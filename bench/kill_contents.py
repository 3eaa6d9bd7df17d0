"""What the schema raw holds, in a form that can be compared between two databases."""

from __future__ import annotations

from collections.abc import Iterable

from psycopg2 import sql
from psycopg2.extensions import connection, cursor

from warehouse.connections import transaction

# Facts by name: ("rows", "till_receipts") → (count, checksum). Equal facts, equal warehouses.
Facts = dict[tuple[str, ...], object]

# What may differ between two loads of the same files.
CHANGING = {"load_id", "_load_id", "run_id", "seconds", "loaded_at", "rejected_at"}

_COLUMNS = """
    select c.relname::text, array_agg(a.attname::text order by a.attname)
    from pg_class as c
    inner join pg_attribute as a on a.attrelid = c.oid
    where c.relnamespace = 'raw'::regnamespace and c.relkind = 'r'
      and a.attnum > 0 and not a.attisdropped
      and (c.relname not like '\\_%%' or c.relname in ('_loads', '_rejects'))
    group by c.relname
    order by c.relname
"""


def facts(conn: connection) -> Facts:
    """Sum up tables, ledger, rejects and indexes of the schema raw, whatever the order of rows."""
    found: Facts = {}
    with transaction(conn) as cur:
        cur.execute(_COLUMNS)
        tables = cur.fetchall()
        for table, columns in tables:
            found["columns", table] = tuple(columns)
            found["rows", table] = _checksum(cur, table, columns)
        cur.execute(
            "select tablename::text, indexdef from pg_indexes where schemaname = 'raw' "
            "and tablename = any(%s)",
            ([table for table, _ in tables],),
        )
        for table, definition in cur.fetchall():
            found["index", table, definition] = True
    return found


def differences(expected: Facts, found: Facts) -> list[str]:
    """Name every fact that is not the same in both, one a line."""
    keys = sorted({*expected, *found})
    return [
        f"{' '.join(key)}: {found.get(key, 'missing')} instead of {expected.get(key, 'nothing')}"
        for key in keys
        if expected.get(key) != found.get(key)
    ]


def _checksum(cur: cursor, table: str, columns: Iterable[str]) -> tuple[int, int]:
    """Count a table's rows and add up their hashes; a load stands there by its file and status.

    Of the ledger without the attempts that failed: they are history, and there for the user.
    """
    kept = [sql.Identifier("t", name) for name in columns if name not in CHANGING]
    loads: sql.Composable = sql.SQL("where t.status <> 'failed'")
    if table != "_loads":
        number = "load_id" if table == "_rejects" else "_load_id"
        loads = sql.SQL("left join raw._loads as l on l.load_id = {}").format(
            sql.Identifier("t", number)
        )
        kept += [sql.Identifier("l", "file"), sql.Identifier("l", "status")]
    statement = sql.SQL(
        "select count(*), coalesce(sum(hashtextextended(row({})::text, 0)), 0) from {} as t {}"
    ).format(sql.SQL(", ").join(kept), sql.Identifier("raw", table), loads)
    cur.execute(statement)
    ((count, total),) = cur.fetchall()
    return int(count), int(total)
