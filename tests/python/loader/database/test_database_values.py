"""Values and names: everything a source can hold arrives as PostgreSQL writes it."""

from __future__ import annotations

from contextlib import closing
from urllib.parse import urlsplit

import psycopg2
import pytest
from erp import ORDERS

DATED = {"updated_at": "updated_at"}

VALUES = {
    "boolean": ["true", "false"],
    "smallint": ["-32768", "32767"],
    "bigint": ["-9223372036854775808", "9223372036854775807"],
    "numeric": ["'0.000000000000000000001'", "'1e100'", "'NaN'", "'-Infinity'", "'12.50'"],
    "numeric(12, 2)": ["12.5", "-0.01"],
    "real": ["0.1", "1e-37", "'NaN'", "3.4028235e38"],
    "double precision": ["0.1", "1e-300", "'Infinity'", "0.1::float8 + 0.2::float8", "'-0'"],
    "money": ["'1234.56'"],
    "text": ["''", r"E'a\tb\nc\r\\d'", r"'\N'", r"'\.'", "'ünï 😀 عربى'", "repeat('x', 100000)"],
    "varchar(10)": ["'a b '"],
    "char(5)": ["'ab'"],
    "name": ["'a name'"],
    "bytea": [r"'\x00ff0a5c'", "''"],
    "json": ["""'{"a":  1, "b": [null, "\\u00e9"]}'"""],
    "jsonb": ["""'{"b": 1.50, "a": "x\\ny"}'"""],
    "uuid": ["'00000000-0000-4000-8000-000000000000'"],
    "timestamptz": ["'2024-05-01 12:34:56.789012+05:30'", "'infinity'", "'0044-03-15 BC'"],
    "timestamp": ["'2024-05-01 12:34:56'", "'-infinity'"],
    "date": ["'2024-02-29'", "'99999-01-01'"],
    "time": ["'23:59:59.999999'"],
    "timetz": ["'12:00:00+02'"],
    "interval": ["'1 year -2 months 3 days 04:05:06.7'", "'-1 microsecond'"],
    "int[]": ["'{1,NULL,3}'", "'{}'", "'[0:1]={5,6}'", "'{{1,2},{3,4}}'"],
    "text[]": [r"""array['', 'null', 'a,b', '"q"', E'back\\slash', '{}', NULL]"""],
    "int4range": ["'[1,5)'", "'empty'", "'(,3]'"],
    "inet": ["'10.0.0.1/8'", "'::1'"],
    "macaddr": ["'08:00:2b:01:02:03'"],
    "bit(3)": ["B'101'"],
    "varbit": ["B''", "B'10'"],
    "point": ["'(1.5,-2)'"],
    "tsvector": ["to_tsvector('simple', 'a ''quoted'' word')"],
    "oid": ["42"],
    "mood": ["'it''s; \"fine\"'"],
    "pair": ["row(1, 'a,b \"c\"')"],
    "positive": ["5"],
}


SETTINGS = [
    "datestyle to german",
    "intervalstyle to iso_8601",
    "extra_float_digits to -5",
    "bytea_output to escape",
    "timezone to ''Asia/Kolkata''",
]


def test_values_of_every_type_go_there_and_back(erp):
    shop = erp(things={**DATED, "key": ["id"]})
    shop.ask("""create type mood as enum ('it''s; "fine"', 'bad')""")
    shop.ask("create type pair as (a int, b text)")
    shop.ask("create domain positive as int check (value > 0)")
    columns = [f'"{kind}" {kind}' for kind in VALUES]
    shop.ask(
        "create table things (id serial primary key, updated_at timestamptz default now(), "
        f"{', '.join(columns)})"
    )
    # What a database or a role has set changes nothing.
    for setting in SETTINGS:
        shop.ask(
            "do $$ begin execute format('alter database %I set ', current_database()) "
            f"|| '{setting}'; end $$"
        )
    for kind, values in VALUES.items():
        for value in values:
            shop.ask(f'insert into things ("{kind}") values ({value})')
    shop.ask("insert into things default values")
    shop.load_well()
    shop.assert_in_step("things")
    for kind, values in VALUES.items():
        # numeric and jsonb compare equal where their texts differ: texts are compared.
        there = shop.ask(
            f'select id, "{kind}"::text from things where "{kind}" is not null order by id'
        )
        assert len(there) == len(values)
    assert shop.raw('select count(*) from raw.erp_things where "text" = %s', ("",)) == [(1,)]
    for kind, text in (
        ("double precision", "0.30000000000000004"),
        ("timestamptz", "2024-05-01 07:04:56.789012+00"),
        ("interval", "10 mons 3 days 04:05:06.7"),
        ("bytea", r"\x00ff0a5c"),
        ("numeric", "12.50"),
        ("char(5)", "ab   "),
    ):
        query = f'select count(*) from raw.erp_things where "{kind}" = %s'
        assert shop.raw(query, (text,)) == [(1,)], (kind, text)
    assert shop.load_well() == 0


