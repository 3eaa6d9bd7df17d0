"""Faults of the server and of those who work beside us: one clear line, nothing half loaded.

When the fault is mended, the same command ends in the same rows.
"""

# ruff: noqa: PLR0917 - pytest passes fixtures by name

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import psycopg2
import pytest
from click.testing import Result
from psycopg2 import sql

from loader.loading import attempts
from warehouse.settings import PROJECT_DIR

FILES = 3
RECORDS = 3000


@dataclass(frozen=True)
class Role:
    """A user of the server, without any rights but those a test gives it."""

    name: str
    password: str

    def url(self, url: str) -> str:
        parts = urlsplit(url)
        place = f"{parts.hostname}:{parts.port}"
        return parts._replace(netloc=f"{self.name}:{self.password}@{place}").geturl()


@pytest.fixture
def role(postgres_server: str) -> Iterator[Role]:
    made = Role(f"loader_{secrets.token_hex(4)}", secrets.token_hex(8))
    with closing(psycopg2.connect(postgres_server)) as admin:
        admin.autocommit = True
        with admin.cursor() as cur:
            try:
                cur.execute(
                    sql.SQL("create role {} login password {}").format(
                        sql.Identifier(made.name), sql.Literal(made.password)
                    )
                )
            except psycopg2.errors.InsufficientPrivilege:
                pytest.skip("this server's user may not make roles")
            yield made
            cur.execute(sql.SQL("drop role {}").format(sql.Identifier(made.name)))


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once: what the test has broken stays broken."""
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=lambda _: None))


@pytest.fixture
def database(query) -> str:
    ((name,),) = query("select quote_ident(current_database())")
    return name


@pytest.fixture(autouse=True)
def delivered(landing: Path) -> None:
    for number in range(FILES):
        lines = "".join(f'{row},"grain, {number}",{number}\n' for row in range(1, RECORDS + 1))
        (landing / f"sacks-{number}.csv").write_text(f"id,grain,weight\n{lines}")


def assert_clear(result: Result, *words: str) -> None:
    """The run failed, and said in one line each what, where and how to go on."""
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    errors = [line for line in result.output.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1, result.output
    for word in words:
        assert word in result.output, result.output


def assert_nothing_half_loaded(query) -> None:
    assert query(
        "select count(*) from raw._loads where status = 'loaded' "
        "and rows <> (select count(*) from raw.mill_sacks where _load_id = load_id)"
    ) == [(0,)]
    assert query(
        "select count(*) from raw.mill_sacks where _load_id not in "
        "(select load_id from raw._loads where status = 'loaded')"
    ) == [(0,)]


def assert_complete(query) -> None:
    assert query(
        "select file, rows, rejects from raw._loads where status = 'loaded' order by 1"
    ) == [(f"sacks-{number}.csv", RECORDS, 0) for number in range(FILES)]
    assert query("select count(*) from raw._loads where status = 'loading'") == [(0,)]
    assert query(
        "select count(*), count(distinct (weight, id)) from raw.mill_sacks where id = _row_id::text"
    ) == [(FILES * RECORDS,) * 2]
    assert_nothing_half_loaded(query)


def before_the_first_file(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let something happen when the run has begun and its first file is about to be loaded."""
    finished = attempts.load_file
    done: list[object] = []
    lock = threading.Lock()

    def load_file(*arguments, **more):
        with lock:
            if not done:
                done.append(act())
        return finished(*arguments, **more)

    monkeypatch.setattr(attempts, "load_file", load_file)


def prepared(cli, query) -> None:
    """Make the raw tables, without loading a file."""
    folder = Path(tempfile.mkdtemp())
    (folder / "orders.json").write_text("")
    try:
        assert cli("mill", "--from", str(folder)).exit_code == 0
    finally:
        shutil.rmtree(folder)
    query("delete from raw._loads")


