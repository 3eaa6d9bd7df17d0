"""Expressions at work: exact arithmetic over whole columns, in integers.

A value is a numerator and a denominator, so nothing is rounded before the model says so.
Intermediate numerators have to stay below 2**63: amounts up to ten million with two places may be
multiplied by quantities and percentages without a thought.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm
from typing import TYPE_CHECKING, Any

import numpy as np

from generator.engine.columns import unit_of
from generator.engine.paths import Route
from generator.engine.randomness.mix import NULL, Bools, Floats, Ints
from generator.errors import ModelError
from generator.spec import expressions as ast
from generator.spec.paths import SLOT
from generator.spec.rows import ChildRows

if TYPE_CHECKING:
    from generator.engine.frames import Frame
    from generator.engine.tables import Table


@dataclass(frozen=True)
class _Exact:
    """numerator / denominator; `missing` says where there is no value (None: nowhere)."""

    numerator: Any  # an int or an array of int64: numpy treats both alike
    denominator: Any = 1
    missing: Bools | None = None


@dataclass(frozen=True)
class _Labels:
    """Places in a list of texts."""

    places: Ints
    texts: tuple[str, ...]


_Result = _Exact | _Labels | Bools


class Formula:
    """An expression over the rows of a table.

    Args:
        table: the table.
        text: the expression.

    Attributes:
        nullable: its value can be missing.
    """

    def __init__(self, table: Table, text: str) -> None:
        self._table, self._text = table, text
        self._node = ast.parse(text)
        rows = table.spec.rows
        self._slots = tuple(rows.slots or ()) if isinstance(rows, ChildRows) else ()
        self._routes = {
            path: Route(table, str(path)) for path in ast.paths(self._node) if path.steps != (SLOT,)
        }
        self.nullable = _divides(self._node) or any(
            self._routes[path].nullable for path in _used(self._node) if path in self._routes
        )

    def _refuse(self, problem: str) -> ModelError:
        return ModelError(f"table {self._table.name}: expression {self._text!r}: {problem}")

    def whole(self, frame: Frame, unit: int = 1) -> tuple[Ints, Bools | None]:
        """Return the values times `unit`, and where an operand is missing (None: nowhere).

        Raises:
            ModelError: a value is no multiple of the unit.
        """
        value = self._number(self._node, frame)
        bottom = value.denominator
        if isinstance(bottom, int) and unit % bottom == 0:
            top = value.numerator if unit == bottom else value.numerator * (unit // bottom)
            return _spread(top, len(frame)), value.missing
        scaled = _spread(value.numerator * unit, len(frame))
        result = scaled // bottom
        wrong = result * bottom != scaled
        if value.missing is not None:
            wrong &= ~value.missing
        if wrong.any():
            raise self._refuse(f"is no multiple of 1/{unit}; wrap it in round(..., places)")
        return result, value.missing

    def floats(self, frame: Frame) -> Floats:
        """Return the values as floats."""
        value = self._number(self._node, frame)
        floats: Floats = _spread(value.numerator, len(frame)) / value.denominator
        return floats

    def missing(self, frame: Frame) -> Bools:
        """Return where an operand is missing, or zero is divided by."""
        missing = self._number(self._node, frame).missing
        return np.zeros(len(frame), dtype=np.bool_) if missing is None else missing

    def condition(self, frame: Frame) -> Bools:
        """Return where the condition holds; it does not where an operand is missing."""
        return self._condition(self._node, frame)

    def _evaluate(self, node: ast.Node, frame: Frame) -> _Result:
        match node:
            case ast.Value():
                return _Exact(node.number.numerator, node.number.denominator)
            case ast.Path():
                return self._column(node, frame)
            case ast.Binary():
                return self._binary(node, frame)
            case ast.Compare() | ast.Logic() | ast.Not():
                return self._condition(node, frame)
            case ast.If():
                chosen = self._condition(node.condition, frame)
                then, other = self._number(node.then, frame), self._number(node.otherwise, frame)
                then, other = _alike(then, other)
                missing = None
                if then.missing is not None or other.missing is not None:
                    missing = np.where(chosen, _mask(then), _mask(other))
                chosen_values = np.where(chosen, then.numerator, other.numerator)
                return _Exact(chosen_values, then.denominator, missing)
            case ast.Call():
                return self._call(node, frame)
            case ast.Text():
                raise self._refuse(f"the text {node.text!r} can only be compared")

    def _number(self, node: ast.Node, frame: Frame) -> _Exact:
        value = self._evaluate(node, frame)
        if isinstance(value, _Exact):
            return value
        if isinstance(value, _Labels):
            raise self._refuse("a text is no number")
        return _Exact(value.astype(np.int64))

    def _column(self, node: ast.Path, frame: Frame) -> _Result:
        if node.steps == (SLOT,):
            assert frame.slot is not None
            return _Labels(frame.slot, self._slots)
        route = self._routes[node]
        values = route.values(frame)[0]
        labels = route.column.labels
        if labels is not None:
            return _Labels(values, labels)
        missing = values == NULL if route.nullable else None
        if missing is not None:
            values = np.where(missing, 0, values)
        return _Exact(values, unit_of(route.column.type), missing)

    def _binary(self, node: ast.Binary, frame: Frame) -> _Exact:
        left, right = self._number(node.left, frame), self._number(node.right, frame)
        missing = _either(left.missing, right.missing)
        if node.operator in ("+", "-"):
            left, right = _alike(left, right)
            sign = 1 if node.operator == "+" else -1
            return _Exact(left.numerator + sign * right.numerator, left.denominator, missing)
        if node.operator == "*":
            numerator = left.numerator * right.numerator
            return _Exact(numerator, left.denominator * right.denominator, missing)
        divisor = right.numerator
        if not np.all(divisor):
            # Nothing comes of it; perhaps a condition keeps just these rows from it.
            zero: Bools = np.broadcast_to(np.equal(divisor, 0), len(frame))
            missing = _either(missing, zero)
        if missing is not None:
            divisor = np.where(missing, 1, divisor)
        # The denominator stays positive.
        top = left.numerator * right.denominator * np.sign(divisor)
        bottom = left.denominator * np.abs(divisor)
        if node.operator == "/":
            return _Exact(top, bottom, missing)
        quotient = top // bottom
        if node.operator == "//":
            return _Exact(quotient, 1, missing)
        left, taken = _alike(left, _Exact(quotient * divisor, right.denominator))
        return _Exact(left.numerator - taken.numerator, left.denominator, missing)

    def _call(self, node: ast.Call, frame: Frame) -> _Result:
        if node.function == "known":
            path = node.arguments[0]
            assert isinstance(path, ast.Path)
            route = self._routes[path]
            if not route.nullable:
                return np.ones(len(frame), dtype=np.bool_)
            known: Bools = route.values(frame)[0] != NULL
            return known
        values = [self._number(argument, frame) for argument in node.arguments]
        first = values[0]
        if node.function == "round":
            scaled = 2 * first.numerator * 10**node.places + first.denominator
            return _Exact(scaled // (2 * first.denominator), 10**node.places, first.missing)
        if node.function == "floor":
            return _Exact(first.numerator // first.denominator, 1, first.missing)
        if node.function == "abs":
            return _Exact(np.abs(first.numerator), first.denominator, first.missing)
        for value in values[1:]:
            first, other = _alike(first, value)
            pick = np.minimum if node.function == "min" else np.maximum
            missing = _either(first.missing, other.missing)
            first = _Exact(pick(first.numerator, other.numerator), first.denominator, missing)
        return first

    def _condition(self, node: ast.Node, frame: Frame) -> Bools:
        if isinstance(node, ast.Logic):
            parts = [self._condition(part, frame) for part in node.conditions]
            join = np.logical_and if node.operator == "and" else np.logical_or
            result: Bools = join.reduce(parts)
            return result
        if isinstance(node, ast.Not):
            return ~self._condition(node.condition, frame)
        if isinstance(node, ast.Compare):
            return self._compare(node, frame)
        value = self._evaluate(node, frame)
        if isinstance(value, _Exact):
            holds: Bools = _spread(value.numerator, len(frame)) != 0
            return holds if value.missing is None else holds & ~value.missing
        if isinstance(value, _Labels):
            raise self._refuse("a text is no condition")
        return value

    def _compare(self, node: ast.Compare, frame: Frame) -> Bools:
        if isinstance(node.left, ast.Text) or isinstance(node.right, ast.Text):
            column, text = (node.left, node.right)
            if isinstance(node.left, ast.Text):
                column, text = (node.right, node.left)
            labels = self._evaluate(column, frame)
            if not (isinstance(labels, _Labels) and isinstance(text, ast.Text)):
                raise self._refuse("a text is compared with a column of texts from a list")
            wanted = [i for i, label in enumerate(labels.texts) if label == text.text]
            same: Bools = np.isin(labels.places, wanted)
            return ~same if node.relation == "!=" else same
        left, right = _alike(self._number(node.left, frame), self._number(node.right, frame))
        top = _spread(left.numerator, len(frame))
        holds: Bools = _RELATIONS[node.relation](top, right.numerator)
        missing = _either(left.missing, right.missing)
        return holds if missing is None else holds & ~missing


_RELATIONS = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def _alike(left: _Exact, right: _Exact) -> tuple[_Exact, _Exact]:
    """Bring two values to the same (positive) denominator."""
    if isinstance(left.denominator, int) and isinstance(right.denominator, int):
        if left.denominator == right.denominator:
            return left, right
        common: int | Ints = lcm(left.denominator, right.denominator)
    else:
        common = left.denominator * right.denominator
    return tuple(  # type: ignore[return-value]
        _Exact(value.numerator * (common // value.denominator), common, value.missing)
        for value in (left, right)
    )


def _either(left: Bools | None, right: Bools | None) -> Bools | None:
    if left is None or right is None:
        return right if left is None else left
    return left | right


def _mask(value: _Exact) -> Bools:
    if value.missing is not None:
        return value.missing
    return np.zeros(np.shape(value.numerator), dtype=np.bool_)


def _spread(number: Any, count: int) -> Ints:  # noqa: ANN401 (an int or an array)
    """Return an array where a constant is the same for all rows."""
    return number if isinstance(number, np.ndarray) else np.full(count, number, dtype=np.int64)


def _divides(node: ast.Node) -> bool:
    """Say whether the result is missing where something that is no constant is zero."""
    match node:
        case ast.Binary():
            by_zero = node.operator in ("/", "//", "%") and not isinstance(node.right, ast.Value)
            return by_zero or _divides(node.left) or _divides(node.right)
        case ast.If():
            return _divides(node.then) or _divides(node.otherwise)
        case ast.Call():
            return any(map(_divides, node.arguments))
        case _:
            return False


def _used(node: ast.Node) -> list[ast.Path]:
    """Return the paths whose missing values make the result missing: not those in conditions."""
    match node:
        case ast.Path():
            return [node]
        case ast.Binary():
            return _used(node.left) + _used(node.right)
        case ast.If():
            return _used(node.then) + _used(node.otherwise)
        case ast.Call() if node.function != "known":
            return [path for argument in node.arguments for path in _used(argument)]
        case _:
            return []
