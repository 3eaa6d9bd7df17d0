"""One file into its raw table: its rows, its rejects and its ledger row in one transaction."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence

from psycopg2 import sql
from psycopg2.extensions import connection, cursor

from loader.errors import FileError
from loader.finding.discovery import LandedFile
from loader.loading.copying import BlockCopier, copy
from loader.loading.job import Content, Job, Terms
from loader.loading.outcome import Loaded
from loader.raw.ledger import begin_load, new_load, record_loaded
from loader.raw.tables import raw_table
from loader.reading.blocks import Shape, Splitter
from loader.reading.dialect import Dialect
from loader.reading.header import Header, read_header
from loader.reading.json_lines import UnknownColumns, json_to_csv
from loader.reading.options import copy_options
from loader.reading.records import Reject, locate
from loader.reading.streams import FileStream, file_sha256, verify_sha256
from loader.sources import ROW_ID, Table
from warehouse.composed import copy_in
from warehouse.connections import transaction

# Before 18, COPY takes a line of only \. in CSV for the end of the data and drops what follows it.
END_MARKER_IN_CSV = 180_000


def load_file(conn: connection, file: LandedFile, declared: Table, terms: Terms) -> Loaded:
    """Load a file and write its ledger row; on any error nothing of it is left.

    Args:
        conn: no transaction is open on it.
        file: what to load.
        declared: its table in sources.yml.
        terms: those of the run.

    Raises:
        FileError: the file cannot be loaded; one line for the user.
        psycopg2.Error: what the server said; transient errors are the caller's to try again.
    """
    started = time.monotonic()
    job = Job(file, declared, terms)
    while True:
        try:
            return _in_one_transaction(conn, job, started)
        except UnknownColumns as grown:
            job.extend(conn, grown.names)


def _in_one_transaction(conn: connection, job: Job, started: float) -> Loaded:
    with transaction(conn) as cur:
        load_id = new_load(cur)
        begin_load(cur, load_id)
        if job.file.format == "csv":
            content = _load_csv(cur, job)
        elif job.file.format == "json":
            content = _load_json(cur, job)
        else:
            content = _load_parquet(cur, job)
        loaded, facts = job.finish(content, time.monotonic() - started)
        record_loaded(cur, load_id, job.file, facts)
    return loaded


def _load_csv(cur: cursor, job: Job) -> Content:
    rejects, rows, number = job.rejects(), 0, 1
    with job.open() as stream:
        header = open_csv(stream, job)
        shape = shape_of(job, header, cur.connection.server_version)
        copier = BlockCopier(cur, job.table, header.columns, job.declared.dialect)
        for block in Splitter(stream, shape, offset=header.offset):
            rows += copier.copy(block, number, rejects.add)
            number += block.records
        return Content(
            rows,
            number - 1,
            stream.disk_bytes,
            stream.verify(),
            header.columns,
            located(job, header, rejects.settle(number - 1)),
            stream.encoding,
        )


def open_csv(stream: FileStream, job: Job) -> Header:
    """Read a CSV file's header and compare it with the raw table; leaves the first record next.

    Raises:
        FileError, UnknownColumns: see `read_header` and `Job.settle_columns`.
    """
    header = read_header(stream, job.declared, job.file.path)
    stream.settle_line_end(header.line_end)
    job.settle_columns(header.columns)
    return header


def shape_of(job: Job, header: Header, server_version: int) -> Shape:
    """Say what a record of the file must look like for the server's COPY."""
    return Shape(
        job.declared.dialect,
        len(header.columns),
        header.line_end,
        end_marker=server_version < END_MARKER_IN_CSV,
    )


def located(job: Job, header: Header, rejects: list[Reject]) -> list[Reject]:
    """Give a CSV file's rejects the lines they stand in.

    Lines are counted only here, by reading again: the fast path needs no number.

    Raises:
        FileError: it cannot be read again, or was changed since.
    """
    if not rejects:
        return rejects
    with FileStream(job.file, job.terms.meter, dialect=job.declared.dialect) as stream:
        stream.peek(1)  # its first bytes show the encoding
        found = locate(stream, rejects, stream.encoding, header.line_end)
    # It was not read to its end again, where that would be noticed.
    job.file.path.check_unchanged()
    return found


def _load_json(cur: cursor, job: Job) -> Content:
    rejects = job.rejects()
    columns = job.terms.tables.columns(job.table)
    seen: set[str] = set()
    with job.open() as stream:
        lines = _Counted(stream)
        records = json_to_csv(lines, columns, job.declared.rename, rejects.add, seen)
        rows = copy(cur, _numbered(job, columns), records)
        # A file without records says nothing about its columns.
        found = [name for name in columns if name in seen] or job.declared.columns
        if job.declared.schema_ == "strict":
            job.settle_columns(found)
        set_aside = rejects.settle(lines.count)
        return Content(
            rows,
            lines.count,
            stream.disk_bytes,
            stream.verify(),
            found,
            set_aside,
            stream.encoding,
        )


class _Counted:
    """Lines on their way, and how many there were."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = lines
        self.count = 0

    def __iter__(self) -> Iterator[bytes]:
        for line in self._lines:
            self.count += 1
            yield line


def _load_parquet(cur: cursor, job: Job) -> Content:
    # Arrow takes longer to import than most runs, which have no Parquet, take to load.
    from loader.reading.parquet import parquet_columns, parquet_rows, parquet_to_csv  # noqa: PLC0415

    rejects = job.rejects()
    # Parquet is not read from its first byte to its last, so its sum takes a reading of its own.
    sha256 = verify_sha256(job.file, file_sha256(job.file, job.terms.meter))
    columns = job.declared.raw_columns(parquet_columns(job.file))
    if not any(name in job.declared.columns for name in columns):
        raise FileError(
            f"{job.file.path}: names none of the columns {', '.join(job.declared.columns)}: "
            "is it another table's?"
        )
    job.settle_columns(columns)
    rows = copy(cur, _numbered(job, columns), parquet_to_csv(job.file, rejects.add))
    read = parquet_rows(job.file)
    return Content(rows, read, job.file.bytes, sha256, columns, rejects.settle(read))


def _numbered(job: Job, columns: Sequence[str]) -> sql.Composed:
    return copy_in(raw_table(job.table), [ROW_ID, *columns], copy_options(Dialect()))
