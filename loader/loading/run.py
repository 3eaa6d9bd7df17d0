"""One run of the loader: what a source has delivered and raw does not hold yet, in parallel."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import psycopg2
from psycopg2.extensions import connection

from loader.errors import LockedError, RunFailed
from loader.finding.conflicts import LoadedFile
from loader.finding.discovery import LandedFile, discover
from loader.loading.attempts import Workshop, bring_to_end, one_line, surely_loaded
from loader.loading.budget import DEFAULT_BUDGET, Budget
from loader.loading.load_file import Terms
from loader.loading.outcome import Outcome, Run
from loader.raw.ledger import loaded_files
from loader.raw.tables import prepare, settle
from loader.reading.streams import Meter
from loader.sources import Sources
from warehouse.connections import ConnectionPool, connect, transaction
from warehouse.console import progress
from warehouse.errors import WarehouseError
from warehouse.retry import retry

# A loader that was killed holds its lock until its server process notices: wait that long for it.
LOCK_PATIENCE = 5.0

_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Limits:
    """Connections at a time, and records of a file that may be set aside."""

    workers: int
    budget: Budget


def run(  # noqa: PLR0913 - what the command line gives
    name: str,
    root: Path,
    *,
    sources: Sources,
    url: str,
    workers: int,
    budget: Budget = DEFAULT_BUDGET,
) -> Run:
    """Load everything new of a source.

    Args:
        name: of the source.
        root: the source's folder.
        sources: all that are declared.
        url: of the warehouse.
        workers: connections, and files, at a time.
        budget: records of a file that may be set aside; one more fails the file.

    Returns:
        What was done; faults of single files are in it, they end nothing.

    Raises:
        LoaderError: nothing could be done at all (unknown source, no folder, another loader).
        WarehouseError: the server cannot be reached.
    """
    try:
        return _run(name, root, sources, url, Limits(workers, budget))
    except psycopg2.Error as error:
        raise RunFailed(
            f"the warehouse's server refused: {one_line(error)}; what was loaded stays: "
            "run again when corrected"
        ) from None


def _run(name: str, root: Path, sources: Sources, url: str, limits: Limits) -> Run:
    started = time.monotonic()
    source = sources[name]
    with _locked(url, name) as conn:
        tables = prepare(conn, sources)
        with transaction(conn) as cur:
            known = loaded_files(cur, name)
        landing = discover(name, source, root, known)
        result = Run(name, unfinished=landing.unfinished, problems=landing.problems)
        with ConnectionPool(url, limits.workers, application_name="loader") as pool:
            shop = Workshop(source, pool, Terms(tables, limits.budget, Meter()))
            loading = time.monotonic()
            _work(shop, landing.files, known, limits.workers, result)
            result.loading_seconds = time.monotonic() - loading
            if not result.fatal:
                _settle(pool, result.rows_by_table())
    result.seconds = time.monotonic() - started
    return result


@retry(what="renewing statistics")
def _settle(pool: ConnectionPool, loaded: dict[str, int]) -> None:
    with pool.connection() as conn:
        settle(conn, loaded)


@contextmanager
def _errors_told_once() -> Iterator[None]:
    """Keep the client library from printing, in the block, errors that it raises as well.

    A server that ends a session in the middle of a COPY says so twice; psycopg2 prints the first
    with PyErr_Print and raises the second. Only C code gets from a thread to sys.excepthook.
    """
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, place: TracebackType | None) -> None:
        if threading.current_thread() is threading.main_thread():
            before(kind, error, place)

    sys.excepthook = hook
    try:
        yield
    finally:
        sys.excepthook = before


@contextmanager
def _locked(url: str, source: str) -> Iterator[connection]:
    """Hold the source's lock for the block; yields the connection that holds it.

    Raises:
        LockedError: another loader has it.
    """
    conn = connect(url, application_name="loader lock")
    try:
        deadline = time.monotonic() + LOCK_PATIENCE
        while True:
            with transaction(conn) as cur:
                cur.execute(
                    "select pg_try_advisory_lock(hashtextextended(%s, 0))",
                    (f"counting-house.loader {source}",),
                )
                if cur.fetchall() == [(True,)]:
                    break
            if time.monotonic() > deadline:
                raise LockedError(
                    f"another loader is at work on {source}: wait until it has finished"
                )
            time.sleep(_POLL_SECONDS)
        yield conn
    finally:
        conn.close()


def _work(
    shop: Workshop,
    files: list[LandedFile],
    known: dict[str, LoadedFile],
    workers: int,
    result: Run,
) -> None:
    """Load the files, the largest first: no thread starts a long one when the others are done."""
    waiting = sorted(files, key=lambda file: -file.bytes)
    done = [file for file in waiting if surely_loaded(file, known.get(file.name))]
    result.outcomes += [Outcome(file.table, file.name, "skipped") for file in done]
    skipped = {file.name for file in done}
    waiting = [file for file in waiting if file.name not in skipped]
    if not waiting:
        return
    total = sum(file.bytes for file in waiting)
    with (
        _errors_told_once(),
        ThreadPoolExecutor(workers, thread_name_prefix="loader") as threads,
        progress(f"loading {result.source}", total, "bytes") as bar,
    ):
        futures = {
            threads.submit(bring_to_end, shop, file, known.get(file.name)) for file in waiting
        }
        shown, detail = 0, ""
        try:
            while futures:
                finished, futures = wait(futures, _POLL_SECONDS, FIRST_COMPLETED)
                for future in finished:
                    detail = _note(future, shop, result) or detail
                # What is read twice, after a retry or for its rejects, counts once.
                step = min(shop.terms.meter.take(), total - shown)
                shown += step
                bar.advance(step, detail)
        finally:
            shop.terms.meter.stop()
            threads.shutdown(cancel_futures=True)


def _note(future: Future[Outcome | None], shop: Workshop, result: Run) -> str:
    """Take up a file's outcome; the first error that concerns all files ends the run."""
    if future.cancelled():
        return ""
    error = future.exception()
    if error is None:
        outcome = future.result()
        if outcome:
            result.outcomes.append(outcome)
        return outcome.name if outcome else ""
    if not isinstance(error, WarehouseError | psycopg2.Error):
        raise error
    if result.fatal is None:
        result.fatal = one_line(error)
        shop.terms.meter.stop()
    return ""
