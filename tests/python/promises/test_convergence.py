"""Promises 2 and 3: any order of arrival, any interruption, the same warehouse."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from contents import add_batch, contents, load_and_build
from project import Project

HELD = """
    select entity, record_key, failed_rules, file, line_number
    from quality.quarantine where resolved_at is null order by 1, 2, 3, 4, 5
"""


@pytest.fixture(scope="module")
def batches(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Give a history of 30 days and 3 further days of a small shop, in time's order."""
    out = tmp_path_factory.mktemp("landing")
    history = ("--scale", "0.003", "--start", "2025-01-01", "--days", "30", "--defects", "0.05")
    for flags in (history, ("--days", "3")):
        subprocess.run(
            [sys.executable, "-m", "generator", "--out", str(out), *flags], check=True, timeout=120
        )
    return sorted((out / "shop").iterdir())


@pytest.fixture(scope="module")
def at_once(make_project: Callable[[], Project], batches: list[Path]) -> Project:
    """Give a project that loaded all batches before its only build."""
    project = make_project()
    for batch in batches:
        add_batch(project, batch)
    load_and_build(project)
    return project


def test_batches_one_by_one_in_any_order(
    at_once: Project, make_project: Callable[[], Project], batches: list[Path]
) -> None:
    """The history comes third: until then days hold orders and lines that nobody knows."""
    history, first, second, third = batches
    project = make_project()
    for batch in (second, first, history, third):
        add_batch(project, batch)
        load_and_build(project) if batch == third else _load_and_build_early(project)
    assert project.query(HELD) == at_once.query(HELD)
    assert contents(project) == contents(at_once)
    ((released,),) = project.query(
        "select count(*) from quality.quarantine where resolved_at is not null"
    )
    assert released > 10


def _load_and_build_early(project: Project) -> None:
    """Build while parents are missing: models must build, the test against the truth must fail."""
    project.run_well("python", "-m", "loader", "shop")
    no_tests = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    project.run_well("dbt", "build", *no_tests)


def test_builds_of_a_few_models_lose_nothing(
    at_once: Project, make_project: Callable[[], Project], batches: list[Path]
) -> None:
    """Marts that are built before the production that they read catch up in the next build."""
    project = make_project()
    for batch in batches[:-1]:
        add_batch(project, batch)
    load_and_build(project)
    add_batch(project, batches[-1])
    project.run_well("python", "-m", "loader", "shop")
    project.run_well("dbt", "run", "-s", "quality")
    project.run_well("dbt", "run", "-s", "fct_orders", "fct_sales", "fct_payments", "dim_customers")
    project.run_well("dbt", "run", "-s", "fct_orders", "orders")
    project.run_well("dbt", "build")
    assert project.query(HELD) == at_once.query(HELD)
    assert contents(project) == contents(at_once)


def test_what_is_pruned_from_raw_is_missed_by_nobody(
    at_once: Project, make_project: Callable[[], Project], batches: list[Path]
) -> None:
    """Old rows come after newer ones were pruned, and are pruned before the last ones come."""
    history, first, second, third = batches
    project = make_project()
    for batch in (second, third, history):
        add_batch(project, batch)
        _load_and_build_early(project)
        project.run_well("python", "-m", "loader", "prune", "--keep", "0s")
    still_there = "select sum(rows) from raw._loads where pruned_at is null and batch = '{}'"
    for table in ("orders", "order_items", "customers", "products"):
        assert project.query(f"select count(*) > 0 from raw.shop_{table}") == [(True,)]
        pruned = f"{still_there.format(history.name)} and table_name = '{table}'"
        assert project.query(pruned) == [(None,)]
    add_batch(project, first)
    load_and_build(project)
    assert project.query(HELD) == at_once.query(HELD)
    assert contents(project) == contents(at_once)

    project.run_well("python", "-m", "loader", "prune", "--keep", "0s")
    project.run_well("dbt", "build", "--full-refresh")
    assert project.query(HELD) == at_once.query(HELD)
    assert contents(project) == contents(at_once)
    without_record = "select count(*) from quality.quarantine where record is null"
    assert project.query(without_record) == [(0,)]


@pytest.mark.parametrize("seconds", [6.0, 8.0])
def test_killed_build_is_finished_by_the_next(
    at_once: Project, make_project: Callable[[], Project], batches: list[Path], seconds: float
) -> None:
    project = make_project()
    add_batch(project, batches[0])
    load_and_build(project)
    for batch in batches[1:]:
        add_batch(project, batch)
    project.run_well("python", "-m", "loader", "shop")
    build = subprocess.Popen(
        [Path(sys.executable).with_name("dbt"), "build"],
        cwd=project.folder,
        env={**os.environ, "DATABASE_URL": project.url},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(seconds)
    os.killpg(build.pid, signal.SIGKILL)
    assert build.wait() == -signal.SIGKILL, "the build was over before the kill: wait less"
    project.run_well("dbt", "build")
    assert project.query(HELD) == at_once.query(HELD)
    assert contents(project) == contents(at_once)
