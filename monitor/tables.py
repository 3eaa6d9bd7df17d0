"""The watch's own tables in the schema monitoring: how they are made, and who reads them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor

from warehouse import composed
from warehouse.errors import WarehouseError
from warehouse.role_names import Role, role_name

_READERS: tuple[Role, ...] = ("reader", "reader_pii")


def is_there(cur: cursor, relation: str) -> bool:
    """Whether there is a table or view; `relation` is its name as SQL has it, with the schema."""
    cur.execute("select to_regclass(%s) is not null", (relation,))
    return cur.fetchall() == [(True,)]


@contextmanager
def as_transformer(fault: type[WarehouseError], what: str, or_else: str = "") -> Iterator[None]:
    """Say of a right that the user lacks who has it.

    Args:
        fault: the error that is raised.
        what: cannot be done.
        or_else: another way out, if there is one.

    Raises:
        WarehouseError: `fault`, where PostgreSQL refused something to the user within the block.
    """
    try:
        yield
    except psycopg2.errors.InsufficientPrivilege as error:
        reason = " ".join(str(error).split())
        raise fault(
            f"{what}: {reason}: use a login of the role transformer (python -m warehouse login)"
            f"{or_else}"
        ) from None


def make_missing(cur: cursor, statements: str, last: str) -> None:
    """Make tables of the schema monitoring, and it too, unless they are there.

    Args:
        cur: its transaction is the caller's to commit.
        statements: all of them are run in it.
        last: the table that they make last, without the schema: with it all are there.

    Raises:
        psycopg2.errors.InsufficientPrivilege: the user may not.
    """
    if is_there(cur, f"monitoring.{last}"):
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
