"""The first copy and increments: what is in the source is in raw, each version once."""

from __future__ import annotations

from contextlib import closing

import psycopg2
import pytest
from erp import ORDERS

from loader.durations import parse_duration

DATED = {"updated_at": "updated_at"}


def test_the_first_run_copies_all_and_a_second_one_nothing(erp):
    shop = erp(orders=DATED)
    shop.ask(ORDERS)
    shop.ask("insert into orders select n, 'note ' || n from generate_series(1, 5000) as n")
    assert shop.load_well() == 5000
    shop.assert_in_step()
    assert shop.load_well() == 0
    assert shop.raw("select count(*), count(distinct (_load_id, _row_id)) from raw.erp_orders") == [
        (5000, 5000)
    ]


def test_an_increment_brings_what_has_changed(erp):
    shop = erp(orders=DATED)
    shop.ask(ORDERS)
    shop.ask("insert into orders select n, 'first' from generate_series(1, 1000) as n")
    shop.load_well()
    shop.ask("update orders set note = 'second', updated_at = clock_timestamp() where id <= 10")
    shop.ask("insert into orders values (2000, 'new')")
    assert shop.load_well() == 11
    shop.assert_in_step()
    shop.assert_no_doubles()
    assert shop.raw("select count(*) from raw.erp_orders where id = '5'") == [(2,)]


def test_old_rows_are_not_read_again(erp):
    """Bounded: of a table at rest only the overlap is compared, with the loads that reach it."""
    shop = erp(orders={**DATED, "overlap": "1h"})
    shop.ask(ORDERS)
    shop.ask(
        "insert into orders select n, 'x', now() - n * interval '1 minute' "
        "from generate_series(1, 1000) as n"
    )
    shop.load_well()
    loads = shop.raw(
        "select rows, versions @> now() - interval '2 hours' from raw._loads "
        "join raw._database_loads using (load_id) order by load_id"
    )
    assert [(rows > 900, reaches) for rows, reaches in loads] == [(True, True), (False, False)]


@pytest.mark.parametrize("overlap", ["5m", "0s"])
def test_a_transaction_that_was_open_during_a_load_is_not_missed(erp, overlap):
    shop = erp(orders={**DATED, "overlap": overlap})
    shop.ask(ORDERS)
    shop.ask("insert into orders values (1, 'before', now())")
    with closing(psycopg2.connect(shop.source_url)) as slow, slow.cursor() as late:
        late.execute("insert into orders values (2, 'late', now())")
        shop.ask("insert into orders values (3, 'after', clock_timestamp())")
        assert shop.load_well() == 2
        slow.commit()
    assert shop.load_well() == 1
    shop.assert_in_step()
    shop.assert_no_doubles()


def test_a_transaction_that_comes_late_is_found_in_the_overlap(erp):
    """As with writers that take the time from a clock of their own."""
    shop = erp(orders={**DATED, "overlap": "10 minutes"})
    shop.ask(ORDERS)
    shop.ask("insert into orders values (1, 'on time', now())")
    shop.load_well()
    shop.ask("insert into orders values (2, 'late', now() - interval '9 minutes')")
    assert shop.load_well() == 1
    shop.ask("insert into orders values (3, 'too late', now() - interval '11 minutes')")
    assert shop.load_well() == 0


def test_equal_times_at_the_mark(erp):
    shop = erp(orders={**DATED, "overlap": "0s"})
    shop.ask(ORDERS)
    for first in (1, 11, 21):
        shop.ask(
            "insert into orders select n, 'x', '2024-01-01' from generate_series(%s, %s) as n",
            (first, first + 9),
        )
        assert shop.load_well() == 10
    shop.assert_in_step()
    shop.assert_no_doubles()


def test_a_change_within_the_same_tick_is_a_version_too(erp):
    shop = erp(orders=DATED)
    shop.ask(ORDERS.replace("timestamptz", "timestamptz(0)"))
    shop.ask("insert into orders values (1, 'first', '2024-01-01')")
    shop.load_well()
    for note in ("second", "first"):
        shop.ask("update orders set note = %s", (note,))
        assert shop.load_well() == 1
        shop.assert_in_step()


