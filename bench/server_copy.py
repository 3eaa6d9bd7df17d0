"""PostgreSQL's own ceiling: the server reads the files itself, `COPY ... FROM 'file'`.

Into the same tables, with the same two columns of the loader's, in one transaction a file, on as
many connections; but without ledger, checks of the bytes, progress, or a word about a bad record.
It knows neither JSON nor Parquet: such files are converted beforehand, and the time for that is not
counted.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from psycopg2 import sql

from loader.finding.discovery import LandedFile, discover
from loader.loading.budget import Budget
from loader.raw.ledger import begin_load
from loader.raw.tables import prepare, qualified
from loader.reading.json_lines import json_to_csv
from loader.reading.parquet import parquet_columns, parquet_to_csv
from loader.reading.records import Rejects
from loader.reading.streams import FileStream
from loader.sources import ROW_ID, Sources, raw_name
from warehouse.connections import ConnectionPool, connect, transaction


@dataclass(frozen=True)
class _Copy:
    """One COPY statement's parts."""

    path: Path
    table: str
    columns: list[str]
    header: bool


def copy_by_server(  # noqa: PLR0913 - a measurement's conditions
    url: str, name: str, root: Path, *, sources: Sources, workers: int, scratch: Path
) -> tuple[int, float]:
    """Load a source's files into the empty database at `url`.

    Args:
        url: of a database on a server that can read the files.
        name: of the source.
        root: the source's folder.
        sources: their declaration, for the tables.
        workers: connections.
        scratch: folder for the files that have to be converted.

    Returns:
        Rows loaded, and the seconds from the first file to the last commit.
    """
    with closing(connect(url, application_name="bench")) as conn:
        prepare(conn, sources)
    files = sorted(discover(name, sources[name], root).files, key=lambda file: -file.bytes)
    columns = {table: declared.columns for table, declared in sources[name].tables.items()}
    copies = [_prepare_copy(file, columns[file.table], scratch) for file in files]
    with ConnectionPool(url, workers, application_name="bench") as pool:

        def one(copy: _Copy) -> int:
            with pool.connection() as conn, transaction(conn) as cur:
                begin_load(cur)
                cur.execute(
                    sql.SQL("copy {} ({}) from {} with (format csv, header {})").format(
                        qualified(copy.table),
                        sql.SQL(", ").join(map(sql.Identifier, copy.columns)),
                        sql.Literal(str(copy.path)),
                        sql.Literal(copy.header),
                    )
                )
                return cur.rowcount

        with ThreadPoolExecutor(workers) as threads:
            started = time.monotonic()
            rows = sum(threads.map(one, copies))
            return rows, time.monotonic() - started


def _prepare_copy(file: LandedFile, columns: Sequence[str], scratch: Path) -> _Copy:
    table = raw_name(file.source, file.table)
    if file.format == "csv":
        with file.path.open(newline="", encoding="utf-8") as lines:
            header = next(csv.reader(lines))
        return _Copy(file.path, table, header, header=True)
    path = scratch / f"{file.name.replace('/', '-')}.csv"
    rejects = Rejects(file.path, Budget.parse("0"))
    with path.open("wb") as out:
        if file.format == "parquet":
            names = parquet_columns(file)
            out.writelines(parquet_to_csv(file, rejects))
        else:
            names = list(columns)
            with FileStream(replace(file, sha256=None)) as stream:
                out.writelines(json_to_csv(stream, columns, rejects, set()))
    return _Copy(path, table, [ROW_ID, *names], header=False)
