"""Reading a source database: sessions that write values in one way, and snapshots of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import quote

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection, cursor, parse_dsn

from loader.database.declared import PostgresSource
from loader.errors import SourcesError
from warehouse.connections import connect
from warehouse.settings import check_url

# The first whose catalog has all that is asked of it here. The tests run on 16 and 18.
OLDEST_SOURCE = 12

READER = "counting-house source reader"

# How values are written as text, whatever the server, the database or the role have set: dates in
# ISO's order and in UTC, floats with the fewest digits that give the same float back. And COPY
# takes as long as it takes. The last is unknown to servers before 17.
SETTINGS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "transaction_timeout": "0",
}

_SETTLE = sql.SQL(
    "select set_config(s.name, w.value, true) from pg_settings s "
    "join (values {}) as w (name, value) on lower(w.name) = lower(s.name)"
).format(
    sql.SQL(", ").join(
        sql.SQL("({}, {})").format(sql.Literal(name), sql.Literal(value))
        for name, value in SETTINGS.items()
    )
)

# now() is the start of this transaction, before others' are looked at. Sessions of other users show
# no xact_start to a role without pg_read_all_stats.
_MOMENT = sql.SQL(
    "select now()::text, least(now(), min(xact_start))::text from pg_stat_activity "
    "where datname = current_database() and pid <> pg_backend_pid() "
    "and application_name <> {} and backend_type not in ('autovacuum worker', 'walsender')"
).format(sql.Literal(READER))


@dataclass(frozen=True)
class Snapshot:
    """A source as it was at one moment.

    Attributes:
        cur: all it reads is of that moment.
        clock: of the source, shortly before that moment.
        open_since: when the oldest transaction began that was open then, as far as can be seen, or
            else `clock`: what is committed later and bears its start is not older.
    """

    cur: cursor
    clock: str
    open_since: str


def source_url(name: str, source: PostgresSource) -> str:
    """Find the URL of a source.

    Raises:
        SourcesError: its environment variable is not set, or holds no URL.
    """
    url = os.environ.get(source.url_env, "")
    if not url:
        raise SourcesError(
            f"the environment variable {source.url_env} is not set: it must hold the URL of "
            f"{name}, postgresql://user:password@host:5432/database"
        )
    try:
        check_url(url)
    except ValueError as error:
        raise SourcesError(f"the environment variable {source.url_env} {error}") from None
    return url


def open_source(url: str, setting: str) -> connection:
    """Open a connection that can only read.

    Args:
        url: of the source.
        setting: where it comes from.

    Raises:
        WarehouseError: the server does not let us in, or is too old.
    """
    conn = connect(url, application_name=READER, setting=setting, oldest_source=OLDEST_SOURCE)
    try:
        conn.set_session(isolation_level="REPEATABLE READ", readonly=True)
        conn.set_client_encoding("UTF8")
    except BaseException:
        conn.close()
        raise
    return conn


@contextmanager
def snapshot(conn: connection) -> Iterator[Snapshot]:
    """See the source, in the block, as it is at its beginning.

    The clock and others' transactions are looked at before: one that is open in the snapshot has
    then been seen, or began after the clock.
    """
    try:
        with conn.cursor() as cur:
            cur.execute(_SETTLE)
            cur.execute(_MOMENT)
            ((clock, open_since),) = cur.fetchall()
            conn.rollback()
            cur.execute(_SETTLE)
            yield Snapshot(cur, clock, open_since)
    finally:
        with suppress(psycopg2.Error):  # a lost connection has no transaction any more
            conn.rollback()


def place(url: str, schema: str, table: str) -> str:
    """Write where a table is, for the ledger: a URI without user and password."""
    parts = parse_dsn(url)
    host, port = parts.get("host", "localhost"), parts.get("port", "5432")
    path = "/".join(quote(part, safe="") for part in (parts.get("dbname", ""), schema, table))
    return f"postgresql://{quote(host, safe=':')}:{port}/{path}"
