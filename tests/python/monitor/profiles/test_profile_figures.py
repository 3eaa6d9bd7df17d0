"""Figures of random data, computed by PostgreSQL, beside those of numpy and pandas."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from psycopg2 import sql
from psycopg2.extensions import connection
from psycopg2.extras import execute_values

from monitor.profiles.figures import ColumnProfile, TableProfile
from monitor.profiles.measuring import Terms, profile_table
from monitor.profiles.relations import find_relations
from warehouse.connections import connect, transaction

ROWS = 1500


@pytest.fixture
def conn(database_url: str) -> Iterator[connection]:
    with closing(connect(database_url)) as opened:
        yield opened


def make(conn: connection, table: str, columns: dict[str, tuple[str, list[Any]]]) -> None:
    """Make a table of columns with their types and values."""
    with transaction(conn) as cur:
        cur.execute(
            sql.SQL("create table {} ({})").format(
                sql.Identifier(table),
                sql.SQL(", ").join(
                    sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(type_))
                    for name, (type_, _) in columns.items()
                ),
            )
        )
        rows = list(zip(*(values for _, values in columns.values()), strict=True))
        if rows:
            execute_values(
                cur,
                sql.SQL("insert into {} values %s").format(sql.Identifier(table)),
                rows,
                template=f"({', '.join(f'cast(%s as {type_})' for type_, _ in columns.values())})",
            )


def profiled(conn: connection, table: str, terms: Terms | None = None) -> TableProfile:
    with transaction(conn) as cur:
        (relation,) = find_relations(cur, ["public"], [table], ["e_mail", "birth_date"])
    return profile_table(conn, relation, terms or Terms(), {})


def column(table: TableProfile, name: str) -> ColumnProfile:
    (found,) = [one for one in table.columns if one.name == name]
    return found


def with_nulls(values: list[Any], random: np.random.Generator, share: float = 0.2) -> list[Any]:
    return [None if random.random() < share else value for value in values]


def percentile(ordered: list[Any], k: int) -> Any:
    return ordered[max(math.ceil(Fraction(k, 100) * len(ordered)), 1) - 1]


def assert_numbers(found: ColumnProfile, values: list[Any]) -> None:
    """Compare a column of numbers, null among them, with numpy and pandas."""
    series = pd.Series(values, dtype=object)
    present = series.dropna()
    numbers = present.astype(float)
    assert found.rows == len(series)
    assert found.nulls == int(series.isna().sum())
    assert (found.distinct, found.distinct_method) == (present.nunique(), "exact")
    ordered = sorted(present)
    assert [Decimal(q) for q in found.quantiles] == [
        Decimal(str(percentile(ordered, k))) for k in range(101)
    ]
    for k in (0, 25, 50, 75, 100):
        numpys = np.percentile(numbers, k, method="inverted_cdf")
        assert float(found.quantiles[k]) == numpys
    assert found.smallest is not None and found.largest is not None and found.mean is not None
    assert float(found.smallest) == numbers.min()
    assert float(found.largest) == numbers.max()
    assert float(found.mean) == pytest.approx(numbers.mean(), rel=1e-12, abs=1e-9)
    assert found.deviation == pytest.approx(numbers.std(ddof=1), rel=1e-9)
    counts, edges = np.histogram(numbers, bins=20)
    assert found.histogram is not None
    assert list(found.histogram.rows) == counts.tolist()
    assert found.histogram.edges == pytest.approx(edges.tolist(), rel=1e-12)
    assert found.grid is not None
    for at, share in zip(found.grid.at, found.grid.share, strict=True):
        assert share == (numbers <= at).mean()
    top = sorted(Counter(present).items(), key=lambda item: (-item[1], item[0]))[:20]
    assert [(Decimal(one.value), one.rows) for one in found.top] == [
        (Decimal(str(value)), rows) for value, rows in top
    ]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_numbers_are_those_of_numpy_and_pandas(conn: connection, seed: int) -> None:
    random = np.random.default_rng(seed)
    columns = {
        "small": ("smallint", random.integers(-5, 5, ROWS).tolist()),
        "whole": ("bigint", random.integers(-(2**40), 2**40, ROWS).tolist()),
        "money": ("numeric", [Decimal(int(n)) / 100 for n in random.integers(0, 10**6, ROWS)]),
        "double": ("float8", random.lognormal(3, 2, ROWS).tolist()),
    }
    columns = {name: (t, with_nulls(values, random)) for name, (t, values) in columns.items()}
    make(conn, "numbers", columns)
    table = profiled(conn, "numbers")
    for name, (_, values) in columns.items():
        assert_numbers(column(table, name), values)
    frame = pd.DataFrame({name: values for name, (_, values) in columns.items()}).astype(float)
    pearson = frame.corr()
    assert len(table.correlations) == 6
    for one in table.correlations:
        assert one.coefficient == pytest.approx(pearson.loc[one.first, one.second], abs=1e-9)


def test_times_are_those_of_pandas(conn: connection) -> None:
    random = np.random.default_rng(4)
    start = datetime(1999, 12, 31, tzinfo=UTC)
    moments = [start + timedelta(seconds=int(n)) for n in random.integers(0, 10**9, ROWS)]
    values = with_nulls(moments, random)
    make(conn, "times", {"at": ("timestamptz", values)})
    found = column(profiled(conn, "times"), "at")
    series = pd.Series([v for v in values if v is not None])
    assert found.nulls == values.count(None)
    assert found.distinct == series.nunique()
    assert [pd.Timestamp(q) for q in found.quantiles] == [
        percentile(sorted(series), k) for k in range(101)
    ]
    assert found.mean is not None
    assert abs(pd.Timestamp(found.mean, tz="UTC") - series.mean()) < pd.Timedelta("1ms")
    assert found.deviation == pytest.approx(series.std(ddof=1).total_seconds(), rel=1e-9)
    assert found.histogram is not None
    counts, _ = np.histogram([v.timestamp() for v in series], bins=20)
    assert list(found.histogram.rows) == counts.tolist()


def test_texts_are_those_of_pandas(conn: connection) -> None:
    random = np.random.default_rng(5)
    pool = ["", " ", "ABC-1", "abc-22", "O'Brien", "Müller", "東京 3", "<script>alert(1)</script>"]
    values = with_nulls([pool[i] for i in random.integers(0, len(pool), ROWS)], random)
    make(conn, "texts", {"said": ("text", values)})
    found = column(profiled(conn, "texts"), "said")
    series = pd.Series(values).dropna()
    assert found.distinct == series.nunique()
    assert (found.smallest, found.largest) == (min(series), max(series, key=str.encode))
    lengths = series.str.len()
    assert found.lengths is not None
    assert (found.lengths.shortest, found.lengths.longest) == (lengths.min(), lengths.max())
    assert found.lengths.mean == pytest.approx(lengths.mean())
    assert found.lengths.empty == (series == "").sum()
    counts = Counter(series)
    assert {one.value: one.rows for one in found.top} == counts
    patterns: Counter[str] = Counter()
    for value, rows in counts.items():
        patterns[
            "".join("9" if c in "0123456789" else "A" if c.isalpha() else c for c in value)
        ] += rows
    assert found.patterns is not None
    assert {one.value: one.rows for one in found.patterns.most} == patterns
    assert (found.patterns.rows, found.patterns.distinct) == (len(series), len(patterns))


def test_what_is_no_number_is_counted_apart(conn: connection) -> None:
    values = ["NaN", "Infinity", "-Infinity", "-Infinity", "1", "2.5", None]
    numerics = [*values[:-1], "3"]
    make(conn, "odd", {"double": ("float8", values), "exact": ("numeric", numerics)})
    table = profiled(conn, "odd")
    double, exact = column(table, "double"), column(table, "exact")
    assert (double.not_a_number, double.infinite, double.nulls) == (1, 3, 1)
    assert (double.smallest, double.largest, double.mean) == ("1", "2.5", "1.75")
    assert (exact.not_a_number, exact.infinite, exact.largest) == (1, 3, "3")


def test_extreme_values_break_nothing(conn: connection) -> None:
    make(
        conn,
        "extreme",
        {
            "double": ("float8", ["1.7e308", "-1.7e308", "5e-324", None]),
            "tiny": ("float8", ["5e-324", "0", "1e-310", "1e-310"]),
            "exact": ("numeric", ["1e1000", "-1e1000", "1e-1000", "0"]),
            "day": ("date", ["4713-01-01 BC", "5874897-12-31", "infinity", None]),
            "moment": ("timestamptz", ["4713-01-01 BC", "294276-12-31", "-infinity", None]),
            "whole": ("bigint", [2**63 - 1, -(2**63), 0, 0]),
        },
    )
    table = profiled(conn, "extreme")
    double, day, whole = (column(table, name) for name in ("double", "day", "whole"))
    assert double.mean is not None and abs(float(double.mean)) < 1e300
    assert double.deviation is not None
    assert double.deviation == pytest.approx(1.7e308, rel=1e-9)
    assert column(table, "tiny").largest == "1e-310"
    assert (day.infinite, day.largest) == (1, "5874897-12-31")
    assert column(table, "moment").mean is not None
    assert (whole.mean, whole.smallest) == ("-0.25", str(-(2**63)))


def test_tables_without_rows_or_columns_and_columns_without_values(conn: connection) -> None:
    with transaction(conn) as cur:
        cur.execute("create table nothing (); create table nobody (a int, b text, c date)")
        cur.execute("insert into nothing default values")
    make(conn, "hollow", {"a": ("int", [None, None]), "b": ("text", [None, None])})
    nothing = profiled(conn, "nothing")
    assert (nothing.rows, nothing.columns) == (1, [])
    for one in profiled(conn, "nobody").columns:
        assert (one.rows, one.nulls, one.distinct, one.null_share) == (0, 0, 0, None)
        assert one.smallest is None and one.histogram is None and not one.quantiles
    for one in profiled(conn, "hollow").columns:
        assert (one.rows, one.nulls, one.distinct, one.null_share) == (2, 2, 0, 1.0)


def test_any_type_and_any_name_can_be_profiled(conn: connection) -> None:
    with transaction(conn) as cur:
        cur.execute("create domain amount as numeric check (value >= 0)")
        cur.execute("create type mood as enum ('sad', 'glad')")
        cur.execute(
            'create table "odd ""table" ("a ""b\' %s {c}" int, twice int generated always as '
            "(1 + 1) stored, tags text[], document jsonb, paid amount, feels mood, place point, "
            "part int4range, raw bytea, lasts interval, id uuid, price money)"
        )
        cur.execute(
            'insert into "odd ""table" values (1, default, \'{a,b}\', \'{"who": "Ada"}\', 2.50, '
            "'glad', '(1,2)', '[1,2)', '\\x00ff', '1 day', gen_random_uuid(), 3.5)"
        )
    table = profiled(conn, 'odd "table')
    named = {one.name: one for one in table.columns}
    assert named["a \"b' %s {c}"].smallest == "1"
    assert named["twice"].mean == "2"
    assert (named["paid"].kind, named["paid"].smallest) == ("number", "2.5")
    assert [one.value for one in named["tags"].top] == ["{a,b}"]
    assert named["price"].largest == "3.5"
    # A document may be somebody's whole record.
    assert named["document"].personal and not named["document"].top
    assert named["raw"].personal and not named["raw"].top
    assert "Ada" not in json.dumps(table.as_json())


def test_of_personal_data_there_are_shapes_and_no_values(conn: connection) -> None:
    make(
        conn,
        "people",
        {
            "E-Mail": ("text", ["ada@example.com", "bob1@example.com", "Zoë@例え.jp"]),
            "birth_date": ("date", ["1815-12-10", "1815-12-10", None]),
            "note": ("text", ["ask eve@example.com", "none", "none"]),
        },
    )
    table = profiled(conn, "people")
    said = json.dumps(table.as_json(), ensure_ascii=False)
    for value in ("ada@", "example", "Zo", "例", "1815", "eve@"):
        assert value not in said
    mail, born = column(table, "E-Mail"), column(table, "birth_date")
    assert mail.patterns is not None and mail.lengths is not None
    assert {one.value for one in mail.patterns.most} == {
        "AAA@AAAAAAA.AAA",
        "AAA9@AAAAAAA.AAA",
        "AAA@AA.AA",
    }
    assert (mail.distinct, mail.lengths.longest) == (3, 16)
    assert (born.distinct, born.nulls, born.quantiles, born.histogram) == (1, 1, (), None)


def test_long_values_are_cut(conn: connection) -> None:
    make(conn, "long", {"said": ("text", ["x" * 10_000, "\u202eabc"])})
    found = column(profiled(conn, "long"), "said")
    assert found.lengths is not None and found.lengths.longest == 10_000
    assert max(len(one.value) for one in found.top) == 201
