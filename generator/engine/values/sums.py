"""Columns of a parent that add up its children."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.engine.columns import ColumnPlan, Parts, unit_of
from generator.engine.paths import Route
from generator.engine.randomness.mix import NULL, Ints
from generator.spec import values as kinds

if TYPE_CHECKING:
    from generator.engine.frames import Frame, Values
    from generator.spec.values import Column as Spec


class SumPlan(ColumnPlan):
    """The sum of a column over the children; a missing value counts as nothing."""

    kinds = ("sum",)

    def layout(self, spec: Spec) -> Parts:
        """Find the children's column."""
        assert isinstance(spec, kinds.Sum)
        child, _, column = spec.of.partition(".")
        self._child = self.table.world.tables[child]
        self._route = Route(self._child, column)
        self._factor = unit_of(spec.type) // unit_of(self._route.column.type)
        return self.number(spec)

    def compute(self, frame: Frame) -> Values:
        """Return one sum for each row."""
        children = frame.children(self._child)
        values = self._route.values(children)[0]
        if self._route.nullable:
            values = np.where(values == NULL, 0, values)
        # Children stand in the order of their parents, so a sum is a difference of running sums.
        running = np.concatenate([[0], np.cumsum(values)])
        ends = np.cumsum(_counts(frame, children))
        return (np.diff(running[ends], prepend=0) * self._factor,)


class CountPlan(ColumnPlan):
    """The number of children."""

    kinds = ("count",)

    def layout(self, spec: Spec) -> Parts:
        """Find the children."""
        assert isinstance(spec, kinds.Count)
        self._child = self.table.world.tables[spec.of]
        return self.number(spec)

    def compute(self, frame: Frame) -> Values:
        """Return one number for each row."""
        return (_counts(frame, frame.children(self._child)) * unit_of(self.type),)


def _counts(frame: Frame, children: Frame) -> Ints:
    assert children.index is not None
    return np.bincount(children.index, minlength=len(frame))


PLANS = (SumPlan, CountPlan)
