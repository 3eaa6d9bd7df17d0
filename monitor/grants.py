"""Who reads the watch's own tables: the readers of the warehouse, as of all of `monitoring`."""

from __future__ import annotations

from psycopg2 import sql
from psycopg2.extensions import cursor

from warehouse import composed
from warehouse.role_names import Role, role_name

_READERS: tuple[Role, ...] = ("reader", "reader_pii")


def let_readers_see(cur: cursor, *tables: str) -> None:
    """Grant the readers that are made tables of the schema monitoring, where they lack them.

    Args:
        cur: its user owns the tables; its transaction is the caller's to commit.
        tables: their names, without the schema.
    """
    readers = [role_name(cur.connection.info.dbname, role) for role in _READERS]
    for table in tables:
        cur.execute(
            "select rolname from pg_roles where rolname = any(%s)"
            " and not has_table_privilege(oid, format('monitoring.%%I', %s)::regclass, 'select')",
            (readers, table),
        )
        for (reader,) in cur.fetchall():
            cur.execute(
                sql.SQL("grant select on {} to {}").format(
                    composed.qualified("monitoring", table), sql.Identifier(reader)
                )
            )
