"""Columns of text: from pools, and put together from other columns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from generator.engine.columns import ColumnPlan, Parts
from generator.engine.output.text import Digits, Keys, Texts, Uuid
from generator.engine.randomness.distributions import popular, uniform
from generator.engine.randomness.mix import NULL
from generator.spec import values as kinds
from generator.spec.templates import parse

if TYPE_CHECKING:
    from generator.engine.frames import Frame, Values
    from generator.spec.values import Column as Spec

# The head of a pool's popularity curve, as a share of its size: the first text is not all.
_HEAD = 0.005


class PoolPlan(ColumnPlan):
    """A text from a pool."""

    kinds = ("pool", "faker")

    def layout(self, spec: Spec) -> Parts:
        """Find the pool; a column of kind faker has one of its own."""
        own = f"{self.table.name}.{self.name}"
        self._exponent = spec.exponent if isinstance(spec, kinds.Pool) else 0.0
        texts = self.table.world.pools[spec.pool if isinstance(spec, kinds.Pool) else own]
        self._size = len(texts)
        return (Texts(texts),)

    def compute(self, frame: Frame) -> Values:
        """Return places in the pool."""
        bits = frame.draw(self.name)
        if self._exponent:
            return (popular(bits, self._size, self._exponent, _HEAD),)
        return (uniform(bits, 0, self._size - 1),)


class TemplatePlan(ColumnPlan):
    """Constants and other columns in a row."""

    kinds = ("template",)

    def layout(self, spec: Spec) -> Parts:
        """Splice the layouts of the columns together."""
        assert isinstance(spec, kinds.Template)
        parts: list[bytes | object] = []
        self._columns: list[str] = []
        for part in parse(spec.template):
            if isinstance(part, str):
                parts.append(part.encode())
                continue
            plan = self.table.column(part.name)
            self.nullable = self.nullable or plan.nullable
            self._columns.append(part.name)
            if part.digits is not None:
                parts.append(Digits(part.digits))
            else:
                parts += [_cased(piece, part.filter or "") for piece in plan.parts]
        if not self._columns:
            # One piece, so that its values can be missing like any other's.
            return (Texts((b"".join(parts).decode(),)),)  # type: ignore[arg-type]
        return tuple(parts)  # type: ignore[arg-type]

    def compute(self, frame: Frame) -> Values:
        """Return the columns' values, one after another; NULL where one of them is missing."""
        if not self._columns:
            return (np.zeros(len(frame), dtype=np.int64),)
        values = [frame.values(column) for column in self._columns]
        flat = [array for column in values for array in column]
        if self.nullable:
            missing = np.zeros(len(frame), dtype=np.bool_)
            for column in values:
                missing |= column[0] == NULL
            flat = [np.where(missing, NULL if i == 0 else 0, a) for i, a in enumerate(flat)]
        return tuple(flat)


def _cased(part: object, case: str) -> object:
    if not case:
        return part
    if isinstance(part, bytes):
        text = part.decode()  # bytes know the case of ASCII letters only
        return getattr(text, case)().encode()
    if isinstance(part, Uuid):
        return Uuid(upper=case == "upper")
    if isinstance(part, Keys):
        return Keys(np.char.upper(part.values) if case == "upper" else part.values)
    if isinstance(part, Texts):
        return replace(part, values=tuple(getattr(text, case)() for text in part.values))
    return part


PLANS = (PoolPlan, TemplatePlan)
