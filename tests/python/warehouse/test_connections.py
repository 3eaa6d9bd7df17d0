"""Connections, transactions and the pool, on a real server."""

from __future__ import annotations

import threading
from contextlib import closing
from urllib.parse import quote, urlsplit

import psycopg2
import pytest
from psycopg2 import sql
from queries import query

from warehouse import connections
from warehouse.connections import ConnectionPool, connect, transaction, use_utc, where
from warehouse.errors import ConnectionFailed, ServerTooOld
from warehouse.server_files import free_port
from warehouse.settings import PROJECT_DIR


@pytest.fixture
def conn(database_url):
    with closing(connect(database_url)) as opened:
        yield opened


@pytest.fixture
def numbers(database_url):
    """URL of a database with an empty table `numbers (n int primary key)`."""
    query(database_url, "create table numbers (n int primary key)")
    return database_url


def changed(url: str, **parts: str) -> str:
    """The URL with another password, port or database."""
    split = urlsplit(url)
    user, host = split.username, split.hostname
    password = parts.get("password", split.password)
    port = parts.get("port", split.port)
    path = parts.get("database", split.path.strip("/"))
    return f"postgresql://{user}:{password}@{host}:{port}/{path}"


def test_a_transaction_commits_at_its_end(numbers, conn):
    with transaction(conn) as cur:
        cur.execute("insert into numbers values (1)")
    assert query(numbers, "select n from numbers") == [(1,)]


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt])
def test_a_transaction_rolls_back_whatever_is_raised(numbers, conn, fault):
    with pytest.raises(fault), transaction(conn) as cur:
        cur.execute("insert into numbers values (1)")
        raise fault
    assert query(numbers, "select n from numbers") == []
    with transaction(conn) as cur:
        cur.execute("insert into numbers values (2)")
    assert query(numbers, "select n from numbers") == [(2,)]


def test_a_transaction_raises_what_lost_the_connection(numbers, conn):
    with pytest.raises(psycopg2.OperationalError), transaction(conn) as cur:
        cur.execute("insert into numbers values (1)")
        query(numbers, f"select pg_terminate_backend({conn.info.backend_pid})")
        cur.execute("insert into numbers values (2)")
    assert query(numbers, "select n from numbers") == []


def test_a_session_is_in_utc_and_named(database_url):
    name = database_url.rpartition("/")[2]
    query(database_url, f"alter database {name} set timezone to 'Asia/Tokyo'")
    with (
        closing(connect(database_url, application_name="who")) as conn,
        transaction(conn) as cur,
    ):
        cur.execute("select current_setting('timezone'), current_setting('application_name')")
        assert cur.fetchone() == ("UTC", "who")


def test_use_utc_makes_every_later_session_speak_utc(database_url):
    name = database_url.rpartition("/")[2]
    query(database_url, f"alter database {name} set timezone to 'Asia/Tokyo'")
    assert query(database_url, "show timezone") == [("Asia/Tokyo",)]
    with closing(connect(database_url)) as conn:
        use_utc(conn)
    assert query(database_url, "show timezone") == [("UTC",)]


def test_use_utc_takes_a_database_of_any_name(postgres_server):
    name = 'it\'s "odd"; 100% {}'
    made = sql.Identifier(name)
    with closing(connect(postgres_server)) as admin:
        admin.autocommit = True
        with admin.cursor() as cur:
            cur.execute(sql.SQL("create database {}").format(made))
            try:
                cur.execute(sql.SQL("alter database {} set timezone to 'Asia/Tokyo'").format(made))
                url = urlsplit(postgres_server)._replace(path=f"/{quote(name)}").geturl()
                with closing(connect(url)) as conn:
                    use_utc(conn)
                assert query(url, "show timezone") == [("UTC",)]
            finally:
                cur.execute(sql.SQL("drop database {} with (force)").format(made))


@pytest.mark.parametrize(
    ("parts", "fix"),
    [
        ({"password": "wrong-but-secret"}, "check user and password"),
        ({"database": "no_such_database"}, "create it, or correct DATABASE_URL"),
        ({"port": str(free_port(PROJECT_DIR))}, r"refused; is the server running\? start it"),
    ],
    ids=["password", "database", "server down"],
)
def test_a_failed_connection_says_where_why_and_what_to_do(database_url, parts, fix):
    url = changed(database_url, **parts)
    with pytest.raises(ConnectionFailed, match=fix) as caught:
        connect(url)
    message = caught.value.message
    assert where(url) in message
    assert "\n" not in message
    assert message.lower().count("is the server running") <= 1
    assert urlsplit(url).password not in message
    assert caught.value.exit_code == 1


def test_an_old_server_is_refused(database_url, monkeypatch):
    monkeypatch.setattr(connections, "MINIMUM_MAJOR", 99)
    with pytest.raises(ServerTooOld, match="needs 99 or newer"):
        connect(database_url)


def test_a_pool_reuses_its_connections(database_url):
    with ConnectionPool(database_url, 2) as pool:
        pids = set()
        for _ in range(5):
            with pool.connection() as conn:
                pids.add(conn.info.backend_pid)
    assert len(pids) == 1


def test_a_borrower_beyond_the_pools_size_waits(database_url):
    got_it = threading.Event()

    def borrow() -> None:
        with pool.connection():
            got_it.set()

    with ConnectionPool(database_url, 1) as pool:
        thread = threading.Thread(target=borrow)
        with pool.connection():
            thread.start()
            assert not got_it.wait(0.2)
        assert got_it.wait(10)
        thread.join()


def test_what_a_borrower_left_open_is_rolled_back(numbers):
    with ConnectionPool(numbers, 1) as pool:
        with pool.connection() as conn, conn.cursor() as cur:
            cur.execute("insert into numbers values (1)")
        with pool.connection() as conn, transaction(conn) as cur:
            cur.execute("select n from numbers")
            assert cur.fetchall() == []


def test_a_broken_connection_is_replaced(database_url):
    with ConnectionPool(database_url, 1) as pool:
        with pytest.raises(psycopg2.OperationalError), pool.connection() as conn:
            broken = conn.info.backend_pid
            query(database_url, f"select pg_terminate_backend({broken})")
            conn.cursor().execute("select 1")
        with pool.connection() as conn, transaction(conn) as cur:
            cur.execute("select 1")
            assert conn.info.backend_pid != broken


def test_a_closed_pool_leaves_no_connection(database_url):
    pool = ConnectionPool(database_url, 2, application_name="leaver")
    with pool.connection() as lent:
        with pool.connection():
            pass
        pool.close()
    assert lent.closed
    count = "select count(*) from pg_stat_activity where application_name = 'leaver'"
    with closing(connect(database_url)) as conn, transaction(conn) as cur:
        cur.execute(
            f"do $$ begin while ({count}) > 0 loop perform pg_sleep(0.01); end loop; end $$"
        )


def test_a_pool_needs_a_size_and_hides_its_password(database_url):
    with pytest.raises(ValueError, match="at least 1"):
        ConnectionPool(database_url, 0)
    assert urlsplit(database_url).password not in repr(ConnectionPool(database_url, 1))
