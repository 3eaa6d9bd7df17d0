"""Fixtures of the promises: projects that are set up, each with an empty database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from project import Project, copy_project, new_database

MakeProject = Callable[[], Project]


@pytest.fixture(scope="module")
def make_project(
    postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MakeProject]:
    """Make projects that are set up and have an empty database each."""
    with ExitStack() as stack:

        def make() -> Project:
            url = stack.enter_context(new_database(postgres_server))
            project = Project(tmp_path_factory.mktemp("project"), url)
            copy_project(project.folder)
            project.run_well("python", "-m", "warehouse", "up")
            return project

        yield make


@pytest.fixture(scope="session")
def demo_warehouse(
    postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """Give what `make demo` makes: the history and one day more, built at once. Only to be read."""
    folder = tmp_path_factory.mktemp("project")
    copy_project(folder)
    with new_database(postgres_server) as url:
        project = Project(folder, url)
        project.run_well("python", "-m", "generator", "--model", "shop")
        project.run_well("python", "-m", "generator", "--model", "shop", "--days", "1")
        project.run_well("python", "-m", "loader", "shop")
        project.run_well("python", "-m", "warehouse", "up")
        tests = ("test", "unit_test")
        project.run_well("dbt", "build", *(f"--exclude-resource-type={kind}" for kind in tests))
        yield project