def test_a_table_is_dropped_meanwhile(cli, query, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared(cli, query)
    with monkeypatch.context() as patch:
        before_the_first_file(patch, lambda: query("drop table raw.mill_sacks"))
        assert_clear(cli(), 'relation "raw.mill_sacks" does not exist', "sacks-0.csv")
    assert cli().exit_code == 0
    assert_complete(query)


def test_the_schema_is_dropped_meanwhile(cli, query, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared(cli, query)
    with monkeypatch.context() as patch:
        before_the_first_file(patch, lambda: query("drop schema raw cascade"))
        assert_clear(cli(), "does not exist")
    assert cli().exit_code == 0
    assert_complete(query)


@pytest.mark.parametrize("values", [("1", "x"), ("x", "1")])
def test_a_column_of_another_type(cli, query, landing: Path, values: tuple[str, str]) -> None:
    """Somebody has made a raw column an integer: what does not fit fails its file, and is named."""
    prepared(cli, query)
    query("alter table raw.mill_sacks alter column weight type integer using weight::integer")
    (landing / "sacks-x.csv").write_text(
        "id,grain,weight\n" + "".join(f"1,rye,{value}\n" for value in values)
    )
    result = cli()
    assert_clear(result, "sacks-x.csv", "weight")
    assert_nothing_half_loaded(query)
    assert query("select status, rows from raw._loads where file = 'sacks-x.csv'") == [
        ("failed", 0)
    ]
    query("alter table raw.mill_sacks alter column weight type text")
    assert cli().exit_code == 0
    assert query("select weight from raw.mill_sacks where grain = 'rye' order by _row_id") == [
        (value,) for value in values
    ]


def test_a_column_is_dropped_meanwhile(cli, query, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared(cli, query)
    with monkeypatch.context() as patch:
        before_the_first_file(patch, lambda: query("alter table raw.mill_sacks drop column grain"))
        assert_clear(cli(), 'column "grain" of relation "mill_sacks" does not exist')
    assert_nothing_half_loaded(query)
    assert cli().exit_code == 0
    assert_complete(query)


@pytest.mark.parametrize("cut", [False, True], ids=["whole files", "files over connections"])
def test_a_constraint_of_the_users_own(
    cli, query, monkeypatch: pytest.MonkeyPatch, *, cut: bool
) -> None:
    prepared(cli, query)
    if cut:
        monkeypatch.setattr("loader.loading.run.worth_cutting", lambda *_: True)
    query("alter table raw.mill_sacks add constraint few check (_row_id < 2000)")
    assert_clear(cli(), 'violates check constraint "few"', "sacks-0.csv")
    assert query("select count(*) from raw.mill_sacks") == [(0,)]
    query("alter table raw.mill_sacks drop constraint few")
    assert cli().exit_code == 0
    assert_complete(query)


def test_nobody_may_do_anything(cli, query, role: Role, database_url: str, monkeypatch) -> None:
    monkeypatch.setenv("DATABASE_URL", role.url(database_url))
    assert_clear(cli(), "permission denied")


def test_a_table_may_not_be_written(
    role: Role, cli, query, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(cli, query)
    query(f"grant all on schema raw to {role.name}")
    query(f"grant all on all tables in schema raw to {role.name}")
    query(f"revoke insert on raw.mill_sacks from {role.name}")
    # The ledger is the loader's own: it brings it up to date.
    own = (
        f"select format('alter table raw.%I owner to {role.name}', relname) from pg_class"
        " where relnamespace = 'raw'::regnamespace and relkind = 'r' and relname like '\\_%'"
        f" union all select format('alter function %s owner to {role.name}', oid::regprocedure)"
        " from pg_proc where pronamespace = 'raw'::regnamespace"
    )
    for (statement,) in query(own):
        query(statement)
    try:
        with monkeypatch.context() as patch:
            patch.setenv("DATABASE_URL", role.url(database_url))
            assert_clear(cli(), "permission denied for table mill_sacks")
        assert_nothing_half_loaded(query)
    finally:
        query(f"reassign owned by {role.name} to current_user")
        query(f"drop owned by {role.name}")
    assert cli().exit_code == 0
    assert_complete(query)


def test_a_server_that_only_reads(cli, query, database: str) -> None:
    query(f"alter database {database} set default_transaction_read_only = on")
    assert_clear(cli(), "read-only transaction")
    query("set default_transaction_read_only = off")
    query(f"alter database {database} reset default_transaction_read_only")
    assert cli().exit_code == 0
    assert_complete(query)


BUSY = (
    "select 1 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'"
)

SLOW = """
create function raw.slow() returns trigger language plpgsql as $$
begin
    if new._row_id = 1000 then perform pg_sleep(2); end if;
    return new;
end $$;
create trigger slow before insert on raw.mill_sacks for each row execute function raw.slow();
"""


def test_a_statement_takes_longer_than_the_server_allows(cli, query, database: str) -> None:
    prepared(cli, query)
    query(SLOW)
    query(f"alter database {database} set statement_timeout = '300ms'")
    assert_clear(cli(), "canceling statement due to statement timeout")
    assert query("select count(*) from raw.mill_sacks") == [(0,)]
    query(f"alter database {database} reset statement_timeout")
    query("drop trigger slow on raw.mill_sacks")
    assert cli().exit_code == 0
    assert_complete(query)


def test_killed_while_its_server_process_is_busy_and_started_again_at_once(
    cli, query, landing: Path, sources_file: Path, database_url: str
) -> None:
    """The process does not notice before its next row that its loader is gone."""
    prepared(cli, query)
    query(SLOW)
    command = [sys.executable, "-m", "loader", "mill", "--from", landing]
    with subprocess.Popen(
        [*command, "--sources", sources_file],
        cwd=PROJECT_DIR,
        env={**os.environ, "DATABASE_URL": database_url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as killed:
        while not query(BUSY):
            assert killed.poll() is None
            time.sleep(0.01)
        killed.kill()
    assert query(BUSY)
    result = cli()
    assert result.exit_code == 0, result.output
    assert_complete(query)


@contextmanager
def table_locked(url: str, mode: str = "access exclusive") -> Iterator[Callable[[], None]]:
    """Hold the table's lock; gives a function that releases it."""
    with closing(psycopg2.connect(url)) as conn, conn.cursor() as cur:
        cur.execute(f"lock table raw.mill_sacks in {mode} mode")
        yield conn.rollback


def waiting(query) -> bool:
    return bool(
        query(
            "select 1 from pg_stat_activity where application_name like 'loader%' "
            "and datname = current_database() and wait_event_type = 'Lock'"
        )
    )


def test_a_table_that_another_session_has_locked(cli, query, database_url: str) -> None:
    """The loader waits until it is released, and goes on."""
    prepared(cli, query)
    with table_locked(database_url) as release:

        def release_soon() -> None:
            while not waiting(query):
                time.sleep(0.01)
            time.sleep(0.3)
            release()

        thread = threading.Thread(target=release_soon)
        thread.start()
        result = cli()
        thread.join()
    assert result.exit_code == 0, result.output
    assert_complete(query)


def test_a_table_that_stays_locked(cli, query, database: str, database_url: str, no_pauses) -> None:
    """Where the server limits the wait, the message names the table."""
    prepared(cli, query)
    query(f"alter database {database} set lock_timeout = '200ms'")
    with table_locked(database_url):
        assert_clear(cli(), "canceling statement due to lock timeout", "sacks-0.csv")
        query("set lock_timeout = 0")
    assert_nothing_half_loaded(query)
    assert cli().exit_code == 0
    assert_complete(query)


def test_too_many_connections(
    role: Role, cli, query, database: str, database_url: str, monkeypatch, no_pauses
) -> None:
    query(f"grant create on database {database} to {role.name}")
    query(f"alter role {role.name} connection limit 1")
    with monkeypatch.context() as patch:
        patch.setenv("DATABASE_URL", role.url(database_url))
        assert_clear(cli(), "too many connections")
        assert_nothing_half_loaded(query)
        query(f"alter role {role.name} connection limit -1")
        assert cli().exit_code == 0
    assert_complete(query)
    query(f"reassign owned by {role.name} to current_user; drop owned by {role.name}")


def test_a_password_that_is_changed_in_between(
    role: Role, cli, query, database: str, database_url: str, monkeypatch, no_pauses
) -> None:
    query(f"grant create on database {database} to {role.name}")

    def change() -> None:
        query(f"alter role {role.name} password 'another'")
        query(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = "
            "'loader' and datname = current_database()"
        )

    with monkeypatch.context() as patch:
        patch.setenv("DATABASE_URL", role.url(database_url))
        before_the_first_file(patch, change)
        assert_clear(cli(), "password authentication failed", "check user and password")
    assert_nothing_half_loaded(query)
    with monkeypatch.context() as patch:
        patch.setenv("DATABASE_URL", Role(role.name, "another").url(database_url))
        assert cli().exit_code == 0
    assert_complete(query)
    query(f"reassign owned by {role.name} to current_user; drop owned by {role.name}")


@pytest.fixture
def small_disk(postgres_server: str, query, tmp_path: Path) -> Iterator[str]:
    """A tablespace on a disk of 2 MB, where the system lets us have one."""
    folder = Path(tempfile.mkdtemp(prefix="counting-house-disk-"))
    ((data,),) = query("select setting from pg_settings where name = 'data_directory'")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0 or not Path(data).exists():
        folder.rmdir()
        pytest.skip("no small disk to be had here: only root may mount one, beside the server")
    try:
        owner = Path(data).stat()
        os.chown(folder, owner.st_uid, owner.st_gid)
        folder.chmod(0o700)
        name = f"small_{secrets.token_hex(4)}"
        with closing(psycopg2.connect(postgres_server)) as admin:
            admin.autocommit = True
            with admin.cursor() as cur:
                cur.execute(
                    sql.SQL("create tablespace {} location {}").format(
                        sql.Identifier(name), sql.Literal(str(folder))
                    )
                )
                yield name
                cur.execute(sql.SQL("drop tablespace {}").format(sql.Identifier(name)))
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


@pytest.mark.parametrize("cut", [False, True], ids=["whole files", "files over connections"])
def test_a_disk_that_is_really_full(
    small_disk: str, cli, query, landing: Path, monkeypatch: pytest.MonkeyPatch, *, cut: bool
) -> None:
    prepared(cli, query)
    if cut:
        monkeypatch.setattr("loader.loading.run.worth_cutting", lambda *_: True)
    query(f"alter table raw.mill_sacks set tablespace {small_disk}")
    (landing / "sacks-large.csv").write_text("id,grain,weight\n" + f"1,{'x' * 500},2\n" * 8000)
    result = cli()
    assert_clear(result, "No space left on device")
    assert result.output.count("No space left on device") == 1
    assert_nothing_half_loaded(query)
    query("alter table raw.mill_sacks set tablespace pg_default")
    assert cli().exit_code == 0
    assert query("select count(*) from raw.mill_sacks where grain like 'x%%x'") == [(8000,)]
    query("delete from raw.mill_sacks where grain like 'x%%x'")
    query("delete from raw._loads where file = 'sacks-large.csv'")
    assert_complete(query)
