"""Fixtures for every room: a PostgreSQL server for the session, a fresh database for a test.

POSTGRES_MAJOR=16 runs the suite on the embedded PostgreSQL 16; TEST_DATABASE_URL on a server of
one's own (the user must be allowed to create databases).
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from psycopg2 import sql

from warehouse.connections import connect
from warehouse.embedded import EmbeddedServer
from warehouse.settings import Settings


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a database, on a server that lives as long as the session, for administration only."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    folder = Path(tempfile.mkdtemp(prefix="counting-house-"))
    server = EmbeddedServer(folder / ".postgres", major=int(os.environ.get("POSTGRES_MAJOR", "18")))
    try:
        yield server.start("postgres")
    finally:
        server.stop()
        shutil.rmtree(folder)


@contextmanager
def new_database(admin_url: str) -> Iterator[str]:
    """Make an empty database, give its URL, drop it afterwards with whoever is still connected."""
    name = f"test_{secrets.token_hex(6)}"
    with closing(connect(admin_url)) as admin:
        admin.autocommit = True
        with admin.cursor() as cur:
            cur.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
            try:
                yield urlsplit(admin_url)._replace(path=f"/{name}").geturl()
            finally:
                cur.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def database_url(postgres_server: str) -> Iterator[str]:
    """URL of a fresh, empty database."""
    with new_database(postgres_server) as url:
        yield url


@pytest.fixture(autouse=True)
def no_outside_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the developer's own `.env` and environment out of the tests."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setitem(Settings.model_config, "env_file", None)
