"""The raw tables: every declared column as text, and which load and record each row came from."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from psycopg2 import sql
from psycopg2.extensions import connection, cursor

from loader.raw.indexes import INDEXES_DDL
from loader.raw.ledger import ensure_ledger
from loader.sources import LOAD_ID, ROW_ID, FilesSource, Sources, raw_name
from warehouse import composed
from warehouse.composed import TEXT
from warehouse.connections import transaction

# Statistics are renewed for tables that grew by a tenth, as autovacuum would
# (autovacuum_analyze_scale_factor), but before the build that follows and not minutes later.
ANALYZE_SHARE = 0.1

# Raw tables are read from end to end; what the planner needs of them are counts. 30 estimates the
# distinct values of 1.5M rows as 200 does (11.8% and 11.9% of them), in 0.08 s and not in 0.60 s.
STATISTICS_TARGET = 30


def raw_table(table: str) -> sql.Identifier:
    """Write the quoted name of a table in the schema raw."""
    return composed.qualified("raw", table)


class RawTables:
    """The raw tables of all sources and their data columns, in the order of the table.

    Made once a run by `prepare`; threads then share it.
    """

    def __init__(self, columns: dict[str, list[str]]) -> None:
        self._columns = columns
        self._lock = threading.Lock()

    def columns(self, table: str) -> list[str]:
        """List the data columns of a raw table, without those that the loader adds."""
        return list(self._columns[table])

    def __contains__(self, table: str) -> bool:
        return table in self._columns

    def make(self, conn: connection, table: str, names: Sequence[str]) -> bool:
        """Make a raw table of these columns, in a transaction of its own, if there is none yet.

        Returns:
            Whether there was none.
        """
        with self._lock:
            if table in self._columns:
                return False
            with transaction(conn) as cur:
                _ensure_table(cur, table, names, self._columns)
            self._columns[table] = list(names)
        return True

    def extend(self, conn: connection, table: str, names: Iterable[str]) -> None:
        """Add columns to a raw table, in a transaction of its own.

        It waits for those that write to the table or read it: a COPY under way is finished first.
        """
        with self._lock:
            new = [name for name in names if name not in self._columns[table]]
            if not new:
                return
            with transaction(conn) as cur:
                _add_columns(cur, table, new)
            self._columns[table].extend(new)


def prepare(conn: connection, sources: Sources) -> RawTables:
    """Make the schema, the ledger and the raw tables of files, as far as they do not exist.

    A declared column that an older table lacks is added; none is ever dropped.
    """
    with transaction(conn) as cur:
        # "if not exists" does not keep two sessions from making the same thing at once.
        composed.lock(cur, "counting-house.raw")
        ensure_ledger(cur)
        cur.execute(INDEXES_DDL)
        existing = _existing_columns(cur)
        for source, declared in sources.root.items():
            # What columns a table of a database has is known when it is read.
            if isinstance(declared, FilesSource):
                for name, table in declared.tables.items():
                    _ensure_table(cur, raw_name(source, name), table.columns, existing)
        return RawTables(_existing_columns(cur))


def _existing_columns(cur: cursor) -> dict[str, list[str]]:
    cur.execute(
        "select c.relname, array_agg(a.attname::text order by a.attnum) "
        "from pg_class c join pg_attribute a on a.attrelid = c.oid "
        "where c.relnamespace = 'raw'::regnamespace and c.relkind in ('r', 'p') "
        "and a.attnum > 0 and not a.attisdropped group by c.relname"
    )
    return {
        table: [name for name in names if name not in {LOAD_ID, ROW_ID}]
        for table, names in cur.fetchall()
    }


def _ensure_table(
    cur: cursor, table: str, columns: Sequence[str], existing: dict[str, list[str]]
) -> None:
    if table in existing:
        _add_columns(cur, table, [name for name in columns if name not in existing[table]])
        return
    definitions = {
        **dict.fromkeys(columns, TEXT),
        LOAD_ID: sql.SQL("bigint not null default raw._current_load_id()"),
        ROW_ID: sql.SQL("bigint not null default nextval(raw._current_row_sequence())"),
    }
    cur.execute(composed.create_table(raw_table(table), definitions))
    # Rows lie in the order of their loads: a few pages of index find those of one load.
    cur.execute(
        sql.SQL("create index on {} using brin ({})").format(
            raw_table(table), sql.Identifier(LOAD_ID)
        )
    )


def _add_columns(cur: cursor, table: str, names: Sequence[str]) -> None:
    if names:
        cur.execute(composed.add_columns(raw_table(table), dict.fromkeys(names, TEXT)))


def settle(conn: connection, loaded: dict[str, int]) -> None:
    """Bring statistics and index of tables up to date with the rows they received.

    Args:
        conn: no transaction is open on it; each table is done in one of its own.
        loaded: rows added, by raw table.
    """
    for table, rows in loaded.items():
        name = raw_table(table)
        with transaction(conn) as cur:
            # A BRIN index knows nothing of pages filled since the last vacuum: every search would
            # read them all.
            cur.execute(
                "select brin_summarize_new_values(i.indexrelid) from pg_index i "
                "join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam "
                "where i.indrelid = %s::regclass and a.amname = 'brin'",
                (name.as_string(cur),),
            )
            cur.execute(
                "select reltuples from pg_class where oid = %s::regclass", (name.as_string(cur),)
            )
            (known,) = cur.fetchall()
            # reltuples is -1 for a table that was never analysed.
            if rows > max(known[0], 0) * ANALYZE_SHARE:
                cur.execute("set local default_statistics_target to %s", (STATISTICS_TARGET,))
                cur.execute(sql.SQL("analyze {}").format(name))
