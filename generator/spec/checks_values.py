"""Checks of constants: each kind makes values of its type, within limits that make sense."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from decimal import Decimal

from generator.spec.kinds import NUMBERS
from generator.spec.model import Model
from generator.spec.paths import suggest
from generator.spec.problems import Problems, place
from generator.spec.values import (
    BySlot,
    Choice,
    Column,
    Constant,
    Exponential,
    LogNormal,
    Normal,
    Position,
    Record,
    Type,
    Uniform,
)

_WHOLE: tuple[Type, ...] = ("integer", "bigint")
_NUMERIC: tuple[Type, ...] = (*_WHOLE, "decimal")
_WRITTEN: tuple[Type, ...] = ("text", *_NUMERIC, "boolean", "date", "timestamp")

# What a kind can make; kinds that copy a value (lookup, reference, ...) take its type.
_TYPES: dict[str, tuple[Type, ...]] = {
    "sequence": (*_WHOLE, "text"),
    "uuid": ("uuid", "text"),
    "constant": _WRITTEN,
    "pool": ("text",),
    "faker": ("text",),
    "choice": _WRITTEN,
    "uniform": (*_NUMERIC, "date", "timestamp"),
    "normal": _NUMERIC,
    "log_normal": _NUMERIC,
    "exponential": _NUMERIC,
    "poisson": _WHOLE,
    "zipf": _WHOLE,
    "template": ("text",),
    "after": ("timestamp",),
    "expression": (*_NUMERIC, "boolean", "date", "timestamp"),
    "sum": _NUMERIC,
    "count": _WHOLE,
    "status": ("text",),
    "reached": ("timestamp",),
    "calendar": ("timestamp",),
    "changed_at": ("timestamp",),
    "operation": ("text",),
    "alive": ("boolean",),
    "days_since": _WHOLE,
    "position": (*_WHOLE, "text"),
    "by_slot": ("text", *_NUMERIC),
    "record": _WRITTEN,
}
# Largest absolute values: PostgreSQL's integer, 16 digits (text.Number), numeric(12, 2).
_LARGEST: dict[Type, int] = {"integer": 2**31 - 1, "bigint": 10**16 - 1, "decimal": 10**10 - 1}
_YEARS = (1900, 2200)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?")


def check_values(model: Model, problems: Problems) -> None:
    """Note types that a kind cannot make, and constants that do not fit."""
    for name, table in model.tables.items():
        for column, spec in table.columns.items():
            where = place(name, column)
            allowed = _TYPES.get(spec.kind)
            if allowed is not None and spec.type not in allowed:
                problems.add(
                    where,
                    f"kind {spec.kind} makes no {spec.type}; use {' or '.join(allowed)}",
                )
                continue
            for message in (*_general(spec), *_constants(spec), *_limits(spec)):
                problems.add(where, message)
    for name, calendar in model.calendars.items():
        for part in ("weekdays", "months", "hours"):
            if not sum(getattr(calendar, part)) > 0:
                problems.add(f"calendar {name}, {part}", "at least one weight must be above 0")
        for day in calendar.special_days:
            if day.day is not None and not _is_day(day.month, day.day):
                problems.add(
                    f"calendar {name}, special day {day.name}",
                    f"month {day.month} has no day {day.day}",
                )


def misfit(value: object, type_: Type, signed: bool) -> str | None:
    """Say why a constant does not fit a type, and the fix; None if it fits."""
    if type_ in NUMBERS:
        return _number_misfit(value, type_, signed)
    if type_ == "boolean":
        return None if isinstance(value, bool) else f"{value!r} is not true or false"
    if not isinstance(value, str):
        return f"{value!r} is no text; put it in quotes"
    if type_ in ("date", "timestamp"):
        return _date_misfit(value, type_)
    return None


def _number_misfit(value: object, type_: Type, signed: bool) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return f"{value!r} is no number"
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    if not isinstance(exponent, int) or -exponent > NUMBERS[type_]:
        fix = "has more than two places" if type_ == "decimal" else "is no whole number"
        return f"{value} {fix}"
    if abs(value) > _LARGEST[type_]:
        return f"{value} is too large for type {type_}"
    if value < 0 and not signed:
        return f'{value} is negative; say "signed": true'
    return None


def _date_misfit(value: str, type_: Type) -> str | None:
    try:
        moment = date.fromisoformat(value) if type_ == "date" else datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or not _MOMENT.fullmatch(value):
        return f"{value!r} is no {type_}; write it as 2025-01-31"
    if not _YEARS[0] <= moment.year <= _YEARS[1]:
        return f"{value!r} is not within {_YEARS[0]} to {_YEARS[1]}"
    return None


def _is_day(month: int, day: int) -> bool:
    try:
        return bool(date(2024, month, day))  # a leap year: 29 February is a day
    except ValueError:
        return False


def _general(spec: Column) -> list[str]:
    found = []
    if spec.type not in NUMBERS:
        if spec.signed:
            found.append(f"signed is for numbers, not for type {spec.type}; leave it out")
        if spec.range is not None:
            found.append(f"range is for numbers, not for type {spec.type}; leave it out")
    elif spec.range is not None and spec.range[1] < spec.range[0]:
        found.append(f"range: {spec.range[1]:g} is below {spec.range[0]:g}")
    elif spec.range is not None and (end := max(map(abs, spec.range))) > _LARGEST[spec.type]:
        found.append(f"range: {end:g} is too large for type {spec.type}")
    if spec.kind == "sequence" and spec.type != "text" and (spec.prefix or spec.digits):
        found.append("prefix and digits are for sequences of type text")
    return found


def _constants(spec: Column) -> list[str]:
    values: list[object] = []
    match spec:
        case Constant():
            values = [spec.value]
        case Choice():
            values = list(spec.values)
        case BySlot():
            values = list(spec.values.values())
        case Position(values=tuple(given)):
            values = list(given)
        case Position(type="text"):
            return ["a position is a number; give its type as integer, or its values"]
        case _:
            return []
    return [text for value in values if (text := misfit(value, spec.type, spec.signed))]


def check_records(model: Model, problems: Problems) -> None:
    """Note records that lack a column's value, have one that does not fit, or have one too many."""
    for name, table in model.tables.items():
        used = [column for column, spec in table.columns.items() if isinstance(spec, Record)]
        if table.rows.kind != "records":
            for column in used:
                problems.add(
                    place(name, column), "kind record needs rows of kind records; choose another"
                )
            continue
        records = table.rows.records
        for key in records[0]:
            if key not in used:
                problems.add(
                    place(name, part=f"rows.records, {key}"), "no column of kind record uses it"
                )
        for column in used:
            spec = table.columns[column]
            if column not in records[0]:
                problems.add(
                    place(name, column),
                    "the records have no such key" + suggest(column, list(records[0])),
                )
                continue
            for number, record in enumerate(records, 1):
                message = misfit(record[column], spec.type, spec.signed)
                if record[column] is not None and message:
                    problems.add(place(name, column), f"record {number}: {message}")


