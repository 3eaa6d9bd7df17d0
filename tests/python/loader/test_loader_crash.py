"""Whatever is cut off in the middle, the same command again ends in the same rows."""

# ruff: noqa: PLR0917 - pytest passes fixtures by name

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from loader.errors import FileUnreachable, LockedError
from loader.loading import attempts
from loader.loading.run import run
from loader.sources import load_sources
from warehouse.errors import ConnectionFailed

PROJECT = Path(__file__).resolve().parents[3]

COPYING = (
    "select pid from pg_stat_activity where datname = current_database() "
    "and application_name = 'loader' and wait_event = 'PgSleep'"
)

# Lets a COPY come to the middle of its file and holds it there for a moment.
HOLD = """
create function hold() returns trigger language plpgsql as $$
begin
    if new._row_id = 500 and new.id = 'held' then perform pg_sleep(1.5); end if;
    return new;
end $$;
create trigger hold before insert on raw.mill_sacks for each row execute function hold();
"""


def write_sacks(landing: Path, *, held: bool) -> dict[str, int]:
    """Write four files of 1,000 records; the first one is held in its middle when asked for."""
    for number in range(4):
        word = "held" if held and number == 0 else "free"
        lines = "".join(f"{word},{number},{row}\n" for row in range(1, 1001))
        (landing / f"sacks-{number}.csv").write_text(f"id,grain,weight\n{lines}")
    return {f"sacks-{number}.csv": 1000 for number in range(4)}


def assert_complete(query, sizes: dict[str, int]) -> None:
    assert (
        dict(query("select file, rows from raw._loads where source = 'mill' and status = 'loaded'"))
        == sizes
    )
    assert query(
        "select count(*), count(distinct (grain, weight)), "
        "count(*) filter (where weight = _row_id::text), "
        "count(*) filter (where _load_id in "
        "(select load_id from raw._loads where status = 'loaded')) "
        "from raw.mill_sacks"
    ) == [(sum(sizes.values()),) * 4]


def wait_for(condition: Callable[[], object], seconds: float = 20.0) -> object:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return found


@pytest.fixture
def held(load, query, landing: Path) -> dict[str, int]:
    """Files of which one will be held in the middle of its COPY; the raw tables exist."""
    (landing / "orders.json").write_text("")
    load()
    query(HOLD)
    return write_sacks(landing, held=True) | {"orders.json": 0}


def command(landing: Path, sources_file: Path, database_url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "loader", "mill", "--from", landing, "--sources", sources_file],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": database_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_killed_in_the_middle_of_a_file(
    query, held, landing: Path, sources_file: Path, database_url: str
) -> None:
    with command(landing, sources_file, database_url) as killed:
        wait_for(lambda: query(COPYING))
        killed.send_signal(signal.SIGKILL)
    assert query("select count(*) from raw.mill_sacks where id = 'held'") == [(0,)]
    query("drop trigger hold on raw.mill_sacks")
    with command(landing, sources_file, database_url) as again:
        out, err = again.communicate(timeout=60)
    assert again.returncode == 0, out + err
    assert_complete(query, held)


def test_interrupted_by_the_user(
    query, held, landing: Path, sources_file: Path, database_url: str
) -> None:
    with command(landing, sources_file, database_url) as interrupted:
        wait_for(lambda: query(COPYING))
        interrupted.send_signal(signal.SIGINT)
        _, err = interrupted.communicate(timeout=60)
    assert interrupted.returncode != 0
    assert "Traceback" not in err
    query("drop trigger hold on raw.mill_sacks")
    with command(landing, sources_file, database_url) as again:
        again.communicate(timeout=60)
    assert again.returncode == 0
    assert_complete(query, held)


def test_a_connection_cut_in_the_middle_of_a_file_is_tried_again(load, query, held) -> None:
    cut: list[tuple[object, ...]] = []

    def cutter() -> None:
        ((pid,),) = wait_for(lambda: query(COPYING))
        cut.extend(query("select pg_terminate_backend(%s)", (pid,)))

    thread = threading.Thread(target=cutter)
    thread.start()
    result = load()
    thread.join()
    assert cut == [(True,)]
    assert not result.failed
    assert_complete(query, held)


def test_all_connections_cut_at_once(load, query, held) -> None:
    """The lock's connection too: the run goes on, and what it loads is still loaded once."""
    cut: list[tuple[object, ...]] = []

    def cutter() -> None:
        wait_for(lambda: query(COPYING))
        cut.extend(
            query(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = "
                "current_database() and pid <> pg_backend_pid() and application_name like 'loader%'"
            )
        )

    thread = threading.Thread(target=cutter)
    thread.start()
    result = load()
    thread.join()
    assert len(cut) >= 2
    assert not result.failed
    assert_complete(query, held)


