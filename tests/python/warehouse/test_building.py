"""One build at a time in a database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from queries import query

from warehouse import building, cli, demo
from warehouse.building import only_build
from warehouse.connections import where
from warehouse.demo import Demo
from warehouse.errors import WarehouseError
from warehouse.settings import PROJECT_DIR
from warehouse.summary import Step

HOLDERS = "select count(*) from pg_locks where locktype = 'advisory'"


@pytest.fixture
def dbt(tmp_path, monkeypatch):
    """A function that puts a Python program in dbt's place."""
    monkeypatch.setattr(cli, "PROJECT_DIR", tmp_path)

    def become(program: str) -> None:
        monkeypatch.setattr(building, "dbt_command", lambda: [sys.executable, "-c", program])

    return become


def build(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["build", *arguments], env={"DATABASE_URL": url})


def test_a_second_build_is_told_to_wait(database_url, tmp_path, dbt):
    ran = tmp_path / "ran"
    dbt(f"open({str(ran)!r}, 'w')")
    with only_build(database_url):
        refused = build(database_url)
    assert refused.exit_code == 1
    expected = f"Error: another build is at work in {where(database_url)}; wait for it\n"
    assert refused.stderr == expected
    assert not ran.exists()
    assert build(database_url).exit_code == 0
    assert ran.exists()


def test_dbt_gets_its_arguments_and_the_lock_and_gives_its_exit_code(database_url, tmp_path, dbt):
    seen = tmp_path / "seen"
    tests = str(Path(__file__).parents[1])
    dbt(
        f"import sys; sys.path.insert(0, {tests!r}); from queries import query\n"
        f"held = query({database_url!r}, {HOLDERS!r})\n"
        f"open({str(seen)!r}, 'w').write(repr((sys.argv[1:], held))); sys.exit(3)"
    )
    assert build(database_url, "--select", "customers", "--full-refresh").exit_code == 3
    assert seen.read_text() == "(['build', '--select', 'customers', '--full-refresh'], [(1,)])"
    assert query(database_url, HOLDERS) == [(0,)]
    assert (tmp_path / "profiles.yml").exists()


def test_a_server_that_goes_away_in_the_middle_is_named_last(database_url, tmp_path, dbt):
    tests = str(Path(__file__).parents[1])
    dbt(
        f"import sys; sys.path.insert(0, {tests!r}); from queries import query\n"
        f"query({database_url!r}, 'select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()')\n"
        "sys.exit(2)"
    )
    lost = build(database_url)
    assert lost.exit_code == 1
    expected = f"Error: {where(database_url)} went away during the build: nothing is half done; "
    assert lost.stderr.endswith(expected + "start the server and build again\n")


def test_other_databases_build_at_the_same_time(database_url, postgres_server, dbt):
    dbt("")
    with only_build(postgres_server):
        assert build(database_url).exit_code == 0


def test_the_demo_waits_for_no_other_build_either(database_url, monkeypatch):
    batch = demo.Batch("2025-12-31", "day", Path("manifest.json"), {}, {})
    monkeypatch.setattr(demo, "finished_batches", lambda: [batch])
    monkeypatch.setattr(demo, "run_dbt", lambda *_: pytest.fail("dbt was run"))
    begun = Demo(database_url, (), 1, Step("start", 0.1, where(database_url)))
    with only_build(database_url), pytest.raises(WarehouseError, match="another build is at work"):
        begun.run()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_the_lock_outlives_dbt(database_url, tmp_path, ending):
    """Asked to end, dbt takes its time; no other build may begin before it is gone."""
    asked, leave = tmp_path / "asked", tmp_path / "leave"
    slow = (
        "import signal, time; from pathlib import Path\n"
        f"def end(*_):\n    Path({str(asked)!r}).touch()\n"
        f"    while not Path({str(leave)!r}).exists(): time.sleep(0.01)\n    raise SystemExit(7)\n"
        "signal.signal(signal.SIGTERM, end); signal.signal(signal.SIGINT, end)\n"
        f"Path({str(tmp_path / 'ready')!r}).touch()\n"
        "while True: time.sleep(0.01)"
    )
    wrapper = (
        "import sys; from warehouse import building\n"
        f"building.dbt_command = lambda: [sys.executable, '-c', {slow!r}]\n"
        f"sys.exit(building.build({database_url!r}, []))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", wrapper], cwd=PROJECT_DIR, start_new_session=True
    )
    try:
        wait_for(tmp_path / "ready", process)
        if ending == signal.SIGINT:  # as a terminal does: to the wrapper and to dbt
            os.killpg(process.pid, ending)
        else:
            process.send_signal(ending)
        wait_for(asked, process)
        with pytest.raises(WarehouseError, match="another build"), only_build(database_url):
            pass
        leave.touch()
        assert process.wait(30) == 7
    finally:
        process.kill()
        leave.touch()


def wait_for(file: Path, process: subprocess.Popen[bytes]) -> None:
    while not file.exists():
        assert process.poll() is None, "it ended too early"
        time.sleep(0.01)
