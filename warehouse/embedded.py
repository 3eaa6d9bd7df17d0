"""The embedded PostgreSQL: a server of the project's own, out of a package, in `.postgres/`.

It listens on 127.0.0.1 only, asks for a generated password (SCRAM), is tuned to the machine and
survives a crash (fsync stays on). Texts sort by their bytes (collation C), so an order by means the
same on every machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg2
from psycopg2 import sql

from warehouse import binaries, postmaster, server_files, server_user, tuning
from warehouse.console import say
from warehouse.errors import ServerError
from warehouse.retry import retry

# Crash recovery replays at most max_wal_size of log; 8 GB took under two minutes on two cores.
START_TIMEOUT = 300  # seconds
STOP_TIMEOUT = 120  # seconds

_SETTINGS_FILE = "counting_house.conf"
_LOG_LIMIT = 10 * tuning.MB


@dataclass(frozen=True)
class ServerStatus:
    """State of the embedded server; `pid` is None when it does not run."""

    directory: Path
    major: int | None
    pid: int | None
    port: int | None


class EmbeddedServer:
    """One server in one folder. Nothing happens until a method is called."""

    def __init__(self, directory: Path, *, major: int = 18) -> None:
        self.directory = directory.resolve()
        self.data = self.directory / "data"
        self.log = self.directory / "server.log"
        self.major = major

    def __repr__(self) -> str:
        return f"EmbeddedServer({str(self.directory)!r}, major={self.major})"

    def start(self, database: str) -> str:
        """Start the server unless it runs, make the database unless it exists; safe to repeat.

        Returns:
            The database's URL, which holds the password.

        Raises:
            ServerError: with the reason and the fix.
        """
        self._make_directory()
        with server_files.locked(self.directory):
            if self._found_major() is None:
                self._initialise()
            self._check_major()
            access = server_files.read_access(self.directory)
            if access is None:
                raise ServerError(
                    f"{self.directory / 'server.json'} (port and password) is missing but "
                    f"{self.data} is there: restore it, or remove {self.directory} and load again"
                )
            if postmaster.running(self.data) is None:
                access = self._launch(access)
            self._make_database(access, database)
        return access.url(database)

    def stop(self) -> bool:
        """Stop the server cleanly; False when it did not run."""
        if not self.directory.is_dir():
            return False
        with server_files.locked(self.directory):
            if postmaster.running(self.data) is None:
                return False
            self._run(
                "pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "-t", str(STOP_TIMEOUT), "stop"
            )
        return True

    def status(self) -> ServerStatus:
        """Say whether the server is set up and runs."""
        running = postmaster.running(self.data)
        return ServerStatus(
            directory=self.directory,
            major=self._found_major(),
            pid=running.pid if running else None,
            port=running.port if running else None,
        )

    def url(self, database: str) -> str:
        """URL of a database of the running server.

        Raises:
            ServerError: the server does not run.
        """
        access = server_files.read_access(self.directory)
        if access is None or postmaster.running(self.data) is None:
            raise ServerError(
                "the embedded PostgreSQL is not running: run make up "
                "(or set DATABASE_URL to use another server)"
            )
        return access.url(database)

    def _make_directory(self) -> None:
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ServerError(f"cannot make the server's folder: {error}") from None

    def _found_major(self) -> int | None:
        try:
            return int((self.data / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None
        except PermissionError:
            raise ServerError(
                f"{self.data} belongs to another user: run the command as the user who made it"
            ) from None

    def _check_major(self) -> None:
        found = self._found_major()
        if found != self.major:
            raise ServerError(
                f"{self.data} holds data of PostgreSQL {found}, but POSTGRES_MAJOR asks for "
                f"{self.major}: set POSTGRES_MAJOR={found}, or remove {self.directory} and "
                "load again"
            )

    def _prepare_user(self) -> server_user.ServerUser | None:
        """As root: let the server's user reach the programs and the folder."""
        user = server_user.server_user()
        if user is not None:
            server_user.open_the_way(user, self.data)
            for folder in binaries.program_folders(self.major):
                server_user.open_the_way(user, folder)
                server_user.open_programs(folder)
        return user

    def _initialise(self) -> None:
        """Make the data folder under a temporary name; it gets its own when it is complete."""
        user = self._prepare_user()
        access = server_files.new_access(self.directory)
        new = self.directory / "data.new"
        if new.exists():
            shutil.rmtree(new)
        new.mkdir(mode=0o700)
        handle, name = tempfile.mkstemp(prefix="initial-", dir=self.directory)
        password_file = Path(name)
        try:
            with os.fdopen(handle, "w") as file:  # mkstemp made it 0600
                file.write(access.password)
            if user is not None:
                os.chown(new, user.uid, user.gid)
                os.chown(password_file, user.uid, user.gid)
            self._run("initdb", *self._initdb_arguments(new, access.user, password_file))
        finally:
            password_file.unlink()
        with (new / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(f"\ninclude '{_SETTINGS_FILE}'\n")
        server_files.write_access(self.directory, access)
        new.rename(self.data)

    def _initdb_arguments(self, data: Path, user: str, password_file: Path) -> list[str]:
        # 17 and 18 bring a C.UTF-8 of their own, the same on every system. 16 takes character
        # classes (upper, \w) from the system; its order is by bytes either way.
        #
        # Without checksums, which 18 has by default: with them, every table that skipped the log
        # (wal_level minimal) goes into it after all when it is first read, for its hint bits (a
        # table of 146 MB: 147 MB of log against 0). A crash is survived without them.
        builtin = [
            "--no-data-checksums",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
        ]
        system = ["--locale-provider=libc", "--lc-collate=C", f"--lc-ctype={_utf8_ctype()}"]
        return [
            f"--pgdata={data}",
            f"--username={user}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--lc-messages=C",
            *(builtin if self.major >= 17 else system),
        ]

    def _launch(self, access: server_files.Access) -> server_files.Access:
        """Start the server on its port, or on a new one when that is taken; return the access."""
        self._prepare_user()
        taken = postmaster.disown_stale_lock(self.data)
        if taken is not None:
            say(f"the server had crashed, process {taken} is another program now: recovering")
        if not server_files.port_is_free(access.port):
            moved = replace(access, port=server_files.free_port(self.directory))
            say(f"port {access.port} is taken by another program: using {moved.port} from now on")
            server_files.write_access(self.directory, moved)
            access = moved
        self._write_settings(access.port)
        self._prepare_log()
        arguments = [
            "-D",
            str(self.data),
            "-l",
            str(self.log),
            "-w",
            "-t",
            str(START_TIMEOUT),
            "start",
        ]
        try:
            self._run("pg_ctl", *arguments)
        except ServerError:
            raise ServerError(
                f"PostgreSQL did not start: {self._last_words()} (see {self.log})"
            ) from None
        return access

    def _write_settings(self, port: int) -> None:
        settings = {
            "listen_addresses": f"'{server_files.HOST}'",
            "port": str(port),
            "unix_socket_directories": "''",
            **tuning.settings_for_this_machine(self.data),
        }
        path = self.data / _SETTINGS_FILE
        text = "".join(f"{name} = {value}\n" for name, value in settings.items())
        path.write_text(
            f"# Written at every start from the size of the machine.\n{text}", encoding="utf-8"
        )
        owner = self.data.stat()
        os.chown(path, owner.st_uid, owner.st_gid)

    def _prepare_log(self) -> None:
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        self.log.touch(mode=0o600)
        owner = self.data.stat()
        os.chown(self.log, owner.st_uid, owner.st_gid)

    def _last_words(self) -> str:
        """Give the last complaint in the server's log, in one line."""
        lines = self.log.read_text(errors="replace").splitlines()
        complaints = [line for line in lines if "FATAL:" in line or "PANIC:" in line]
        return " ".join((complaints or lines or ["no word in its log"])[-1].split())

    def _run(self, name: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs as the server's user.

        Its output goes to a file: a pipe would be held open by the server that pg_ctl leaves
        behind.
        """
        user = server_user.server_user()
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                [binaries.program(name, self.major), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=binaries.clean_environment(),
                check=False,
                **(user.subprocess_arguments() if user else {}),
            )
            if done.returncode != 0:
                output.seek(0)
                words = " ".join(output.read().decode(errors="replace").split())
                raise ServerError(f"{name} failed: {words[-500:]}")

    def _make_database(self, access: server_files.Access, database: str) -> None:
        @retry(attempts=8, first_wait=0.1, longest_wait=2.0)
        def make() -> None:
            admin = psycopg2.connect(access.url("postgres"), connect_timeout=10)
            try:
                admin.autocommit = True
                with admin.cursor() as cur:
                    cur.execute("select from pg_database where datname = %s", (database,))
                    if cur.rowcount == 0:
                        cur.execute(sql.SQL("create database {}").format(sql.Identifier(database)))
            finally:
                admin.close()

        try:
            make()
        except psycopg2.Error as error:
            reason = " ".join(str(error).split())
            raise ServerError(
                f"cannot make the database {database}: {reason} (see {self.log})"
            ) from None


def _utf8_ctype() -> str:
    """Name of the system's plain UTF-8 character classes, C where it has none."""
    listed = subprocess.run(
        ["locale", "-a"], capture_output=True, text=True, check=False
    ).stdout.split()
    return next((name for name in listed if name.lower() in {"c.utf-8", "c.utf8"}), "C")
