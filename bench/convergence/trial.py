"""A warehouse to try things on: a database, a landing zone, and what the commands need."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from warehouse.building import WITHOUT_UNIT_TESTS
from warehouse.connections import connect, transaction
from warehouse.errors import StepFailed
from warehouse.profiles import write_profiles
from warehouse.settings import PROJECT_DIR, Settings

SOURCE = "shop"

# dbt numbers its nodes as it starts them.
_STARTED = re.compile(r" (\d+) of (\d+) START ")


@dataclass(frozen=True)
class Trial:
    """One database and the folder beside it, in which commands run as a user's do.

    Args:
        name: what messages call it.
    """

    name: str
    database: str
    url: str
    folder: Path

    def deliver(self, batches: Iterable[Path]) -> None:
        """Put batches into the landing zone and load what is new there."""
        landing = self.folder / "landing" / SOURCE
        for batch in batches:
            shutil.copytree(batch, landing / batch.name, copy_function=os.link)
        self._run([sys.executable, "-m", "loader", SOURCE, "--from", str(landing)])

    def prune(self) -> None:
        """Delete all raw rows that the warehouse has consumed.

        Raises:
            StepFailed: there was nothing to delete, so that nothing would be tried.
        """
        pruned = "select count(*) from raw._loads where pruned_at is not null"
        before = self.ask(pruned)
        self._run([sys.executable, "-m", "loader", "prune", "--keep", "0s"])
        if self.ask(pruned) == before:
            raise StepFailed(f"{self.name}: nothing was pruned")

    def build(self, *arguments: str, command: str = "build") -> None:
        """Run dbt, with all tests of the data where the command is `build`.

        Raises:
            StepFailed: a model or a test failed.
        """
        tests = WITHOUT_UNIT_TESTS if command == "build" else ()
        self._run(self._dbt("--quiet", command, *tests, *arguments))

    def kill_build(self, share: float) -> None:
        """Start a build and kill it with SIGKILL when it has started a share of its nodes.

        Raises:
            StepFailed: the build ended before that.
        """
        build = subprocess.Popen(
            self._dbt("build", *WITHOUT_UNIT_TESTS),
            cwd=PROJECT_DIR,
            env=self._environment(),
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert build.stdout is not None
        with build.stdout as lines:
            for line in lines:
                started = _STARTED.search(line)
                if started and int(started[1]) >= share * int(started[2]):
                    os.killpg(build.pid, signal.SIGKILL)
                    break
        if build.wait() != -signal.SIGKILL:
            raise StepFailed(f"{self.name}: the build was over before it could be killed")

    def ask(self, question: str) -> list[tuple[object, ...]]:
        """Run a query and give its rows."""
        with (
            closing(connect(self.url, application_name="trial")) as conn,
            transaction(conn) as cur,
        ):
            cur.execute(question)
            return cur.fetchall()

    def _dbt(self, *arguments: str) -> list[str]:
        profiles = self.folder / "profiles.yml"
        if not profiles.exists():
            # Where dbt connects is this database, whatever the user's own settings say.
            write_profiles(self.url, Settings.model_construct(), profiles)
        places = ["--profiles-dir", str(self.folder), "--log-path", str(self.folder / "logs")]
        places += ["--target-path", str(self.folder / "target")]
        dbt = str(Path(sys.executable).with_name("dbt"))
        return [dbt, "--no-use-colors", *arguments, *places]

    def _environment(self) -> dict[str, str]:
        record = str(self.folder / "run_record.json")
        return {**os.environ, "DATABASE_URL": self.url, "LOADER_RECORD": record}

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(
            command,
            cwd=PROJECT_DIR,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            said = (done.stdout + done.stderr).strip().splitlines()[-40:]
            raise StepFailed(
                f"{self.name}: {Path(command[0]).name} {' '.join(command[1:4])} ended with exit "
                f"code {done.returncode}:\n" + "\n".join(said)
            )
