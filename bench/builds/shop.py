"""A shop that is generated, loaded and built step by step, each step measured."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.builds.statements import Statements, log_statements, logged_since
from bench.workplace import Workplace
from loader.loading.run import run
from loader.sources import load_sources
from warehouse.building import WITHOUT_UNIT_TESTS
from warehouse.errors import StepFailed
from warehouse.profiles import write_profiles
from warehouse.programs import dbt_command
from warehouse.settings import PROJECT_DIR, Settings

SOURCE = "shop"
_DAYS_OF_A_YEAR = 365


@dataclass(frozen=True)
class Build:
    """One `dbt build`.

    Args:
        seconds: on the clock, from its start to its end.
        statements: what PostgreSQL did for it.
    """

    seconds: float
    statements: Statements

    @property
    def dbt_alone(self) -> float:
        """Seconds in which no statement ran."""
        return self.seconds - self.statements.busy


@dataclass(frozen=True)
class Size:
    """How much is generated and built.

    Args:
        scale: of the shop; 1 is a million orders a year.
        years: of the history; each has as many orders as the first.
        workers: processes of the generator, connections of the loader.
    """

    scale: float
    years: int
    workers: int


class Shop:
    """One shop's landing zone, database and dbt project folder.

    Args:
        place: whose server holds the database.
        url: of the database, which is empty.
        folder: for its files; it is made.
        size: of the history.
    """

    def __init__(self, place: Workplace, url: str, folder: Path, size: Size) -> None:
        self.url = url
        self._log = place.folder / ".postgres" / "server.log"
        self._folder = folder
        self._workers = size.workers
        days = _DAYS_OF_A_YEAR * size.years
        self._history = ["--scale", f"{size.scale:g}", "--days", str(days)]
        folder.mkdir()
        # Where dbt connects is this shop's database, whatever the user's own settings say.
        write_profiles(url, Settings.model_construct(), folder / "profiles.yml")
        log_statements(url)

    def generate_history(self) -> None:
        """Write the history's files."""
        self._generate(*self._history)

    def generate_day(self) -> None:
        """Write the files of one day more."""
        self._generate("--days", "1")

    def _generate(self, *flags: str) -> None:
        command = [sys.executable, "-m", "generator", *flags, "--workers", str(self._workers)]
        _run([*command, "--out", str(self._folder / "landing")])

    def load(self) -> tuple[int, float]:
        """Load what is new; returns its rows, and the seconds of the whole run.

        Raises:
            StepFailed: a file could not be loaded.
        """
        root = self._folder / "landing" / SOURCE
        done = run(SOURCE, root, sources=load_sources(), url=self.url, workers=self._workers)
        if done.failed:
            raise StepFailed(f"load failed: run python -m loader {SOURCE} --from {root} to see why")
        return sum(done.rows_by_table().values()), done.seconds

    def build(self) -> Build:
        """Run what `make build` runs: dbt's build with the tests of data."""
        offset = self._log.stat().st_size
        seconds = self._dbt("build", *WITHOUT_UNIT_TESTS)
        return Build(seconds, logged_since(self._log, offset))

    def parse(self) -> float:
        """Run `dbt parse` without what earlier runs left; returns its seconds."""
        (self._folder / "target" / "partial_parse.msgpack").unlink(missing_ok=True)
        return self._dbt("parse")

    def nodes(self) -> int:
        """Count the nodes that a build runs: models, tests, unit tests, seeds and snapshots."""
        manifest = json.loads((self._folder / "target" / "manifest.json").read_text())
        run_by_build = {"model", "test", "seed", "snapshot"}
        nodes = [n for n in manifest["nodes"].values() if n["resource_type"] in run_by_build]
        return len(nodes) + len(manifest["unit_tests"])

    def _dbt(self, name: str, *arguments: str) -> float:
        command = [*dbt_command(), "--quiet", name, *arguments]
        command += ["--profiles-dir", str(self._folder)]
        command += ["--target-path", str(self._folder / "target")]
        command += ["--log-path", str(self._folder / "logs")]
        started = time.monotonic()
        _run(command)
        return time.monotonic() - started


def _run(command: list[str]) -> None:
    done = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines()[-12:]
        words = "\n".join(said)
        raise StepFailed(
            f"{' '.join(command[:4])} ended with exit code {done.returncode}:\n{words}"
        )
