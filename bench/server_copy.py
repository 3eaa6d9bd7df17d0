"""PostgreSQL's own ceiling: the server reads the files itself, `COPY ... FROM 'file'`.

Into the same tables, with the same two columns of the loader's, in one transaction a file, on as
many connections; but without ledger, checks of the bytes, progress, or a word about a bad record.
It knows neither JSON nor Parquet: such files are converted beforehand, and the time for that is not
counted.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from psycopg2 import sql
from pyarrow import csv as arrow_csv

from loader.finding.discovery import LandedFile, discover
from loader.raw.ledger import begin_load, new_load
from loader.raw.tables import prepare
from loader.sources import Sources, raw_name
from warehouse.connections import ConnectionPool, connect, transaction


@dataclass(frozen=True)
class _Copy:
    """One COPY statement's parts; the file is CSV with a header."""

    path: Path
    table: str
    columns: list[str]


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
    source = sources.files(name)
    files = sorted(discover(name, source, root).files, key=lambda file: -file.bytes)
    columns = {table: declared.columns for table, declared in source.tables.items()}
    copies = [_prepare_copy(file, root, columns[file.table], scratch) for file in files]
    with ConnectionPool(url, workers, application_name="bench") as pool:

        def one(copy: _Copy) -> int:
            with pool.connection() as conn, transaction(conn) as cur:
                begin_load(cur, new_load(cur))
                cur.execute(
                    sql.SQL("copy {} ({}) from {} with (format csv, header)").format(
                        sql.Identifier("raw", copy.table),
                        sql.SQL(", ").join(map(sql.Identifier, copy.columns)),
                        sql.Literal(str(copy.path)),
                    )
                )
                return cur.rowcount

        with ThreadPoolExecutor(workers) as threads:
            started = time.monotonic()
            rows = sum(threads.map(one, copies))
            return rows, time.monotonic() - started


def _prepare_copy(file: LandedFile, root: Path, declared: Sequence[str], scratch: Path) -> _Copy:
    table, path = raw_name(file.source, file.table), root / file.name
    if file.format != "csv":
        converted = scratch / f"{file.name.replace('/', '-')}.csv"
        if file.format == "parquet":
            arrow_csv.write_csv(pq.read_table(path), converted)
        else:
            _json_to_csv(path, declared, converted)
        path = converted
    with path.open(newline="", encoding="utf-8") as lines:
        return _Copy(path, table, next(csv.reader(lines)))


def _json_to_csv(path: Path, columns: Sequence[str], converted: Path) -> None:
    with (
        path.open(encoding="utf-8") as lines,
        converted.open("w", newline="", encoding="utf-8") as out,
    ):
        rows = csv.DictWriter(out, columns)
        rows.writeheader()
        rows.writerows(map(json.loads, lines))
