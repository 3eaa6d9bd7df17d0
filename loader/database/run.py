"""One run over a source database: its tables, several at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from datetime import UTC, datetime

import psycopg2

from loader.database import ledger
from loader.database.declared import PostgresSource
from loader.database.ledger import Target
from loader.database.plan import Task
from loader.database.reading import place, source_url
from loader.database.table import TableCopy, Terms
from loader.loading.attempts import one_line, refusals_told
from loader.loading.futures import POLL_SECONDS, take_up
from loader.loading.lock import prepared
from loader.loading.outcome import Expected, Outcome, Run
from loader.loading.quiet import errors_told_once
from loader.reading.streams import Meter, Stopped
from loader.sources import Sources
from warehouse.connections import ConnectionPool
from warehouse.console import progress
from warehouse.errors import WarehouseError


def run_database(  # noqa: PLR0913 - what the command line gives
    name: str,
    source: PostgresSource,
    *,
    url: str,
    workers: int,
    task: Task | None = None,
    result: Run | None = None,
) -> Run:
    """Bring the raw tables of a source database up to date.

    Args:
        name: of the source.
        source: as declared.
        url: of the warehouse.
        workers: tables at a time, each with a connection to either database.
        task: a backfill, steps, deletions; everything new where not given.
        result: filled while the run goes on, for a caller that must tell of one that breaks off.

    Returns:
        What was done; faults of single tables are in it, they end nothing.

    Raises:
        LoaderError: nothing could be done at all (no URL of the source, another loader).
        WarehouseError: the warehouse cannot be reached.
    """
    result = result or Run(name)
    result.workers = workers
    with refusals_told("what was loaded stays"):
        _run(result, source, url, task or Task())
    return result


def _run(result: Run, source: PostgresSource, url: str, task: Task) -> None:
    started = time.monotonic()
    there = source_url(result.source, source)
    with (
        prepared(url, result.source, Sources({result.source: source})) as (lock, tables),
        ConnectionPool(url, result.workers, application_name="loader", role="loader") as pool,
    ):
        result.server_version = lock.server_version
        terms = Terms(there, source.url_env, pool, tables, Meter(), task)
        shares = _Shares(len(source.tables))
        copies = [
            TableCopy(_target(result, name, source, there), table, terms, shares.setter(name))
            for name, table in source.tables.items()
        ]
        result.expected = {copy.target.relation: Expected(copy.target.table) for copy in copies}
        loading = time.monotonic()
        _work(copies, shares, terms, result)
        result.loading_seconds = time.monotonic() - loading
    result.seconds = time.monotonic() - started


def _target(result: Run, name: str, source: PostgresSource, url: str) -> Target:
    declared = source.tables[name]
    schema, table = declared.relation(name)
    return Target(
        source=result.source,
        table=name,
        column=declared.updated_at,
        relation=f"{schema}.{table}",
        uri=place(url, schema, table),
        run_id=result.run_id,
    )


class _Shares:
    """How far each table is; filled by threads."""

    def __init__(self, tables: int) -> None:
        self._lock = threading.Lock()
        self._shares: dict[str, float] = {}
        self._shown = 0.0
        self.total = tables

    def setter(self, name: str) -> Callable[[float], None]:
        """Give a table's thread something to call."""

        def put(share: float) -> None:
            with self._lock:
                self._shares[name] = max(share, self._shares.get(name, 0.0))

        return put

    def take(self) -> float:
        """Give what has been done since the last call, in tables."""
        with self._lock:
            done = sum(self._shares.values()) - self._shown
            self._shown += done
        return done


def _work(copies: list[TableCopy], shares: _Shares, terms: Terms, result: Run) -> None:
    with (
        errors_told_once(),
        ThreadPoolExecutor(result.workers, thread_name_prefix="loader") as threads,
        progress(f"copying {result.source}", shares.total, "tables") as bar,
    ):
        futures = {threads.submit(_bring_to_end, copy, terms) for copy in copies}
        detail = ""
        try:
            while futures:
                finished, futures = wait(futures, POLL_SECONDS, FIRST_COMPLETED)
                for future in finished:
                    detail = take_up(future, terms.meter, result) or detail
                bar.advance(shares.take(), detail)
        finally:
            terms.meter.stop()
            for copy in copies:
                copy.cancel()
            threads.shutdown(cancel_futures=True)


def _bring_to_end(copy: TableCopy, terms: Terms) -> Outcome | None:
    """Bring one table to its end; None when the run was stopped before.

    Raises:
        WarehouseError, psycopg2.Error: the warehouse cannot even take down the fault.
    """
    if terms.meter.stopped:
        return None
    started, batch = time.monotonic(), datetime.now(UTC).isoformat(sep=" ")
    try:
        return copy.bring_to_end()
    except Stopped:
        return None
    except (WarehouseError, psycopg2.Error) as error:
        if terms.meter.stopped:
            return None
        message = one_line(error)
    target = copy.target
    if target.relation not in message:
        message = f"{target.relation}: {message}"
    with terms.pool.connection() as conn:
        ledger.record_failed(conn, target, batch, message, time.monotonic() - started)
    return Outcome(target.table, target.relation, "failed", error=message, retries=copy.retries)
