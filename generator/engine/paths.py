"""Routes: how a row gets at a column of another row, over parents and references."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.engine.randomness.mix import NULL, Bools, Ints

if TYPE_CHECKING:
    from generator.engine.frames import Frame, Values
    from generator.engine.tables import Table


class Route:
    """A path of the model, resolved.

    Args:
        table: where it begins.
        path: `quantity`, `orders.ordered_at`, `product_id.list_price`, ...

    Attributes:
        column: the column at its end.
        nullable: the value can be missing, on the way or at the end.
    """

    def __init__(self, table: Table, path: str) -> None:
        *steps, self.name = path.split(".")
        self._steps: list[str | None] = []
        self.nullable = False
        at = table
        for step in steps:
            if at.parent is not None and step == at.parent.name:
                self._steps.append(None)
                at = at.parent
            else:
                column = at.column(step)
                assert column.leads_to is not None
                self._steps.append(step)
                self.nullable = self.nullable or column.nullable
                at = column.leads_to
        self.table = at
        self.column = at.column(self.name)
        self.nullable = self.nullable or self.column.nullable

    def _walk(self, frame: Frame) -> tuple[Frame, Bools | None]:
        """Return the frame at the end, and which rows have nothing there."""
        lost: Bools | None = None
        for step in self._steps:
            if step is None:
                frame = frame.parents()
                continue
            if frame.table.column(step).nullable:
                missing = frame.rows_of(step) == NULL
                lost = missing if lost is None else lost | missing
            frame = frame.target(step)
        return frame, lost

    def values(self, frame: Frame) -> Values:
        """Return the values of the column at the end for each row of the frame."""
        end, lost = self._walk(frame)
        return _without(end.values(self.name), lost)

    def rows(self, frame: Frame) -> Ints:
        """Return the rows that the column at the end leads to; NULL where there is none."""
        end, lost = self._walk(frame)
        return _without((end.rows_of(self.name),), lost)[0]


def _without(values: Values, lost: Bools | None) -> Values:
    if lost is None:
        return values
    return (np.where(lost, NULL, values[0]), *values[1:])