NAMES = [
    'quo"te',
    "sp ace",
    "semi;colon",
    "apos'trophe",
    "per%cent %s",
    "ünïcode",
    "brace{}",
    "back\\slash",
    "new\nline",
    "é" * 31,
    "select",
    "UPPER",
    "dot.ted",
    "$1",
]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@pytest.mark.parametrize("name", NAMES)
def test_any_name(erp, name):
    quoted = _quoted(name)
    time, key = (_quoted(f"{letter}{name[:20]}") for letter in "tk")
    shop = erp(
        things={
            "from": f"{quoted}.{quoted}",
            "updated_at": f"t{name[:20]}",
            "key": [f"k{name[:20]}"],
            "columns": [f"k{name[:20]}", f"t{name[:20]}", name],
        }
    )
    shop.source.autocommit = True
    with shop.source.cursor() as cur:
        cur.execute(f"create schema {quoted}")
        cur.execute(
            f"create table {quoted}.{quoted} ({key} int, {time} timestamptz, {quoted} text)"
        )
        cur.execute(f"insert into {quoted}.{quoted} values (1, now(), 'one'), (2, now(), 'two')")
    assert shop.load_well() == 2
    assert shop.load_well() == 0
    with shop.source.cursor() as cur:
        cur.execute(f"delete from {quoted}.{quoted} where {key} = 1")
    assert shop.load_well(deletes=True) == 1
    with shop.warehouse.cursor() as cur:
        cur.execute(f"select {quoted}, _op from raw.erp_things order by _load_id, 1")
        assert cur.fetchall() == [("one", "U"), ("two", "U"), ("one", "D")]


def test_views_and_partitioned_tables(erp):
    shop = erp(
        parted={**DATED, "key": ["id", "day"]},
        seen={**DATED, "from": "public.shown", "key": ["id"]},
    )
    shop.ask(
        "create table parted (id int, day date, updated_at timestamptz, primary key (id, day)) "
        "partition by range (day)"
    )
    shop.ask("create table early partition of parted for values from (minvalue) to ('2024-01-01')")
    shop.ask("create table later partition of parted for values from ('2024-01-01') to (maxvalue)")
    shop.ask("insert into parted values (1, '2023-05-05', now()), (2, '2024-05-05', now())")
    shop.ask("create view shown as select id, updated_at from parted")
    assert shop.load_well() == 4
    assert shop.load_well(deletes=True) == 0


def test_sources_in_another_encoding(erp, postgres_server, monkeypatch):
    with closing(psycopg2.connect(postgres_server)) as admin:
        admin.autocommit = True
        with admin.cursor() as cur:
            cur.execute("create database latin encoding 'LATIN1' locale 'C' template template0")
        url = urlsplit(postgres_server)._replace(path="/latin").geturl()
        try:
            with closing(psycopg2.connect(url)) as conn, conn.cursor() as cur:
                cur.execute(ORDERS.replace("note", '"Größe"'))
                cur.execute("insert into orders values (1, 'Straße')")
                conn.commit()
            monkeypatch.setenv("ERP_URL", url)
            shop = erp(orders=DATED)
            assert shop.load_well() == 1
            assert shop.raw('select "Größe" from raw.erp_orders') == [("Straße",)]
        finally:
            with admin.cursor() as cur:
                cur.execute("drop database latin with (force)")
