"""A source database beside the warehouse, and runs of the loader over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg2
import pytest
from erp import Erp
from project import new_database


@pytest.fixture
def source_url(postgres_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """URL of an empty database that serves as a source; ERP_URL holds it."""
    with new_database(postgres_server) as url:
        monkeypatch.setenv("ERP_URL", url)
        yield url


@pytest.fixture
def erp(source_url: str, database_url: str) -> Iterator[Callable[..., Erp]]:
    """Declares the source's tables: erp(orders={"updated_at": "updated_at"})."""
    with (
        closing(psycopg2.connect(source_url)) as source,
        closing(psycopg2.connect(database_url)) as warehouse,
    ):
        source.autocommit = warehouse.autocommit = True

        def declare(**tables: dict[str, object]) -> Erp:
            return Erp(source, warehouse, source_url, database_url, tables)

        yield declare
