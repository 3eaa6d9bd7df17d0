"""The true totals of each day, from sound records only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.engine.arithmetic import Formula
from generator.engine.paths import Route
from generator.engine.randomness.mix import NULL, Bools, Ints
from generator.spec.delays import SECONDS_A_DAY

if TYPE_CHECKING:
    from generator.engine.frames import Frame
    from generator.engine.tables import Table
    from generator.engine.world import World
    from generator.spec.model import Measure


class _Figure:
    """A measure over the records of its table."""

    def __init__(self, table: Table, spec: Measure) -> None:
        self._date = Route(table, spec.date)
        self._sum = None if spec.sum is None else Route(table, spec.sum)
        self._when = None if spec.when is None else Formula(table, spec.when)
        self._parents = spec.count == "parents"
        self.is_money = self._sum is not None and self._sum.column.type == "decimal"

    def sums(self, frame: Frame, first_day: int, days: int) -> Ints:
        """Return the figure of each of some days.

        Args:
            frame: the sound records.
            first_day: the first of the days.
            days: how many there are.
        """
        times = self._date.values(frame)[0]
        chosen = times < NULL
        if self._when is not None:
            chosen &= self._when.condition(frame)
        if self._parents:
            # Children stand in the order of their parents: the first chosen one stands for it.
            at = np.flatnonzero(chosen)
            parents = frame.rows[at] // frame.table.most
            chosen[at[np.diff(parents, prepend=-1) == 0]] = False
        day = times if self._date.column.type == "date" else times // SECONDS_A_DAY
        places = day[chosen] - first_day
        if self._sum is None:
            return np.bincount(places, minlength=days)
        values = self._sum.values(frame)[0][chosen]
        if self._sum.nullable:
            values = np.where(values == NULL, 0, values)
        # Floats add whole numbers exactly below 2**53, and one chunk holds far less.
        return np.bincount(places, values, days).astype(np.int64)


@dataclass(frozen=True)
class DayTotals:
    """Totals of some days.

    Args:
        days: int64, days since day 0, growing.
        values: int64, one row a day and one column a measure; money in hundredths.
    """

    days: Ints
    values: Ints

    def plus(self, other: DayTotals) -> DayTotals:
        """Return the sum of both."""
        days = np.union1d(self.days, other.days)
        values = np.zeros((len(days), self.values.shape[1]), dtype=np.int64)
        values[np.searchsorted(days, self.days)] += self.values
        values[np.searchsorted(days, other.days)] += other.values
        return DayTotals(days, values)


class Totals:
    """Adds up the measures of a model, record by record.

    Args:
        world: the run.
    """

    def __init__(self, world: World) -> None:
        measures = world.model.totals.measures if world.model.totals is not None else {}
        self._figures = [
            (measure.table, _Figure(world.tables[measure.table], measure))
            for measure in measures.values()
        ]
        _, self._first_day, last_day = world.span
        self._sums = np.zeros((last_day - self._first_day + 1, len(measures)), dtype=np.int64)

    @property
    def money(self) -> list[bool]:
        """Which measures are money."""
        return [figure.is_money for _, figure in self._figures]

    def add(self, table: str, frame: Frame, sound: Bools) -> None:
        """Add the sound records of a table."""
        figures = [(i, figure) for i, (name, figure) in enumerate(self._figures) if name == table]
        if not figures:
            return
        frame = frame.where(sound)
        for number, figure in figures:
            self._sums[:, number] += figure.sums(frame, self._first_day, len(self._sums))

    def take(self) -> DayTotals:
        """Return what was added since the last call."""
        filled = np.flatnonzero(self._sums.any(axis=1))
        totals = DayTotals(filled + self._first_day, self._sums[filled])
        self._sums[:] = 0
        return totals


def no_totals(measures: int) -> DayTotals:
    """Return the totals of nothing."""
    return DayTotals(np.zeros(0, dtype=np.int64), np.zeros((0, measures), dtype=np.int64))
