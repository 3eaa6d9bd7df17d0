"""Measure this project's generator beside the fastest there is and a well-known one.

In each round every program runs once, in the same folder; the two of a pair follow one another and
take turns in going first.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.contents import Contents
from bench.processes import Cost
from bench.programs import Format, Step, jafgen, ours, run, tpchgen
from warehouse.console import amount, say
from warehouse.errors import StepFailed

# Enough for a year at scale 1 of either program, in CSV.
_SPACE_A_SCALE = 3e9
_WARM_UP_SCALE = 0.001
LARGER = 10


@dataclass(frozen=True)
class Run:
    """One step, once."""

    step: Step
    cost: Cost
    contents: Contents

    @property
    def rows_a_second(self) -> float:
        """Records a second."""
        return self.contents.rows / self.cost.seconds

    @property
    def bytes_a_second(self) -> float:
        """Bytes a second: of the values in Parquet, of the file in CSV."""
        return (self.contents.values or self.contents.bytes) / self.cost.seconds


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Args:
        scale: of both generators that have one.
        workers: processes of ours, threads of tpchgen-cli.
        formats: what they write.
        references: whether to measure the others.
        large: whether to measure ours at LARGER times the scale as well.
    """

    scale: float
    workers: int
    formats: tuple[Format, ...]
    references: bool
    large: bool

    def pairs(self, scale: float) -> list[list[Step]]:
        """Return the steps of a round, those that are compared together.

        Raises:
            StepFailed: a reference is not installed.
        """
        pairs = []
        for fmt in self.formats:
            pair = [ours(fmt, scale, self.workers)]
            if self.references:
                pair.append(tpchgen(fmt, scale, self.workers))
            pairs.append(pair)
        if self.references and "csv" in self.formats:
            pairs.append([jafgen()])
        return pairs


def rounds(plan: Plan, count: int, folder: Path | None) -> list[list[Run]]:
    """Measure `count` rounds.

    Args:
        plan: what is measured.
        count: rounds.
        folder: where the files go for a while; None for the system's temporary folder.

    Raises:
        StepFailed: a program failed, is not installed, or the disk is too small.
    """
    pairs = plan.pairs(plan.scale)
    if plan.large:
        pairs += [[ours("csv", plan.scale * LARGER, plan.workers)]]
    measured = []
    with _workplace(folder) as place:
        _check_space(place, plan)
        # Off the clock: modules compiled, programs and libraries in memory.
        for step in (step for pair in plan.pairs(_WARM_UP_SCALE) for step in pair if step.scale):
            _measure(step, place)
        for number in range(1, count + 1):
            say(f"round {number} of {count}")
            steps = [step for pair in pairs for step in (pair if number % 2 else reversed(pair))]
            measured.append([_reported(_measure(step, place)) for step in steps])
    return measured


@contextmanager
def _workplace(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="counting-house-bench-", dir=folder) as place:
        yield Path(place)


def _check_space(place: Path, plan: Plan) -> None:
    needed = plan.scale * (LARGER if plan.large else 1) * _SPACE_A_SCALE
    free = shutil.disk_usage(place).free
    if free < needed:
        raise StepFailed(
            f"{place.parent}: {amount(free)} bytes are free, {amount(needed)} are needed;"
            " choose another --folder or a smaller --scale"
        )


def _measure(step: Step, place: Path) -> Run:
    """Run a step on a disk that has nothing left to write, count, and remove what it wrote."""
    os.sync()
    folder = place / "files"
    folder.mkdir()
    cost = run(step, folder)
    contents = step.contents(folder)
    shutil.rmtree(folder)
    if not contents.rows:
        raise StepFailed(f"{step.name} wrote nothing that could be counted")
    return Run(step, cost, contents)


def _reported(done: Run) -> Run:
    say(
        f"{done.step.name}: {done.cost.seconds:.2f} s, {done.cost.cpu:.2f} CPU s,"
        f" {amount(done.contents.rows)} rows, {amount(done.contents.bytes)} bytes"
    )
    return done
