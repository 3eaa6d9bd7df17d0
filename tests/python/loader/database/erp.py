"""A source database for tests: what is in it, what raw has of it, and whether they agree."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import connection

from loader.database.plan import Task
from loader.database.run import run_database
from loader.loading.outcome import Run
from loader.sources import PostgresSource

ORDERS = """
create table orders (
    id bigint primary key,
    note text,
    updated_at timestamptz default clock_timestamp()
)
"""


@dataclass
class Erp:
    """The source `erp` and the warehouse; each statement is committed at once."""

    source: connection
    warehouse: connection
    source_url: str
    warehouse_url: str
    tables: Mapping[str, Mapping[str, object]]

    def declared(self) -> PostgresSource:
        """Give the source as sources.yml would declare it."""
        return PostgresSource.model_validate(
            {"type": "postgres", "url_env": "ERP_URL", "tables": self.tables}
        )

    def load(self, *, workers: int = 2, **task: Any) -> Run:
        """Run the loader in this process: load(deletes=True)."""
        return run_database(
            "erp", self.declared(), url=self.warehouse_url, workers=workers, task=Task(**task)
        )

    def load_well(self, **task: Any) -> int:
        """Run the loader, which must succeed; gives the number of rows loaded."""
        done = self.load(**task)
        assert not done.failed, [outcome.error for outcome in done.outcomes]
        return sum(outcome.loaded.rows for outcome in done.outcomes if outcome.loaded)

    def ask(self, statement: str, parameters: tuple[object, ...] | None = None) -> list[Any]:
        """Run SQL in the source."""
        return _ask(self.source, statement, parameters)

    def raw(self, statement: str, parameters: tuple[object, ...] | None = None) -> list[Any]:
        """Run SQL in the warehouse."""
        return _ask(self.warehouse, statement, parameters)

    def mark(self, table: str = "orders") -> str | None:
        """Give the high-water mark of a table."""
        found = self.raw("select high_water from raw._watermarks where table_name = %s", (table,))
        return found[0][0] if found else None

    def assert_in_step(self, table: str = "orders", key: str = "id", there: str = "") -> None:
        """Compare the last rows in raw, byte for byte, with the rows of the source."""
        names = [
            name
            for (name,) in self.raw(
                "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 "
                "and attname not in ('_op', '_load_id', '_row_id') and not attisdropped",
                (f'raw."erp_{table}"',),
            )
        ]
        columns = sql.SQL(", ").join(map(sql.Identifier, names))
        origin = sql.SQL("select {} from {}").format(columns, sql.Identifier(there or table))
        last = sql.SQL(
            "select {} from (select distinct on ({key}) * from {} "
            "order by {key}, _load_id desc, _row_id desc) as last where _op <> 'D'"
        ).format(columns, sql.Identifier("raw", f"erp_{table}"), key=sql.Identifier(key))
        assert _lines(self.warehouse, last) == _lines(self.source, origin)

    def assert_no_doubles(self, table: str = "orders") -> None:
        """Check that no version is in raw twice."""
        doubles = self.raw(
            f"select to_jsonb(t) - '_load_id' - '_row_id', count(*) from raw.erp_{table} as t "
            "group by 1 having count(*) > 1"
        )
        assert doubles == []


def _ask(conn: connection, statement: str, parameters: tuple[object, ...] | None) -> list[Any]:
    with conn.cursor() as cur:
        cur.execute(statement, parameters or None)
        return cur.fetchall() if cur.description else []


def _lines(conn: connection, query: sql.Composable) -> list[bytes]:
    out = io.BytesIO()
    with conn.cursor() as cur:
        cur.execute("set timezone to 'UTC'")
        cur.copy_expert(sql.SQL("copy ({}) to stdout").format(query), out)
    return sorted(out.getvalue().splitlines())
