"""Connections to the warehouse: which server, how to open, pool and use them.

All psycopg2 connections come from here, so that every one checks the server's age, speaks UTC and
carries an application_name that names its program in pg_stat_activity.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import TRANSACTION_STATUS_IDLE, cursor, parse_dsn
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class

from warehouse import embedded
from warehouse.errors import ConnectionFailed, ServerTooOld
from warehouse.retry import retry
from warehouse.role_names import Role, role_name
from warehouse.settings import Settings, load_settings

MINIMUM_MAJOR = 16

CONNECT_TIMEOUT = 10  # seconds for one attempt


def database_url(settings: Settings | None = None) -> str:
    """Give the URL of the warehouse in use: DATABASE_URL, or the running embedded server's.

    The URL holds a password: hand it on by environment or file, never print it or put it in argv.

    Raises:
        ServerError: no DATABASE_URL is set and the embedded server is not running.
    """
    settings = settings or load_settings()
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    server = embedded.EmbeddedServer(settings.server_dir, major=settings.postgres_major)
    return server.url(settings.warehouse_env)


def where(url: str) -> str:
    """Name a URL's server and database without its password, for messages."""
    parts = parse_dsn(url)
    host, port = parts.get("host", "localhost"), parts.get("port", "5432")
    return f"database {parts.get('dbname', '')} at {host}:{port}"


def connect(
    url: str,
    *,
    application_name: str = "counting-house",
    role: Role | None = None,
    setting: str = "DATABASE_URL",
    oldest_source: int | None = None,
) -> Connection:
    """Open a connection; short failures of server or network are tried again for a few seconds.

    Args:
        url: of the database.
        application_name: names the program in pg_stat_activity.
        role: of the warehouse, to work in where it is made and the user may: what the session
            makes is then the role's, and it may do no more than the role.
        setting: where the URL comes from, for messages.
        oldest_source: major version of PostgreSQL that will do for a database that is read from;
            None for the warehouse itself.

    Returns:
        A psycopg2 connection, not in autocommit, whose session is in UTC.

    Raises:
        ConnectionFailed: the server does not answer or does not let us in.
        ServerTooOld: it is older than PostgreSQL 16, or than `oldest_source`.
    """

    @retry(attempts=5, first_wait=0.3, longest_wait=2.0)
    def attempt() -> Connection:
        opened = psycopg2.connect(
            url,
            application_name=application_name,
            connect_timeout=CONNECT_TIMEOUT,
            keepalives_idle=30,
            keepalives_interval=10,
            keepalives_count=3,
        )
        try:
            check_version(opened.server_version, where(url), oldest_source)
            with transaction(opened) as cur:
                cur.execute("set timezone to 'UTC'")
                if role is not None:
                    work_in_role(cur, role)
        except BaseException:
            opened.close()
            raise
        return opened

    try:
        return attempt()
    except psycopg2.Error as error:
        raise ConnectionFailed(_explain(url, error, setting)) from None


def work_in_role(cur: cursor, role: Role) -> str | None:
    """Have the session act as a role of the warehouse from now on.

    Returns:
        The role's name; None where it is not made, or the user may not act as it.
    """
    cur.execute(
        "select set_config('role', rolname, false) from pg_roles"
        " where rolname = %s and pg_has_role(oid, 'SET')",
        (role_name(cur.connection.info.dbname, role),),
    )
    found = cur.fetchone()
    return found[0] if found else None


def check_version(server_version: int, place: str, oldest_source: int | None = None) -> None:
    """Refuse a server that is too old; `server_version` as libpq gives it (160004 for 16.4)."""
    oldest = MINIMUM_MAJOR if oldest_source is None else oldest_source
    if server_version >= oldest * 10_000:
        return
    needs, fix = f"the warehouse needs {oldest} or newer", "upgrade that server"
    if oldest_source is None:
        fix += ", or unset DATABASE_URL to use the embedded one"
    else:
        needs = f"a source must be {oldest} or newer"
    raise ServerTooOld(f"{place} runs PostgreSQL {server_version // 10_000}; {needs}: {fix}")


