"""The command line for sources that are databases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from erp import ORDERS

from loader.__main__ import main
from loader.database.lag import lags
from warehouse.connections import connect

DATED = {"updated_at": "updated_at"}


@pytest.fixture
def shop(erp):
    found = erp(orders=DATED)
    found.ask(ORDERS)
    found.ask(
        "insert into orders select n, 'x', timestamptz '2024-01-01' + n * interval '1 hour' "
        "from generate_series(1, 100) as n"
    )
    return found


@pytest.fixture
def call(shop, tmp_path: Path, monkeypatch):
    """Runs the loader's command line."""
    monkeypatch.setenv("DATABASE_URL", shop.warehouse_url)
    sources = tmp_path / "sources.yml"
    mill = {
        "layout": "files",
        "tables": {"sacks": {"columns": ["id"], "format": "csv", "patterns": ["*.csv"]}},
    }
    entry = {"type": "postgres", "url_env": "ERP_URL", "tables": shop.tables}
    sources.write_text(yaml.safe_dump({"erp": entry, "mill": mill}))

    def run(source: str, *arguments: str):
        fixed = ["--sources", str(sources), "--record", str(tmp_path / "record.json")]
        return CliRunner().invoke(main, [source, *fixed, *arguments])

    return run


def test_it_loads_and_tells(call, shop, tmp_path):
    done = call("erp")
    assert done.exit_code == 0, done.output
    assert "orders" in done.stdout
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["verdict"] == "loaded"
    assert record["totals"]["rows"] == 100
    assert record["files"][0]["file"] == "public.orders"
    shop.assert_in_step()
    assert call("erp").exit_code == 0
    assert json.loads((tmp_path / "record.json").read_text())["verdict"] == "nothing_new"


def test_backfill_in_steps(call, shop):
    done = call("erp", "--since", "2024-01-02", "--until", "2024-01-03T00:00Z", "--batch", "6h")
    assert done.exit_code == 0, done.output
    assert shop.raw("select sum(rows), count(*) from raw._loads") == [(24, 4)]


def test_deletes(call, shop):
    call("erp")
    shop.ask("delete from orders where id = 1")
    assert call("erp", "--deletes").exit_code == 0
    shop.assert_in_step()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["erp", "--from", "x"], "--from: erp is a database: it delivers no files"),
        (["erp", "--max-rejects", "1"], "--max-rejects: erp is a database"),
        (["mill", "--since", "2024-01-01"], "--since: mill delivers files: it is no database"),
        (["mill", "--deletes"], "--deletes: mill delivers files"),
        (["erp", "--since", "soon"], "'soon' is no time"),
        (["erp", "--batch", "soon"], "'soon' is no duration"),
        (["erp", "--batch", "0s"], "longer than nothing"),
        (["erp", "--since", "2024-01-02", "--until", "2024-01-02"], "must be before --until"),
    ],
)
def test_options_that_do_not_fit(call, arguments, message):
    done = call(*arguments)
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())


def test_a_fault_is_exit_code_1(call, shop):
    shop.ask("drop table orders")
    done = call("erp")
    assert done.exit_code == 1
    assert "no such table in the source" in done.output


def test_lags(call, shop, source_url):
    def lag():
        conn = connect(shop.warehouse_url)
        with conn.cursor() as cur:
            (found,) = lags(cur, "erp", shop.declared(), source_url)
        conn.close()
        return found

    call("erp")
    assert (lag().mark, lag().behind, lag().more) == ("2024-01-05 04:00:00+00", 0, False)
    shop.ask("insert into orders values (101, 'x', '2024-02-01')")
    assert (lag().newest, lag().behind) == ("2024-02-01 00:00:00+00", 1)
