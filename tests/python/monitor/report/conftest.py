"""A copy of the small warehouse, to be broken."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from project import Project, new_database
from psycopg2.extensions import parse_dsn
from watched import Watched


@pytest.fixture(scope="module")
def watched(
    small_warehouse: Project, postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Watched]:
    """A copy of the small warehouse and its project, for the tests of one module."""
    folder = tmp_path_factory.mktemp("watched") / "project"
    shutil.copytree(small_warehouse.folder, folder)
    template = parse_dsn(small_warehouse.url)["dbname"]
    with new_database(postgres_server, template) as url:
        yield Watched(Project(folder, url))