def use_utc(conn: Connection) -> None:
    """Make UTC the time zone of this user's later sessions in this database, dbt's among them.

    Dates are cut out of timestamps in the session's time zone, and dbt has no setting for it.

    Raises:
        ConnectionFailed: the server forbids it; PostgreSQL itself lets every user set its own.
    """
    with transaction(conn) as cur:
        cur.execute("select reset_val from pg_settings where name = 'TimeZone'")
        if cur.fetchone() == ("UTC",):
            return
        cur.execute("select current_user, current_database()")
        ((user, database),) = cur.fetchall()
        names = {"user": sql.Identifier(user), "database": sql.Identifier(database)}
        try:
            cur.execute(
                sql.SQL("alter role {user} in database {database} set timezone to 'UTC'").format(
                    **names
                )
            )
        except psycopg2.errors.InsufficientPrivilege as error:
            reason = " ".join(str(error).split())
            fix = sql.SQL("alter database {database} set timezone to 'UTC'").format(**names)
            raise ConnectionFailed(
                f"sessions in {database} are not in UTC and {reason}: have the database's owner "
                f"run {fix.as_string(cur)}"
            ) from None


def _explain(url: str, error: psycopg2.Error, setting: str) -> str:
    """Turn libpq's words into one line with the fix."""
    also_env = " (or in .env)" if setting == "DATABASE_URL" else ""
    # libpq's own question would stand before our answer to it.
    reason = re.sub(r"\s+Is the server running[^?]*\?", "", " ".join(str(error).split()))
    lowered = reason.lower()
    if "password authentication failed" in lowered or "no password supplied" in lowered:
        fix = f"check user and password in {setting}{also_env}"
    elif "does not exist" in lowered:
        fix = f"create it, or correct {setting}"
    elif "connection refused" in lowered or "timeout expired" in lowered:
        fix = f"is the server running? start it, or correct {setting}"
    else:
        fix = f"check {setting}{also_env}"
    return f"cannot connect to {where(url)}: {reason}; {fix}"


@contextmanager
def transaction(conn: Connection) -> Iterator[cursor]:
    """Run the block in one transaction: commit at its end, roll back when it raises.

    A connection that is lost in the middle raises the error that lost it.
    """
    try:
        with conn.cursor() as cur:
            yield cur
        conn.commit()
    except BaseException:
        with suppress(psycopg2.Error):  # a lost connection has rolled back by itself
            conn.rollback()
        raise


class ConnectionPool:
    """Up to `size` connections, opened when first needed, that threads borrow one at a time.

    A borrower beyond `size` waits. A connection comes back clean: what its borrower left open is
    rolled back, and one that is broken is thrown away, its place taken by a new one.
    """

    def __init__(
        self,
        url: str,
        size: int,
        *,
        application_name: str = "counting-house",
        role: Role | None = None,
    ) -> None:
        if size < 1:
            raise ValueError("a pool needs a size of at least 1")
        self._url, self._name, self._role = url, application_name, role
        self._slots = threading.BoundedSemaphore(size)
        self._idle: SimpleQueue[Connection] = SimpleQueue()
        self._closed = False

    def __repr__(self) -> str:
        return f"ConnectionPool({where(self._url)})"

    def __enter__(self) -> ConnectionPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend a connection for the block; commits are the borrower's (see `transaction`)."""
        with self._slots:
            conn = self._take()
            try:
                yield conn
            finally:
                self._give_back(conn)

    def close(self) -> None:
        """Close the idle connections; those lent out close when they come back."""
        self._closed = True
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    def _take(self) -> Connection:
        try:
            return self._idle.get_nowait()
        except Empty:
            return connect(self._url, application_name=self._name, role=self._role)

    def _give_back(self, conn: Connection) -> None:
        try:
            if not conn.closed and conn.info.transaction_status != TRANSACTION_STATUS_IDLE:
                conn.rollback()
        except psycopg2.Error:
            conn.close()
        if self._closed:
            conn.close()
        elif not conn.closed:
            self._idle.put(conn)
