"""What users are told when the ledger is not one that can be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2

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
