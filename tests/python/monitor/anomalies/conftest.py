"""A copy of the small warehouse, whose days are to be spoilt."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from project import Project, new_database
from psycopg2.extensions import parse_dsn


@pytest.fixture(scope="module")
def shop_days(
    small_warehouse: Project, postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """A copy of the small warehouse and its project, for the tests of one module."""
    folder = tmp_path_factory.mktemp("anomalies") / "project"
    shutil.copytree(small_warehouse.folder, folder)
    template = parse_dsn(small_warehouse.url)["dbname"]
    with new_database(postgres_server, template) as url:
        yield Project(folder, url)
