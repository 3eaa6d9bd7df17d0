"""Indexes of raw tables: dropped before a bulk load, built again after it, lost never."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from contextlib import closing

import psycopg2
import pytest

from loader.errors import IndexesError
from loader.loading.record import verdict
from loader.raw import indexes
from loader.raw.indexes import BULK_BYTES, rebuild_indexes, set_indexes_aside
from loader.raw.tables import prepare
from loader.sources import Sources
from warehouse.connections import transaction
from warehouse.settings import PROJECT_DIR

SACKS = "mill_sacks"
BULK = {SACKS: BULK_BYTES}

INDEXES = {
    "plain": "create index plain on raw.mill_sacks (grain)",
    "expression": "create index expression on raw.mill_sacks (lower(grain), (weight || ';''%'))",
    "partial": "create index partial on raw.mill_sacks (id) where grain is not null",
    "covering": "create unique index covering on raw.mill_sacks (id) include (grain) "
    "nulls not distinct with (fillfactor = 70)",
    "hash one": 'create index "hash one" on raw.mill_sacks using hash (weight)',
    'odd "; drop table raw._loads; -- %s': 'create index "odd ""; drop table raw._loads; -- %s" '
    "on raw.mill_sacks (weight desc nulls last)",
    "collated": 'create index collated on raw.mill_sacks (grain collate "C" text_pattern_ops)',
}


@pytest.fixture
def conn(database_url):
    sources = Sources.model_validate(
        {"mill": {"layout": "files", "tables": {"sacks": {
            "format": "csv", "patterns": ["s*"], "columns": ["id", "grain", "weight"]}}}}
    )  # fmt: skip
    with closing(psycopg2.connect(database_url)) as opened:
        prepare(opened, sources)
        yield opened


def definitions(query):
    return dict(
        query("select indexname, indexdef from pg_indexes where schemaname = 'raw' "
              "and tablename = 'mill_sacks' and indexdef !~ 'brin'")
    )  # fmt: skip


def kept(query):
    return [name for (name,) in query("select index_name from raw._dropped_indexes order by 1")]


def add_row(query, *values):
    query(
        "insert into raw.mill_sacks (id, grain, weight, _load_id, _row_id) values (%s, %s, %s, 1, "
        "(select count(*) from raw.mill_sacks))",
        values,
    )


def test_every_index_comes_back_as_it_was(conn, query):
    for statement in INDEXES.values():
        query(statement)
    query("comment on index raw.plain is 'it''s for the %s'")
    before = definitions(query)
    assert set(before) == set(INDEXES)
    assert sorted(set_indexes_aside(conn, BULK)) == sorted(INDEXES)
    assert definitions(query) == {}
    assert kept(query) == sorted(INDEXES)
    add_row(query, "1", "rye", "5")
    assert sorted(rebuild_indexes(conn, [SACKS])) == sorted(INDEXES)
    assert definitions(query) == before
    assert kept(query) == []
    comment = query("select obj_description('raw.plain'::regclass, 'pg_class')")
    assert comment == [("it's for the %s",)]
    assert rebuild_indexes(conn, [SACKS]) == []


def test_what_something_else_hangs_on_stays(conn, query):
    query("alter table raw.mill_sacks add constraint whole primary key (_load_id, _row_id)")
    query("create unique index referred_to on raw.mill_sacks (id)")
    query("create table public.labels (sack text references raw.mill_sacks (id))")
    query("create index clustered on raw.mill_sacks (grain)")
    query("alter table raw.mill_sacks cluster on clustered")
    query("create index measured on raw.mill_sacks (lower(grain))")
    query("alter index raw.measured alter column 1 set statistics 500")
    before = query("select indexname from pg_indexes where schemaname = 'raw'")
    assert set_indexes_aside(conn, BULK) == []
    assert query("select indexname from pg_indexes where schemaname = 'raw'") == before


def test_the_loaders_own_index_stays(conn, query):
    assert set_indexes_aside(conn, BULK) == []
    brin = query("select count(*) from pg_indexes where schemaname = 'raw' and indexdef ~ 'brin'")
    assert brin == [(1,)]


def test_only_a_load_that_is_large_for_its_table_drops_indexes(conn, query):
    query(INDEXES["plain"])
    assert set_indexes_aside(conn, {SACKS: BULK_BYTES - 1}) == []
    query(
        "insert into raw.mill_sacks (grain, _load_id, _row_id) "
        "select repeat('rye', 500), 1, n from generate_series(1, 40000) n"
    )
    ((size,),) = query("select pg_table_size('raw.mill_sacks')")
    share = int(size * indexes.BULK_SHARE)
    assert share > BULK_BYTES
    assert set_indexes_aside(conn, {SACKS: share}) == []
    assert set_indexes_aside(conn, {SACKS: share + 1}) == ["plain"]


KILLED = """
import os, signal, sys, psycopg2
from loader.raw.indexes import set_indexes_aside
conn = psycopg2.connect(sys.argv[1])
print(set_indexes_aside(conn, {"mill_sacks": 10**9}))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_loader_loses_no_index(conn, database_url, query):
    for name in ("plain", "partial", "covering"):
        query(INDEXES[name])
    before = definitions(query)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, database_url], check=False, cwd=PROJECT_DIR
    )
    assert killed.returncode == -signal.SIGKILL
    assert definitions(query) == {}
    # The next run drops what has been made since, and builds all of it.
    query(INDEXES["collated"])
    assert set_indexes_aside(conn, BULK) == ["collated"]
    assert len(rebuild_indexes(conn, [SACKS])) == 4
    assert definitions(query).items() > before.items()


