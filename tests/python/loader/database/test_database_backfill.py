"""Backfills: a range of updated_at read again, in steps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from erp import ORDERS

DATED = {"updated_at": "updated_at"}
DAY = timedelta(days=1)


@pytest.fixture
def shop(erp):
    """A source of 100 days, one row every six hours."""
    found = erp(orders=DATED)
    found.ask(ORDERS)
    found.ask(
        "insert into orders select n, 'note ' || n, "
        "timestamptz '2024-01-01' + n * interval '6 hours' from generate_series(0, 399) as n"
    )
    return found


def _content(shop):
    return shop.raw("select id, note, updated_at, _op from raw.erp_orders order by id::int")


def test_a_backfill_of_everything_equals_a_full_copy(shop):
    assert shop.load_well(since="2024-01-01", batch=7 * DAY) == 400
    by_steps = _content(shop)
    assert shop.mark() is None
    assert shop.load_well() == 0
    shop.raw("drop schema raw cascade")
    assert shop.load_well() == 400
    assert _content(shop) == by_steps


def test_only_the_range_is_read(shop):
    assert shop.load_well(since="2024-02-01", until="2024-02-11") == 40
    assert shop.raw("select min(updated_at), max(updated_at) from raw.erp_orders") == [
        ("2024-02-01 00:00:00+00", "2024-02-10 18:00:00+00")
    ]
    assert shop.load_well() == 360
    shop.assert_in_step()
    shop.assert_no_doubles()


def test_each_step_is_a_load_of_its_own(shop):
    shop.load_well(since="2024-02-01", until="2024-02-11", batch=2 * DAY)
    loads = shop.raw("select rows, file from raw._loads order by load_id")
    assert [rows for rows, _ in loads] == [8] * 5
    assert loads[0][1] == "public.orders@2024-02-01 00:00:00+00..2024-02-03 00:00:00+00#1"


def test_the_mark_stays_where_it_is(shop):
    shop.load_well()
    before = shop.mark()
    shop.load_well(since="2024-01-01", until="2024-02-01")
    shop.ask("insert into orders values (1000, 'newest', '2024-06-01')")
    assert shop.load_well(since="2024-06-01") == 1
    assert shop.mark() == before
    assert shop.load_well() == 0
    assert shop.mark() == "2024-06-01 00:00:00+00"
    shop.assert_no_doubles()


def test_it_finds_what_changed_without_a_new_time(shop):
    shop.load_well()
    shop.ask("update orders set note = 'mended' where id = 10")
    shop.ask("insert into orders values (-1, 'forgotten', '2024-01-15')")
    assert shop.load_well() == 0
    assert shop.load_well(since="2024-01-01", until="2024-02-01", batch=DAY) == 2
    assert shop.load_well(since="2024-01-01", until="2024-02-01", batch=DAY) == 0
    shop.assert_in_step()


def test_gaps_and_times_at_infinity(shop):
    shop.ask("insert into orders values (1000, 'old', '1066-10-14'), (1001, 'never', 'infinity')")
    assert shop.load_well(until="2024-01-01", batch=timedelta(hours=1)) == 1
    assert shop.load_well(since="2024-01-01", batch=30 * DAY) == 401
    shop.assert_in_step()


def test_steps_of_a_date_are_whole_days(erp):
    shop = erp(orders=DATED)
    shop.ask(ORDERS.replace("timestamptz", "date"))
    shop.ask("insert into orders select n, 'x', date '2024-01-01' + n from generate_series(1, 9) n")
    done = shop.load(batch=timedelta(hours=6))
    assert "steps must be whole days" in done.outcomes[0].error
    assert shop.load_well(batch=2 * DAY) == 9
    shop.assert_in_step()


def test_tables_without_updated_at_have_no_part_in_it(erp, capsys):
    shop = erp(orders={})
    shop.ask(ORDERS)
    shop.ask("insert into orders values (1, 'x')")
    assert shop.load_well(since="2024-01-01") == 0
    said = capsys.readouterr().err
    assert "not part of a backfill" in said
    assert "copying erp: 1/1 tables (100%)" in said
