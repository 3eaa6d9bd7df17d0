"""Projects for tests: a copy of what is in version control, with a database of its own."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from psycopg2 import sql
from queries import query

from warehouse.connections import connect
from warehouse.settings import PROJECT_DIR


@contextmanager
def new_database(admin_url: str, template: str = "template1") -> Iterator[str]:
    """Make a database, give its URL, drop it afterwards with whoever is still connected.

    It is empty, or a copy of the database `template`, to which nobody may be connected then.
    """
    name = f"test_{secrets.token_hex(6)}"
    with closing(connect(admin_url)) as admin:
        admin.autocommit = True
        with admin.cursor() as cur:
            names = sql.Identifier(name), sql.Identifier(template)
            cur.execute(sql.SQL("create database {} template {}").format(*names))
            try:
                yield urlsplit(admin_url)._replace(path=f"/{name}").geturl()
            finally:
                cur.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@dataclass(frozen=True)
class Project:
    """A copy of the project with a database of its own, in which commands run as a user's do."""

    folder: Path
    url: str

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command such as ("python", "-m", "loader") in the folder; never raises."""
        program, *arguments = command
        return subprocess.run(
            [str(Path(sys.executable).with_name(program)), *arguments],
            cwd=self.folder,
            env={**os.environ, "DATABASE_URL": self.url, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def run_well(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command that must succeed."""
        done = self.run(*command)
        said = f"{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        assert done.returncode == 0, f"{command} failed:\n{said}"
        return done

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement in the project's database and give its rows."""
        return query(self.url, statement)


def copy_project(folder: Path) -> None:
    """Copy what is in version control or would be: nothing that a command has made."""
    made = (".venv", ".git", ".postgres", ".env", "profiles.yml", "exports", "target", "logs")
    caches = ("__pycache__", ".*_cache", ".coverage*", "htmlcov")
    unwanted = shutil.ignore_patterns(*made, *caches)

    def ignore(parent: str, names: list[str]) -> set[str]:
        # Only the landing zone's data/: tests have folders of that name too.
        return unwanted(parent, names) | ({"data"} if Path(parent) == PROJECT_DIR else set())

    shutil.copytree(PROJECT_DIR, folder, ignore=ignore, dirs_exist_ok=True)
