"""The small warehouse that changes are tried on: a database of its own, filled from nothing."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
from psycopg2 import sql

from warehouse.composed import try_lock
from warehouse.connections import connect, where
from warehouse.console import say
from warehouse.errors import StepFailed, WarehouseError

# Every build uses this name: manifests hold it, and a name of its own would look like a change.
DATABASE = "counting_house_slim"

HISTORY = ("--scale", "0.005", "--days", "60", "--seed", "7", "--defects", "0.02")

_INPUTS = ("generator", "loader")
_INPUT_SUFFIXES = {".py", ".json", ".yml", ".yaml"}


@contextmanager
def small_database(url: str) -> Iterator[str]:
    """Make the database on the server of `url`, empty, give its URL, and drop it afterwards.

    What a run that was killed has left of it is dropped first.

    Raises:
        WarehouseError: another run is at work on the server, or the user may not make databases.
    """
    name = sql.Identifier(DATABASE)
    drop = sql.SQL("drop database if exists {} with (force)").format(name)
    with closing(connect(url, application_name="counting-house slim")) as conn:
        conn.autocommit = True
        with conn.cursor() as cur:
            if not try_lock(cur, "counting-house.slim", until="session"):
                raise WarehouseError(f"another ci-slim is at work in {where(url)}; wait for it")
            try:
                cur.execute(drop)
                cur.execute(sql.SQL("create database {} template template0").format(name))
            except psycopg2.errors.InsufficientPrivilege as error:
                reason = " ".join(str(error).split())
                raise WarehouseError(
                    f"ci-slim builds in a database of its own: {reason}; give the user CREATEDB, "
                    "or unset DATABASE_URL to use the embedded server"
                ) from None
            try:
                yield urlsplit(url)._replace(path=f"/{DATABASE}").geturl()
            finally:
                cur.execute(drop)


def fill(project: Path, url: str, landing: Path) -> None:
    """Generate the small history with the programs of a project folder, and load it.

    Raises:
        StepFailed: one of them failed; its output was shown.
    """
    run_python(project, url, "generator", "--out", str(landing), *HISTORY)
    run_python(project, url, "loader", "shop", "--from", str(landing / "shop"))


def run_python(project: Path, url: str, module: str, *arguments: str) -> None:
    """Run `python -m <module>` of a project folder on a database; raises StepFailed."""
    run(project, url, [sys.executable, "-m", module, *arguments], module)


def run(project: Path, url: str, command: Sequence[str], name: str) -> None:
    """Run a command in a project folder on a database; what it says is shown if it fails.

    Raises:
        StepFailed: its exit code is not 0.
    """
    done = subprocess.run(
        command,
        cwd=project,
        env={**os.environ, "DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        for line in done.stdout.splitlines():
            say(line)
        raise StepFailed(f"{name} failed (exit code {done.returncode}): see above")


def inputs_of(project: Path) -> str:
    """Fingerprint what decides about the rows of the small history: generator and loader."""
    digest = hashlib.sha256("\0".join(HISTORY).encode())
    for folder in _INPUTS:
        for path in sorted((project / folder).rglob("*")):
            if path.suffix in _INPUT_SUFFIXES and path.is_file():
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                digest.update(f"{path.relative_to(project).as_posix()} {content}\n".encode())
    return digest.hexdigest()
