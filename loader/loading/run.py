"""One run of the loader: what a source has delivered and raw does not hold yet, in parallel."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from loader.errors import IndexesError
from loader.finding.conflicts import LoadedFile
from loader.finding.discovery import LandedFile, discover
from loader.finding.store import Store
from loader.loading.attempts import Workshop, bring_to_end, refusals_told, surely_loaded
from loader.loading.budget import DEFAULT_BUDGET, Budget
from loader.loading.cut import worth_cutting
from loader.loading.futures import POLL_SECONDS, take_up
from loader.loading.job import Terms
from loader.loading.lock import prepared
from loader.loading.outcome import Expected, Outcome, Run
from loader.loading.quiet import errors_told_once
from loader.loading.recording import note
from loader.raw.indexes import rebuild_indexes, set_indexes_aside
from loader.raw.ledger import loaded_files
from loader.raw.recovery import recover
from loader.raw.tables import settle
from loader.reading.streams import Meter
from loader.sources import Sources, raw_name
from warehouse.connections import ConnectionPool, transaction
from warehouse.console import Advances, progress, say
from warehouse.retry import retry


@dataclass(frozen=True)
class Limits:
    """Connections at a time, and records of a file that may be set aside."""

    workers: int
    budget: Budget


def run(  # noqa: PLR0913 - what the command line gives
    name: str,
    root: Path | Store,
    *,
    sources: Sources,
    url: str,
    workers: int,
    budget: Budget = DEFAULT_BUDGET,
    result: Run | None = None,
) -> Run:
    """Load everything new of a source.

    Args:
        name: of the source.
        root: the source's folder; a path is one of this machine.
        sources: all that are declared.
        url: of the warehouse.
        workers: connections, and files, at a time.
        budget: records of a file that may be set aside; one more fails the file.
        result: filled while the run goes on, for a caller that must tell of one that breaks off.

    Returns:
        What was done; faults of single files are in it, they end nothing.

    Raises:
        LoaderError: nothing could be done at all (unknown source, no folder, another loader).
        WarehouseError: the server cannot be reached.
    """
    result = result or Run(name)
    result.workers, result.budget = workers, str(budget)
    with refusals_told("what was loaded stays"):
        _run(result, root, sources, url, Limits(workers, budget))
    return result


def _run(result: Run, root: Path | Store, sources: Sources, url: str, limits: Limits) -> None:
    started, name = time.monotonic(), result.source
    source = sources.files(name)
    with (
        prepared(url, name, sources) as (lock, tables),
        ConnectionPool(url, limits.workers, application_name="loader", role="loader") as pool,
    ):
        result.server_version = lock.server_version
        known = _known(pool, name)
        landing = discover(name, source, root, known)
        result.unfinished, result.problems = landing.unfinished, [*landing.problems]
        result.expected = {
            file.name: Expected(file.table, file.bytes, file.rows) for file in landing.files
        }
        shop = Workshop(
            source, pool, limits.workers, Terms(tables, limits.budget, Meter(), result.run_id)
        )
        loading = time.monotonic()
        _make_way(pool, _bytes_to_come(landing.files, known))
        _work(shop, landing.files, known, limits.workers, result)
        result.loading_seconds = time.monotonic() - loading
        if not result.fatal:
            try:
                _settle(pool, [raw_name(name, table) for table in source.tables], result)
            except IndexesError as error:
                result.problems.append(error)
    result.seconds = time.monotonic() - started


@retry(what="reading the ledger")
def _known(pool: ConnectionPool, source: str) -> dict[str, LoadedFile]:
    """Take out what a killed run has left half committed, and list what raw holds."""
    with pool.connection() as conn:
        for line in recover(conn, source):
            say(line)
        with transaction(conn) as cur:
            return loaded_files(cur, source)


@retry(what="setting indexes aside")
def _make_way(pool: ConnectionPool, bytes_to_come: dict[str, int]) -> None:
    with pool.connection() as conn:
        set_indexes_aside(conn, bytes_to_come)


def _bytes_to_come(files: list[LandedFile], known: dict[str, LoadedFile]) -> dict[str, int]:
    """Sum up, by raw table, the bytes of files that raw does not hold."""
    sizes: Counter[str] = Counter()
    for file in files:
        if file.name not in known:
            sizes[raw_name(file.source, file.table)] += file.bytes
    return dict(sizes)


@retry(what="renewing indexes and statistics")
def _settle(pool: ConnectionPool, tables: list[str], result: Run) -> None:
    with pool.connection() as conn:
        try:
            rebuild_indexes(conn, tables)
        finally:
            settle(conn, result.rows_by_table())


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
    for file in done:
        note(result, Outcome(file.table, file.name, "skipped", why="same_sum"))
    skipped = {file.name for file in done}
    waiting = [file for file in waiting if file.name not in skipped]
    if not waiting:
        return
    with (
        errors_told_once(),
        ThreadPoolExecutor(workers, thread_name_prefix="loader") as threads,
        progress(f"loading {result.source}", sum(f.bytes for f in waiting), "bytes") as bar,
    ):
        watch = _Watch(shop, result, bar, sum(file.bytes for file in waiting))
        to_cut, whole = _parted(waiting, workers)
        try:
            for file in to_cut:
                before = known.get(file.name)
                watch.follow({threads.submit(bring_to_end, shop, file, before, cut=True)})
            watch.follow(
                {threads.submit(bring_to_end, shop, file, known.get(file.name)) for file in whole}
            )
        finally:
            shop.terms.meter.stop()
            threads.shutdown(cancel_futures=True)


def _parted(files: list[LandedFile], connections: int) -> tuple[list[LandedFile], list[LandedFile]]:
    """Part files, the largest first, into those that are cut over the connections and the rest."""
    remaining = sum(file.bytes for file in files)
    cut = 0
    for file in files:
        if not worth_cutting(file, remaining, connections):
            break
        remaining -= file.bytes
        cut += 1
    return files[:cut], files[cut:]


class _Watch:
    """Follows the threads' work: takes up outcomes and shows the progress."""

    def __init__(self, shop: Workshop, result: Run, bar: Advances, total: int) -> None:
        self._shop, self._result, self._bar, self._total = shop, result, bar, total
        self._shown, self._detail = 0, ""

    def follow(self, futures: set[Future[Outcome | None]]) -> None:
        """Wait until all of them are done."""
        meter = self._shop.terms.meter
        while futures:
            finished, futures = wait(futures, POLL_SECONDS, FIRST_COMPLETED)
            for future in finished:
                self._detail = take_up(future, meter, self._result) or self._detail
            # What is read twice, after a retry or for its rejects, counts once.
            step = min(meter.take(), self._total - self._shown)
            self._shown += step
            self._bar.advance(step, self._detail)
