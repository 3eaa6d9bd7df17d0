"""One run of the loader: what a source has delivered and raw does not hold yet, in parallel."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import psycopg2
from psycopg2.extensions import connection

from loader.discovery import LandedFile, discover
from loader.errors import FileError, ItemError, LockedError
from loader.ledger import LoadedFile, loaded_files, record_failed
from loader.load_file import Loaded, Terms, load_file
from loader.raw_tables import prepare, settle
from loader.sources import Source, Sources, raw_name
from loader.streams import Meter, Stopped, file_sha256
from warehouse.connections import ConnectionPool, connect, transaction
from warehouse.console import progress
from warehouse.errors import WarehouseError
from warehouse.retry import is_transient, retry

# A loader that was killed holds its lock until its server process notices: wait that long for it.
LOCK_PATIENCE = 5.0

# PostgreSQL's class "insufficient resources", such as a full disk: further files would fail as
# well.
OUT_OF_RESOURCES = "53"

_POLL_SECONDS = 0.1


@dataclass
class Outcome:
    """What became of one file."""

    file: LandedFile
    status: Literal["loaded", "skipped", "failed"]
    loaded: Loaded | None = None
    error: str = ""


@dataclass
class Run:
    """What a run did.

    Attributes:
        problems: batches and files that could not even be taken up.
        fatal: what ended the run early; None when it came to its end.
    """

    source: str
    seconds: float = 0.0
    outcomes: list[Outcome] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    problems: list[ItemError] = field(default_factory=list)
    fatal: str | None = None

    def count(self, status: Literal["loaded", "skipped", "failed"]) -> int:
        """Count the files of a status."""
        return sum(outcome.status == status for outcome in self.outcomes)

    @property
    def failed(self) -> bool:
        """Whether anything went wrong."""
        return bool(self.fatal or self.problems or self.count("failed"))


@dataclass
class _Workshop:
    """What the threads of a run share."""

    source: Source
    pool: ConnectionPool
    terms: Terms


def run(  # noqa: PLR0913 - what the command line gives
    name: str, root: Path, *, sources: Sources, url: str, workers: int, max_rejects: int = 0
) -> Run:
    """Load everything new of a source.

    Args:
        name: of the source.
        root: the source's folder.
        sources: all that are declared.
        url: of the warehouse.
        workers: connections, and files, at a time.
        max_rejects: records of a file that may be set aside; one more fails the file.

    Returns:
        What was done; faults of single files are in it, they end nothing.

    Raises:
        LoaderError: nothing could be done at all (unknown source, no folder, another loader).
        WarehouseError: the server cannot be reached.
    """
    started = time.monotonic()
    source = sources[name]
    with _locked(url, name) as conn:
        tables = prepare(conn, sources)
        landing = discover(name, source, root)
        with transaction(conn) as cur:
            known = loaded_files(cur, name)
        result = Run(name, unfinished=landing.unfinished, problems=landing.problems)
        with ConnectionPool(url, workers, application_name="loader") as pool:
            shop = _Workshop(source, pool, Terms(tables, max_rejects, Meter()))
            _work(shop, landing.files, known, workers, result)
        if not result.fatal:
            settle(conn, _rows_by_table(result))
    result.seconds = time.monotonic() - started
    return result


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
    shop: _Workshop,
    files: list[LandedFile],
    known: dict[str, LoadedFile],
    workers: int,
    result: Run,
) -> None:
    """Load the files, the largest first: no thread starts a long one when the others are done."""
    waiting = sorted(files, key=lambda file: -file.bytes)
    done = [file for file in waiting if _surely_loaded(file, known.get(file.name))]
    result.outcomes += [Outcome(file, "skipped") for file in done]
    skipped = {file.name for file in done}
    waiting = [file for file in waiting if file.name not in skipped]
    if not waiting:
        return
    total = sum(file.bytes for file in waiting)
    with (
        ThreadPoolExecutor(workers, thread_name_prefix="loader") as threads,
        progress(f"loading {result.source}", total, "bytes") as bar,
    ):
        futures = {threads.submit(_one_file, shop, file, known.get(file.name)) for file in waiting}
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


def _surely_loaded(file: LandedFile, before: LoadedFile | None) -> bool:
    """Whether a file need not be read again to know that raw holds it.

    The manifest's sum is enough: the ledger's was taken of the bytes that were loaded. Where both
    are the same, what was delivered is in raw; should the file have been damaged since, it holds
    nothing new.
    """
    return before is not None and file.sha256 == before.sha256


def _note(future: Future[Outcome | None], shop: _Workshop, result: Run) -> str:
    """Take up a file's outcome; the first error that concerns all files ends the run."""
    if future.cancelled():
        return ""
    error = future.exception()
    if error is None:
        outcome = future.result()
        if outcome:
            result.outcomes.append(outcome)
        return outcome.file.name if outcome else ""
    if not isinstance(error, WarehouseError | psycopg2.Error):
        raise error
    if result.fatal is None:
        result.fatal = _one_line(error)
        shop.terms.meter.stop()
    return ""


