"""What is kept of runs: whole, once, and no more than is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from psycopg2.extensions import connection
from watched import NOW, check, run_of

from monitor import history
from monitor.check import Severity, Status
from monitor.history import HistoryError, last_runs, prune, store
from warehouse.connections import connect
from warehouse.role_names import role_name


@pytest.fixture
def conn(database_url: str) -> Iterator[connection]:
    with closing(connect(database_url)) as opened:
        yield opened


def test_a_run_comes_back_as_it_was_stored(conn: connection) -> None:
    assert last_runs(conn, 5) == []
    full = check(
        "rule:a:b",
        source="shop",
        severity=Severity.WARNING,
        tags=("daily", "money"),
        samples=({"a": "ü", "b": None}, {"a": "<script>"}),
    )
    run = run_of(full, check("x", Status.SKIP, checked=None, failed=None, owner=None, sql=None))
    store(conn, run)
    assert last_runs(conn, 5) == [run]


def test_a_run_is_stored_once_and_replaced_whole(conn: connection) -> None:
    run = run_of(check("a"), check("b"))
    store(conn, run)
    store(conn, run)
    changed = replace(run, checks=(check("c", Status.PASS),))
    store(conn, changed)
    assert last_runs(conn, 5) == [changed]


def test_only_the_newest_run_keeps_statements_and_samples(conn: connection) -> None:
    runs = [
        run_of(check("a", samples=({"x": str(day)},)), started_at=NOW + timedelta(days=day))
        for day in range(3)
    ]
    for run in runs:
        store(conn, run)
    newest, *before = last_runs(conn, 2)
    assert newest == runs[2]
    assert [one.run_id for one in before] == [runs[1].run_id]
    assert [(c.sql, c.samples, c.message) for c in before[0].checks] == [
        (None, (), runs[1].checks[0].message)
    ]


def test_what_fails_while_it_is_stored_leaves_nothing(
    conn: connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run_of(check("a"))
    store(conn, first)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(history, "_forget_details", die)
    with pytest.raises(KeyboardInterrupt):
        store(conn, run_of(check("a"), started_at=NOW + timedelta(days=1)))
    assert last_runs(conn, 5) == [first]


def test_old_runs_are_forgotten(conn: connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "KEPT", 4)
    runs = [run_of(check("a"), started_at=NOW + timedelta(days=day)) for day in range(6)]
    for run in runs:
        store(conn, run)
    assert [one.run_id for one in last_runs(conn, 9)] == [run.run_id for run in runs[:1:-1]]
    assert prune(conn, 1) == 3
    assert [one.run_id for one in last_runs(conn, 9)] == [runs[-1].run_id]


def test_two_checks_with_one_key_are_refused(conn: connection) -> None:
    with pytest.raises(HistoryError, match="two checks have one key: a"):
        store(conn, run_of(check("a"), check("a")))
    assert last_runs(conn, 1) == []


def test_who_may_not_write_is_told_what_to_do(conn: connection) -> None:
    with conn, conn.cursor() as cur:
        cur.execute("create schema monitoring")
        cur.execute("create role nobody_here")
        cur.execute("set role nobody_here")
    try:
        with pytest.raises(HistoryError, match="--no-store"):
            store(conn, run_of(check("a")))
    finally:
        with conn, conn.cursor() as cur:
            cur.execute("reset role")
            cur.execute("drop role nobody_here")


def test_readers_see_the_runs_whenever_their_roles_were_made(conn: connection) -> None:
    store(conn, run_of(check("a")))
    reader = role_name(conn.info.dbname, "reader")
    with conn, conn.cursor() as cur:
        cur.execute(f"create role {reader}")
    try:
        store(conn, run_of(check("a"), started_at=NOW + timedelta(days=1)))
        with conn, conn.cursor() as cur:
            cur.execute(
                "select has_table_privilege(%s, 'monitoring.check_runs', 'select')", (reader,)
            )
            assert cur.fetchall() == [(True,)]
    finally:
        with conn, conn.cursor() as cur:
            cur.execute(f"drop owned by {reader}")
            cur.execute(f"drop role {reader}")
