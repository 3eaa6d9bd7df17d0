"""Life cycles: the ways through a table's statuses, and when each row reaches which.

All ways from the first status to where they end are listed once with their probability. One draw
chooses a row's way; each step's delay is drawn by its own name.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from generator.engine.delays import delays
from generator.engine.randomness.distributions import Choice
from generator.engine.randomness.mix import NULL, Ints

if TYPE_CHECKING:
    from generator.engine.frames import Frame, Values
    from generator.spec.model import LifeCycle, Step

Way = tuple[str, ...]


class Lives:
    """The life cycle of a table's rows.

    Args:
        spec: statuses and steps.

    Attributes:
        statuses: all statuses, each after those that lead to it; a status is written as its place.
        longest_seconds: the longest time from the first status to the last.
    """

    NAME = "life/"
    STEP = "step/"

    def __init__(self, spec: LifeCycle) -> None:
        ways = list(_ways(spec, spec.first, 1.0))
        self._way = Choice([probability for _, probability in ways])
        self.statuses = _in_order(spec)
        place = {status: i for i, status in enumerate(self.statuses)}
        longest = max(len(way) for way, _ in ways)
        # The statuses of each way; one past the last status stands for "ended before".
        self._stations = np.full((len(ways), longest), len(place), dtype=np.int64)
        for i, (way, _) in enumerate(ways):
            self._stations[i, : len(way)] = [place[status] for status in way]
        self._steps = [
            (place[status], place[step.to], f"{status} to {step.to}", step, np.array(
                [(status, step.to) in pairwise(way) for way, _ in ways]
            ))
            for status in self.statuses
            for step in spec.steps.get(status, ())
        ]  # fmt: skip
        self.longest_seconds = max(_seconds(spec, way) for way, _ in ways)

    def _ways_of(self, frame: Frame) -> Values:
        return (self._way(frame.draw(self.NAME, "way")),)

    def _reach(self, frame: Frame) -> Values:
        way = frame.memo(f"{self.NAME}way", self._ways_of)[0]
        reached = [np.full(len(frame), NULL) for _ in self.statuses]
        reached[0] = frame.times()
        for origin, to, name, step, goes in self._steps:
            taken = np.flatnonzero(goes[way])
            bits = frame.table.keys.draw(f"{self.NAME}{name}", frame.rows[taken])
            reached[to][taken] = reached[origin][taken] + delays(step.after, bits)
        return tuple(reached)

    def reached(self, frame: Frame, status: str) -> Ints:
        """Return when each row reaches a status; NULL if it never does."""
        return frame.memo(f"{self.NAME}reached", self._reach)[self.statuses.index(status)]

    def times(self, frame: Frame) -> Ints:
        """Return when each row reaches the statuses of its way: rows x steps, NULL past the end."""
        way = frame.memo(f"{self.NAME}way", self._ways_of)[0]
        reached = frame.memo(f"{self.NAME}reached", self._reach)
        table = np.stack([*reached, np.full(len(frame), NULL)], axis=1)
        times: Ints = np.take_along_axis(table, self._stations[way], axis=1)
        return times

    def step(self, frame: Frame) -> Ints:
        """Return how many steps each row has gone when it is seen."""

        def count(seen: Frame) -> Values:
            return ((self.times(seen) <= seen.seen_at()[:, None]).sum(axis=1) - 1,)

        return frame.memo(self.STEP, count)[0]

    def status(self, frame: Frame) -> Ints:
        """Return the status in which each row stands when it is seen, as place in `statuses`."""
        way = frame.memo(f"{self.NAME}way", self._ways_of)[0]
        status: Ints = self._stations[way, np.maximum(self.step(frame), 0)]
        return status

    def last_change(self, frame: Frame) -> Ints:
        """Return when each row came to the status in which it stands when it is seen."""
        times = self.times(frame)
        latest: Ints = np.take_along_axis(times, np.maximum(self.step(frame), 0)[:, None], axis=1)
        return latest[:, 0]


def _ways(spec: LifeCycle, status: str, probability: float) -> Iterator[tuple[Way, float]]:
    steps = spec.steps.get(status, ())
    rest = 1.0 - sum(step.probability for step in steps)
    if rest > 1e-9:
        yield (status,), probability * rest
    for step in steps:
        for way, share in _ways(spec, step.to, probability * step.probability):
            yield (status, *way), share


def _in_order(spec: LifeCycle) -> Way:
    """Return the statuses that can be reached, each after all that lead to it."""
    done: list[str] = []

    def visit(status: str) -> None:
        if status not in done:
            for step in reversed(spec.steps.get(status, ())):
                visit(step.to)
            done.append(status)

    visit(spec.first)
    return tuple(reversed(done))


def _seconds(spec: LifeCycle, way: Way) -> int:
    return sum(_step(spec, origin, to).after.longest_seconds for origin, to in pairwise(way))


def _step(spec: LifeCycle, origin: str, to: str) -> Step:
    return next(step for step in spec.steps[origin] if step.to == to)
