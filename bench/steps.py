"""The steps that are measured: generate, load, the same by the server alone, build."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.server_copy import copy_by_server
from bench.workplace import Workplace
from loader.loading.run import run
from loader.sources import load_sources
from warehouse.errors import StepFailed
from warehouse.profiles import write_profiles
from warehouse.settings import PROJECT_DIR, Settings

SOURCE = "shop"

# What is measured, in the order of the report.
GENERATE = "generate"
LOAD = "load"
LOAD_WHOLE = "load, with lock, checks and statistics"
SERVER = "server-side COPY FROM file"
BUILD = "dbt build"


@dataclass(frozen=True)
class Measure:
    """One step, once: rows made or loaded (0 where that says nothing) and seconds on the clock."""

    step: str
    rows: int
    seconds: float


@dataclass(frozen=True)
class Plan:
    """What is measured: the shop's scale, workers of each step, and whether to build."""

    scale: float
    workers: int
    build: bool


def one_round(place: Workplace, plan: Plan, number: int) -> list[Measure]:
    """Measure every step once, on new files and in new databases.

    Loader and server take turns in going first: the second one finds a busier disk.

    Raises:
        StepFailed: a step did not do its work; a benchmark of half the work says nothing.
    """
    folder = place.folder / f"round-{number}"
    folder.mkdir()
    measures = [_generate(folder, plan)]
    with place.database(f"loaded_{number}") as loaded, place.database(f"copied_{number}") as copied:
        pair: list[Callable[[], list[Measure]]] = [
            lambda: _load(loaded, folder, plan),
            lambda: [_copy(copied, folder, plan)],
        ]
        for step in pair if number % 2 else reversed(pair):
            place.settle_disk()
            measures += step()
        rows = {m.rows for m in measures if m.step in {LOAD, SERVER}}
        if len(rows) != 1:
            raise StepFailed(f"the loader and the server loaded different numbers of rows: {rows}")
        if plan.build:
            place.settle_disk()
            measures.append(_build(loaded, folder))
    shutil.rmtree(folder)
    return measures


def _generate(folder: Path, plan: Plan) -> Measure:
    command = [sys.executable, "-m", "generator", "--scale", str(plan.scale)]
    command += ["--workers", str(plan.workers), "--out", str(folder / "landing")]
    seconds = _timed(command, GENERATE)
    rows = 0
    for path in (folder / "landing" / SOURCE).glob("*/manifest.json"):
        manifest = json.loads(path.read_text())
        tables = [*manifest["tables"].values(), *manifest.get("truth", {}).values()]
        rows += sum(file["rows"] for table in tables for file in table["files"])
    return Measure(GENERATE, rows, seconds)


def _load(url: str, folder: Path, plan: Plan) -> list[Measure]:
    root = folder / "landing" / SOURCE
    done = run(SOURCE, root, sources=load_sources(), url=url, workers=plan.workers)
    if done.failed:
        raise StepFailed(f"{LOAD} failed: run python -m loader {SOURCE} --from {root} to see why")
    rows = sum(done.rows_by_table().values())
    return [Measure(LOAD, rows, done.loading_seconds), Measure(LOAD_WHOLE, rows, done.seconds)]


def _copy(url: str, folder: Path, plan: Plan) -> Measure:
    scratch = folder / "converted"
    scratch.mkdir()
    rows, seconds = copy_by_server(
        url,
        SOURCE,
        folder / "landing" / SOURCE,
        sources=load_sources(),
        workers=plan.workers,
        scratch=scratch,
    )
    return Measure(SERVER, rows, seconds)


def _build(url: str, folder: Path) -> Measure:
    # Where dbt connects is this round's database, whatever the user's own settings say.
    write_profiles(url, Settings.model_construct(), folder / "profiles.yml")
    command = [str(Path(sys.executable).with_name("dbt")), "--quiet", "build"]
    command += ["--profiles-dir", str(folder), "--target-path", str(folder / "target")]
    command += ["--log-path", str(folder / "logs")]
    return Measure(BUILD, 0, _timed(command, BUILD))


def _timed(command: list[str], step: str) -> float:
    started = time.monotonic()
    done = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines()[-12:]
        raise StepFailed(f"{step} ended with exit code {done.returncode}:\n" + "\n".join(said))
    return time.monotonic() - started