@pytest.mark.parametrize("kind", ["timestamptz", "timestamp", "date"])
def test_types_of_updated_at(erp, kind):
    shop = erp(orders=DATED)
    shop.ask(ORDERS.replace("timestamptz", kind))
    shop.ask(
        "insert into orders select n, 'x', now() - n * interval '1 day' "
        "from generate_series(1, 50) as n"
    )
    assert shop.load_well() == 50
    shop.ask("insert into orders values (100, 'new', now())")
    assert shop.load_well() == 1
    shop.assert_in_step()


def test_a_type_without_order_in_time_is_refused(erp):
    shop = erp(orders=DATED)
    shop.ask(ORDERS.replace("timestamptz default clock_timestamp()", "text"))
    done = shop.load()
    assert "which is text: it must be timestamptz, timestamp or date" in done.outcomes[0].error


def test_rows_without_a_time_are_read_each_time_and_kept_once(erp, capsys):
    shop = erp(orders=DATED)
    shop.ask(ORDERS)
    shop.ask("insert into orders select n, 'x', null from generate_series(1, 20) as n")
    shop.ask("insert into orders values (21, 'x', '-infinity'), (22, 'x', now())")
    assert shop.load_well() == 22
    assert "21 rows without updated_at" in capsys.readouterr().err
    assert shop.load_well() == 0
    shop.ask("update orders set note = 'y' where id in (1, 21)")
    assert shop.load_well() == 2
    shop.assert_in_step()
    shop.ask("update orders set updated_at = now() where id = 1")
    assert shop.load_well() == 1
    shop.ask("update orders set updated_at = null where id = 1")
    assert shop.load_well() == 1
    shop.assert_in_step()


def test_a_time_in_the_future_hides_nothing(erp):
    shop = erp(orders=DATED)
    shop.ask(ORDERS)
    shop.ask("insert into orders values (1, 'x', '2999-01-01'), (2, 'x', 'infinity')")
    shop.ask("insert into orders values (3, 'x')")
    assert shop.load_well() == 3
    shop.ask("insert into orders values (4, 'x', clock_timestamp())")
    assert shop.load_well() == 1
    assert shop.load_well() == 0
    shop.assert_in_step()


def test_times_beyond_python(erp):
    shop = erp(orders=DATED)
    shop.ask(ORDERS)
    shop.ask("insert into orders values (1, 'x', '4000-01-01 BC'), (2, 'x', '2001-01-01')")
    assert shop.load_well() == 2
    assert shop.load_well(since="0001-01-01 00:00:00+00:00") == 0
    shop.assert_in_step()


def test_a_table_without_updated_at_is_copied_whole_each_time(erp):
    shop = erp(orders={})
    shop.ask(ORDERS)
    shop.ask("insert into orders values (1, 'x'), (2, 'y')")
    assert shop.load_well() == 2
    shop.ask("delete from orders where id = 1")
    assert shop.load_well() == 1
    shop.ask("delete from orders")
    assert shop.load_well() == 0
    loads = shop.raw("select rows, batch, format, uri, file from raw._loads order by load_id")
    assert [rows for rows, *_ in loads] == [2, 1, 0]
    assert len({batch for _, batch, *_ in loads}) == 3
    (_, _, kind, uri, file) = loads[0]
    assert kind == "postgres"
    assert file == "public.orders@whole#1"
    assert uri.startswith("postgresql://")
    assert "@" not in uri


def test_the_mark_moves_with_the_rows(erp):
    shop = erp(orders=DATED)
    shop.ask(ORDERS)
    assert shop.load_well() == 0
    assert shop.mark() is None
    shop.ask("insert into orders values (1, 'x', '2024-05-01 12:00:00.123456+02')")
    shop.load_well()
    assert shop.mark() == "2024-05-01 10:00:00.123456+00"
    shop.ask("delete from orders")
    shop.load_well()
    assert shop.mark() == "2024-05-01 10:00:00.123456+00"


def test_in_steps_it_comes_to_the_same(erp):
    shop = erp(orders=DATED)
    shop.ask(ORDERS)
    shop.ask(
        "insert into orders select n, 'x', timestamptz '2024-01-01' + n * interval '1 hour' "
        "from generate_series(1, 500) as n"
    )
    shop.ask("insert into orders values (1000, 'alone', '1999-01-01'), (1001, 'undated', null)")
    assert shop.load_well(batch=parse_duration("2d")) == 502
    assert shop.raw("select count(*) > 10 from raw._loads") == [(True,)]
    shop.assert_in_step()
    shop.assert_no_doubles()
    assert shop.load_well() == 0
