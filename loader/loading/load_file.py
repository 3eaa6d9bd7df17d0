"""One file into its raw table: its rows, its rejects and its ledger row in one transaction."""

from __future__ import annotations

import csv
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection, cursor

from loader.errors import FileError
from loader.finding.discovery import LandedFile
from loader.loading.budget import Budget
from loader.loading.outcome import Loaded
from loader.raw.ledger import begin_load, record_loaded
from loader.raw.tables import RawTables, qualified
from loader.reading.json_lines import UnknownColumns, json_to_csv
from loader.reading.records import Rejects, sound_csv
from loader.reading.streams import BLOCK, ChunkReader, FileStream, Meter, file_sha256, verify_sha256
from loader.sources import ROW_ID, column_fault, raw_name
from warehouse.connections import transaction

# PostgreSQL's class "data exception": the file's fault, so a closer look at its records can help.
DATA_EXCEPTION = "22"

# Before 18, COPY takes a line of only \. in CSV for the end of the data and drops what follows it.
END_MARKER_IN_CSV = 180_000

MAX_HEADER_BYTES = 1024**2


class _NeedsCare(Exception):  # noqa: N818 - a change of ways, not a fault
    """The file holds what this server's COPY would misread: it must be read in records."""


@dataclass(frozen=True)
class Terms:
    """What holds for every file of a run.

    Attributes:
        tables: the raw tables; they grow when a file has columns that its table has not.
        budget: how many records of a file may be set aside.
        meter: counts the bytes read.
    """

    tables: RawTables
    budget: Budget
    meter: Meter


@dataclass
class _Job:
    """A file on its way, and what all steps need to know of it."""

    file: LandedFile
    declared: Sequence[str]
    terms: Terms
    added: list[str] = field(default_factory=list)

    @property
    def table(self) -> str:
        return raw_name(self.file.source, self.file.table)

    def rejects(self) -> Rejects:
        return Rejects(self.file.path, self.terms.budget, self.file.rows)


def load_file(conn: connection, file: LandedFile, declared: Sequence[str], terms: Terms) -> Loaded:
    """Load a file and write its ledger row; on any error nothing of it is left.

    Args:
        conn: no transaction is open on it.
        file: what to load.
        declared: the table's columns in sources.yml.
        terms: those of the run.

    Raises:
        FileError: the file cannot be loaded; one line for the user.
        psycopg2.Error: what the server said; transient errors are the caller's to try again.
    """
    started = time.monotonic()
    job = _Job(file, declared, terms)
    while True:
        try:
            return _in_one_transaction(conn, job, started)
        except UnknownColumns as grown:
            _extend(conn, job, grown.names)


def _extend(conn: connection, job: _Job, names: list[str]) -> None:
    fault = column_fault(names)
    if fault:
        raise FileError(f"{job.file.path}: {fault}: rename it where the file is made")
    job.terms.tables.extend(conn, job.table, names)
    job.added += names


def _in_one_transaction(conn: connection, job: _Job, started: float) -> Loaded:
    with transaction(conn) as cur:
        load_id = begin_load(cur)
        if job.file.format == "csv":
            result, sha256 = _load_csv(cur, job)
        elif job.file.format == "json":
            result, sha256 = _load_json(cur, job)
        else:
            result, sha256 = _load_parquet(cur, job)
        promised = job.file.rows
        if promised is not None and result.rows + len(result.rejects) != promised:
            raise FileError(
                f"{job.file.path}: holds {result.rows + len(result.rejects):,} records, "
                f"its manifest promises {promised:,}: deliver the batch again"
            )
        result.added = job.added
        result.seconds = time.monotonic() - started
        record_loaded(
            cur,
            load_id,
            job.file,
            size=result.bytes,
            sha256=sha256,
            rows=result.rows,
            rejects=result.rejects,
            seconds=result.seconds,
        )
    return result


def _load_csv(cur: cursor, job: _Job) -> tuple[Loaded, str]:
    """Send the bytes as they are; only a file that COPY refuses is read in records."""
    cur.execute("savepoint before_copy")
    try:
        return _csv_unparsed(cur, job)
    except (psycopg2.Error, _NeedsCare) as error:
        if isinstance(error, psycopg2.Error) and (error.pgcode or "")[:2] != DATA_EXCEPTION:
            raise
        cur.execute("rollback to savepoint before_copy")
    return _csv_in_records(cur, job)


def _csv_unparsed(cur: cursor, job: _Job) -> tuple[Loaded, str]:
    with FileStream(job.file, job.terms.meter) as stream:
        header = _read_header(stream, job)
        chunks: Iterator[bytes] = iter(lambda: stream.read(BLOCK), b"")
        if cur.connection.server_version < END_MARKER_IN_CSV:
            chunks = _without_end_marker(chunks)
        rows = _copy(cur, job, header, chunks)
        return _loaded(job, stream.disk_bytes, rows, header), stream.verify()


