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
from pathlib import Path
from typing import Any

import psycopg2

from warehouse.connections import connect, transaction
from warehouse.console import say
from warehouse.errors import WarehouseError
from warehouse.programs import run_dbt, run_module
from warehouse.server_files import write_private
from warehouse.settings import PROJECT_DIR
from warehouse.summary import STEPS_FILE, Step, read_steps

MODEL = "shop"
LANDING = PROJECT_DIR / "data" / "landing" / MODEL

# How far the last whole build reached is noted in the database that it built: a note in a file
# would outlive the database, or speak of another one.
_NOTE = "Source files as delivered. Built by the demo up to load {}."


@dataclass(frozen=True)
class Batch:
    """A finished batch of the landing zone."""

    name: str
    kind: str
    files: int
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
            batches.append(
                Batch(
                    name=manifest["batch"],
                    kind=manifest["kind"],
                    files=sum(len(part["files"]) for part in parts),
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
            history: flags of the generator for a history that is not there yet.
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
        if not finished_batches():
            self._step("generate history", lambda: self._generate(*self._history))
        self._load_and_build("history")
        if not any(batch.kind == "day" for batch in finished_batches()):
            self._step("generate a day", lambda: self._generate("--days", "1"))
        self._load_and_build("the day")
        return len(self._ran) > 1

    def _load_and_build(self, what: str) -> None:
        batches = finished_batches()
        if not self._loaded(batches):
            load = ("loader", MODEL, "--workers", self._workers)
            self._step(f"load {what}", lambda: run_module(*load))
        if not self._built():
            self._step(f"build {what}", lambda: run_dbt("build"))
            self._note_build()

    def _generate(self, *arguments: str) -> None:
        run_module("generator", "--model", MODEL, "--workers", self._workers, *arguments)

    def _step(self, name: str, work: Callable[[], None]) -> None:
        say(f"{name} ...")
        started = time.monotonic()
        work()
        self._ran.append(Step(name, round(time.monotonic() - started, 1)))
        say(f"{name}: done in {self._ran[-1].seconds:.1f} s")
        keep_steps(self._ran)

    def _loaded(self, batches: list[Batch]) -> bool:
        """Ask the ledger whether every file of these batches is in raw."""
        rows = self._query(
            "select batch, count(*) from raw._loads where source = %s and status = 'loaded'"
            " group by batch",
            MODEL,
        )
        files = dict(rows)
        return all(files.get(batch.name, 0) >= batch.files for batch in batches)

    def _built(self) -> bool:
        """Compare the newest load with what the last whole build noted."""
        rows = self._query(
            "select coalesce(max(load_id), 0), obj_description('raw'::regnamespace, 'pg_namespace')"
            " from raw._loads where status = 'loaded'"
        )
        return all(note == _NOTE.format(newest) for newest, note in rows)

    def _note_build(self) -> None:
        with closing(connect(self._url)) as conn, transaction(conn) as cur:
            cur.execute("select coalesce(max(load_id), 0) from raw._loads where status = 'loaded'")
            (newest,) = cur.fetchone() or (0,)
            cur.execute("comment on schema raw is %s", (_NOTE.format(newest),))

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
    new = {step.name: step for step in ran}
    kept = [new.pop(step.name, step) for step in read_steps(path)]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, json.dumps([asdict(step) for step in [*kept, *new.values()]]) + "\n")
