"""psql and pg_dump out of the package, on the warehouse in use.

The password travels in the environment of the program (PGPASSWORD), never in its arguments, which
every user of a machine can read.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from psycopg2.extensions import make_dsn, parse_dsn

from warehouse import binaries
from warehouse.connections import connect
from warehouse.errors import StepFailed
from warehouse.whole_files import whole


def client_arguments(url: str) -> tuple[list[str], dict[str, str]]:
    """Split a URL into arguments without the password and an environment that holds it."""
    parts = parse_dsn(url)
    password = parts.pop("password", None)
    environment = dict(os.environ)
    if password:
        environment["PGPASSWORD"] = password
    return [f"--dbname={make_dsn(**parts)}"], environment


def run_psql(url: str, arguments: Sequence[str]) -> NoReturn:
    """Become psql: its exit code, its terminal and its signals are then the command's own."""
    connect(
        url, application_name="counting-house psql"
    ).close()  # our words, if it cannot be reached
    where, environment = client_arguments(url)
    os.execve(binaries.program("psql"), ["psql", *where, *arguments], environment)


@dataclass(frozen=True)
class Dump:
    """A finished dump: its file, size in bytes and number of tables."""

    path: Path
    bytes: int
    tables: int


def dump(url: str, folder: Path) -> Dump:
    """Write schema and data as plain SQL to `<folder>/<database>-<UTC time>.sql`.

    The file gets its name when it is complete. It names no owners and grants nothing, so it
    restores into an empty database of any server: `psql -v ON_ERROR_STOP=1 -f <file>`.

    Raises:
        StepFailed: pg_dump failed or the file cannot be written; nothing is left behind.
    """
    major, tables = _version_and_tables(url)
    where, environment = client_arguments(url)
    name = f"{parse_dsn(url)['dbname']}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.sql"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # A dump may hold people's data.
        with whole(folder / name, mode=0o600) as unfinished:
            _run_pg_dump(major, [*where, f"--file={unfinished}"], environment)
            size = unfinished.stat().st_size
    except OSError as error:
        raise StepFailed(f"cannot write the dump to {folder}: {error.strerror}") from None
    return Dump(folder / name, size, tables)


def _version_and_tables(url: str) -> tuple[int, int]:
    with (
        closing(connect(url, application_name="counting-house dump")) as conn,
        conn.cursor() as cur,
    ):
        cur.execute(
            "select count(*) from pg_class as c join pg_namespace as n on n.oid = c.relnamespace "
            "where c.relkind in ('r', 'p') and c.relpersistence <> 't' "
            "and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'"
        )
        (tables,) = cur.fetchone() or (0,)
        return conn.server_version // 10_000, int(tables)


def _run_pg_dump(major: int, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    # A dump by 18 sets transaction_timeout, which 16 does not know: it could not be restored there.
    client = 16 if major == 16 else binaries.CLIENT_MAJOR
    command = [binaries.program("pg_dump", client), "--no-owner", "--no-privileges", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StepFailed(f"pg_dump failed: {' '.join(done.stderr.split())[-500:]}")
