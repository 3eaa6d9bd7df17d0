"""What the ledger says of each source: last loads, failures, rejects, and what is still owed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg2
from psycopg2.extensions import connection, cursor

from loader.database.declared import PostgresSource
from loader.database.lag import lags
from loader.database.reading import source_url
from loader.errors import LedgerError
from loader.loading.lock import is_locked
from loader.names import raw_name
from loader.raw.readable import exists, names_in_ledger, readable_ledger
from loader.raw.status_model import (
    DroppedIndex,
    FailedFile,
    LastLoad,
    OpenLoad,
    SourceLag,
    SourceStatus,
    Status,
    TableStatus,
    Watermark,
)
from loader.sources import Sources
from warehouse.connections import transaction

MARKS = "raw._watermarks"

_TOTALS = """
select source, table_name, count(*)::int as loads,
    count(*) filter (where replay_of is null)::int as files,
    sum(rows)::bigint as rows,
    coalesce(sum(rows) filter (where pruned_at is not null), 0)::bigint as rows_pruned
from raw._loads
where status = 'loaded' and source = any(%(sources)s)
group by source, table_name
"""

_LAST = """
select distinct on (source, table_name)
    source, table_name, load_id, run_id, loaded_at as at, batch, file, rows, rejects
from raw._loads
where status = 'loaded' and source = any(%(sources)s)
order by source, table_name, loaded_at desc, load_id desc
"""

_FAILED = """
select source, table_name, file, (array_agg(batch order by load_id desc))[1] as batch,
    count(*)::int as attempts, max(loaded_at) as last_at,
    (array_agg(error order by load_id desc))[1] as error
from raw._loads as failed
where status = 'failed' and source = any(%(sources)s) and not exists (
    select from raw._loads as since
    where since.source = failed.source and since.status = 'loaded'
    and since.loaded_at > failed.loaded_at and case failed.format
        when 'postgres' then since.table_name = failed.table_name  -- each load has its own name
        else since.file = failed.file
    end
)
group by source, table_name, file
order by file
"""

_OPEN = """
select source, table_name, load_id, file, loaded_at as since
from raw._loads
where status = 'loading' and source = any(%(sources)s)
order by load_id
"""

_REJECTS = """
select source, table_name,
    count(*) filter (where resolved_at is null)::int as rejects_open,
    count(*) filter (where resolved_at is not null)::int as rejects_resolved
from raw._rejects join raw._loads using (load_id)
where source = any(%(sources)s)
group by source, table_name
"""

_MARKS = """
select source, table_name, column_name as column, high_water, moved_at, load_id,
    case
        when pg_input_is_valid(high_water, 'timestamptz') then
            case when isfinite(high_water::timestamptz) then
                extract(epoch from clock_timestamp() - high_water::timestamptz)::float8
            end
    end as lag_seconds
from raw._watermarks
where source = any(%(sources)s)
"""


def read_status(
    conn: connection, sources: Sources, only: str | None = None, *, ask_sources: bool = False
) -> Status:
    """Read what the ledger says; nothing is written, and nothing has to be there.

    Args:
        conn: no transaction is open on it.
        sources: those declared; others that the ledger knows are told as well.
        only: one source.
        ask_sources: ask the databases among the sources how far raw is behind them.

    Raises:
        UnknownSource: `only` is neither declared nor in the ledger.
        LedgerError: the ledger is one of an earlier version, or cannot be read.
        WarehouseError: a source that is asked does not let us in.
    """
    with readable_ledger(), transaction(conn) as cur:
        status = _read(cur, sources, only)
    if ask_sources:
        for source in status.sources:
            _add_lags(conn, sources, source)
    return status


def _add_lags(conn: connection, sources: Sources, status: SourceStatus) -> None:
    declared = sources.root.get(status.source)
    if not isinstance(declared, PostgresSource):
        return
    url = source_url(status.source, declared)
    tables = {table.table: table for table in status.tables}
    try:
        with transaction(conn) as cur:
            # Where nothing was loaded yet, everything is behind.
            found = lags(cur, status.source, declared, url) if exists(cur, MARKS) else []
    except psycopg2.Error as error:
        reason = " ".join(str(error).split())
        raise LedgerError(f"cannot see how far raw is behind {status.source}: {reason}") from None
    for lag in found:
        tables[lag.table].lag = SourceLag(newest=lag.newest, rows_behind=lag.behind, more=lag.more)


def _read(cur: cursor, sources: Sources, only: str | None) -> Status:
    known = names_in_ledger(cur)
    if only is not None and only not in known:
        sources[only]  # raises where it is not declared
    names = [only] if only is not None else sorted({*sources.root, *known})
    tables = _Tables(sources, names)
    if known:
        _fill(cur, tables, names)
    found = [
        SourceStatus(
            source=name,
            declared=name in sources.root,
            at_work=is_locked(cur, name),
            tables=tables.of(name),
        )
        for name in names
    ]
    return Status(
        read_at=datetime.now(UTC),
        needs_a_hand=any(source.needs_a_hand for source in found),
        sources=found,
    )


class _Tables:
    """Tables of sources: those declared, and others that the ledger knows."""

    def __init__(self, sources: Sources, names: Collection[str]) -> None:
        self._tables = {
            (source, table): _untouched(source, table, declared=True)
            for source, declared in sources.root.items()
            if source in names
            for table in declared.tables
        }

    def at(self, source: str, table: str) -> TableStatus:
        if (source, table) not in self._tables:
            self._tables[source, table] = _untouched(source, table, declared=False)
        return self._tables[source, table]

    def of(self, source: str) -> list[TableStatus]:
        return [table for (owner, _), table in sorted(self._tables.items()) if owner == source]

    def called(self, raw_table: str) -> TableStatus | None:
        return next((t for t in self._tables.values() if t.raw_table == raw_table), None)


def _untouched(source: str, table: str, *, declared: bool) -> TableStatus:
    return TableStatus(table=table, raw_table=raw_name(source, table), declared=declared)


def _fill(cur: cursor, tables: _Tables, names: list[str]) -> None:
    for table, row in _rows(cur, tables, _TOTALS, names):
        table.loads, table.files = row["loads"], row["files"]
        table.rows, table.rows_pruned = row["rows"], row["rows_pruned"]
    for table, row in _rows(cur, tables, _LAST, names):
        table.last_load = LastLoad(**row)
    for table, row in _rows(cur, tables, _REJECTS, names):
        table.rejects_open, table.rejects_resolved = row["rejects_open"], row["rejects_resolved"]
    for table, row in _rows(cur, tables, _FAILED, names):
        table.failed_files.append(FailedFile(**row))
    for table, row in _rows(cur, tables, _OPEN, names):
        table.open_loads.append(OpenLoad(**row))
    if exists(cur, MARKS):
        for table, row in _rows(cur, tables, _MARKS, names):
            table.watermark = Watermark(**row)
    if exists(cur, "raw._dropped_indexes"):
        cur.execute(
            "select table_name, index_name, dropped_at from raw._dropped_indexes order by 2"
        )
        for raw_table, index, since in cur.fetchall():
            owner = tables.called(raw_table)
            if owner is not None:
                owner.dropped_indexes.append(DroppedIndex(index=index, since=since))


def _rows(
    cur: cursor, tables: _Tables, statement: str, names: list[str]
) -> Iterator[tuple[TableStatus, dict[str, Any]]]:
    """Run a statement whose first two columns are source and table."""
    cur.execute(statement, {"sources": names})
    columns = [column.name for column in cur.description or ()][2:]
    for source, table, *values in cur.fetchall():
        yield tables.at(source, table), dict(zip(columns, values, strict=True))
