"""dbt build, one at a time in a database.

dbt gives the relation that it builds a temporary name which is the same in every run: two builds at
once drop each other's. The lock stands in the database, so it holds between machines too. Plain
`dbt build` does not ask for it and is not guarded.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class

from warehouse.composed import try_lock
from warehouse.connections import connect, where
from warehouse.errors import WarehouseError
from warehouse.programs import dbt_command
from warehouse.settings import PROJECT_DIR

_LOCK = "counting-house.build"

# For builds of data: unit tests look at code alone, and dbt takes 0.1 s for each.
WITHOUT_UNIT_TESTS = ("--exclude-resource-type", "unit_test")


@contextmanager
def only_build(url: str) -> Iterator[Connection]:
    """Hold the build lock of a database for the block; it goes with the connection, come what may.

    Raises:
        WarehouseError: another build has it.
    """
    with closing(connect(url, application_name="counting-house build lock")) as conn:
        conn.autocommit = True  # a transaction as long as a build would keep vacuum from its work
        with conn.cursor() as cur:
            cur.execute("set idle_session_timeout = 0")  # a server's limit would end the lock
            if not try_lock(cur, _LOCK, until="session"):
                raise WarehouseError(f"another build is at work in {where(url)}; wait for it")
        yield conn


def build(url: str, arguments: Sequence[str]) -> int:
    """Run `dbt build` on the database at `url`, its output passed through; gives its exit code.

    Raises:
        WarehouseError: another build is at work there, or the server went away in the middle.
    """
    with only_build(url) as lock:
        process = subprocess.Popen([*dbt_command(), "build", *arguments], cwd=PROJECT_DIR)
        # The lock must outlive dbt, whatever is to end it: dbt cancels its queries first.
        before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        try:
            code = _wait(process)
        finally:
            signal.signal(signal.SIGTERM, before)
        if code != 0 and _is_lost(lock):
            raise WarehouseError(
                f"{where(url)} went away during the build: nothing is half done; "
                "start the server and build again"
            )
        return code


def _is_lost(conn: Connection) -> bool:
    """Ask whether the server let go of a connection that was at rest."""
    try:
        with conn.cursor() as cur:
            cur.execute("select 1")
    except psycopg2.Error:
        return True
    return False


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Wait for dbt through any Ctrl-C, which the terminal has sent to it as well."""
    while True:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            continue
        return code if code >= 0 else 128 - code
