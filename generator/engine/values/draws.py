"""Columns drawn from a distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.engine.arithmetic import Formula
from generator.engine.columns import ColumnPlan, Parts, unit_of
from generator.engine.output.text import Texts
from generator.engine.randomness import distributions as laws
from generator.engine.randomness.mix import NULL, Bits, Bools, Floats, Ints
from generator.spec import values as kinds

if TYPE_CHECKING:
    from generator.engine.frames import Frame, Values
    from generator.spec.base import Number
    from generator.spec.values import Column as Spec


class ChoicePlan(ColumnPlan):
    """One of some values, by weight; a constant is a choice of one."""

    kinds = ("choice", "constant")

    def layout(self, spec: Spec) -> Parts:
        """Return a list of texts, or numbers."""
        if isinstance(spec, kinds.Constant):
            written: tuple[bool | int | float | str, ...] = (spec.value,)
            weights = None
        else:
            assert isinstance(spec, kinds.Choice)
            written, weights = spec.values, spec.weights
        self._choose = laws.Choice(weights or (1,) * len(written))
        self._only = len(written) == 1
        if spec.type == "text":
            self._values = np.arange(len(written))
            return (Texts(tuple(str(value) for value in written)),)
        self._values = np.array([self.table.world.whole(spec.type, value) for value in written])
        return self.number(spec)

    def compute(self, frame: Frame) -> Values:
        """Return the chosen values."""
        if self._only:
            return (np.full(len(frame), self._values[0]),)
        return (self._values[self._choose(frame.draw(self.name))],)


class _Parameter:
    """A parameter of a distribution: a number, or a formula over the row."""

    def __init__(self, plan: ColumnPlan, given: Number | None) -> None:
        self._formula: Formula | None = None
        self._unit = unit_of(plan.type)
        self.number: float | None = None
        if isinstance(given, str) and plan.type not in ("date", "timestamp"):
            self._formula = Formula(plan.table, given)
        elif isinstance(given, str):
            self.number = plan.table.world.whole(plan.type, given)
        elif given is not None:
            self.number = given * self._unit

    def floats(self, frame: Frame) -> float | Floats:
        """Return the parameter in the column's unit, or without one where it has none."""
        if self._formula is None:
            return self.number or 0.0
        floats = self._formula.floats(frame) * self._unit
        # A number that every distribution takes; nothing comes of it.
        return np.where(self.missing(frame), 1.0, floats) if self.nullable else floats

    def whole(self, frame: Frame) -> int | Ints | None:
        """Return the parameter as whole number of the column's unit; None: not given."""
        if self._formula is None:
            return None if self.number is None else round(self.number)
        values, missing = self._formula.whole(frame, self._unit)
        return values if missing is None else np.where(missing, NULL, values)

    @property
    def nullable(self) -> bool:
        """It can be missing."""
        return self._formula is not None and self._formula.nullable

    def missing(self, frame: Frame) -> Bools:
        """Return where it is missing."""
        assert self._formula is not None
        return self._formula.missing(frame)


class _Distribution(ColumnPlan):
    """Draws with parameters: a value is missing where one of them is."""

    def parameters(self, *given: Number | None) -> list[_Parameter]:
        """Read some parameters."""
        read = [_Parameter(self, number) for number in given]
        self._nullable = [*getattr(self, "_nullable", []), *(p for p in read if p.nullable)]
        self.nullable = bool(self._nullable)
        return read

    def known(self, frame: Frame, values: Ints) -> Values:
        """Return values without those of which a parameter is missing."""
        for parameter in self._nullable:
            values = np.where(parameter.missing(frame), NULL, values)
        return (values,)


class UniformPlan(_Distribution):
    """Evenly between two limits."""

    kinds = ("uniform",)

    def layout(self, spec: Spec) -> Parts:
        """Read the limits."""
        assert isinstance(spec, kinds.Uniform)
        self._min, self._max = self.parameters(spec.min, spec.max)
        return self.number(spec)

    def compute(self, frame: Frame) -> Values:
        """Return whole numbers of the column's unit."""
        low, high = self._min.whole(frame), self._max.whole(frame)
        assert low is not None
        assert high is not None
        return self.known(frame, laws.uniform(frame.draw(self.name), low, high))


