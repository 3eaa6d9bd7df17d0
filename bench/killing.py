"""A loader under way, seen from outside, and the three ways to kill what it needs."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil
import psycopg2

from bench import kill_loader
from warehouse.connections import connect
from warehouse.embedded import EmbeddedServer
from warehouse.errors import StepFailed
from warehouse.settings import PROJECT_DIR

Kind = Literal["loader", "connection", "server"]
KINDS: tuple[Kind, ...] = ("loader", "connection", "server")

Phase = Literal["copy", "commit", "open transaction", "between files"]
PHASES: tuple[Phase, ...] = ("copy", "commit", "open transaction", "between files")
LOADING: tuple[Phase, ...] = ("copy", "commit", "open transaction")

PATIENCE = 180.0  # seconds for one command
_POLL = 0.005

_SESSIONS = (
    "select pid, state, query from pg_stat_activity "
    "where datname = %s and application_name like 'loader%%'"
)


@dataclass(frozen=True)
class Session:
    """A server process of the loader's: what it does, or did last when it is idle."""

    pid: int
    state: str
    statement: str


def phase(sessions: Sequence[Session]) -> Phase:
    """Say what the loader was doing, by the session that had come furthest."""
    doing = {s.statement.split(maxsplit=1)[0].lower() for s in sessions if s.state == "active"}
    if "commit" in doing:
        return "commit"
    if "copy" in doing:
        return "copy"
    if doing or any(session.state.startswith("idle in transaction") for session in sessions):
        return "open transaction"
    return "between files"


class Command(ABC):
    """A loader that runs by itself; what it says is kept."""

    @property
    @abstractmethod
    def running(self) -> bool:
        """Whether it has not ended yet."""

    @abstractmethod
    def kill(self) -> bool:
        """Kill it and wait for its end; False when it had come to its own."""

    @abstractmethod
    def wait(self) -> tuple[int, str]:
        """Wait for its end; give its exit code and what it said.

        Raises:
            StepFailed: it does not come to an end.
        """


class PlainCommand(Command):
    """`python -m loader`, as a user starts it."""

    def __init__(self, arguments: Sequence[str], environment: dict[str, str], output: Path) -> None:
        self._output = output
        with output.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "loader", *arguments],
                cwd=PROJECT_DIR,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def kill(self) -> bool:
        """Kill it and wait for its end; False when it had come to its own."""
        self._process.kill()
        return self._process.wait() == -signal.SIGKILL

    def wait(self) -> tuple[int, str]:
        """Wait for its end; give its exit code and what it said."""
        try:
            code = self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise _endless() from None
        return code, self._output.read_text(errors="replace")


class ScaledCommand(Command):
    """The same with thresholds scaled down, forked from a process that has it imported."""

    def __init__(
        self, scale: float, arguments: Sequence[str], environment: dict[str, str], output: Path
    ) -> None:
        self._output = output
        self._process = kill_loader.start(scale, arguments, environment, output)

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.is_alive()

    def kill(self) -> bool:
        """Kill it and wait for its end; False when it had come to its own."""
        self._process.kill()
        self._process.join()
        return self._process.exitcode == -signal.SIGKILL

    def wait(self) -> tuple[int, str]:
        """Wait for its end; give its exit code and what it said."""
        self._process.join(PATIENCE)
        code = self._process.exitcode
        if code is None:
            self.kill()
            raise _endless()
        return code, self._output.read_text(errors="replace")


def _endless() -> StepFailed:
    return StepFailed(f"the loader did not end within {PATIENCE:.0f} s")


class Watch:
    """Looks at the sessions that a command has in a database.

    Its connection does not survive the killing: a watch is for one command.
    """

    def __init__(self, admin_url: str, database: str) -> None:
        self._conn = connect(admin_url, application_name="watch")
        self._conn.autocommit = True
        self._database = database

    def close(self) -> None:
        """Close the connection."""
        self._conn.close()

    def sessions(self) -> list[Session]:
        """List the loader's sessions now."""
        with self._conn.cursor() as cur:
            cur.execute(_SESSIONS, (self._database,))
            return [Session(pid, state or "", text.strip()) for pid, state, text in cur.fetchall()]

    def first_seen(self, command: Command) -> bool:
        """Wait for the command's first session; False when it ended without one."""
        while command.running:
            if self.sessions():
                return True
            time.sleep(_POLL)
        return False

    def seconds(self, command: Command) -> float:
        """Measure how long the command has sessions, from the first one to the last."""
        self.first_seen(command)
        started = time.monotonic()
        while self.sessions():
            time.sleep(_POLL)
        return time.monotonic() - started


def kill(
    kind: Kind, command: Command, watch: Watch, server: EmbeddedServer, draw: random.Random
) -> Phase | None:
    """Kill one thing now.

    Returns:
        What it was killed in; None when the command had left the server and nothing was killed.

    Raises:
        ServerError: the server does not come up again.
        StepFailed: it does not go away.
    """
    sessions = watch.sessions()
    if not sessions or not command.running:
        return None
    killers: dict[Kind, Callable[[], bool]] = {
        "loader": command.kill,
        "connection": lambda: _kill_connection(sessions, draw),
        "server": lambda: _kill_server(server),
    }
    return phase(sessions) if killers[kind]() else None


def _kill_connection(sessions: Sequence[Session], draw: random.Random) -> bool:
    try:
        os.kill(draw.choice(sessions).pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _kill_server(server: EmbeddedServer) -> bool:
    """Kill the postmaster first, so that it cannot put its house in order, and then its children.

    It is started again at once: the loader may still be trying.
    """
    pid = server.status().pid
    if pid is None:
        return False
    postmaster = psutil.Process(pid)
    doomed = [postmaster, *postmaster.children(recursive=True)]
    for process in doomed:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    deadline = time.monotonic() + PATIENCE
    while any(_alive(process) for process in doomed):
        if time.monotonic() > deadline:
            raise StepFailed(f"a server process is still there {PATIENCE:.0f} s after its kill")
        time.sleep(_POLL)
    server.start("postgres")
    return True


def _alive(process: psutil.Process) -> bool:
    """Whether it has not ended; a zombie has, and is only not asked after yet."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until_recovered(url: str) -> None:
    """Wait until the server takes connections again, after one of its processes was killed."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            psycopg2.connect(url).close()
        except psycopg2.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