def _csv_in_records(cur: cursor, job: _Job) -> tuple[Loaded, str]:
    rejects = job.rejects()
    with FileStream(job.file, job.terms.meter) as stream:
        header = _read_header(stream, job)
        records = sound_csv(stream, len(header), rejects)
        rows = _copy(cur, job, [ROW_ID, *header], records)
        return _loaded(job, stream.disk_bytes, rows, header, rejects), stream.verify()


def _load_json(cur: cursor, job: _Job) -> tuple[Loaded, str]:
    rejects = job.rejects()
    columns = job.terms.tables.columns(job.table)
    seen: set[str] = set()
    with FileStream(job.file, job.terms.meter) as stream:
        records = json_to_csv(stream, columns, rejects, seen)
        rows = _copy(cur, job, [ROW_ID, *columns], records)
        # A file without records says nothing about its columns.
        found = seen or job.declared
        return _loaded(job, stream.disk_bytes, rows, found, rejects), stream.verify()


def _load_parquet(cur: cursor, job: _Job) -> tuple[Loaded, str]:
    # Arrow takes longer to import than most runs, which have no Parquet, take to load.
    from loader.reading.parquet import parquet_columns, parquet_to_csv  # noqa: PLC0415

    rejects = job.rejects()
    # Parquet is not read from its first byte to its last, so its sum takes a reading of its own.
    sha256 = verify_sha256(job.file, file_sha256(job.file, job.terms.meter))
    columns = parquet_columns(job.file)
    if not any(name in job.declared for name in columns):
        raise FileError(
            f"{job.file.path}: names none of the columns {', '.join(job.declared)}: "
            "is it another table's?"
        )
    _check_columns(columns, job)
    rows = _copy(cur, job, [ROW_ID, *columns], parquet_to_csv(job.file, rejects))
    return _loaded(job, job.file.bytes, rows, columns, rejects), sha256


def _loaded(
    job: _Job, size: int, rows: int, found: Collection[str], rejects: Rejects | None = None
) -> Loaded:
    """Say what came of a file that was read to its end.

    Raises:
        RejectsError: too many of its records are set aside.
    """
    if rejects:
        rejects.settle(rows + len(rejects.found))
    return Loaded(
        rows=rows,
        bytes=size,
        seconds=0.0,
        rejects=rejects.found if rejects else [],
        missing=[name for name in job.declared if name not in found],
    )


def _copy(cur: cursor, job: _Job, columns: Sequence[str], chunks: Iterator[bytes]) -> int:
    """Send CSV without header into the columns of the job's raw table.

    Returns:
        Number of rows.
    """
    statement = sql.SQL("copy {} ({}) from stdin with (format csv, encoding 'UTF8')").format(
        qualified(job.table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    reader = ChunkReader(chunks)
    try:
        cur.copy_expert(statement, reader, BLOCK)
    except psycopg2.Error:
        if reader.error is not None:
            raise reader.error from None
        raise
    return cur.rowcount


def _without_end_marker(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Pass chunks on as long as no line of them begins with the end marker.

    Raises:
        _NeedsCare: one does.
    """
    before = b"\n"
    for chunk in chunks:
        if b"\n\\." in before + chunk[:2] or b"\n\\." in chunk:
            raise _NeedsCare
        before = (before + chunk[-2:])[-2:]
        yield chunk


def _read_header(stream: FileStream, job: _Job) -> list[str]:
    """Read the first record: the names of the columns.

    Raises:
        FileError: the file has none, or one that cannot be a raw table's.
        UnknownColumns: it names columns that the raw table does not have yet.
    """
    raw = stream.readline(MAX_HEADER_BYTES)
    while raw.count(b'"') % 2 and len(raw) < MAX_HEADER_BYTES and (more := stream.readline()):
        raw += more
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        hint = " (it looks like UTF-16)" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else ""
        raise FileError(
            f"{job.file.path}: is not UTF-8{hint}: byte {error.start + 1} of its header; "
            "convert it with iconv"
        ) from None
    try:
        header = next(csv.reader([text.rstrip("\r\n")], strict=True), [])
    except csv.Error as error:
        raise FileError(
            f"{job.file.path}: no header: its first line is not CSV ({error}); lines must end in "
            "LF or CRLF"
        ) from None
    if not any(name in job.declared for name in header):
        raise FileError(
            f"{job.file.path}: no header: its first line names none of the columns "
            f"{', '.join(job.declared)}; put a line with the columns' names first"
        )
    _check_columns(header, job)
    return header


def _check_columns(names: list[str], job: _Job) -> None:
    fault = column_fault(names)
    if fault:
        raise FileError(f"{job.file.path}: {fault}: rename it where the file is made")
    present = job.terms.tables.columns(job.table)
    new = [name for name in names if name not in present]
    if new:
        raise UnknownColumns(new)
