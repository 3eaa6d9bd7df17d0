"""Columns that lead to other rows, or show what stands there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.engine.columns import ColumnPlan, Parts
from generator.engine.frames import Frame
from generator.engine.output.text import Keys
from generator.engine.paths import Route
from generator.engine.randomness.distributions import popular, scatter, uniform
from generator.engine.randomness.mix import NULL, Bools, Ints
from generator.spec import values as kinds

if TYPE_CHECKING:
    from generator.engine.frames import Values
    from generator.engine.tables import Table
    from generator.spec.values import Column as Spec

# A row that had ended is drawn anew so often; after that it is row 0, which never ends.
_TRIES = 8


class _Link(ColumnPlan):
    """The key of another row."""

    def key_layout(self, target: Table) -> Parts:
        """Return the layout of the target's key; a stored table's keys are texts at hand."""
        self.leads_to = target
        self._key = target.spec.key[0]
        key = target.column(self._key)
        texts = target.key_texts()
        self._by_row = texts is not None
        return key.parts if texts is None else (Keys(texts),)

    def key_values(self, frame: Frame) -> Values:
        """Return the keys of the rows that the column leads to."""
        rows = frame.rows_of(self.name)
        if self._by_row:
            return (rows,)
        values = frame.target(self.name).values(self._key)
        if self.nullable:
            return (np.where(rows == NULL, NULL, values[0]), *values[1:])
        return values


class ReferencePlan(_Link):
    """A row of another table, drawn among those that exist."""

    kinds = ("reference",)

    def layout(self, spec: Spec) -> Parts:
        """Read the target."""
        assert isinstance(spec, kinds.Reference)
        self._exponent, self._head = spec.exponent, spec.head
        return self.key_layout(self.table.world.tables[spec.to])

    def compute(self, frame: Frame) -> Values:
        """Return the keys."""
        return self.key_values(frame)

    def make(self, frame: Frame) -> Values:
        """Return the keys; which are missing was decided with the rows."""
        return self.compute(frame)

    def rows(self, frame: Frame) -> Ints:
        """Return rows that exist when they are seen."""
        assert self.leads_to is not None
        seen = frame.seen_at() if self.name in self.table.versioned else frame.times()
        rows = self._draw(frame, seen, "value")
        ending = self.leads_to.ending
        if ending is None:
            return rows
        gone = np.flatnonzero(self._ended(rows, seen))
        for number in range(1, _TRIES + 1):
            if not len(gone):
                return rows
            rows[gone] = self._draw(frame.taken(gone), seen[gone], f"again {number}")
            gone = gone[self._ended(rows[gone], seen[gone])]
        rows[gone] = 0
        return rows

    def _ended(self, rows: Ints, seen: Ints) -> Bools:
        assert self.leads_to is not None
        assert self.leads_to.ending is not None
        ended: Bools = self.leads_to.ending.time(Frame(self.leads_to, rows)) <= seen
        return ended

    def _draw(self, frame: Frame, seen: Ints, use: str) -> Ints:
        assert self.leads_to is not None
        count = self.leads_to.count_at(seen)
        bits = frame.draw(self.name, use)
        if not self._exponent:
            return uniform(bits, 0, count - 1)
        rank = popular(bits, count, self._exponent, self._head)
        return scatter(self.table.keys, rank, count)


class ParentPlan(_Link):
    """The row's parent."""

    kinds = ("parent",)

    def layout(self, spec: Spec) -> Parts:
        """Take over the parent's key."""
        assert self.table.parent is not None
        return self.key_layout(self.table.parent)

    def compute(self, frame: Frame) -> Values:
        """Return the keys."""
        return (self.rows(frame),) if self._by_row else frame.parents().values(self._key)

    def rows(self, frame: Frame) -> Ints:
        """Return the parents' numbers."""
        return frame.parents().rows


class TreePlan(_Link):
    """A row of the same table, one level higher."""

    kinds = ("tree",)
    nullable = True

    def layout(self, spec: Spec) -> Parts:
        """Cut the table into levels."""
        assert isinstance(spec, kinds.Tree)
        count = self.table.count
        assert count is not None
        borders = np.cumsum(spec.levels) / np.cumsum(spec.levels)[-1] * count
        ends = np.maximum(np.round(borders), 1).astype(np.int64)
        # In a small table levels can be empty: each row is one below the last that is not.
        self._borders = np.unique(np.concatenate([[0], ends]))
        # Not the stored keys: they are being laid out.
        self.leads_to, self._by_row = self.table, False
        self._key = self.table.spec.key[0]
        return self.table.column(self._key).parts

    def compute(self, frame: Frame) -> Values:
        """Return the keys; missing on the first level."""
        return self.key_values(frame)

    def rows(self, frame: Frame) -> Ints:
        """Return the rows above."""
        level = np.searchsorted(self._borders, frame.rows, side="right") - 1
        above = np.maximum(level - 1, 0)
        rows = uniform(frame.draw(self.name), self._borders[above], self._borders[above + 1] - 1)
        return np.where(level == 0, NULL, rows)


class LookupPlan(ColumnPlan):
    """Another row's value."""

    kinds = ("lookup",)

    def layout(self, spec: Spec) -> Parts:
        """Follow the path."""
        assert isinstance(spec, kinds.Lookup)
        self._route = Route(self.table, spec.column)
        self.nullable = self._route.nullable
        self.leads_to = self._route.column.leads_to
        return self._route.column.parts

    def compute(self, frame: Frame) -> Values:
        """Return the values."""
        return self._route.values(frame)

    def comes_after(self) -> list[tuple[Route, int]]:
        """Return the time that is looked up."""
        return [(self._route, 0)]

    def rows(self, frame: Frame) -> Ints:
        """Return the rows that the value, a key, stands for."""
        return self._route.rows(frame)


PLANS = (ReferencePlan, ParentPlan, TreePlan, LookupPlan)
