"""The embedded server: whole life cycle, on both major versions."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import psutil
import psycopg2
import pytest
from queries import query

from warehouse import postmaster, server_files
from warehouse.embedded import EmbeddedServer
from warehouse.errors import ServerError
from warehouse.server_user import open_programs, server_user

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs a user for the server")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def kill_postmaster(server: EmbeddedServer) -> None:
    """Kill -9 the server with all its processes, as a crash of the machine would."""
    running = postmaster.running(server.data)
    assert running is not None
    process = psutil.Process(running.pid)
    family = [process, *process.children()]
    for one in family:
        with suppress(psutil.NoSuchProcess):  # a backend whose postmaster is gone ends by itself
            one.kill()
    psutil.wait_procs(family, timeout=30)
    assert (server.data / "postmaster.pid").exists()


def command_lines(server: EmbeddedServer) -> list[str]:
    """Arguments of the server's processes, the postmaster's first.

    Backends come and go while they are read: that of a connection just closed may end in between.
    """
    process = psutil.Process(server.status().pid)
    lines = [" ".join(process.cmdline())]
    for child in process.children():
        with suppress(psutil.NoSuchProcess):
            lines.append(" ".join(child.cmdline()))
    return lines


def give_number(server: EmbeddedServer, pid: int) -> None:
    """Rewrite the lock file as if this process had got the dead server's number."""
    lock = server.data / "postmaster.pid"
    _, *rest = lock.read_text().splitlines()
    lock.write_text("\n".join([str(pid), *rest]) + "\n")


@pytest.fixture
def bystander():
    """A process of the server's user that has nothing to do with PostgreSQL."""
    user = server_user()
    arguments = user.subprocess_arguments() if user else {}
    process = subprocess.Popen(["sleep", "600"], cwd="/", **arguments)
    yield process
    process.kill()
    process.wait()


def test_first_start_makes_a_working_database(server):
    url = server.start("dev")
    (row,) = query(
        url,
        "select current_setting('server_version_num')::int / 10000, current_database()::text,"
        " current_setting('server_encoding'), current_setting('TimeZone')",
    )
    assert row == (server.major, "dev", "UTF8", "UTC")


def test_texts_sort_by_their_bytes(server):
    url = server.start("dev")
    words = ["ab", "aB", "B", "a", "Z", "é", "_", "1", "€", "😀", "a b"]
    rows = query(url, f"select unnest(array{words}) as word order by word")
    assert [word for (word,) in rows] == sorted(words, key=str.encode)
    assert query(url, r"select upper('é'), 'é' ~ '\w'") == [("É", True)]


def test_settings_are_safe_and_local(server):
    url = server.start("dev")
    names = ("fsync", "full_page_writes", "synchronous_commit", "wal_level", "max_wal_senders")
    values = [query(url, f"show {name}")[0][0] for name in names]
    assert values == ["on", "on", "on", "minimal", "0"]
    assert query(url, "show listen_addresses") == [("127.0.0.1",)]
    assert query(url, "show unix_socket_directories") == [("",)]
    assert query(url, "select count(*) from pg_file_settings where error is not null") == [(0,)]
    methods = query(url, "select distinct auth_method from pg_hba_file_rules")
    assert methods == [("scram-sha-256",)]


def test_only_the_password_lets_in(server):
    url = server.start("dev")
    access = server_files.read_access(server.directory)
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(url.replace(access.password, "guessed"))


def test_secrets_are_private_and_not_shown(server):
    server.start("dev")
    access = server_files.read_access(server.directory)
    assert mode(server.directory / "server.json") == 0o600
    assert mode(server.data) == 0o700
    assert access.password not in repr(access) + repr(server) + repr(server.status())
    lines = command_lines(server)
    assert str(server.data) in lines[0]
    assert access.password not in " ".join(lines)
    assert access.password not in server.log.read_text()


def test_starting_twice_is_one_server(server):
    url = server.start("dev")
    pid = server.status().pid
    assert server.start("dev") == url
    assert server.status().pid == pid


def test_an_environment_is_a_database(server):
    dev, staging = server.start("dev"), server.start("staging")
    query(staging, "create table if not exists only_here (id int)")
    assert query(dev, "select to_regclass('only_here')") == [(None,)]


def test_starts_at_once_from_many_processes_make_one_server(server):
    server.stop()
    code = (
        "import sys; from pathlib import Path; from warehouse.embedded import EmbeddedServer;"
        "print(EmbeddedServer(Path(sys.argv[1]), major=int(sys.argv[2])).start('dev'))"
    )
    command = [sys.executable, "-c", code, str(server.directory), str(server.major)]

    def start_one(_: int) -> str:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(start_one, range(3)))) == 1


def test_stop_and_start_keep_data_port_and_password(server):
    url = server.start("dev")
    query(url, "create table if not exists kept as select 1 as id")
    assert server.stop() is True
    assert server.stop() is False
    with pytest.raises(ServerError, match="not running: run make up"):
        server.url("dev")
    assert server.status().pid is None
    assert server.start("dev") == url
    assert query(url, "select id from kept") == [(1,)]


def test_what_was_committed_survives_a_crash(server):
    url = server.start("dev")
    query(url, "drop table if exists survivors")
    query(url, "create table survivors as select generate_series(1, 1000) as id")
    kill_postmaster(server)
    assert server.status().pid is None
    assert server.start("dev") == url
    assert query(url, "select count(*) from survivors") == [(1000,)]


