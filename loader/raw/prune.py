"""Old raw rows, deleted once the warehouse has consumed them; the ledger remembers their loads.

What is consumed the warehouse says itself: dbt builds the view monitoring.consumed_loads, which
compares what raw has with what the checked tables keep. A load that is still needed is kept, and
its reason told. The rejects of a pruned load stay, and can still be replayed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from psycopg2 import sql
from psycopg2.extensions import connection, cursor

from loader.errors import PruneError
from loader.loading.lock import locked
from loader.names import LOAD_ID, raw_name
from loader.raw.readable import readable_ledger
from loader.raw.tables import raw_table
from warehouse import composed
from warehouse.connections import transaction

CONSUMED_LOADS = composed.qualified("monitoring", "consumed_loads")


class OldLoad(NamedTuple):
    """A load whose rows could be pruned by their age.

    Attributes:
        needed_because: why they stay; None where the warehouse has consumed them.
    """

    load_id: int
    table: str
    file: str
    rows: int
    needed_because: str | None


@dataclass
class Pruned:
    """What became of the old loads of a table.

    Attributes:
        loads: that were pruned, or would be.
        rows: of them.
        bytes: of the table.
        free: about so many of them, which the rows of later loads will fill.
        kept: those still needed.
    """

    table: str
    loads: int = 0
    rows: int = 0
    bytes: int = 0
    free: int = 0
    kept: list[OldLoad] = field(default_factory=list)


def prune(url: str, source: str, keep: timedelta, *, dry_run: bool = False) -> list[Pruned]:
    """Delete the consumed raw rows of a source's old loads; each table in a transaction.

    Args:
        url: of the warehouse.
        source: its name in the ledger.
        keep: loads that are younger stay.
        dry_run: only say what would be deleted.

    Raises:
        PruneError: the warehouse does not say what it has consumed, or raw does not hold what the
            ledger says.
        LockedError: a loader is at work on the source.
        psycopg2.Error: what the server said; tables that were pruned before stay so.
    """
    with locked(url, source) as conn:
        conn.set_session(isolation_level="REPEATABLE READ")
        with transaction(conn) as cur:
            tables = sorted({load.table for load in old_loads(cur, source, keep)})
        done = [_prune_table(conn, source, table, keep, dry_run=dry_run) for table in tables]
        if not dry_run:
            _vacuum(conn, [raw_name(source, one.table) for one in done if one.rows])
        return done


def old_loads(cur: cursor, source: str, keep: timedelta, table: str | None = None) -> list[OldLoad]:
    """List the loads of a source, or one table of it, that are old and whose rows are in raw.

    Raises:
        PruneError: the warehouse does not say what it has consumed.
    """
    cur.execute("select to_regclass(%s) is not null", (CONSUMED_LOADS.as_string(cur),))
    if cur.fetchall() != [(True,)]:
        raise PruneError(
            "the view monitoring.consumed_loads, by which the warehouse says what it has consumed, "
            "is not there: build the warehouse first (make build)"
        )
    cur.execute(
        sql.SQL(
            "select l.load_id, l.table_name, l.file, l.rows, case "
            # The next run compares the source with the last version of each key in raw.
            "when l.format = 'postgres' then 'a database source is compared with its rows' "
            "when c.load_id is null then 'the warehouse is not built from it' "
            "else c.needed_because end "
            "from raw._loads l left join {} c on c.load_id = l.load_id "
            "where l.source = {} and l.table_name = coalesce({}, l.table_name) "
            "and l.status = 'loaded' and l.pruned_at is null and l.rows > 0 "
            "and l.loaded_at < now() - {} order by l.load_id"
        ).format(CONSUMED_LOADS, *map(sql.Literal, (source, table, keep)))
    )
    return [OldLoad(*row) for row in cur.fetchall()]


def _prune_table(
    conn: connection, source: str, table: str, keep: timedelta, *, dry_run: bool
) -> Pruned:
    name = raw_table(raw_name(source, table))
    # One snapshot for both: what is found to be consumed is what is deleted.
    with transaction(conn) as cur:
        loads = old_loads(cur, source, keep, table)
        consumed = [load for load in loads if load.needed_because is None]
        result = Pruned(table, len(consumed), sum(load.rows for load in consumed))
        result.kept = [load for load in loads if load.needed_because is not None]
        cur.execute(
            "select pg_table_size(oid), reltuples from pg_class where oid = %s::regclass",
            (name.as_string(cur),),
        )
        ((result.bytes, all_rows),) = cur.fetchall()
        result.free = int(result.bytes * result.rows / max(result.rows, all_rows, 1))
        if consumed and not dry_run:
            _delete(cur, name, consumed)
    return result


def _delete(cur: cursor, table: sql.Identifier, loads: Sequence[OldLoad]) -> None:
    numbers = sql.Literal([load.load_id for load in loads])
    cur.execute(
        sql.SQL("delete from {} where {} = any({})").format(table, sql.Identifier(LOAD_ID), numbers)
    )
    expected = sum(load.rows for load in loads)
    if cur.rowcount != expected:
        raise PruneError(
            f"{'.'.join(table.strings)} holds {cur.rowcount:,} rows of its old loads, the ledger "
            f"says {expected:,}: somebody has changed it; nothing of it was pruned"
        )
    cur.execute(
        sql.SQL("update raw._loads set pruned_at = now() where load_id = any({})").format(numbers)
    )


def _vacuum(conn: connection, tables: Iterable[str]) -> None:
    """Have the space used again: it goes to the rows of later loads, not to the disk."""
    conn.set_session(isolation_level="DEFAULT", autocommit=True)
    with conn.cursor() as cur:
        for table in tables:
            cur.execute(sql.SQL("vacuum (analyze) {}").format(raw_table(table)))


def sources_with_loads(conn: connection) -> list[str]:
    """List the sources of which something was loaded.

    Raises:
        LedgerError: nothing was ever loaded, or the ledger cannot be read.
    """
    with readable_ledger(), transaction(conn) as cur:
        cur.execute(
            "select distinct source from raw._loads "
            "where status = 'loaded' and pruned_at is null order by 1"
        )
        return [source for (source,) in cur.fetchall()]
