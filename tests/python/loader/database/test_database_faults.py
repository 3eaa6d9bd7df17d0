"""Cut connections, killed loaders and sources that are not as declared."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import yaml
from erp import ORDERS
from proxy import Proxy

from loader.database.reading import READER
from loader.errors import SourcesError
from loader.loading.lock import locked
from warehouse.settings import PROJECT_DIR

DATED = {"updated_at": "updated_at"}

# A source that stands still in the middle of a COPY while the test holds a lock.
SLOW = """
create function pause(id bigint) returns text language plpgsql as $$
begin
    if id = 2500 and current_query() ilike 'copy%' then
        perform pg_advisory_xact_lock_shared(42);
    end if;
    return null;
end $$;
create view slow as select id, note, updated_at, pause(id) from orders;
select pg_advisory_lock(42);
"""


@pytest.fixture
def slow_shop(erp):
    shop = erp(slow={**DATED, "key": ["id"]})
    shop.ask(ORDERS)
    shop.ask(
        "insert into orders select n, repeat('x', 200), timestamptz '2024-01-01' + n * "
        "interval '1 minute' from generate_series(1, 5000) as n"
    )
    shop.ask(SLOW)
    return shop


def _wait_for_pause(shop):
    """Wait until the source stands still; gives its process."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = shop.ask(
            "select pid from pg_stat_activity where wait_event = 'advisory' "
            "and application_name = %s and datname = current_database()",
            (READER,),
        )
        if found:
            return found[0][0]
        time.sleep(0.05)
    raise AssertionError("the loader does not read")


def _go_on(shop):
    shop.ask("select pg_advisory_unlock(42)")


def _assert_whole(shop):
    shop.assert_in_step("slow")
    shop.assert_no_doubles("slow")
    assert shop.raw("select count(*) from raw.erp_slow") == [(5000,)]


def test_the_source_ends_the_session_in_the_middle(slow_shop, capsys):
    with ThreadPoolExecutor(1) as other:
        loading = other.submit(slow_shop.load)
        pid = _wait_for_pause(slow_shop)
        _go_on(slow_shop)
        slow_shop.ask("select pg_terminate_backend(%s)", (pid,))
        done = loading.result()
    assert not done.failed
    assert done.outcomes[0].retries == 1
    assert "copying public.slow" in capsys.readouterr().err
    _assert_whole(slow_shop)


def test_the_warehouse_ends_the_session_in_the_middle(slow_shop):
    with ThreadPoolExecutor(1) as other:
        loading = other.submit(slow_shop.load)
        _wait_for_pause(slow_shop)
        assert slow_shop.raw(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = "
            "'loader' and datname = current_database() and query ilike 'copy%'"
        ) == [(True,)]
        _go_on(slow_shop)
        done = loading.result()
    assert not done.failed
    assert done.outcomes[0].retries == 1
    _assert_whole(slow_shop)