def _one_file(shop: _Workshop, file: LandedFile, before: LoadedFile | None) -> Outcome | None:
    """Bring one file to its end.

    Returns:
        What became of it; None when the run was stopped before.

    Raises:
        WarehouseError, psycopg2.Error: the server is gone or out of resources.
    """
    started = time.monotonic()
    try:
        if before is not None:
            return _loaded_before(file, before, shop.terms.meter)
        return _load_with_retries(shop, file)
    except Stopped:
        return None
    except FileError as error:
        message = error.message
    except psycopg2.Error as error:
        if is_transient(error) or (error.pgcode or "").startswith(OUT_OF_RESOURCES):
            raise
        message = f"{file.path}: {_one_line(error)}"
    with shop.pool.connection() as conn:
        record_failed(conn, file, message, time.monotonic() - started)
    return Outcome(file, "failed", error=message)


def _loaded_before(file: LandedFile, before: LoadedFile, meter: Meter) -> Outcome:
    """Tell the same file again from another one under its name.

    Raises:
        FileError: it has other bytes.
    """
    if file.bytes == before.bytes:
        found = file.sha256 or file_sha256(file, meter)
        if found == before.sha256:
            return Outcome(file, "skipped")
    raise FileError(
        f"{file.path}: was loaded before with other content ({before.bytes:,} bytes, "
        f"sha256 {before.sha256[:12]}…; now {file.bytes:,} bytes): a delivered file must not "
        "change; deliver the new content under a new name"
    )


def _load_with_retries(shop: _Workshop, file: LandedFile) -> Outcome:
    attempts = 0

    @retry(attempts=5, first_wait=0.5, longest_wait=5.0, what=f"loading {file.name}")
    def attempt() -> Outcome:
        nonlocal attempts
        attempts += 1
        with shop.pool.connection() as conn:
            if attempts > 1:
                # The connection may have been lost after the server had committed.
                with transaction(conn) as cur:
                    before = loaded_files(cur, file.source, file.name).get(file.name)
                if before is not None:
                    return Outcome(file, "loaded", Loaded(before.rows, before.bytes, 0.0, []))
            declared = shop.source.tables[file.table].columns
            loaded = load_file(conn, file, declared, shop.terms)
        return Outcome(file, "loaded", loaded)

    return attempt()


def _rows_by_table(result: Run) -> dict[str, int]:
    rows: Counter[str] = Counter()
    for outcome in result.outcomes:
        if outcome.loaded:
            rows[raw_name(outcome.file.source, outcome.file.table)] += outcome.loaded.rows
    return dict(rows)


def _one_line(error: WarehouseError | psycopg2.Error) -> str:
    if isinstance(error, WarehouseError):
        return error.message
    hint = getattr(error.diag, "message_hint", None)
    return " ".join(f"{error} {f'({hint})' if hint and hint not in str(error) else ''}".split())
