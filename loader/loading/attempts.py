"""One file brought to its end: loaded, skipped or failed; passing faults are tried again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg2

from loader.errors import CountError, FileError, FileUnreachable, RunFailed
from loader.finding.conflicts import LoadedFile
from loader.finding.discovery import LandedFile
from loader.loading.cut import load_cut
from loader.loading.job import Terms
from loader.loading.load_file import load_file
from loader.loading.outcome import Loaded, Outcome, RejectCounts
from loader.raw.ledger import loaded_files, record_failed, rejects_of
from loader.raw.recovery import interrupted, undo
from loader.reading.streams import Meter, Stopped, file_sha256
from loader.sources import FilesSource
from warehouse.connections import ConnectionPool, transaction
from warehouse.errors import WarehouseError
from warehouse.retry import is_transient, retry

# PostgreSQL's class "insufficient resources", such as a full disk: others would fail as well.
OUT_OF_RESOURCES = "53"


@dataclass
class Workshop:
    """What the threads of a run share; a file that is cut takes all connections for itself."""

    source: FilesSource
    pool: ConnectionPool
    connections: int
    terms: Terms


def surely_loaded(file: LandedFile, before: LoadedFile | None) -> bool:
    """Whether a file need not be read again to know that raw holds it.

    The manifest's sum is enough: the ledger's was taken of the bytes that were loaded. Where both
    are the same, what was delivered is in raw; should the file have been damaged since, it holds
    nothing new.
    """
    return before is not None and file.sha256 == before.sha256


def bring_to_end(
    shop: Workshop, file: LandedFile, before: LoadedFile | None, *, cut: bool = False
) -> Outcome | None:
    """Bring one file to its end.

    Args:
        shop: what the threads of the run share.
        file: to be loaded.
        before: what the ledger remembers of it.
        cut: over all connections at once.

    Returns:
        What became of it; None when the run was stopped before.

    Raises:
        WarehouseError, psycopg2.Error: the server is gone or out of resources.
    """
    if shop.terms.meter.stopped:
        return None
    started = time.monotonic()
    outcome = Outcome(file.table, file.name, "failed")
    try:
        if before is not None:
            return _loaded_before(file, before, shop.terms.meter)
        return _load_with_retries(shop, file, outcome, cut=cut)
    except Stopped:
        return None
    except FileError as error:
        outcome.error = error.message
        outcome.found = error.found if isinstance(error, CountError) else None
    except psycopg2.Error as error:
        if is_transient(error) or (error.pgcode or "").startswith(OUT_OF_RESOURCES):
            raise
        outcome.error = f"{file.path}: {one_line(error)}"
    _record_failed(shop, file, outcome.error, time.monotonic() - started)
    return outcome


@retry(what="writing to the ledger")
def _record_failed(shop: Workshop, file: LandedFile, message: str, seconds: float) -> None:
    with shop.pool.connection() as conn:
        record_failed(conn, file, message, seconds, shop.terms.run_id)


def _loaded_before(file: LandedFile, before: LoadedFile, meter: Meter) -> Outcome:
    """Tell the same file again from another one under its name.

    It has no manifest: a batch with a file of another sum was refused when it was found.

    Raises:
        FileError: it has other bytes.
    """
    if file.bytes == before.bytes and file_sha256(file, meter) == before.sha256:
        return Outcome(file.table, file.name, "skipped", why="same_bytes")
    raise FileError(
        f"{file.path}: was loaded before with other content ({before.bytes:,} bytes, "
        f"sha256 {before.sha256[:12]}…; now {file.bytes:,} bytes): a delivered file must not "
        "change; deliver the new content under a new name"
    )


def _load_with_retries(shop: Workshop, file: LandedFile, outcome: Outcome, *, cut: bool) -> Outcome:
    """Load a file; `outcome` says how often it was tried again, also when an error is raised."""
    attempts = 0

    @retry(
        attempts=5,
        first_wait=0.5,
        longest_wait=5.0,
        what=f"loading {file.name}",
        also=(FileUnreachable,),
    )
    def attempt() -> Loaded:
        nonlocal attempts
        outcome.retries = attempts
        attempts += 1
        if outcome.retries and (before := _after_all(shop, file)):
            return before
        declared = shop.source.tables[file.table]
        if cut:
            return load_cut(shop.pool, shop.connections, file, declared, shop.terms)
        with shop.pool.connection() as conn:
            return load_file(conn, file, declared, shop.terms)

    try:
        outcome.loaded = attempt()
    except psycopg2.errors.UniqueViolation:
        # A server process of a loader that was killed has committed the file just now.
        before = _after_all(shop, file)
        if before is None:
            raise
        outcome.loaded = before
    outcome.status = "loaded"
    return outcome


def _after_all(shop: Workshop, file: LandedFile) -> Loaded | None:
    """Find out what the server has made of a load whose answer was lost."""
    with shop.pool.connection() as conn:
        with transaction(conn) as cur:
            left = interrupted(cur, file.source)
        for load_id, table, name in left:
            if name == file.name:
                undo(conn, file.source, load_id, table)
        with transaction(conn) as cur:
            before = loaded_files(cur, file.source, file.name).get(file.name)
            rejects = rejects_of(cur, file.source, file.name) if before else []
    return Loaded(before.rows, before.bytes, 0.0, RejectCounts.of(rejects)) if before else None


def one_line(error: WarehouseError | psycopg2.Error) -> str:
    """Write what the server or its client library said on one line."""
    if isinstance(error, WarehouseError):
        return error.message
    return " ".join(str(error).split())


@contextmanager
def refusals_told(what_stays: str) -> Iterator[None]:
    """Turn what the warehouse's server says against the block into one line for the user.

    Args:
        what_stays: of the work that was done before, such as "what was replayed stays".

    Raises:
        RunFailed: the server has refused something.
    """
    try:
        yield
    except psycopg2.Error as error:
        raise RunFailed(
            f"the warehouse's server refused: {one_line(error)}; {what_stays}: "
            "run again when corrected"
        ) from None