class _Curve(_Distribution):
    """A distribution over the real numbers, rounded to the column's unit and limited."""

    def layout(self, spec: Spec) -> Parts:
        """Read parameters and limits."""
        self._read(spec)
        least, most = getattr(spec, "min", None), getattr(spec, "max", None)
        self._least, self._most = self.parameters(least, most)
        return self.number(spec)

    def _read(self, spec: Spec) -> None:
        raise NotImplementedError

    def _draw(self, frame: Frame, bits: Bits) -> Floats:
        raise NotImplementedError

    def compute(self, frame: Frame) -> Values:
        """Return whole numbers of the column's unit."""
        drawn = self._draw(frame, frame.draw(self.name))
        low, high = self._least.whole(frame), self._most.whole(frame)
        return self.known(frame, laws.whole(drawn, low, high))


class NormalPlan(_Curve):
    """The bell curve."""

    kinds = ("normal",)

    def _read(self, spec: Spec) -> None:
        assert isinstance(spec, kinds.Normal)
        self._mean, self._spread = self.parameters(spec.mean, spec.spread)

    def _draw(self, frame: Frame, bits: Bits) -> Floats:
        return laws.normal(bits, self._mean.floats(frame), self._spread.floats(frame))


class LogNormalPlan(_Curve):
    """Many small values and few large ones."""

    kinds = ("log_normal",)

    def _read(self, spec: Spec) -> None:
        assert isinstance(spec, kinds.LogNormal)
        self._median, self._sigma = self.parameters(spec.median, spec.sigma)

    def _draw(self, frame: Frame, bits: Bits) -> Floats:
        # Sigma belongs to the logarithm and has no unit.
        sigma = self._sigma.floats(frame) / unit_of(self.type)
        return laws.log_normal(bits, self._median.floats(frame), sigma)


class ExponentialPlan(_Curve):
    """Waiting times."""

    kinds = ("exponential",)

    def _read(self, spec: Spec) -> None:
        assert isinstance(spec, kinds.Exponential)
        (self._mean,) = self.parameters(spec.mean)

    def _draw(self, frame: Frame, bits: Bits) -> Floats:
        return laws.exponential(bits, self._mean.floats(frame))


class PoissonPlan(ColumnPlan):
    """Counts of independent events."""

    kinds = ("poisson",)

    def layout(self, spec: Spec) -> Parts:
        """Make the table of the distribution."""
        assert isinstance(spec, kinds.Poisson)
        self._law = laws.Poisson(spec.mean)
        return self.number(spec)

    def compute(self, frame: Frame) -> Values:
        """Return counts."""
        return (self._law(frame.draw(self.name)) * unit_of(self.type),)


class ZipfPlan(ColumnPlan):
    """Ranks from 1."""

    kinds = ("zipf",)

    def layout(self, spec: Spec) -> Parts:
        """Make the table of the distribution."""
        assert isinstance(spec, kinds.Zipf)
        self._law = laws.Zipf(spec.count, spec.exponent)
        return self.number(spec)

    def compute(self, frame: Frame) -> Values:
        """Return ranks."""
        return (self._law(frame.draw(self.name)) * unit_of(self.type),)


class FormulaPlan(ColumnPlan):
    """Arithmetic over the row."""

    kinds = ("expression",)

    def layout(self, spec: Spec) -> Parts:
        """Read the formula."""
        assert isinstance(spec, kinds.Expression)
        self._formula = Formula(self.table, spec.value)
        self.nullable = self._formula.nullable
        return self.number(spec)

    def compute(self, frame: Frame) -> Values:
        """Return whole numbers of the column's unit; NULL where an operand is missing."""
        if self.type == "boolean":
            return (self._formula.condition(frame).astype(np.int64),)
        values, missing = self._formula.whole(frame, unit_of(self.type))
        return (values if missing is None else np.where(missing, NULL, values),)


PLANS = (
    ChoicePlan,
    UniformPlan,
    NormalPlan,
    LogNormalPlan,
    ExponentialPlan,
    PoissonPlan,
    ZipfPlan,
    FormulaPlan,
)
