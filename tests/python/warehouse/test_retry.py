"""Retries: transient errors of a real server are tried again, all others are raised at once."""

from __future__ import annotations

import threading
from contextlib import closing

import psycopg2
import pytest
from psycopg2 import errors
from queries import query

from warehouse.connections import connect, transaction
from warehouse.retry import is_transient, retry


@pytest.fixture
def accounts(database_url):
    """URL of a database with the accounts 1 and 2, 100 in each."""
    query(database_url, "create table accounts (id int primary key, amount int)")
    query(database_url, "insert into accounts values (1, 100), (2, 100)")
    return database_url


def test_a_serialization_failure_is_tried_again(accounts):
    tries = []

    @retry(first_wait=0.01)
    def withdraw() -> None:
        with closing(connect(accounts)) as conn, transaction(conn) as cur:
            cur.execute("set transaction isolation level serializable")
            cur.execute("select amount from accounts where id = 1")
            (amount,) = cur.fetchone()
            tries.append(amount)
            if len(tries) == 1:  # somebody else is faster, once
                query(accounts, "update accounts set amount = amount - 10 where id = 1")
            cur.execute("update accounts set amount = %s where id = 1", (amount - 30,))

    withdraw()
    assert tries == [100, 90]
    assert query(accounts, "select amount from accounts where id = 1") == [(60,)]


def test_a_deadlock_is_tried_again(accounts):
    both_hold_one = threading.Barrier(2)
    tries = []

    def move(first: int, second: int) -> None:
        @retry(first_wait=0.01)
        def once() -> None:
            tries.append(first)
            with closing(connect(accounts)) as conn, transaction(conn) as cur:
                cur.execute("update accounts set amount = amount - 1 where id = %s", (first,))
                if tries.count(first) == 1:
                    both_hold_one.wait(30)
                cur.execute("update accounts set amount = amount + 1 where id = %s", (second,))

        once()

    threads = [threading.Thread(target=move, args=pair) for pair in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tries) == 3, "one of the two is the deadlock's victim, once"
    assert query(accounts, "select amount from accounts order by id") == [(100,), (100,)]


def test_a_terminated_connection_is_tried_again(accounts):
    tries = []

    @retry(first_wait=0.01)
    def withdraw() -> None:
        with closing(connect(accounts)) as conn, transaction(conn) as cur:
            tries.append(conn.info.backend_pid)
            cur.execute("update accounts set amount = amount - 1 where id = 1")
            if len(tries) == 1:
                query(accounts, f"select pg_terminate_backend({tries[0]})")
            cur.execute("update accounts set amount = amount - 1 where id = 2")

    withdraw()
    assert len(tries) == 2
    assert query(accounts, "select amount from accounts order by id") == [(99,), (99,)]


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("insert into accounts values (1, 0)", errors.UniqueViolation),
        ("selekt", errors.SyntaxError),
        ("select * from nowhere", errors.UndefinedTable),
        ("select 1 / 0", errors.DivisionByZero),
        ("select pg_cancel_backend(pg_backend_pid())", errors.QueryCanceled),
    ],
)
def test_a_lasting_error_is_raised_at_once(accounts, statement, error):
    tries = []

    @retry(first_wait=0.01)
    def fail() -> None:
        tries.append(statement)
        query(accounts, statement)

    with pytest.raises(error):
        fail()
    assert len(tries) == 1


def test_the_error_itself_is_raised_after_the_last_attempt(accounts, capfd):
    tries = []

    @retry(attempts=3, first_wait=0.01, what="booking")
    def blocked() -> None:
        tries.append(1)
        query(accounts, "set lock_timeout = 20; lock table accounts")

    with closing(connect(accounts)) as conn, transaction(conn) as cur:
        cur.execute("lock table accounts")
        with pytest.raises(errors.LockNotAvailable):
            blocked()
    assert len(tries) == 3
    said = capfd.readouterr().err
    assert "booking: " in said
    assert "attempt 3 of 3" in said


def test_other_exceptions_are_not_the_databases_business():
    assert not is_transient(ValueError("connection refused"))
    assert not is_transient(psycopg2.ProgrammingError("no results to fetch"))


def test_use_after_the_loss_counts_as_the_loss(accounts):
    conn = connect(accounts)
    conn.close()
    with pytest.raises(psycopg2.InterfaceError) as caught:
        conn.cursor()
    assert is_transient(caught.value)
