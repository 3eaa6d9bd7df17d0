"""Other ways to bring a CSV file into PostgreSQL, each in a process of its own.

    DATABASE_URL=... python -m bench.loaders.contenders RESULT NAME FILE FOLDER

Every way brings the columns as texts, without ledger and metadata columns, and commits once (dlt
once a file of its own making). On the clock is the way from the file to the last commit; imports
and connecting are not.
"""

from __future__ import annotations

import csv
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection, cursor
from psycopg2.extras import execute_values

from bench.loaders import dlt_ways

SCHEMA, TABLE = "others", "orders"
_QUALIFIED = sql.Identifier(SCHEMA, TABLE)
# Rows a statement. Of 100, 1,000 and 10,000 none was faster beyond the noise; to_sql with 100 took
# twice as long and more.
_PAGE = 1_000

# Makes ready, off the clock, and returns what is measured.
Way = Callable[[Path, str, Path], Callable[[], None]]


@dataclass(frozen=True)
class Contender:
    """A way to load.

    Args:
        name: what the report calls it.
        rows: it is measured on, at most; None: on all of the file.
        way: prepares for a file, a URL and a folder of its own.
    """

    name: str
    rows: int | None
    way: Way


def _empty_table(file: Path, url: str) -> connection:
    """Connect, and make the table with the columns that the file's header names."""
    conn = psycopg2.connect(url)
    with file.open(newline="", encoding="utf-8") as lines, conn.cursor() as cur:
        columns = [
            sql.SQL("{} text").format(sql.Identifier(name)) for name in next(csv.reader(lines))
        ]
        cur.execute(sql.SQL("create schema {}").format(sql.Identifier(SCHEMA)))
        cur.execute(sql.SQL("create table {} ({})").format(_QUALIFIED, sql.SQL(", ").join(columns)))
    conn.commit()
    return conn


def _rows(file: Path) -> Iterator[list[str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        records = csv.reader(lines)
        next(records)
        yield from records


def _with_cursor(
    send: Callable[[cursor, Path], None], file: Path, url: str, _folder: Path
) -> Callable[[], None]:
    conn = _empty_table(file, url)

    def go() -> None:
        with closing(conn), conn, conn.cursor() as cur:
            send(cur, file)

    return go


def _copy(cur: cursor, file: Path) -> None:
    statement = sql.SQL("copy {} from stdin with (format csv, header)").format(_QUALIFIED)
    with file.open("rb") as content:
        cur.copy_expert(statement, content, 65_536)


def _execute_values(cur: cursor, file: Path) -> None:
    statement = sql.SQL("insert into {} values %s").format(_QUALIFIED)
    execute_values(cur, statement, _rows(file), page_size=_PAGE)


def _insert(file: Path) -> sql.Composed:
    places = sql.SQL(", ").join(sql.Placeholder() * len(next(_rows(file))))
    return sql.SQL("insert into {} values ({})").format(_QUALIFIED, places)


def _executemany(cur: cursor, file: Path) -> None:
    cur.executemany(_insert(file), _rows(file))


def _row_by_row(cur: cursor, file: Path) -> None:
    statement = _insert(file)
    for row in _rows(file):
        cur.execute(statement, row)


def _to_sql(multi: bool, file: Path, url: str, _folder: Path) -> Callable[[], None]:
    import pandas as pd  # noqa: PLC0415 - only this way's process needs it
    import sqlalchemy  # noqa: PLC0415

    _empty_table(file, url).close()
    address = sqlalchemy.make_url(url).set(drivername="postgresql+psycopg2")
    engine = sqlalchemy.create_engine(address)

    def go() -> None:
        with engine.begin() as conn, pd.read_csv(file, dtype=str, chunksize=_PAGE) as chunks:
            for chunk in chunks:
                chunk.to_sql(
                    TABLE, conn, schema=SCHEMA, if_exists="append", index=False,
                    method="multi" if multi else None,
                )  # fmt: skip

    return go


def _dlt(settings: dlt_ways.Settings, file: Path, url: str, folder: Path) -> Callable[[], None]:
    return dlt_ways.prepare(settings, file, url, folder, dataset=SCHEMA, table=TABLE)


DLT = {
    name: Contender(f"dlt, {name}", rows, partial(_dlt, settings))
    for name, rows, settings in dlt_ways.WAYS
}
CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender("psycopg2 COPY, one connection", None, partial(_with_cursor, _copy)),
        *DLT.values(),
        Contender("psycopg2 execute_values", 300_000, partial(_with_cursor, _execute_values)),
        Contender("pandas to_sql", 150_000, partial(_to_sql, False)),
        Contender("pandas to_sql, method multi", 60_000, partial(_to_sql, True)),
        Contender("psycopg2 executemany", 40_000, partial(_with_cursor, _executemany)),
        Contender("INSERT row by row", 40_000, partial(_with_cursor, _row_by_row)),
    )
}


def main(result: str, name: str, file: str, folder: str) -> None:
    """Load a file one way, and write the seconds as JSON."""
    go = CONTENDERS[name].way(Path(file), os.environ["DATABASE_URL"], Path(folder))
    started = time.monotonic()
    go()
    seconds = time.monotonic() - started
    Path(result).write_text(json.dumps({"seconds": seconds}), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
