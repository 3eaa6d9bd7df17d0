"""Columns at work: the layout of each column's text, and its values in a frame."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from generator.engine.limits import limits
from generator.engine.output.text import Day, Flag, Money, Number, Piece, Stamp, Texts, Uuid
from generator.engine.randomness.mix import NULL, Ints, chance

if TYPE_CHECKING:
    from generator.engine.frames import Frame, Values
    from generator.engine.paths import Route
    from generator.engine.tables import Table
    from generator.spec.values import Column as Spec

Parts = tuple[bytes | Piece, ...]


class ColumnPlan(ABC):
    """A column of a table.

    Args:
        table: the table.
        name: the column's name.
        spec: what the model says.

    Attributes:
        parts: constants and pieces of which its text is made; a value is one array for each piece.
        nullable: values can be missing: their first array holds NULL.
        leads_to: the table whose rows it refers to.
    """

    nullable = False
    leads_to: Table | None = None
    # The kinds of specification that a class carries out.
    kinds: ClassVar[tuple[str, ...]]

    def __init__(self, table: Table, name: str, spec: Spec) -> None:
        self.table, self.name, self.type, self._null_share = (
            table, name, spec.type, spec.null_share,
        )  # fmt: skip
        self.parts = self.layout(spec)
        self.nullable = self.nullable or spec.null_share > 0

    @abstractmethod
    def layout(self, spec: Spec) -> Parts:
        """Read the specification and return the parts; called once."""

    @abstractmethod
    def compute(self, frame: Frame) -> Values:
        """Return the values, one array for each piece."""

    def make(self, frame: Frame) -> Values:
        """Return the values, some of them missing where the model says so."""
        values = self.compute(frame)
        if not self._null_share:
            return values
        missing = chance(frame.draw(self.name, "null"), self._null_share)
        return (np.where(missing, NULL, values[0]), *values[1:])

    def linked(self, frame: Frame) -> Ints:
        """Return the rows it refers to, some of them missing where the model says so."""
        rows = self.rows(frame)
        if not self._null_share:
            return rows
        return np.where(chance(frame.draw(self.name, "null"), self._null_share), NULL, rows)

    def rows(self, frame: Frame) -> Ints:
        """Return the numbers of the rows it refers to; NULL where there is none."""
        raise NotImplementedError(f"{self.table.name}.{self.name} refers to nothing")

    def number(self, spec: Spec) -> Parts:
        """Return the layout of a column that is one number, whatever the number means.

        The fewer digits the model allows, the faster they are written.
        """
        if spec.type == "uuid":
            return (Uuid(),)
        if spec.type == "boolean":
            return (Flag(),)
        if spec.type in ("date", "timestamp"):
            return ((Day if spec.type == "date" else Stamp)(*self.table.world.span),)
        low, high = limits(self.table.spec, self.name)
        ends = [abs(end) for end in (low, high) if end is not None]
        usual, widest = (16, 16) if spec.type == "bigint" else (8, 10)
        digits = min(widest, len(str(int(max(ends))))) if len(ends) == 2 else usual
        signed = spec.signed or (low is not None and low < 0)
        return ((Money if spec.type == "decimal" else Number)(digits, signed),)

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The texts that its values stand for, where they are places in a list."""
        only = self.parts[0] if len(self.parts) == 1 else None
        return only.values if isinstance(only, Texts) else None

    def comes_after(self) -> list[tuple[Route, int]]:
        """Return the times that a time follows from, each with the longest delay in seconds."""
        return []


def unit_of(column_type: str) -> int:
    """Return how many of a column's whole numbers make one."""
    return 100 if column_type == "decimal" else 1
