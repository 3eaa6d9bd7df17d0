"""The demo and its summary, on a small shop."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time

from project import Project, copy_project
from queries import query

LAYERS = ("production", "marts")


def contents(url: str, *schemas: str) -> dict[str, tuple[int, str]]:
    """Rows and a checksum over all rows of every table of the schemas."""
    names = query(
        url,
        "select format('%I.%I', schemaname, tablename) from pg_tables"
        f" where schemaname = any(array{list(schemas)})",
    )
    return {
        name: query(
            url,
            "select count(*), md5(coalesce(string_agg(md5(t::text), '' order by md5(t::text)"
            f" collate \"C\"), '')) from {name} as t",
        )[0]
        for (name,) in names
    }


def test_every_layer_has_rows(small_warehouse):
    rows = contents(small_warehouse.url, *LAYERS)
    expected = {"production.orders", "production.order_items", "production.customer_history"}
    expected |= {"marts.fct_sales", "marts.dim_customers", "marts.dim_products"}
    assert expected <= rows.keys()
    assert all(rows[name][0] > 0 for name in expected)


def test_every_reconciliation_agrees(small_warehouse):
    url = small_warehouse.url
    verdicts = query(url, "select distinct verdict from monitoring.reconciliation")
    assert verdicts == [("agrees",)]


def test_a_second_demo_changes_nothing(small_warehouse):
    small_warehouse.run_well(
        "python", "-m", "warehouse", "demo"
    )  # other tests may have loaded more
    landing = small_warehouse.folder / "data"
    before = contents(small_warehouse.url, "raw", *LAYERS)
    files = {path: path.stat().st_mtime_ns for path in landing.rglob("*")}
    done = small_warehouse.run_well("python", "-m", "warehouse", "demo")
    assert "nothing to do" in done.stderr
    assert "reconciliations agree" in done.stdout
    assert contents(small_warehouse.url, "raw", *LAYERS) == before
    assert {path: path.stat().st_mtime_ns for path in landing.rglob("*")} == files


def test_loading_again_loads_nothing(small_warehouse):
    before = contents(small_warehouse.url, "raw")
    small_warehouse.run_well("python", "-m", "loader", "shop")
    after = contents(small_warehouse.url, "raw")
    assert after == before


def test_the_summary_fits_one_screen(small_warehouse):
    done = small_warehouse.run_well("python", "-m", "warehouse", "summary")
    lines = done.stdout.splitlines()
    assert len(lines) <= 55
    assert max(map(len, lines)) <= 100
    counted = query(
        small_warehouse.url,
        "select (select count(*) from quality.valid_payments),"
        " (select count(*) from quality.quarantined_payments),"
        " (select count(*) from production.payments)",
    )[0]
    shown = [f"{count:,}" for count in counted]
    assert any(line.split()[-4:] == ["payments", *shown] for line in lines)
    assert any("quarantine" in line and "missed" in line for line in lines)


def test_profiles_are_written_and_private(small_warehouse):
    path = small_warehouse.folder / "profiles.yml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_failing_step_ends_the_demo_with_its_reason(small_warehouse):
    """A damaged manifest: one message, no traceback, nothing built on it."""
    batch = small_warehouse.folder / "data" / "landing" / "shop" / "2099-01-01"
    batch.mkdir()
    manifest = batch / "manifest.json"
    manifest.write_text("{")
    try:
        done = small_warehouse.run("python", "-m", "warehouse", "demo")
    finally:
        manifest.unlink()
        batch.rmdir()
    assert done.returncode == 1
    assert f"{manifest} is damaged" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_killed_demo_goes_on_where_it_stopped(small_warehouse):
    """Kill everything in the middle of the build; the next demo ends it, and makes no day more."""
    url = small_warehouse.url
    landing = small_warehouse.folder / "data" / "landing" / "shop"
    batches = sorted(path.name for path in landing.iterdir())
    before = contents(url, *LAYERS)
    query(url, "truncate monitoring._run_results")  # as if no build had ended yet

    killed = subprocess.Popen(
        [sys.executable, "-m", "warehouse", "demo"],
        cwd=small_warehouse.folder,
        env={**os.environ, "DATABASE_URL": url},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    building = (
        "select count(*) from pg_stat_activity"
        " where application_name = 'counting-house dbt' and query ilike '%create%'"
    )
    while query(url, building) == [(0,)]:
        assert killed.poll() is None, "the demo ended before it could be killed"
        time.sleep(0.02)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()

    again = small_warehouse.run_well("python", "-m", "warehouse", "demo")
    assert "build history: done" in again.stderr
    assert sorted(path.name for path in landing.iterdir()) == batches
    assert contents(url, *LAYERS) == before


def test_the_main_job_on_the_embedded_postgres_16(tmp_path):
    """Nothing but a copy of the project: it brings up its own server, of the oldest version."""
    copy_project(tmp_path)
    project = Project(tmp_path, url="")  # an empty DATABASE_URL counts as none
    flags = ("--scale", "0.002", "--days", "20", "--defects", "0.1")
    try:
        demo = project.run("python", "-m", "warehouse", "demo", "--", *flags, POSTGRES_MAJOR="16")
        status = project.run("python", "-m", "warehouse", "status", POSTGRES_MAJOR="16")
    finally:
        project.run("python", "-m", "warehouse", "down", POSTGRES_MAJOR="16")
    assert demo.returncode == 0, demo.stderr
    assert "reconciliations agree" in demo.stdout
    assert "PostgreSQL 16." in status.stdout
