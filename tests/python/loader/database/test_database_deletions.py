"""Deletions, found by comparing keys on request."""

from __future__ import annotations

import pytest
from erp import ORDERS

DATED = {"updated_at": "updated_at"}


@pytest.fixture
def shop(erp):
    found = erp(orders=DATED)
    found.ask(ORDERS)
    found.ask("insert into orders select n, 'note ' || n from generate_series(1, 100) as n")
    found.load_well()
    return found


def test_what_is_gone_is_appended_once(shop):
    shop.ask("delete from orders where id <= 10")
    assert shop.load_well() == 0
    assert shop.load_well(deletes=True) == 10
    assert shop.load_well(deletes=True) == 0
    shop.assert_in_step()
    assert shop.raw(
        "select count(*), count(distinct note), min(updated_at::timestamptz) > max(before) "
        "from raw.erp_orders, lateral (select max(updated_at::timestamptz) as before "
        "from raw.erp_orders where _op = 'U') as live where _op = 'D'"
    ) == [(10, 10, True)]


def test_a_key_that_comes_back_lives_again(shop):
    shop.ask("delete from orders where id = 7")
    shop.load_well(deletes=True)
    shop.ask("insert into orders values (7, 'back')")
    assert shop.load_well(deletes=True) == 1
    shop.assert_in_step()
    shop.ask("delete from orders where id = 7")
    assert shop.load_well(deletes=True) == 1
    shop.assert_in_step()
    assert shop.raw("select _op from raw.erp_orders where id = '7' order by _load_id") == [
        ("U",),
        ("D",),
        ("U",),
        ("D",),
    ]


def test_a_row_that_is_restored_as_it_was_lives_again(shop):
    """The version is in raw, but the last word about its key is a deletion."""
    shop.ask("create table saved as select * from orders where id = 7")
    shop.ask("delete from orders where id = 7")
    shop.load_well(deletes=True)
    shop.ask("insert into orders select * from saved")
    assert shop.load_well() == 1
    shop.assert_in_step()
    assert shop.load_well(deletes=True) == 0


def test_everything_gone(shop):
    shop.ask("truncate orders")
    assert shop.load_well(deletes=True) == 100
    shop.assert_in_step()
    assert shop.load_well(deletes=True) == 0


def test_changes_and_deletions_of_one_moment(shop):
    shop.ask("update orders set note = 'changed', updated_at = clock_timestamp() where id = 1")
    shop.ask("delete from orders where id = 2")
    shop.ask("insert into orders values (101, 'new')")
    assert shop.load_well(deletes=True) == 3
    shop.assert_in_step()


def test_keys_of_several_columns_some_null(erp):
    shop = erp(parts={**DATED, "key": ["a", "b"]})
    shop.ask("create table parts (a text, b int, note text, updated_at timestamptz default now())")
    shop.ask("create unique index on parts (a, b) nulls not distinct")
    shop.ask("insert into parts values ('x', 1), ('x', 2), ('x', null), (null, 1), (null, null)")
    assert shop.load_well() == 5
    assert shop.load_well(deletes=True) == 0
    shop.ask("delete from parts where b is null")
    assert shop.load_well(deletes=True) == 2
    assert shop.load_well(deletes=True) == 0


def test_a_table_that_is_copied_whole_needs_no_comparison(erp):
    shop = erp(orders={})
    shop.ask(ORDERS)
    shop.ask("insert into orders values (1, 'x')")
    assert shop.load_well(deletes=True) == 1
    assert shop.raw("select _op from raw.erp_orders") == [("U",)]