@pytest.fixture
def command(slow_shop, tmp_path):
    """Starts the loader as a process of its own."""
    sources = tmp_path / "sources.yml"
    entry = {"type": "postgres", "url_env": "ERP_URL", "tables": slow_shop.tables}
    sources.write_text(yaml.safe_dump({"erp": entry}))
    line = [sys.executable, "-m", "loader", "erp", "--sources", str(sources)]
    line += ["--record", str(tmp_path / "record.json")]
    environment = {**os.environ, "DATABASE_URL": slow_shop.warehouse_url}

    def start():
        return subprocess.Popen(
            line, cwd=PROJECT_DIR, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    return start


def test_a_loader_that_is_killed_loses_and_doubles_nothing(slow_shop, command):
    killed = command()
    _wait_for_pause(slow_shop)
    killed.kill()
    killed.communicate()
    _go_on(slow_shop)
    again = command()
    _, said = again.communicate()
    assert again.returncode == 0, said
    _assert_whole(slow_shop)


def test_ctrl_c_ends_also_a_source_that_stands_still(slow_shop, command):
    stopped = command()
    _wait_for_pause(slow_shop)
    stopped.send_signal(signal.SIGINT)
    _, said = stopped.communicate(timeout=60)
    assert stopped.returncode == 130, said
    assert b"Traceback" not in said
    _go_on(slow_shop)
    slow_shop.load_well()
    _assert_whole(slow_shop)


def test_a_table_that_fails_stops_no_other(erp):
    shop = erp(orders=DATED, nothing=DATED)
    shop.ask(ORDERS)
    shop.ask("insert into orders values (1, 'x')")
    done = shop.load()
    assert done.failed
    assert {outcome.table: outcome.status for outcome in done.outcomes} == {
        "orders": "loaded",
        "nothing": "failed",
    }
    assert shop.raw("select error, status from raw._loads where table_name = 'nothing'") == [
        (
            "public.nothing: no such table in the source: correct `from` in sources.yml",
            "failed",
        )
    ]


@pytest.mark.parametrize(
    ("table", "declared", "message"),
    [
        ("create table t (id int, updated_at timestamptz)", DATED, "has no primary key"),
        (
            "create table t (id int, updated_at timestamptz); insert into t values (1), (1)",
            {**DATED, "key": ["id"]},
            "several rows have the same id",
        ),
        ("create table t (id int primary key)", DATED, "column 'updated_at'"),
        ("create table t (a int primary key)", {"columns": ["b"]}, "none of the declared columns"),
        ("create table t (_op int primary key)", {}, "a name that the loader keeps for itself"),
        ("create table t (_load_id int)", {}, "a name that the loader keeps for itself"),
    ],
)
def test_what_cannot_be_copied_as_declared(erp, table, declared, message):
    shop = erp(t=declared)
    shop.ask(table)
    done = shop.load()
    assert done.failed
    assert "public.t: " in done.outcomes[0].error
    assert message in done.outcomes[0].error


def test_columns_come_and_go(erp):
    shop = erp(orders=DATED)
    shop.ask(ORDERS)
    shop.ask("insert into orders values (1, 'x')")
    shop.load_well()
    shop.ask("alter table orders add column colour text, drop column note")
    shop.ask("insert into orders (id, colour) values (2, 'red')")
    (outcome,) = shop.load().outcomes
    assert outcome.loaded.rows == 1
    assert (outcome.loaded.added, outcome.loaded.missing) == (["colour"], ["note"])
    assert shop.raw("select note, colour from raw.erp_orders where id = '2'") == [(None, "red")]


def test_a_strict_schema_refuses_them(erp):
    shop = erp(orders={**DATED, "schema": "strict"})
    shop.ask(ORDERS)
    shop.ask("insert into orders values (1, 'x')")
    shop.load_well()
    shop.ask("alter table orders add column colour text, drop column note")
    shop.ask("insert into orders (id, colour) values (2, 'red')")
    done = shop.load()
    assert "new: colour; missing: note" in done.outcomes[0].error
    assert shop.raw("select count(*) from raw.erp_orders") == [(1,)]


def test_a_raw_table_that_was_dropped_is_copied_anew(erp, capsys):
    shop = erp(orders=DATED)
    shop.ask(ORDERS)
    shop.ask("insert into orders select n, 'x', '2024-01-01' from generate_series(1, 9) as n")
    shop.load_well()
    shop.raw("drop table raw.erp_orders")
    assert shop.load_well() == 9
    assert "copied from the start" in capsys.readouterr().err
    shop.assert_in_step()


def test_another_loader_is_at_work(erp, monkeypatch):
    monkeypatch.setattr("loader.loading.lock.LOCK_PATIENCE", 0.1)
    shop = erp(orders=DATED)
    shop.ask(ORDERS)
    with (
        locked(shop.warehouse_url, "erp"),
        pytest.raises(Exception, match="another loader is at work on erp"),
    ):
        shop.load()


@pytest.mark.parametrize("word", [b"pg_try_advisory_lock", b"to_regnamespace"])
def test_a_connection_cut_before_the_first_table_is_tried_again(erp, word):
    shop = erp(orders=DATED)
    shop.ask(ORDERS)
    shop.ask("insert into orders values (1, 'x')")
    with Proxy(shop.warehouse_url) as proxy:
        proxy.cut(word=word, times=1)
        assert replace(shop, warehouse_url=proxy.url).load_well() == 1
        assert proxy.cuts == 1
    shop.assert_in_step()


def test_the_source_cannot_be_reached(erp, monkeypatch):
    shop = erp(orders=DATED)
    monkeypatch.setenv("ERP_URL", "postgresql://nobody:secret@127.0.0.1:9/shop")
    done = shop.load()
    error = done.outcomes[0].error
    assert "correct ERP_URL" in error
    assert "secret" not in error
    monkeypatch.delenv("ERP_URL")
    with pytest.raises(Exception, match="ERP_URL is not set"):
        shop.load()


@pytest.mark.parametrize(
    "url",
    [
        "host=127.0.0.1 password=secret",
        "postgresql://nobody:a/secret@127.0.0.1:9/shop",
        "postgresql://nobody:1/secret@127.0.0.1:9/shop",
        "postgresql://nobody:a@secret@127.0.0.1:9/shop",
        "postgresql://nobody:a%secret@127.0.0.1:9/shop",
        "postgresql://nobody:secret@127.0.0.1:9",
        "mysql://nobody:secret@127.0.0.1:9/shop",
    ],
)
def test_a_url_that_would_be_cut_in_its_password_is_not_repeated(erp, monkeypatch, url):
    shop = erp(orders=DATED)
    monkeypatch.setenv("ERP_URL", url)
    with pytest.raises(SourcesError, match="ERP_URL is not a PostgreSQL URL") as refused:
        shop.load()
    assert "secret" not in str(refused.value)
    assert shop.raw("select to_regclass('raw._loads')") == [(None,)]


def test_a_failure_is_settled_by_a_run_that_finds_nothing_new(erp, monkeypatch):
    shop = erp(orders=DATED)
    shop.ask(ORDERS)
    shop.ask("insert into orders values (1, 'x', '2024-01-01')")
    url = os.environ["ERP_URL"]
    shop.load_well()
    for fault in range(2):
        monkeypatch.setenv("ERP_URL", "postgresql://nobody@127.0.0.1:9/shop")
        assert shop.load().failed
        monkeypatch.setenv("ERP_URL", url)
        assert shop.load_well(since="2024-01-01") == 0
        assert _ledger(shop)[-1] == ("failed", "public.orders"), "a backfill is not the run"
        for _again in range(2):
            done = shop.load()
            assert [(o.status, o.why) for o in done.outcomes] == [("skipped", "no_change")]
        written = _ledger(shop)
        assert len(written) == 3 + 2 * fault, "the second run has nothing to settle"
        assert written[-1][0] == "loaded"
        assert written[-1][1].startswith("public.orders@unchanged#")
    shop.ask("insert into orders values (2, 'x', '2024-01-02')")
    assert shop.load_well() == 1
    shop.assert_in_step()


def _ledger(shop):
    return shop.raw("select status, file from raw._loads order by loaded_at")


def test_a_role_that_may_not_read(erp):
    shop = erp(orders={**DATED, "key": ["id"]})
    shop.ask(ORDERS.replace("orders", "hidden"))
    shop.ask("insert into hidden select n, 'x' from generate_series(1, 9) as n")
    shop.ask(
        "create function no() returns text language plpgsql as "
        "$$ begin raise insufficient_privilege using message = 'you may not'; end $$"
    )
    shop.ask("create view orders as select id, updated_at, no() as note from hidden")
    done = shop.load()
    assert done.outcomes[0].error == (
        "public.orders: you may not CONTEXT: PL/pgSQL function no() line 1 at RAISE"
    )
    assert shop.raw("select count(*) from raw.erp_orders") == [(0,)]
    assert shop.mark() is None
