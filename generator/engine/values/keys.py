"""Columns that name a row: its number, a UUID, the value of its record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from generator.engine.columns import ColumnPlan, Parts
from generator.engine.output.text import Digits, Number, Texts, Uuid
from generator.engine.randomness.mix import NULL, Ints
from generator.spec.rows import RecordRows
from generator.spec.values import Record, Sequence

if TYPE_CHECKING:
    from generator.engine.frames import Frame, Values
    from generator.spec.values import Column as Spec


class SequencePlan(ColumnPlan):
    """The row's number."""

    kinds = ("sequence",)

    def layout(self, spec: Spec) -> Parts:
        """Return prefix and digits."""
        assert isinstance(spec, Sequence)
        self._first, self.digits = spec.first, spec.digits
        if spec.type != "text":
            return self.number(spec)
        number = Number(16) if spec.digits is None else Digits(spec.digits)
        return (spec.prefix.encode(), number) if spec.prefix else (number,)

    def compute(self, frame: Frame) -> Values:
        """Return the numbers."""
        return (frame.rows + self._first,)

    @property
    def greatest(self) -> int | None:
        """The greatest row number that its digits can hold; None: no limit."""
        return None if self.digits is None else 10**self.digits - 1 - self._first


class UuidPlan(ColumnPlan):
    """A random UUID of 128 bits, of which six say that it is random."""

    kinds = ("uuid",)

    def layout(self, spec: Spec) -> Parts:
        """Return the one piece."""
        return (Uuid(),)

    def compute(self, frame: Frame) -> Values:
        """Return high and low bits."""
        return tuple(frame.draw(self.name, half).view(np.int64) for half in ("high", "low"))


class RecordPlan(ColumnPlan):
    """What the model's record says."""

    kinds = ("record",)

    def layout(self, spec: Spec) -> Parts:
        """Read all records."""
        assert isinstance(spec, Record)
        rows = self.table.spec.rows
        assert isinstance(rows, RecordRows)
        written = [record[self.name] for record in rows.records]
        self.nullable = None in written
        if spec.references is not None:
            self.leads_to = self.table.world.tables[spec.references]
        self._written = written
        if spec.type == "text":
            texts = tuple(dict.fromkeys(text for text in written if text is not None)) or ("",)
            place: dict[Any, int] = {text: i for i, text in enumerate(texts)} | {None: NULL}
            self._values = np.array([place[text] for text in written])
            return (Texts(texts),)
        self._values = np.array([self._number(value) for value in written])
        return self.number(spec)

    def _number(self, value: bool | float | str | None) -> int:
        return NULL if value is None else self.table.world.whole(self.type, value)

    def compute(self, frame: Frame) -> Values:
        """Return the values of the rows' records."""
        return (self._values[frame.rows],)

    def rows(self, frame: Frame) -> Ints:
        """Return the rows whose key the records give."""
        assert self.leads_to is not None
        place = self.leads_to.rows_by_key() | {None: NULL}
        return np.array([place[key] for key in self._written])[frame.rows]


PLANS = (SequencePlan, UuidPlan, RecordPlan)