def test_a_server_that_goes_away_ends_the_run_with_one_message(
    cli, query, held, database_url: str, postgres_server: str
) -> None:
    name = database_url.rsplit("/", 1)[1]
    with closing(psycopg2.connect(postgres_server)) as admin:
        admin.autocommit = True
        cur = admin.cursor()
        gone = threading.Thread(target=lambda: _take_away(query, cur, name))
        gone.start()
        result = cli()
        gone.join()
        cur.execute(f"alter database {name} allow_connections true")
    assert result.exit_code == 1
    assert result.output.count("Error: ") == 1, result.output
    assert "not currently accepting connections" in result.output
    assert "Traceback" not in result.output
    with closing(psycopg2.connect(database_url)) as conn, conn.cursor() as cur:
        cur.execute("select count(*) from raw.mill_sacks where id = 'held'")
        assert cur.fetchall() == [(0,)]


def _take_away(query, admin: psycopg2.extensions.cursor, name: str) -> None:
    wait_for(lambda: query(COPYING))
    admin.execute(f"alter database {name} allow_connections false")
    admin.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s "
        "and application_name like 'loader%%'",
        (name,),
    )


def test_a_full_disk_ends_the_run_with_one_message(cli, query, held) -> None:
    # The server's own state for "no space left on device", raised by the server.
    query(
        "create or replace function hold() returns trigger language plpgsql as $$ begin "
        "raise exception 'could not extend file \"base/1\": No space left on device' "
        "using errcode = 'disk_full', hint = 'Check free disk space.'; end $$"
    )
    result = cli()
    assert result.exit_code == 1
    assert result.output.count("No space left on device") == 1
    assert "HINT: Check free disk space." in result.output
    assert "Traceback" not in result.output
    query("drop trigger hold on raw.mill_sacks")
    assert cli().exit_code == 0
    assert_complete(query, held)


def test_a_file_committed_before_its_connection_was_lost_is_not_loaded_twice(
    database_url: str, load, query, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to a commit can be lost: the next attempt finds the file in the ledger."""
    sizes = write_sacks(landing, held=False)
    finished = attempts.load_file
    lost: list[str] = []

    def lose_the_answer(conn, file, *rest):
        loaded = finished(conn, file, *rest)
        if not lost:
            lost.append(file.name)
            query("select pg_terminate_backend(%s)", (conn.get_backend_pid(),))
            with conn.cursor() as cur:
                cur.execute("select 1")
        return loaded

    monkeypatch.setattr(attempts, "load_file", lose_the_answer)
    result = load()
    assert len(lost) == 1
    assert (result.count("loaded"), result.failed) == (4, False)
    assert_complete(query, sizes)


def test_two_loaders_of_one_source_keep_apart(
    load, held, query, landing: Path, sources_file: Path, database_url: str, monkeypatch
) -> None:
    monkeypatch.setattr("loader.loading.lock.LOCK_PATIENCE", 0.2)
    with command(landing, sources_file, database_url) as first:
        wait_for(lambda: query(COPYING))
        with pytest.raises(LockedError, match="another loader is at work on mill"):
            load()
        first.communicate(timeout=60)
    assert first.returncode == 0
    assert_complete(query, held)


def test_two_loaders_of_two_sources_work_at_once(
    load, held, query, deliver, landing: Path, sources_file: Path, database_url: str
) -> None:
    with command(landing, sources_file, database_url) as first:
        wait_for(lambda: query(COPYING))
        deliver("2025-01-01", {"cows": ["cow_id,name\n1,Erna\n"]})
        assert load("farm").count("loaded") == 1
        first.communicate(timeout=60)
    assert first.returncode == 0
    assert_complete(query, held)


def test_a_server_that_does_not_answer(landing: Path, sources_file: Path) -> None:
    (landing / "sacks.csv").write_text("id\n")
    with pytest.raises(ConnectionFailed, match="cannot connect to database x at 127"):
        run(
            "mill",
            landing,
            sources=load_sources(sources_file),
            url="postgresql://nobody:secret@127.0.0.1:9/x",
            workers=1,
        )


def test_a_store_that_does_not_answer_for_a_moment(
    load, query, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = write_sacks(landing, held=False)
    finished = attempts.load_file
    silent: list[str] = []

    def silent_once(conn, file, *rest):
        if not silent:
            silent.append(file.name)
            raise FileUnreachable(f"{file.path}: the store does not answer")
        return finished(conn, file, *rest)

    monkeypatch.setattr(attempts, "load_file", silent_once)
    result = load()
    assert not result.failed
    assert [o.name for o in result.outcomes if o.retries] == silent
    assert_complete(query, sizes)
