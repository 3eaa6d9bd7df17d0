"""What is in the ledger, if there is one, and what users are told when it cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2.extensions import cursor

from loader.errors import LedgerError


@contextmanager
def readable_ledger() -> Iterator[None]:
    """Turn what the server says against reading the ledger into one line for the user.

    Raises:
        LedgerError: nothing was ever loaded, the ledger is one of an earlier version, or it cannot
            be read.
    """
    try:
        yield
    except (psycopg2.errors.UndefinedTable, psycopg2.errors.InvalidSchemaName):
        raise LedgerError("nothing was loaded into this database yet: run the loader") from None
    except psycopg2.errors.UndefinedColumn:
        raise LedgerError(
            "the ledger (raw._loads, raw._rejects) is of an earlier version: load a source once, "
            "that brings it up to date"
        ) from None
    except psycopg2.Error as error:
        raise LedgerError(f"cannot read the ledger: {' '.join(str(error).split())}") from None


def exists(cur: cursor, table: str) -> bool:
    """Whether there is such a table (or another relation), given with its schema."""
    cur.execute("select to_regclass(%s) is not null", (table,))
    return cur.fetchall() == [(True,)]


def names_in_ledger(cur: cursor) -> set[str]:
    """Give the sources of which the ledger knows a load; none where there is no ledger."""
    if not exists(cur, "raw._loads"):
        return set()
    cur.execute("select distinct source from raw._loads")
    return {name for (name,) in cur.fetchall()}