def _limits(spec: Column) -> list[str]:
    match spec:
        case Uniform(type="date" | "timestamp"):
            return _dates(spec)
        case Uniform() | Normal() | LogNormal() | Exponential():
            return [*_bounds(spec), *_parameters(spec)]
        case _:
            return []


def _dates(spec: Uniform) -> list[str]:
    found = [text for v in (spec.min, spec.max) if (text := misfit(v, spec.type, signed=False))]
    if not found and str(spec.max) < str(spec.min):
        found.append(f"max {spec.max} is before min {spec.min}")
    return found


def _bounds(spec: Uniform | Normal | LogNormal | Exponential) -> list[str]:
    low, high = spec.min, spec.max
    found = []
    for name, bound in (("min", low), ("max", high)):
        if isinstance(bound, int | float) and (text := misfit(bound, spec.type, spec.signed)):
            found.append(f"{name}: {text}")
    if isinstance(low, int | float) and isinstance(high, int | float) and high < low:
        found.append(f"max {high} is below min {low}")
    if isinstance(spec, Normal) and low is None and not spec.signed:
        found.append('a normal value can be negative; give min, or say "signed": true')
    return found


def _parameters(spec: Uniform | Normal | LogNormal | Exponential) -> list[str]:
    names = {"normal": ("spread",), "log_normal": ("median", "sigma"), "exponential": ("mean",)}
    found = []
    for name in names.get(spec.kind, ()):
        value = getattr(spec, name)
        if isinstance(value, int | float) and not value > 0:
            found.append(f"{name} {value} must be above 0")
    return found
