"""A table's contract as pandera schemas, built from the model."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
from pandera.errors import SchemaError, SchemaErrorReason

from generator.engine.limits import Limits, limits
from generator.spec.facts import is_nullable, possible_texts, record_values
from generator.spec.model import Model
from generator.spec.paths import resolve
from generator.spec.values import (
    BySlot,
    Choice,
    Faker,
    Lookup,
    Pool,
    Position,
    Record,
    Type,
    Uniform,
)
from generator.spec.values import Sequence as SequenceColumn
from generator.validation.keys import KeySet, hashes

_SPELLINGS: dict[Type, tuple[str, str]] = {
    "integer": (r"-?\d{1,10}", "is no whole number"),
    "bigint": (r"-?\d{1,19}", "is no whole number"),
    "decimal": (r"-?\d+\.\d\d", "is no number with two places"),
    "boolean": ("true|false", "is neither true nor false"),
    "date": (r"\d{4}-\d\d-\d\d", "is no date such as 2025-01-31"),
    "timestamp": (
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00",
        "is no time such as 2025-01-31 23:59:59+00",
    ),
    "uuid": (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "is no UUID"),
}
_CASTS: dict[Type, pa.DataType] = {
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "decimal": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
}
_PANDAS = {
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}


class Violation(Exception):  # noqa: N818 - reads as what happened
    """The first value that breaks the contract.

    Args:
        column: its column.
        record: its record's number in the file.
        reason: what is wrong, to follow the value.
    """

    def __init__(self, column: str, record: int, reason: str) -> None:
        super().__init__(f"{column}, record {record}: {reason}")
        self.column, self.record, self.reason = column, record, reason


class Contract:
    """What the files of a table must keep to.

    Args:
        model: the model; its names must be sound.
        name: the table's name.
        references: keys that columns must point to, by column, with the name of their table.
        pools: texts of the pools that Faker fills.
    """

    def __init__(
        self,
        model: Model,
        name: str,
        references: Mapping[str, tuple[str, KeySet]],
        pools: Mapping[str, Sequence[str]],
    ) -> None:
        self._model, self._name, self._pools = model, name, pools
        columns = {n: c for n, c in model.tables[name].columns.items() if not c.hidden}
        self.types: dict[str, Type] = {n: column.type for n, column in columns.items()}
        self._spelled = pandera.DataFrameSchema(
            {n: pandera.Column(checks=self._spelling(n), nullable=True) for n in columns}
        )
        self._sound = pandera.DataFrameSchema(
            {
                n: pandera.Column(
                    checks=[*self._values(n), *_references(references.get(n))],
                    nullable=is_nullable(model, name, n),
                )
                for n in columns
            }
        )

    def check(self, table: pa.Table, records: pd.Index[int]) -> None:
        """Check rows: texts, or values of the columns' types.

        Args:
            table: the rows.
            records: their numbers in the file.

        Raises:
            Violation: one breaks the contract.
        """
        texts = [n for n in table.column_names if pa.types.is_string(table.schema.field(n).type)]
        frame = table.select(texts).to_pandas().set_axis(records, axis=0)
        _validate(self._spelled.select_columns(texts), frame)
        typed = {n: self._typed(table.column(n), n, records) for n in table.column_names}
        frame = pa.table(typed).to_pandas(types_mapper=_PANDAS.get).set_axis(records, axis=0)
        _validate(self._sound, frame)

    def _typed(self, values: pa.ChunkedArray, name: str, records: pd.Index[int]) -> pa.Array:
        kind = self.types[name]
        try:
            typed = values.cast(_CASTS.get(kind, pa.string()))
        except pa.ArrowInvalid:
            typed = None
        if typed is None:
            # Well spelled, and yet no date (2025-02-30) or a number too large: find the first.
            for record, value in zip(records, values, strict=True):
                try:
                    pa.array([value.as_py()], pa.string()).cast(_CASTS[kind])
                except pa.ArrowInvalid as error:
                    raise Violation(name, int(record), _misspelled(kind)) from error
        if kind == "timestamp":
            return typed.cast(pa.timestamp("us"))
        return typed.cast(pa.timestamp("s")) if kind == "date" else typed

    def _spelling(self, name: str) -> list[pandera.Check]:
        column = self._model.tables[self._name].columns[name]
        if column.type in _SPELLINGS:
            pattern, reason = _SPELLINGS[column.type]
            return [_check(_full_match(pattern), reason)]
        if isinstance(column, SequenceColumn):
            digits = r"\d+" if column.digits is None else rf"\d{{{column.digits},}}"
            example = f"{column.prefix}{column.first:0{column.digits or 1}d}"
            pattern = re.escape(column.prefix) + digits
            return [_check(_full_match(pattern), f"is no key such as {example}")]
        return []

    def _values(self, name: str) -> list[pandera.Check]:
        kind = self.types[name]
        if kind in ("date", "timestamp"):
            return _times(*self._time_limits(name))
        if kind in ("integer", "bigint", "decimal"):
            low, high = self._limits(name)
            checks = []
            if low is not None:
                checks.append(pandera.Check.ge(low, error=f"is below {low:g}"))
            if high is not None:
                checks.append(pandera.Check.le(high, error=f"is above {high:g}"))
            allowed: Sequence[object] | None = self._numbers(name)
        else:
            checks, allowed = [], self._texts(name)
        if allowed is not None:
            few = [f"{value:g}" if isinstance(value, float) else value for value in allowed[:8]]
            shown = ", ".join(map(str, few)) + (", ..." if len(allowed) > 8 else "")
            checks.append(pandera.Check.isin(allowed, error=f"is none of {shown}"))
        return checks

    def _origin(self, name: str) -> tuple[str, str]:
        """Return where a value comes from: looked up columns have the contract of their origin."""
        table, column = self._name, name
        while isinstance(at := self._model.tables[table].columns[column], Lookup):
            end = resolve(self._model, table, at.column)
            table, column = end.table, end.column
        return table, column

    def _limits(self, name: str) -> Limits:
        table, column = self._origin(name)
        both = [
            limits(self._model.tables[self._name], name),
            limits(self._model.tables[table], column),
        ]
        lows = [low for low, _ in both if low is not None]
        highs = [high for _, high in both if high is not None]
        return max(lows, default=None), min(highs, default=None)

    def _time_limits(self, name: str) -> tuple[datetime | None, datetime | None]:
        table, column = self._origin(name)
        at = self._model.tables[table].columns[column]
        if not isinstance(at, Uniform) or not isinstance(at.max, str):
            return None, None
        high = datetime.fromisoformat(at.max).replace(tzinfo=None)
        # A day as greatest time is meant to its end.
        if len(at.max) == 10 and at.type == "timestamp":
            high += timedelta(days=1) - timedelta(seconds=1)
        return datetime.fromisoformat(str(at.min)).replace(tzinfo=None), high

    def _numbers(self, name: str) -> list[float] | None:
        table, column = self._origin(name)
        at = self._model.tables[table].columns[column]
        found: Sequence[object]
        match at:
            case Choice() | Position():
                found = at.values or ()
            case BySlot():
                found = tuple(at.values.values())
            case Record():
                found = record_values(self._model, table, column)
            case _:
                return None
        numbers = {float(value) for value in found if isinstance(value, int | float)}
        return sorted(numbers) or None

    def _texts(self, name: str) -> list[str] | None:
        if self.types[name] != "text":
            return None
        table, column = self._origin(name)
        at = self._model.tables[table].columns[column]
        filled = at.pool if isinstance(at, Pool) else f"{table}.{column}"
        if isinstance(at, Pool | Faker) and filled in self._pools:
            return sorted(set(self._pools[filled]))
        found = possible_texts(self._model, table, column)
        return None if found is None else list(found)


def _misspelled(kind: Type) -> str:
    return _SPELLINGS[kind][1]


def _check(test: Callable[[pd.Series[str]], pd.Series[bool]], reason: str) -> pandera.Check:
    return pandera.Check(test, error=reason)


def _full_match(pattern: str) -> Callable[[pd.Series[str]], pd.Series[bool]]:
    return lambda series: series.str.fullmatch(pattern)


def _times(low: datetime | None, high: datetime | None) -> list[pandera.Check]:
    checks = []
    if low is not None:
        checks.append(pandera.Check.ge(pd.Timestamp(low), error=f"is before {low}"))
    if high is not None:
        checks.append(pandera.Check.le(pd.Timestamp(high), error=f"is after {high}"))
    return checks


def _references(target: tuple[str, KeySet] | None) -> list[pandera.Check]:
    if target is None:
        return []
    table, known = target

    def points_to_a_row(series: pd.Series[str]) -> pd.Series[bool]:
        found = known.has(hashes([pa.Array.from_pandas(series)]))
        return pd.Series(found, index=series.index)

    return [_check(points_to_a_row, f"points to no row of {table} in this or an earlier batch")]


def _validate(schema: pandera.DataFrameSchema, frame: pd.DataFrame) -> None:
    try:
        schema.validate(frame)
    except SchemaError as error:
        missing = error.reason_code is SchemaErrorReason.SERIES_CONTAINS_NULLS
        reason = "is missing, and may not be" if missing else str(error.check.error)
        column, record = str(error.schema.name), int(error.failure_cases["index"].min())
        raise Violation(column, record, reason) from error
