"""Composed SQL against the real server: names and values that would break formatted SQL."""

from __future__ import annotations

import io
import threading
from contextlib import closing

import psycopg2
import pytest
from psycopg2 import sql

from warehouse.composed import (
    TEXT,
    add_columns,
    copy_in,
    copy_out,
    create_table,
    identifiers,
    insert,
    lock,
    qualified,
    swap,
    try_lock,
    unlock,
    upsert,
)
from warehouse.connections import transaction

HOSTILE = [
    "Order",
    "two words",
    'quo"te',
    "it's",
    "semi;colon",
    "100%",
    "%s",
    "%(name)s",
    '"; drop table pg_class; --',
    "back\\slash",
    "new\nline",
    "{} {0}",
    ")",
    "ölçü",
    "数量",
    "🍰",
    "x" * 63,
    "ä" * 31 + "x",
]


@pytest.fixture
def conn(database_url):
    with closing(psycopg2.connect(database_url)) as opened:
        yield opened


@pytest.fixture
def other(database_url):
    with closing(psycopg2.connect(database_url)) as opened:
        yield opened


def columns_of(cur, table):
    cur.execute(
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 "
        "order by attnum",
        (table.as_string(cur),),
    )
    return [name for (name,) in cur.fetchall()]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_goes_all_the_way(conn, name):
    table, column = qualified(name, name), "other " + name[:20]
    with transaction(conn) as cur:
        cur.execute(sql.SQL("create schema {}").format(identifiers([name])))
        cur.execute(create_table(table, {name: sql.SQL("text primary key")}))
        cur.execute(add_columns(table, {name: TEXT, column: TEXT}))
        assert columns_of(cur, table) == [name, column]
        cur.copy_expert(copy_in(table, [column, name], {"format": "csv"}), io.StringIO("a,1\n"))
        cur.execute(insert(table, [name, column]), ("2", "%s"))
        cur.execute(upsert(table, [name, column], [name]), ("1", "b"))
        cur.execute(upsert(table, [name], [name]), ("1",))
        written = io.StringIO()
        query = sql.SQL("select {} from {} order by 1").format(identifiers([name, column]), table)
        cur.copy_expert(copy_out(query, {"format": "csv"}), written)
    assert written.getvalue() == "1,b\n2,%s\n"


@pytest.mark.parametrize("name", HOSTILE)
def test_swap_gives_the_hostile_name_to_the_replacement(conn, name):
    with transaction(conn) as cur:
        cur.execute(sql.SQL("create schema {}").format(identifiers([name])))
        for table in (name, "next"):
            cur.execute(create_table(qualified(name, table), {"of": TEXT}))
            cur.execute(insert(qualified(name, table), ["of"]), (table,))
        swap(cur, name, name, "next")
        cur.execute(sql.SQL("select * from {}").format(qualified(name, name)))
        assert cur.fetchall() == [("next",)]
        cur.execute("select count(*) from pg_tables where schemaname = %s", (name,))
        assert cur.fetchall() == [(1,)]


@pytest.mark.parametrize("name", ["", "nul\0byte", "x" * 64, "ä" * 32])
def test_what_cannot_be_a_name_is_refused(name):
    with pytest.raises(ValueError, match=r"name"):
        identifiers(["fine", name])
    with pytest.raises(ValueError, match=r"name"):
        qualified("raw", name)
    with pytest.raises(ValueError, match=r"name"):
        create_table(qualified("raw", "fine"), {name: TEXT})
    with pytest.raises(ValueError, match=r"name"):
        insert(qualified("raw", "fine"), [name])


@pytest.mark.parametrize(
    ("options", "data", "expected"),
    [
        ({"format": "csv", "delimiter": ";"}, "a;b\n", [("a", "b")]),
        ({"format": "csv", "delimiter": "'"}, "a'b\n", [("a", "b")]),
        ({"format": "csv", "quote": "'", "escape": "\\"}, "'it\\'s',b\n", [("it's", "b")]),
        ({"format": "csv", "null": "N/A'"}, "N/A',b\n", [(None, "b")]),
        ({"format": "csv", "header": "true"}, "x,y\na,b\n", [("a", "b")]),
        ({"format": "csv", "encoding": "WIN1252"}, b"\x80,b\n", [("€", "b")]),
        ({"format": "text"}, "a\t\\N\n", [("a", None)]),
        ({}, "a\tb\n", [("a", "b")]),
    ],
)
def test_options_of_copy_are_literals(conn, options, data, expected):
    table = qualified("public", "options")
    with transaction(conn) as cur:
        cur.execute(create_table(table, {"a": TEXT, "b": TEXT}))
        stream = io.BytesIO(data) if isinstance(data, bytes) else io.StringIO(data)
        cur.copy_expert(copy_in(table, ["a", "b"], options), stream)
        cur.execute("select * from public.options")
        assert cur.fetchall() == expected


