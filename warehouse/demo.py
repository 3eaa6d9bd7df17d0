"""The main job from nothing: history and one more day, generated, loaded and built.

What is there is found out from the landing zone and the load ledger, not from memory: a second run
changes nothing, and one that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg2

from warehouse.building import WITHOUT_UNIT_TESTS, only_build
from warehouse.connections import connect, where
from warehouse.console import say
from warehouse.errors import StepRefused, WarehouseError
from warehouse.programs import run_dbt, run_module
from warehouse.server_files import write_private
from warehouse.settings import PROJECT_DIR
from warehouse.summary import STEPS_FILE, Step, read_steps

MODEL = "shop"
LANDING = PROJECT_DIR / "data" / "landing" / MODEL

# row_counts is built after everything else: a run that built it no earlier than the last load was
# counted has built all.
_BUILT = """
    select
        (
            select sum(rows) from raw._loads
            where
                status = 'loaded'
                and table_name not like '\\_truth%%'
                and source in (select source from monitoring.load_counts)
        )
        = (select sum(ledger_rows) from monitoring.load_counts)
        and exists (
            select from monitoring.run_results
            where
                node = 'row_counts'
                and status = 'success'
                and build >= (select max(build) from monitoring.load_counts)
        )
"""


_GO_ON = "plain make demo goes on with the history that is there, make clean deletes it"


class AnotherHistory(WarehouseError):  # noqa: N818 - reads as what happened
    """The flags do not fit the history that is there."""

    exit_code = 2


@dataclass(frozen=True)
class Batch:
    """A finished batch of the landing zone."""

    name: str
    kind: str
    manifest: Path
    files: dict[str, str]  # name in the ledger, SHA-256
    generator: dict[str, Any]


def finished_batches(landing: Path = LANDING) -> list[Batch]:
    """List the batches that have a manifest, oldest first.

    Raises:
        WarehouseError: a manifest is damaged.
    """
    batches = []
    for path in sorted(landing.glob("*/manifest.json")):
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
            parts = [*manifest["tables"].values(), *manifest.get("truth", {}).values()]
            batch = manifest["batch"]
            files = [file for part in parts for file in part["files"]]
            batches.append(
                Batch(
                    name=batch,
                    kind=manifest["kind"],
                    manifest=path,
                    files={f"{batch}/{file['path']}": file["sha256"] for file in files},
                    generator=manifest["generator"],
                )
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise WarehouseError(f"{path} is damaged ({error}): make clean starts anew") from None
    return batches


class Demo:
    """One run of the demo against one database that is up."""

    def __init__(self, url: str, history: Sequence[str], workers: int, before: Step) -> None:
        """Prepare a run.

        Args:
            url: the database.
            history: flags of the generator that the user gave; a history that is there must be
                the one they ask for.
            workers: processes of the generator, connections of the loader.
            before: the step that brought the database up.
        """
        self._url = url
        self._history = history
        self._workers = str(workers)
        self._ran = [before]

    def run(self) -> bool:
        """Do what is missing; False when nothing was.

        Raises:
            WarehouseError: a step failed; what was done stays, and the next run goes on from there.
        """
        there = finished_batches()
        if not there:
            self._step("generate history", lambda: self._generate(*self._history))
        elif self._history:
            self._compare(there[0])
        self._load_and_build("history")
        if not any(batch.kind == "day" for batch in finished_batches()):
            self._step("generate a day", lambda: self._generate("--days", "1"))
        self._load_and_build("the day")
        return len(self._ran) > 1

    def _compare(self, history: Batch) -> None:
        """Have the generator compare the flags with the history that is there.

        Raises:
            AnotherHistory: they are wrong, or ask for another one.
        """
        start = str(history.generator["start"])
        given = [value for name, value in pairwise(self._history) if name == "--start"]
        if any(value != start for value in given):
            raise AnotherHistory(
                f"--start {given[-1]}: the history is --start {start} ({history.manifest});"
                f" {_GO_ON}"
            )
        try:
            # Given its start, the generator compares; without one it would make a day.
            self._generate("--start", start, *self._history)
        except StepRefused as failed:
            raise AnotherHistory(f"{failed.message}; {_GO_ON}") from None

    def _load_and_build(self, what: str) -> None:
        batches = finished_batches()
        if not self._loaded(batches):
            load = ("loader", MODEL, "--workers", self._workers)
            self._step(f"load {what}", lambda: run_module(*load))
        if not self._built():
            self._step(f"build {what}", self._build)

    def _generate(self, *arguments: str) -> None:
        run_module("generator", "--model", MODEL, "--workers", self._workers, *arguments)

    def _build(self) -> None:
        with only_build(self._url):
            run_dbt("build", *WITHOUT_UNIT_TESTS)

    def _step(self, name: str, work: Callable[[], None]) -> None:
        say(f"{name} ...")
        started = time.monotonic()
        work()
        self._ran.append(Step(name, round(time.monotonic() - started, 1), where(self._url)))
        say(f"{name}: done in {self._ran[-1].seconds:.1f} s")
        keep_steps(self._ran)

    def _loaded(self, batches: list[Batch]) -> bool:
        """Ask the ledger whether every file of these batches is in raw, with these very bytes.

        Raises:
            WarehouseError: the ledger begins with another batch. The loader takes each file by
                itself and would mix two histories.
        """
        rows = self._query(
            "select batch, file, sha256 from raw._loads where source = %s and status = 'loaded'",
            MODEL,
        )
        first = min((batch for batch, _, _ in rows), default=batches[0].name)
        if first not in {batch.name for batch in batches}:
            raise WarehouseError(
                f"{where(self._url)} holds the history {first} of {MODEL}, {batches[0].manifest}"
                f" is another one: generate {first} again, or use an empty database"
            )
        loaded = {file: sha256 for _, file, sha256 in rows}
        return all(batch.files.items() <= loaded.items() for batch in batches)

    def _built(self) -> bool:
        """Ask whether a whole build has seen every row of the ledger."""
        return self._query(_BUILT) == [(True,)]

    def _query(self, query: str, *arguments: str) -> list[tuple[Any, ...]]:
        """Ask the database; nothing is found where the loader has never run."""
        with closing(connect(self._url)) as conn, conn.cursor() as cur:
            try:
                cur.execute(query, arguments)
            except psycopg2.errors.UndefinedTable:
                return []
            return cur.fetchall()


def keep_steps(ran: list[Step], path: Path = STEPS_FILE) -> None:
    """Write down the seconds of the steps that ran; those of earlier runs that did not stay."""
    new = {(step.name, step.database): step for step in ran}
    kept = [new.pop((step.name, step.database), step) for step in read_steps(path)]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, json.dumps([asdict(step) for step in [*kept, *new.values()]]) + "\n")
