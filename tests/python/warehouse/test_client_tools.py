"""psql and dumps, with the real programs."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from urllib.parse import urlsplit

import psutil
import pytest
from project import new_database
from queries import query

from warehouse import binaries
from warehouse.client_tools import client_arguments, dump
from warehouse.errors import StepFailed
from warehouse.settings import PROJECT_DIR

SHOP = """
create schema raw;
create table raw.texts (id bigint primary key, value text, bytes bytea);
insert into raw.texts values
    (1, E'tab\\t newline\\n backslash \\\\ quote '' dollar $$ €', '\\x00ff'),
    (2, null, null),
    (3, '', '');
create table lines (id bigint references raw.texts, amount numeric(12, 2), at timestamptz);
insert into lines select 1 + n % 3, n / 7.0, timestamptz '2025-01-01' + n * interval '1 hour'
    from generate_series(1, 5000) as n;
create view totals as select id, sum(amount) as amount from lines group by id;
comment on table lines is 'one row a line';
"""


def psql(url: str, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "warehouse", "psql", *arguments],
        cwd=PROJECT_DIR,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


def test_a_dump_restores_into_an_empty_database(server, tmp_path):
    """On both major versions, without a single error."""
    admin = server.start("postgres")
    with new_database(admin) as source, new_database(admin) as target:
        query(source, SHOP)
        done = dump(source, tmp_path / "exports")
        assert done.tables == 2
        assert done.bytes == done.path.stat().st_size > 5000
        assert stat.S_IMODE(done.path.stat().st_mode) == 0o600
        assert list(done.path.parent.iterdir()) == [done.path]
        restored = psql(target, "-q", "-v", "ON_ERROR_STOP=1", "-f", str(done.path))
        assert (restored.returncode, restored.stderr) == (0, "")
        for table in ("raw.texts", "lines", "totals"):
            rows = f"select * from {table} as t order by t"
            assert query(target, rows) == query(source, rows)
        constraints = (
            "select contype::text from pg_constraint where contype in ('p', 'f')"
            " and conrelid >= 16384 order by 1"
        )
        assert query(target, constraints) == [("f",), ("p",)]


def test_a_dump_that_fails_leaves_nothing(database_url, tmp_path):
    folder = tmp_path / "exports"
    parts = urlsplit(database_url)
    reader = f"reader_{parts.path.strip('/')}"
    query(database_url, f"create role {reader} login password 'reads-nothing'")
    try:
        query(database_url, "create table closed (id int)")
        with pytest.raises(StepFailed, match=r"pg_dump failed: .*permission denied") as caught:
            dump(
                f"postgresql://{reader}:reads-nothing@{parts.netloc.partition('@')[2]}{parts.path}",
                folder,
            )
    finally:
        query(database_url, f"drop role {reader}")
    assert "\n" not in caught.value.message
    assert "reads-nothing" not in caught.value.message
    assert list(folder.iterdir()) == []


def test_a_dump_that_cannot_be_written_is_named(database_url, tmp_path):
    (tmp_path / "exports").write_text("a file where the folder should be")
    with pytest.raises(StepFailed, match="cannot write the dump to"):
        dump(database_url, tmp_path / "exports")


def test_psql_runs_what_it_is_given(database_url):
    done = psql(database_url, "-At", "-c", "select 'a b', 6 * 7")
    assert (done.returncode, done.stdout) == (0, "a b|42\n")
    assert psql(database_url, "-c", "selekt").returncode == 1


def test_psql_says_what_is_wrong_with_the_server(database_url):
    parts = urlsplit(database_url)
    done = psql(database_url.replace(parts.password, "wrong-but-secret"), "-c", "select 1")
    assert done.returncode == 1
    assert "check user and password" in done.stderr
    assert "wrong-but-secret" not in done.stderr
    assert "Traceback" not in done.stderr


def test_the_password_is_in_no_argument(database_url):
    password = urlsplit(database_url).password
    arguments, environment = client_arguments(database_url)
    assert password not in " ".join(arguments)
    assert environment["PGPASSWORD"] == password

    process = subprocess.Popen(
        [sys.executable, "-m", "warehouse", "psql", "-c", "select pg_sleep(60)"],
        cwd=PROJECT_DIR,
        env={**os.environ, "DATABASE_URL": database_url},
    )
    try:
        sleeping = "select count(*) from pg_stat_activity where query = 'select pg_sleep(60)'"
        while query(database_url, sleeping) == [(0,)]:
            assert process.poll() is None, "psql ended before it could be looked at"
            time.sleep(0.02)
        seen = psutil.Process(process.pid).cmdline()
    finally:
        process.kill()
        process.wait()
    assert seen[0] == "psql"
    assert password not in " ".join(seen)


@pytest.mark.parametrize("major", [16, 18])
def test_the_package_has_the_programs(major):
    for name in ("postgres", "initdb", "pg_ctl", "psql", "pg_dump"):
        assert os.access(binaries.program(name, major), os.X_OK)


def test_settings_of_the_users_do_not_reach_the_servers_programs(monkeypatch):
    monkeypatch.setenv("PGDATA", "/somewhere/else")
    assert "PGDATA" not in binaries.clean_environment()
