"""Slow changes, and rows that end: when they happen follows from a row's number alone.

Each row has a period and a phase of its own: change k of a group happens at k * period - phase. So
the number of a row's changes by any time is one division, and nobody counts through the years.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.engine.randomness.distributions import uniform
from generator.engine.randomness.mix import NULL, Ints, chance
from generator.spec.delays import SECONDS_A_DAY

if TYPE_CHECKING:
    from generator.engine.frames import Frame, Values
    from generator.spec.model import Change, Ends


class ChangeClock:
    """When a group of columns changes.

    Args:
        name: the group's name.
        spec: the group.
    """

    def __init__(self, name: str, spec: Change) -> None:
        self._name, (shortest, longest) = f"change/{name}", spec.every_days
        self._shortest, self._longest = shortest * SECONDS_A_DAY, longest * SECONDS_A_DAY

    def _clock(self, frame: Frame) -> Values:
        period = uniform(frame.draw(self._name, "period"), self._shortest, self._longest)
        return period, uniform(frame.draw(self._name, "phase"), 0, period - 1)

    def turn(self, frame: Frame, times: Ints) -> Ints:
        """Return the number of the latest change at or before some times; negative before day 0."""
        period, phase = frame.memo(self._name, self._clock)
        turns: Ints = (times + phase) // period
        return turns

    def time(self, frame: Frame, turn: Ints) -> Ints:
        """Return when a change happens."""
        period, phase = frame.memo(self._name, self._clock)
        times: Ints = turn * period - phase
        return times

    def between(self, frame: Frame, after: Ints, before: Ints) -> tuple[Ints, Ints]:
        """Return all changes with after < time < before.

        Args:
            frame: the rows.
            after: a time for each row.
            before: a time for each row.

        Returns:
            Positions of the rows, ordered, and the time of each change.
        """
        first = self.turn(frame, after) + 1
        count = np.maximum(self.turn(frame, before - 1) + 1 - first, 0)
        at = np.repeat(np.arange(len(frame)), count)
        number = np.arange(len(at)) - np.repeat(np.cumsum(count) - count, count)
        period, phase = frame.memo(self._name, self._clock)
        return at, (first[at] + number) * period[at] - phase[at]


class Ending:
    """When rows end; row 0 never does, so there is always one to refer to.

    Args:
        spec: share and time.
    """

    NAME = "end/"

    def __init__(self, spec: Ends) -> None:
        self._share, (earliest, latest) = spec.share, spec.after_days
        self._earliest, self._latest = earliest * SECONDS_A_DAY, latest * SECONDS_A_DAY
        self.deletes = spec.how == "deleted"

    def _time(self, frame: Frame) -> Values:
        ends = chance(frame.draw(self.NAME, "share"), self._share) & (frame.rows > 0)
        after = uniform(frame.draw(self.NAME, "after"), self._earliest, self._latest)
        return (np.where(ends, frame.times() + after, NULL),)

    def time(self, frame: Frame) -> Ints:
        """Return when each row ends; NULL for those that do not."""
        return frame.memo(self.NAME, self._time)[0]
