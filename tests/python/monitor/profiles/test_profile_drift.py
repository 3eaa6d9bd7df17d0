"""Drift: the formulas beside other ways to compute them, and columns that change or do not."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import closing

import numpy as np
import pytest
from psycopg2.extensions import connection

from monitor.profiles import distinct, drift
from monitor.profiles.command import profile_relations
from monitor.profiles.figures import ColumnProfile, Profile
from monitor.profiles.measuring import Terms, profile_table
from monitor.profiles.memory import last_profile, store
from monitor.profiles.relations import find_relations
from warehouse.connections import ConnectionPool, connect, transaction


@pytest.fixture
def conn(database_url: str) -> Iterator[connection]:
    with closing(connect(database_url)) as opened:
        yield opened


Run = Callable[..., Profile]


@pytest.fixture
def run(database_url: str) -> Run:
    """Profiles the tables of the schema public, two at a time, and remembers them."""

    def profiled(conn: connection, *, keep: int = 90, personal: tuple[str, ...] = ()) -> Profile:
        with transaction(conn) as cur:
            relations = find_relations(cur, ["public"], [], personal)
        with ConnectionPool(database_url, 2) as pool:
            made = profile_relations(pool, relations, Terms(), 2)
        store(conn, made, keep)
        return made

    return profiled


def columns(made: Profile) -> dict[str, ColumnProfile]:
    return {column.name: column for table in made.tables for column in table.columns}


def execute(conn: connection, statement: str) -> None:
    with transaction(conn) as cur:
        cur.execute(statement)


def rows(conn: connection, statement: str) -> list[tuple[object, ...]]:
    with transaction(conn) as cur:
        cur.execute(statement)
        return cur.fetchall()


def test_psi_is_the_sum_over_bins() -> None:
    p, q = [0.2, 0.3, 0.5], [0.1, 0.5, 0.4]
    expected = sum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True))
    assert drift.psi(p, q) == pytest.approx(expected)
    assert drift.psi(p, p) == 0
    assert math.isfinite(drift.psi([1.0, 0.0], [0.0, 1.0]))


def test_psi_of_samples_of_one_population_stays_below_its_limit() -> None:
    random = np.random.default_rng(1)
    shares = np.full(10, 0.1)
    above = 0
    for _ in range(500):
        p, q = random.multinomial(80, shares) / 80, random.multinomial(60, shares) / 60
        above += drift.psi(p.tolist(), q.tolist()) > drift.psi_limit(10, 80, 60)
    assert above < 500 * 0.04


def test_what_has_not_changed_has_not_drifted_and_what_has_is_found(
    conn: connection, run: Run
) -> None:
    execute(
        conn,
        "create table t as select (i * 7919 % 1000)::float8 as number, i % 4 as few,"
        " timestamp '2025-01-01' + i * interval '1 hour' as at, 'o-' || i as key,"
        " (array['new', 'paid'])[1 + i % 2] as status, i % 3 = 0 as flag, i as gone, i as wide"
        " from generate_series(1, 1000) as i",
    )
    first = run(conn)
    assert all(column.drift is None for column in columns(first).values())
    same = columns(run(conn))
    for column in same.values():
        assert column.drift is not None
        assert (column.drift.psi, column.drift.drifted) == (0, False)
    execute(
        conn,
        "update t set number = number + 300, status = 'lost', flag = true, gone = null,"
        " key = 'A' || key, wide = wide * 2",
    )
    found = columns(run(conn))
    drifted = {name for name, column in found.items() if column.drift and column.drift.drifted}
    assert drifted == {"number", "status", "flag", "gone", "key", "wide"}
    number, wide = found["number"].drift, found["wide"].drift
    assert number is not None and wide is not None
    # Uniform on 0 to 999: shifted by 300 they are 0.3 apart; doubled, half of them are beyond.
    assert number.ks == pytest.approx(0.3, abs=0.011)
    assert wide.ks == pytest.approx(0.5, abs=0.011)
    assert number.by == "numbers"
    status, key = found["status"].drift, found["key"].drift
    assert status is not None and key is not None
    assert (status.by, key.by) == ("values", "patterns")


def test_ks_is_that_of_both_samples(conn: connection, run: Run) -> None:
    random = np.random.default_rng(2)
    before, now = random.normal(0, 1, 800), random.normal(0.4, 1.3, 700)
    values = ", ".join(f"({value})" for value in before)
    execute(conn, f"create table t (x float8); insert into t values {values}")
    run(conn)
    values = ", ".join(f"({value})" for value in now)
    execute(conn, f"truncate t; insert into t values {values}")
    found = columns(run(conn))["x"].drift
    both = np.sort(np.concatenate([before, now]))
    first = np.searchsorted(np.sort(before), both, side="right") / len(before)
    second = np.searchsorted(np.sort(now), both, side="right") / len(now)
    true = np.abs(first - second).max()
    assert found is not None and found.ks is not None
    assert true - 0.0101 <= found.ks <= true + 1e-12


def test_a_column_that_comes_back_from_nothing_has_drifted(conn: connection, run: Run) -> None:
    execute(
        conn,
        "create table t as select null::int as x, null::text as y, i from "
        "generate_series(1, 200) as i",
    )
    run(conn)
    execute(conn, "update t set x = i, y = i")
    found = columns(run(conn))
    for name in ("x", "y"):
        column = found[name].drift
        assert column is not None
        assert (column.by, column.drifted) == ("nulls", True)


def test_the_memory_keeps_the_last_profiles_of_each_table(conn: connection, run: Run) -> None:
    execute(conn, "create table t as select 1 as x; create table u as select 2 as y")
    for _ in range(4):
        last = run(conn, keep=2)
    counts = "select table_name, column_name, count(*) from monitoring.profiles group by 1, 2"
    assert sorted(rows(conn, counts)) == [("t", "", 2), ("t", "x", 2), ("u", "", 2), ("u", "y", 2)]
    newest = "select run_id from monitoring.profiles order by profiled_at desc limit 1"
    assert rows(conn, newest) == [(last.run_id,)]
    assert rows(
        conn,
        "select distinct row_count, null_share, distinct_count, mean from "
        "monitoring.profiles where column_name = 'y'",
    ) == [(1, 0.0, 1, "2")]


def test_what_is_personal_only_now_is_forgotten(conn: connection, run: Run) -> None:
    execute(conn, "create table t as select 'Ada' as name, 1815 as born")
    run(conn)
    run(conn, personal=("name", "born"))
    assert "Ada" not in str(rows(conn, "select figures from monitoring.profiles"))
    assert "1815" not in str(rows(conn, "select figures from monitoring.profiles"))


def test_a_column_of_another_kind_is_not_compared(conn: connection, run: Run) -> None:
    execute(conn, "create table t as select 1 as x")
    run(conn)
    execute(conn, "alter table t alter x type text")
    assert columns(run(conn))["x"].drift is None


def test_a_large_table_is_sampled(conn: connection) -> None:
    execute(
        conn,
        "create table t as select i as id, i % 500 as few, i % 3 as x, md5(i::text) as key,"
        " repeat('-', 200) as wide from generate_series(1, 20000) as i; analyze t",
    )
    with transaction(conn) as cur:
        (relation,) = find_relations(cur, ["public"], ["t"], [])
    assert last_profile(conn, relation) == {}
    sampled = profile_table(conn, relation, Terms(limit=2000), {})
    assert (sampled.rows, sampled.sample) == (20_000, "blocks")
    assert 1000 < sampled.rows_profiled < 4000
    found = {column.name: column for column in sampled.columns}
    assert found["id"].distinct_method == "sample"
    assert found["id"].distinct == 20_000
    assert found["few"].distinct == pytest.approx(500, rel=0.1)
    full = profile_table(conn, relation, Terms(limit=2000, distinct="hyperloglog"), {})
    for column in full.columns:
        exact = {"id": 20_000, "few": 500, "x": 3, "key": 20_000, "wide": 1}[column.name]
        assert column.distinct_method == "hyperloglog"
        assert column.distinct == pytest.approx(exact, rel=0.06)


def test_a_whole_table_is_read_once(conn: connection) -> None:
    execute(conn, "create table t as select i, i::text as s from generate_series(1, 1000) as i")
    with transaction(conn) as cur:
        (relation,) = find_relations(cur, ["public"], ["t"], [])
    profile_table(conn, relation, Terms(), {})
    # Figures of a session's reads are written with a delay, unless they are asked for.
    execute(conn, "select pg_stat_force_next_flush()")
    scans = "select seq_scan from pg_stat_user_tables where relname = 't'"
    assert rows(conn, scans) == [(1,)]


def test_views_are_profiled_by_name_and_sampled_row_by_row(conn: connection) -> None:
    execute(
        conn,
        "create table t as select i from generate_series(1, 5000) as i;"
        " create view v as select i from t",
    )
    with transaction(conn) as cur:
        (view,) = find_relations(cur, ["public"], ["v"], [])
        assert [one.name for one in find_relations(cur, ["public"], [], [])] == ["t"]
    found = profile_table(conn, view, Terms(limit=1000), {})
    assert (found.rows, found.sample) == (5000, "rows")
    assert 800 < found.rows_profiled < 1200


@pytest.mark.parametrize("values", [0, 1, 100, 5000, 200_000])
def test_hyperloglog_is_near(values: int) -> None:
    random = np.random.default_rng(values)
    hashes = random.integers(0, 2**63, values, dtype=np.uint64)
    registers = hashes & np.uint64(distinct.REGISTERS - 1)
    rest = hashes >> np.uint64(distinct.BITS)
    ranks: dict[int, int] = {}
    for register in np.unique(registers):
        least = int(rest[registers == register].min())
        rank = 63 - distinct.BITS - least.bit_length() + 1
        ranks[rank] = ranks.get(rank, 0) + 1
    assert distinct.estimated(ranks) == pytest.approx(values, rel=0.05, abs=1)


def test_a_sample_without_repeats_stands_for_a_table_without_repeats() -> None:
    assert distinct.from_sample(100, 100, 100, 5000) == 5000
    assert distinct.from_sample(7, 0, 100, 5000) == 7
    assert distinct.from_sample(0, 0, 0, 5000) == 0
