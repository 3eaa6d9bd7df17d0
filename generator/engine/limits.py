"""What a column's own description says about its least and greatest value."""

from __future__ import annotations

from generator.spec.base import Number
from generator.spec.model import Table
from generator.spec.rows import ChildRows
from generator.spec.values import (
    Choice,
    Constant,
    Count,
    Exponential,
    LogNormal,
    Normal,
    Poisson,
    Position,
    Sequence,
    Uniform,
    Zipf,
)

Limits = tuple[float | None, float | None]


def limits(table: Table, name: str) -> Limits:
    """Return a column's least and greatest value, None where the model does not say.

    Args:
        table: the column's table.
        name: a column of numbers; dates have none here.
    """
    column = table.columns[name]
    low, high = _by_kind(table, name)
    if column.range is not None:
        low = column.range[0] if low is None else max(low, column.range[0])
        high = column.range[1] if high is None else min(high, column.range[1])
    return low, high


def _by_kind(table: Table, name: str) -> Limits:  # noqa: PLR0911 (one case a kind)
    column = table.columns[name]
    match column:
        case Uniform() | Normal() | LogNormal() | Exponential():
            return _number(column.min), _number(column.max)
        case Constant():
            return _number(column.value), _number(column.value)
        case Choice() | Position(values=tuple()):
            numbers = [_number(value) for value in column.values or ()]
            known = [number for number in numbers if number is not None]
            return (min(known), max(known)) if len(known) == len(numbers) else (None, None)
        case Position():
            return 1, table.rows.most if isinstance(table.rows, ChildRows) else None
        case Sequence():
            return column.first, None
        case Poisson() | Count():
            return 0, None
        case Zipf():
            return 1, column.count
        case _:
            return None, None


def _number(value: Number | None) -> float | None:
    return None if value is None or isinstance(value, str) else float(value)
