"""Columns of rows that belong to a parent: their place among its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.engine.columns import ColumnPlan, Parts
from generator.engine.output.text import Texts
from generator.spec import values as kinds
from generator.spec.rows import ChildRows

if TYPE_CHECKING:
    from generator.engine.frames import Frame, Values
    from generator.spec.values import Column as Spec


class PlacePlan(ColumnPlan):
    """1, 2, ... within the parent, or a value for each place."""

    kinds = ("position", "by_slot")

    def layout(self, spec: Spec) -> Parts:
        """Read the values."""
        written: tuple[int | float | str, ...]
        if isinstance(spec, kinds.BySlot):
            rows = self.table.spec.rows
            assert isinstance(rows, ChildRows)
            written = tuple(spec.values[slot] for slot in rows.slots or {})
        else:
            assert isinstance(spec, kinds.Position)
            written = spec.values or tuple(range(1, self.table.most + 1))
        if spec.type == "text":
            texts = tuple(dict.fromkeys(str(value) for value in written))
            self._values = np.array([texts.index(str(value)) for value in written])
            return (Texts(texts),)
        self._values = np.array([self.table.world.whole(spec.type, value) for value in written])
        return self.number(spec)

    def compute(self, frame: Frame) -> Values:
        """Return the values of the rows' places."""
        assert frame.slot is not None
        return (self._values[frame.slot],)


PLANS = (PlacePlan,)
