"""Whatever happens in the source, and whenever the loader runs, raw ends up in step with it."""

from __future__ import annotations

import random
import threading
import time
from contextlib import closing
from datetime import timedelta

import psycopg2
from erp import ORDERS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

DATED = {"updated_at": "updated_at"}


def test_loads_while_writers_are_at_work(erp):
    """Transactions overlap each other and the loads; each bears the time of its beginning."""
    shop = erp(orders={**DATED, "overlap": "0s"})
    shop.ask(ORDERS.replace("clock_timestamp()", "now()"))
    stop, errors = threading.Event(), []

    def write(seed: int) -> None:
        draw = random.Random(seed)
        try:
            with closing(psycopg2.connect(shop.source_url)) as conn, conn.cursor() as cur:
                while not stop.is_set():
                    for _ in range(draw.randint(1, 5)):
                        # Each writer has rows of its own: they do not wait for each other.
                        key = seed * 1000 + draw.randint(1, 50)
                        cur.execute(
                            "insert into orders values (%s, %s, now()) on conflict (id) do update "
                            "set note = excluded.note, updated_at = excluded.updated_at",
                            (key, str(draw.random())),
                        )
                        time.sleep(draw.random() / 50)
                    conn.commit()
        except Exception as error:
            errors.append(error)

    writers = [threading.Thread(target=write, args=(seed,)) for seed in (1, 2, 3)]
    for writer in writers:
        writer.start()
    try:
        for round_ in range(12):
            shop.load_well(deletes=round_ % 4 == 0)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert errors == []
    shop.load_well()
    shop.assert_in_step()
    shop.assert_no_doubles()
    assert shop.raw("select count(*) > 100 from raw.erp_orders") == [(True,)]


KEYS = st.integers(1, 6)
STEPS = st.one_of(
    st.tuples(st.just("write"), KEYS),
    st.tuples(st.just("write"), KEYS),
    st.tuples(st.just("write without time"), KEYS),
    st.tuples(st.just("write late"), KEYS),
    st.tuples(st.just("delete"), KEYS),
    st.tuples(st.just("open"), KEYS),
    st.tuples(st.just("commit"), KEYS),
    st.tuples(st.just("load"), KEYS),
    st.tuples(st.just("load in steps"), KEYS),
    st.tuples(st.just("load deletions"), KEYS),
    st.tuples(st.just("backfill"), KEYS),
)
WRITE = (
    "insert into orders values (%s, %s, {}) on conflict (id) do update "
    "set note = excluded.note, updated_at = excluded.updated_at"
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=st.lists(STEPS, min_size=1, max_size=12))
def test_any_history(erp, history):
    shop = erp(orders={**DATED, "overlap": "1 minute"})
    shop.raw("drop schema if exists raw cascade")
    shop.ask("drop table if exists orders")
    shop.ask(ORDERS)
    with closing(psycopg2.connect(shop.source_url)) as slow:
        for number, (step, key) in enumerate(history):
            _do(shop, slow, step, key, f"version {number}")
        slow.commit()
    shop.load_well(deletes=True)
    shop.assert_in_step()
    shop.assert_no_doubles()
    assert shop.load_well(deletes=True) == 0


def _do(shop, slow, step, key, note):
    match step:
        case "write":
            _write(shop, key, note, "clock_timestamp()")
        case "write without time":
            _write(shop, key, note, "null")
        case "write late":
            _write(shop, key, note, "clock_timestamp() - interval '30 seconds'")
        case "delete":
            shop.ask("delete from orders where id = %s", (key,))
        case "open":
            with slow.cursor() as cur:
                # Rows of its own: others do not wait for it.
                cur.execute(WRITE.format("now()"), (key + 10, note))
        case "commit":
            slow.commit()
        case "load":
            shop.load_well()
        case "load in steps":
            shop.load_well(batch=timedelta(milliseconds=20))
        case "load deletions":
            shop.load_well(deletes=True)
        case "backfill":
            shop.load_well(since="2000-01-01", batch=timedelta(hours=1))


def _write(shop, key, note, at):
    shop.ask(WRITE.format(at), (key, note))
