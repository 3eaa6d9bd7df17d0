"""The lock of a source: one loader at a time, and nobody else who writes to its raw tables."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from psycopg2.extensions import connection, cursor

from loader.errors import LockedError
from loader.raw.tables import RawTables, prepare
from loader.sources import Sources
from warehouse.composed import try_lock
from warehouse.connections import connect, transaction
from warehouse.retry import retry

# A loader that was killed holds its lock until its server process notices: wait that long for it.
LOCK_PATIENCE = 5.0

_POLL_SECONDS = 0.1


def _key(source: str) -> str:
    return f"counting-house.loader {source}"


def is_locked(cur: cursor, source: str) -> bool:
    """Say whether somebody holds the source's lock; keeps it from nobody for longer than a moment.

    The transaction must end soon: until then others can only share the lock.
    """
    return not try_lock(cur, _key(source), shared=True)


@contextmanager
def locked(url: str, source: str) -> Iterator[connection]:
    """Hold the source's lock for the block; yields the connection that holds it.

    Raises:
        LockedError: another loader has it.
    """
    conn = connect(url, application_name="loader lock", role="loader")
    try:
        deadline = time.monotonic() + LOCK_PATIENCE
        while True:
            with transaction(conn) as cur:
                if try_lock(cur, _key(source), until="session"):
                    break
            if time.monotonic() > deadline:
                raise LockedError(
                    f"another loader is at work on {source}: wait until it has finished"
                )
            time.sleep(_POLL_SECONDS)
        yield conn
    finally:
        conn.close()


@contextmanager
def prepared(url: str, source: str, sources: Sources) -> Iterator[tuple[connection, RawTables]]:
    """Hold the source's lock for the block, with the ledger and the raw tables made.

    The lock goes with its connection. So where that is lost while the tables are made, both are
    done again.

    Args:
        url: of the warehouse.
        source: to be locked.
        sources: whose tables are made.

    Yields:
        The connection that holds the lock, and the raw tables.

    Raises:
        LockedError: another loader has it.
    """

    @retry(what=f"preparing raw for {source}")
    def begin() -> tuple[ExitStack, connection, RawTables]:
        with ExitStack() as held:
            conn = held.enter_context(locked(url, source))
            tables = prepare(conn, sources)
            return held.pop_all(), conn, tables

    held, conn, tables = begin()
    with held:
        yield conn, tables