def test_a_server_process_killed_while_it_builds_leaves_the_rest_for_the_next_run(conn, query):
    for name in ("plain", "partial"):
        query(INDEXES[name])
    set_indexes_aside(conn, BULK)
    with closing(psycopg2.connect(conn.dsn, password=conn.info.password)) as doomed:
        query("select pg_terminate_backend(%s)", (doomed.info.backend_pid,))
        with pytest.raises(psycopg2.Error):
            rebuild_indexes(doomed, [SACKS])
    assert kept(query) == ["partial", "plain"]
    assert rebuild_indexes(conn, [SACKS]) == ["partial", "plain"]


def test_indexes_of_other_sources_are_left_alone(conn, query):
    query(INDEXES["plain"])
    set_indexes_aside(conn, BULK)
    assert rebuild_indexes(conn, ["farm_cows"]) == []
    assert kept(query) == ["plain"]


def test_a_table_that_another_session_reads_keeps_its_indexes(conn, query, monkeypatch):
    monkeypatch.setattr(indexes, "LOCK_TIMEOUT", "50ms")
    query(INDEXES["plain"])
    with closing(psycopg2.connect(conn.dsn, password=conn.info.password)) as reader:
        with reader.cursor() as cur:
            cur.execute("select count(*) from raw.mill_sacks")
        assert set_indexes_aside(conn, BULK) == []
    assert set(definitions(query)) == {"plain"}
    assert kept(query) == []


def test_a_table_that_another_session_writes_to_is_built_by_the_next_run(conn, query, monkeypatch):
    monkeypatch.setattr(indexes, "LOCK_TIMEOUT", "50ms")
    query(INDEXES["plain"])
    set_indexes_aside(conn, BULK)
    with closing(psycopg2.connect(conn.dsn, password=conn.info.password)) as writer:
        with writer.cursor() as cur:
            cur.execute("lock table raw.mill_sacks in row exclusive mode")
        with pytest.raises(IndexesError, match=r"plain on raw\.mill_sacks.*next run"):
            rebuild_indexes(conn, [SACKS])
    assert rebuild_indexes(conn, [SACKS]) == ["plain"]


