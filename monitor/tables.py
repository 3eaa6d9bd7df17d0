"""The watch's own tables in the schema monitoring: how they are made, and who reads them."""

from __future__ import annotations

from psycopg2 import sql
from psycopg2.extensions import cursor

from warehouse import composed
from warehouse.role_names import Role, role_name

_READERS: tuple[Role, ...] = ("reader", "reader_pii")


def has_table(cur: cursor, table: str) -> bool:
    """Whether the schema monitoring has a table."""
    cur.execute("select to_regclass(format('monitoring.%%I', %s::text)) is not null", (table,))
    return cur.fetchall() == [(True,)]


def make_missing(cur: cursor, statements: str, last: str) -> None:
    """Make tables of the schema monitoring, and it too, unless they are there.

    Args:
        cur: its transaction is the caller's to commit.
        statements: all of them are run in it.
        last: the table that they make last, without the schema: with it all are there.

    Raises:
        psycopg2.errors.InsufficientPrivilege: the user may not.
    """
    if has_table(cur, last):
        return
    # "if not exists" asks for the right to make schemas before it looks whether one is there.
    cur.execute("select to_regnamespace('monitoring') is null")
    if cur.fetchall() == [(True,)]:
        cur.execute("create schema monitoring")
    cur.execute(statements)


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
