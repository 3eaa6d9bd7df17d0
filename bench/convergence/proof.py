"""Take every way, compare the warehouses at their ends, ask each what it says of the truth."""

from __future__ import annotations

import random
import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from bench.convergence.checksums import Contents, Difference, contents, differences
from bench.convergence.trial import SOURCE, Trial
from bench.convergence.ways import AT_ONCE, WAYS, Deliveries, Way
from bench.workplace import Workplace
from warehouse.console import say
from warehouse.errors import StepFailed

_SCORE = """
    select
        count(*),
        coalesce(sum(injected), 0),
        coalesce(sum(caught), 0),
        coalesce(sum(missed), 0),
        coalesce(sum(wrongly_held), 0),
        coalesce(sum(waiting), 0)
    from monitoring.defect_score
"""
_RECONCILIATION = """
    select count(*), coalesce(max(abs(difference)), 0) from monitoring.reconciliation
"""


@dataclass(frozen=True)
class Plan:
    """What is made, and which ways it takes.

    Args:
        history: days of the first batch.
        days: batches of a day each, after it.
        late: share of records that come one to three days late.
        jobs: warehouses at work at the same time.
    """

    scale: float
    history: int
    days: int
    defects: float
    late: float
    seed: int
    ways: tuple[str, ...]
    jobs: int


@dataclass(frozen=True)
class Truth:
    """What a warehouse's monitoring says of itself.

    Attributes:
        waiting: rows that are held because what they refer to has not come yet.
        apart: the largest difference between two layers, over all figures.
    """

    rules: int
    injected: int
    caught: int
    missed: int
    wrongly_held: int
    waiting: int
    figures: int
    apart: float

    @property
    def holds(self) -> bool:
        """Whether every broken row and no other is held, and all layers agree."""
        return not self.missed and not self.wrongly_held and self.apart == 0


@dataclass(frozen=True)
class Ending:
    """Where one way has led."""

    way: Way
    differences: tuple[Difference, ...]
    truth: Truth


@dataclass(frozen=True)
class Verdict:
    """All ways.

    Attributes:
        contents: what stands at the end of the first way, with which the others are compared.
        failures: of each way that broke off, why.
    """

    contents: Contents
    endings: tuple[Ending, ...]
    failures: Mapping[str, str]

    @property
    def holds(self) -> bool:
        """Whether all ways lead to the same warehouse, and it tells the truth."""
        return not self.failures and all(
            ending.truth.holds and not ending.differences for ending in self.endings
        )


class _Scene:
    """The place, the batches, and the warehouses that are finished."""

    def __init__(self, place: Workplace, plan: Plan, stack: ExitStack) -> None:
        self._place, self._plan, self._stack = place, plan, stack
        self._batches = _generate(place.folder / "batches", plan)
        self._done: dict[str, Future[Trial]] = {}
        self._making = Lock()

    def take_all(self, pool: ThreadPoolExecutor) -> tuple[dict[str, Trial], dict[str, str]]:
        """Take the ways, those that others begin with first.

        Returns: the finished warehouses, and why the others broke off.
        """
        needed = {AT_ONCE, *self._plan.ways}
        needed |= {start for name in needed if (start := WAYS[name].starts_as)}
        for way in WAYS.values():
            if way.name in needed:
                self._done[way.name] = pool.submit(self._take, way)
        finished, failures = {}, {}
        for name, done in self._done.items():
            try:
                finished[name] = done.result()
            except StepFailed as failure:
                failures[name] = str(failure)
        return finished, failures

    def _take(self, way: Way) -> Trial:
        start = self._done[way.starts_as].result().database if way.starts_as else None
        name = f"converge_{secrets.token_hex(4)}"
        with self._making:
            url = self._stack.enter_context(self._place.database(name, template=start))
        folder = self._place.folder / name
        folder.mkdir()
        trial = Trial(way.name, name, url, folder)
        say(f"{way.name}: {way.title}")
        try:
            way.go(trial, Deliveries(self._batches, random.Random(self._plan.seed)))
        except StepFailed as failure:
            # At once: other ways go on, for an hour maybe.
            say(f"{way.name}: {failure}")
            raise
        say(f"{way.name}: done")
        return trial


def prove(place: Workplace, plan: Plan) -> Verdict:
    """Generate the batches, take every way of the plan, compare where they lead.

    A way breaks off where a command fails that must succeed; every build is with its tests.

    Raises:
        StepFailed: there is nothing to compare with.
    """
    with ExitStack() as stack, ThreadPoolExecutor(plan.jobs) as pool:
        # A database that is read cannot be copied: all ways end before any is looked at.
        trials, failures = _Scene(place, plan, stack).take_all(pool)
        if AT_ONCE not in trials:
            raise StepFailed(failures[AT_ONCE])
        first = trials[AT_ONCE].url
        endings = [
            Ending(WAYS[name], tuple(differences(first, trial.url)), _truth(trial))
            for name, trial in trials.items()
            if name in plan.ways
        ]
        return Verdict(contents(first), tuple(endings), failures)


def _truth(trial: Trial) -> Truth:
    (score,), (figures,) = trial.ask(_SCORE), trial.ask(_RECONCILIATION)
    rules, injected, caught, missed, wrongly_held, waiting, counted = (
        int(str(number)) for number in [*score, figures[0]]
    )
    apart = float(str(figures[1]))
    return Truth(rules, injected, caught, missed, wrongly_held, waiting, counted, apart)


def _generate(folder: Path, plan: Plan) -> Sequence[Path]:
    generate = [sys.executable, "-m", "generator", "--out", str(folder)]
    history = ["--scale", f"{plan.scale:g}", "--days", str(plan.history)]
    history += ["--seed", str(plan.seed), "--defects", f"{plan.defects:g}"]
    history += ["--late", f"{plan.late:g}"]
    for flags in (history, ["--days", str(plan.days)]):
        done = subprocess.run([*generate, *flags], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise StepFailed(f"the generator failed:\n{done.stdout}{done.stderr}")
    return sorted(path.parent for path in (folder / SOURCE).glob("*/manifest.json"))