def test_a_unique_index_that_the_rows_forbid_is_named_and_kept(conn, query):
    query(INDEXES["covering"])
    query(INDEXES["plain"])
    set_indexes_aside(conn, BULK)
    add_row(query, "7", "rye", "1")
    add_row(query, "7", "oats", "2")
    for _ in range(2):
        with pytest.raises(IndexesError) as caught:
            rebuild_indexes(conn, [SACKS])
        message = caught.value.message
        assert "index covering on raw.mill_sacks" in message
        assert "(id)=(7)" in message
        assert "\n" not in message
        assert caught.value.exit_code == 1
        assert set(definitions(query)) == {"plain"}
        assert kept(query) == ["covering"]
    query("delete from raw.mill_sacks where weight = '2'")
    assert rebuild_indexes(conn, [SACKS]) == ["covering"]


def test_an_index_whose_column_is_gone_is_named_and_the_others_are_built(conn, query):
    query(INDEXES["hash one"])
    query(INDEXES["plain"])
    set_indexes_aside(conn, BULK)
    query("alter table raw.mill_sacks drop column weight")
    with pytest.raises(IndexesError, match=r'index hash one on raw.*"weight" does not exist'):
        rebuild_indexes(conn, [SACKS])
    assert set(definitions(query)) == {"plain"}


def test_an_index_made_again_by_hand_or_without_its_table_is_forgotten(conn, query):
    query(INDEXES["plain"])
    query(INDEXES["partial"])
    set_indexes_aside(conn, BULK)
    query(INDEXES["plain"])
    assert rebuild_indexes(conn, [SACKS]) == ["partial"]
    set_indexes_aside(conn, BULK)
    query("drop table raw.mill_sacks")
    assert rebuild_indexes(conn, [SACKS]) == []
    assert kept(query) == []


def test_a_name_taken_by_something_else_is_told(conn, query):
    query(INDEXES["plain"])
    set_indexes_aside(conn, BULK)
    query("create table raw.plain (of text)")
    with pytest.raises(IndexesError, match="already exists"):
        rebuild_indexes(conn, [SACKS])
    assert kept(query) == ["plain"]


def test_schemas_in_a_definition_do_not_depend_on_the_search_path(conn, query):
    query("create schema tools")
    query("create function tools.key(text) returns text immutable language sql return lower($1)")
    query("create index by_key on raw.mill_sacks (tools.key(grain))")
    with transaction(conn) as cur:
        cur.execute("set search_path to tools, raw")
    set_indexes_aside(conn, BULK)
    with transaction(conn) as cur:
        cur.execute("reset search_path")
        cur.execute("show search_path")
        assert "tools" not in str(cur.fetchall())
    assert rebuild_indexes(conn, [SACKS]) == ["by_key"]


def test_two_runs_that_build_at_once_build_each_index_once(conn, query):
    for name in ("plain", "partial", "collated"):
        query(INDEXES[name])
    set_indexes_aside(conn, BULK)
    built: list[str] = []

    def build():
        with closing(psycopg2.connect(conn.dsn, password=conn.info.password)) as own:
            built.extend(rebuild_indexes(own, [SACKS]))

    threads = [threading.Thread(target=build) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(built) == ["collated", "partial", "plain"]


def test_a_run_tells_of_an_index_that_cannot_be_built_again(load, query, landing, monkeypatch):
    """All files are in, so nothing ended the run early; running again alone does not help."""
    monkeypatch.setattr(indexes, "BULK_BYTES", 1)
    monkeypatch.setattr(indexes, "BULK_SHARE", 0)
    (landing / "sacks.csv").write_text("id,grain,weight\n1,rye,1\n")
    assert not load().failed
    query(INDEXES["covering"])
    (landing / "sacks-1.csv").write_text("id,grain,weight\n7,rye,1\n7,oats,2\n")
    done = load()
    assert done.count("loaded") == 1
    assert done.fatal is None
    (problem,) = done.problems
    assert "correct the rows and run the loader again, or give the index up" in problem.message
    assert verdict(done) == "partly_failed"
    assert kept(query) == ["covering"]