def test_a_crash_is_recovered_when_another_program_has_the_number(server, bystander, capfd):
    url = server.start("dev")
    kill_postmaster(server)
    give_number(server, bystander.pid)

    assert server.status().pid is None, "a stranger was taken for the server"
    assert server.stop() is False, "a stranger would have been stopped"
    assert server.start("dev") == url
    assert str(bystander.pid) in capfd.readouterr().err
    assert bystander.poll() is None
    server.stop()
    assert bystander.poll() is None


def test_orphans_of_a_crash_still_guard_the_data(server, bystander):
    """A backend may outlive its postmaster: no second server may touch the data then.

    Not even where the lock file has to be corrected first.
    """
    url = server.start("dev")
    with closing(psycopg2.connect(url)) as conn, conn.cursor() as cur:
        cur.execute("select pg_backend_pid()")
        (backend,) = cur.fetchone()
        pid = server.status().pid
        os.kill(backend, signal.SIGSTOP)  # cannot notice that its postmaster is gone
        try:
            os.kill(pid, signal.SIGKILL)
            psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=30)
            give_number(server, bystander.pid)
            with pytest.raises(ServerError, match="pre-existing shared memory block"):
                server.start("dev")
        finally:
            os.kill(backend, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(backend)] if psutil.pid_exists(backend) else [], timeout=30)
    assert server.start("dev") == url


def test_a_taken_port_moves_the_server_for_good(server, capfd):
    server.start("dev")
    server.stop()
    old = server_files.read_access(server.directory).port
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind((server_files.HOST, old))
        squatter.listen()
        url = server.start("dev")
    moved = server_files.read_access(server.directory).port
    assert moved != old
    assert f"port {old} is taken" in capfd.readouterr().err
    assert f":{moved}/" in url
    assert query(url, "show port") == [(str(moved),)]
    server.stop()
    assert server.start("dev") == url


def test_data_of_another_major_version_is_left_alone(server):
    server.start("dev")
    server.stop()
    other = EmbeddedServer(server.directory, major=34 - server.major)
    with pytest.raises(ServerError, match=f"set POSTGRES_MAJOR={server.major}"):
        other.start("dev")
    assert server.start("dev")


def test_a_damaged_or_lost_server_file_is_named(server):
    server.start("dev")
    file = server.directory / "server.json"
    whole = file.read_text()
    try:
        file.write_text("{")
        with pytest.raises(ServerError, match=r"server\.json is damaged"):
            server.start("dev")
        file.unlink()
        with pytest.raises(ServerError, match=r"server\.json .* is missing"):
            server.start("dev")
    finally:
        server_files.write_private(file, whole)
    assert server.url("dev")


def test_a_server_that_cannot_start_says_why(server):
    server.start("dev")
    server.stop()
    control = server.data / "global" / "pg_control"
    hidden = control.with_suffix(".hidden")
    control.rename(hidden)
    try:
        with pytest.raises(ServerError, match=r"did not start.*see .*server\.log"):
            server.start("dev")
    finally:
        hidden.rename(control)
    assert server.start("dev")


def test_an_interrupted_first_start_is_done_again(tmp_path):
    server = EmbeddedServer(tmp_path / ".postgres")
    half = server.directory / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")
    try:
        assert query(server.start("dev"), "select 1") == [(1,)]
        assert not half.exists()
        assert not list(server.directory.glob("initial-*")), "the first password lies about"
    finally:
        server.stop()


@as_root
def test_root_opens_the_way_for_the_server_only(tmp_path, capfd):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedServer(closed / ".postgres")
    try:
        url = server.start("dev")
        assert query(url, "select 1") == [(1,)]
        assert psutil.Process(server.status().pid).uids().real == server_user().uid
    finally:
        server.stop()
    assert f"pass through {closed}" in capfd.readouterr().err
    assert mode(closed) & 0o066 == 0, "somebody may read or write the folder now"
    stranger = {"user": 65534, "group": 65534, "extra_groups": []}
    for command in (["ls", str(closed)], ["test", "-x", str(closed)]):
        done = subprocess.run(command, capture_output=True, check=False, **stranger)
        assert done.returncode != 0, f"a stranger may now {command}"


@as_root
def test_root_is_told_when_the_way_cannot_be_opened(tmp_path, monkeypatch):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    # A file system without access control entries.
    monkeypatch.delattr(os, "setxattr")
    with pytest.raises(ServerError, match=r"cannot pass through .*: run chmod o\+x"):
        EmbeddedServer(closed / ".postgres").start("dev")


def test_programs_installed_under_a_strict_umask_become_readable(tmp_path):
    tree = tmp_path / "pginstall"
    (tree / "share").mkdir(parents=True, mode=0o700)
    (tree / "share" / "postgres.bki").touch(mode=0o600)
    (tree / "initdb").touch(mode=0o700)
    tree.chmod(0o700)
    open_programs(tree)
    assert mode(tree) == mode(tree / "share") == mode(tree / "initdb") == 0o755
    assert mode(tree / "share" / "postgres.bki") == 0o644


def test_an_unwritable_place_is_named(tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ServerError, match="cannot make the server's folder"):
        EmbeddedServer(file / ".postgres").start("dev")