def test_an_option_that_copy_does_not_have_is_refused():
    with pytest.raises(ValueError, match="program"):
        copy_in(qualified("raw", "t"), ["a"], {"program": "rm"})
    with pytest.raises(ValueError, match="freeze"):
        copy_out(sql.SQL("select 1"), {"freeze": "true"})


def test_faults_of_the_caller_are_told_before_the_server_is_asked():
    table = qualified("raw", "t")
    with pytest.raises(ValueError, match="no columns"):
        add_columns(table, {})
    with pytest.raises(ValueError, match="not among"):
        upsert(table, ["a"], ["b"])
    with pytest.raises(ValueError, match="not among"):
        upsert(table, ["a"], [])


def test_a_temporary_table_ends_with_its_session(conn, other):
    with transaction(conn) as cur:
        cur.execute(create_table(sql.Identifier("mine"), {"a": TEXT}, temporary=True))
        cur.execute("select count(*) from mine")
    with pytest.raises(psycopg2.errors.UndefinedTable), transaction(other) as cur:
        cur.execute("select count(*) from mine")


def test_swap_is_refused_while_a_view_reads_the_table(conn):
    with transaction(conn) as cur:
        for table in ("old", "new"):
            cur.execute(create_table(qualified("public", table), {"a": TEXT}))
        cur.execute("create view reader as select * from old")
    with pytest.raises(psycopg2.errors.DependentObjectsStillExist), transaction(conn) as cur:
        swap(cur, "public", "old", "new")
    with transaction(conn) as cur:
        cur.execute("select to_regclass('old') is not null, to_regclass('new') is not null")
        assert cur.fetchall() == [(True, True)]


def test_a_writer_that_waits_for_a_swap_writes_to_the_replacement(conn, other):
    with transaction(conn) as cur:
        for table in ("old", "new"):
            cur.execute(create_table(qualified("public", table), {"a": TEXT}))

    def write():
        with transaction(other) as cur:
            cur.execute(insert(qualified("public", "old"), ["a"]), ("late",))

    with transaction(conn) as cur:
        swap(cur, "public", "old", "new")
        writer = threading.Thread(target=write)
        writer.start()
        waiting = "select count(*) from pg_stat_activity where pid = %s and wait_event_type = %s"
        for _ in range(10_000):
            cur.execute("select pg_stat_clear_snapshot()")
            cur.execute(waiting, (other.info.backend_pid, "Lock"))
            if cur.fetchall() == [(1,)]:
                break
    writer.join()
    with transaction(conn) as cur:
        cur.execute("select a from old")
        assert cur.fetchall() == [("late",)]


KEY = "it's a 🔑; %s"


@pytest.mark.parametrize("until", ["transaction", "session"])
def test_an_advisory_lock_keeps_others_out_until_its_end(conn, other, until):
    with conn.cursor() as mine, other.cursor() as theirs:
        lock(mine, KEY, until=until)
        assert not try_lock(theirs, KEY)
        assert not try_lock(theirs, KEY, shared=True)
        assert try_lock(theirs, "another key")
        conn.commit()
        assert try_lock(theirs, KEY) == (until == "transaction")
        other.rollback()
        if until == "session":
            unlock(mine, KEY)
            assert try_lock(theirs, KEY)


@pytest.mark.parametrize("until", ["transaction", "session"])
def test_those_who_share_a_lock_do_not_keep_each_other_out(conn, other, until):
    with conn.cursor() as mine, other.cursor() as theirs:
        assert try_lock(mine, KEY, until=until, shared=True)
        lock(theirs, KEY, shared=True)
        other.commit()
        assert not try_lock(theirs, KEY)
        if until == "session":
            unlock(mine, KEY, shared=True)
        conn.commit()
        assert try_lock(theirs, KEY)
