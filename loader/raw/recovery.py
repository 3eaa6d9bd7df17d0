"""What a killed loader may leave of a file that was cut over several connections.

All other files are loaded in one transaction and leave nothing. The parts of a cut file commit one
after the other at its very end; between two of these commits rows are in raw whose ledger row still
says `loading`. The next loader of the source takes them out before it does anything else.
"""

from __future__ import annotations

from psycopg2 import sql
from psycopg2.extensions import connection, cursor

from loader.raw.tables import raw_table
from loader.sources import LOAD_ID, raw_name
from warehouse.composed import lock
from warehouse.connections import transaction
from warehouse.console import counted


def hold(cur: cursor, load_id: int) -> None:
    """Show, until the transaction ends, that a part of the load may still be committed."""
    lock(cur, _fence(load_id), shared=True)


def _fence(load_id: int) -> str:
    return f"counting-house.load {load_id}"


def interrupted(cur: cursor, source: str) -> list[tuple[int, str, str]]:
    """List a source's loads that were announced and not finished: load, table, file."""
    cur.execute(
        "select load_id, table_name, file from raw._loads "
        "where source = %s and status = 'loading' order by load_id",
        (source,),
    )
    return cur.fetchall()


def undo(
    conn: connection, source: str, load_id: int, table: str, *, error: str | None = None
) -> int:
    """Take out what was committed of a load that never came to its end.

    It waits for server processes of a killed loader that are still at work on it. The caller holds
    the lock of the source, so that no living loader is.

    Args:
        conn: no transaction is open on it.
        source: of the load.
        load_id: its number.
        table: of the source.
        error: what the ledger keeps about it; None: nothing.

    Returns:
        Number of rows taken out.
    """
    with transaction(conn) as cur:
        lock(cur, _fence(load_id))
        cur.execute("select status from raw._loads where load_id = %s", (load_id,))
        if cur.fetchall() != [("loading",)]:
            return 0  # its last commit did come through
        cur.execute(
            sql.SQL("delete from {} where {} = %s").format(
                raw_table(raw_name(source, table)), sql.Identifier(LOAD_ID)
            ),
            (load_id,),
        )
        rows = cur.rowcount
        if error is None:
            cur.execute("delete from raw._loads where load_id = %s", (load_id,))
        else:
            cur.execute(
                "update raw._loads set status = 'failed', error = %s where load_id = %s",
                (error, load_id),
            )
    return rows


INTERRUPTED = "interrupted between the commits of its parts: they were taken out, load it again"


def recover(conn: connection, source: str) -> list[str]:
    """Take out the unfinished loads of a source; returns a line about each.

    The caller holds the lock of the source.
    """
    with transaction(conn) as cur:
        left = interrupted(cur, source)
    said = []
    for load_id, table, file in left:
        rows = undo(conn, source, load_id, table, error=INTERRUPTED)
        said.append(
            f"{file}: was interrupted: {counted(rows, 'row')} of it taken out, it is loaded again"
        )
    return said
