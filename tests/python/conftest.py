"""Fixtures for every room: a PostgreSQL server for the session, a fresh database for a test.

POSTGRES_MAJOR=16 runs the suite on the embedded PostgreSQL 16; TEST_DATABASE_URL on a server of
one's own (the user must be allowed to create databases).
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from project import Project, copy_project, new_database

from warehouse.embedded import EmbeddedServer
from warehouse.settings import Settings

# A shell that runs the suite in the background has it ignore Ctrl-C, and programs that the tests
# start would inherit that: what they do on an interrupt could not be tested.
signal.signal(signal.SIGINT, signal.default_int_handler)


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


@pytest.fixture
def database_url(postgres_server: str) -> Iterator[str]:
    """URL of a fresh, empty database."""
    with new_database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def small_warehouse(
    postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """A project whose demo has run: 60 days and one more of a small shop, loaded and built.

    Shared by the session: tests may add to it, and must not count on being first.
    """
    folder = tmp_path_factory.mktemp("project")
    copy_project(folder)
    with new_database(postgres_server) as url:
        project = Project(folder, url)
        flags = ["--scale", "0.005", "--days", "60", "--seed", "7", "--defects", "0.05"]
        for unreadable in ("too_few_fields", "too_many_fields", "broken_quote", "invalid_utf8"):
            flags += ["--defects", f"{unreadable}=0.003"]
        project.run_well("python", "-m", "warehouse", "demo", "--workers", "2", "--", *flags)
        yield project


@pytest.fixture(autouse=True)
def no_outside_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the developer's own `.env` and environment out of the tests."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setitem(Settings.model_config, "env_file", None)
