"""`python -m loader status` of sources that are databases: marks, and how far raw is behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from erp import ORDERS

from loader.__main__ import main


@pytest.fixture
def shop(erp):
    found = erp(orders={"updated_at": "updated_at"}, notes={"key": ["id"]})
    found.ask(ORDERS)
    found.ask("create table notes (id bigint primary key, note text)")
    found.ask("insert into notes values (1, 'a')")
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
    entry = {"type": "postgres", "url_env": "ERP_URL", "tables": shop.tables}
    sources.write_text(yaml.safe_dump({"erp": entry}))

    def run(command: str, *arguments: str) -> Result:
        return CliRunner().invoke(main, [command, "erp", "--sources", str(sources), *arguments])

    return run


def tables(result: Result) -> dict[str, dict[str, Any]]:
    assert result.exit_code == 0, result.output
    (source,) = json.loads(result.stdout)["sources"]
    return {table["table"]: table for table in source["tables"]}


def test_the_mark_and_what_is_behind_it(call, shop) -> None:
    assert call("load").exit_code == 0
    shop.ask("insert into orders values (101, 'x', '2024-02-01')")
    found = tables(call("status", "--json", "--lag"))
    orders = found["orders"]
    assert (orders["rows"], orders["watermark"]["column"]) == (100, "updated_at")
    assert orders["watermark"]["high_water"] == "2024-01-05 04:00:00+00"
    assert orders["watermark"]["lag_seconds"] > 0
    assert orders["lag"] == {"newest": "2024-02-01 00:00:00+00", "rows_behind": 1, "more": False}
    assert (found["notes"]["rows"], found["notes"]["watermark"], found["notes"]["lag"]) == (
        1,
        None,
        None,
    )
    text = call("status", "--lag").stdout
    assert "orders: up to updated_at = 2024-01-05 04:00:00+00" in text
    assert "orders: raw is 1 row behind its source, the newest of 2024-02-01" in text


def test_the_source_is_asked_only_when_told_to(call, monkeypatch) -> None:
    assert call("load").exit_code == 0
    monkeypatch.setenv("ERP_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert tables(call("status", "--json"))["orders"]["lag"] is None
    result = call("status", "--lag")
    assert result.exit_code == 1
    assert "cannot connect to database none" in result.stderr


def test_before_the_first_load(call) -> None:
    result = call("status", "--lag")
    assert result.exit_code == 0
    assert result.stdout == "erp: nothing was loaded yet\n"


def test_a_table_that_failed_is_settled_by_its_next_load(call, shop) -> None:
    shop.ask("alter table orders drop constraint orders_pkey")
    shop.ask("insert into orders values (1, 'x', '2024-02-01')")
    assert call("load").exit_code == 1
    assert call("status", "--check").exit_code == 1
    shop.ask("delete from orders where updated_at = '2024-02-01'")
    shop.ask("alter table orders add primary key (id)")
    assert call("load").exit_code == 0
    assert call("status", "--check").exit_code == 0
