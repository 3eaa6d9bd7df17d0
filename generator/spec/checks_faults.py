"""Checks of faults: each can be made in its column, and its table's format can hold it."""

from __future__ import annotations

from generator.spec.facts import possible_texts
from generator.spec.faults import Fault, Make
from generator.spec.holding import can_hold, typed_values
from generator.spec.kinds import NUMBERS
from generator.spec.model import Model
from generator.spec.paths import leads_to, resolve
from generator.spec.problems import Problems, place
from generator.spec.values import Choice, Type

_NUMERIC: tuple[Type, ...] = ("integer", "bigint", "decimal")
_MOMENTS: tuple[Type, ...] = ("date", "timestamp")
# The types of column that a fault can be made in; others fit every type.
_TYPES: dict[Make, tuple[Type, ...]] = {
    "not_positive": _NUMERIC,
    "wrong_total": _NUMERIC,
    "text_for_number": _NUMERIC,
    "not_below": _NUMERIC,
    "malformed_email": ("text",),
    "malformed_phone": ("text",),
    "white_space": ("text",),
    "wrong_case": ("text",),
    "malformed_date": _MOMENTS,
    "future_date": _MOMENTS,
    "too_early": _MOMENTS,
}


def check_faults(model: Model, problems: Problems) -> None:
    """Note faults that cannot be made as the model says."""
    for name, table in model.tables.items():
        if table.faults and table.delivery == "internal":
            problems.add(
                place(name, part="faults"), "no file holds an internal table; take them out"
            )
        seen: set[tuple[Make, str | None]] = set()
        for number, fault in enumerate(table.faults, 1):
            where = place(name, part=f"faults[{number}] {fault.make}")
            if (fault.make, fault.column) in seen:
                problems.add(where, "stands twice for the same column; keep one")
            seen.add((fault.make, fault.column))
            type_ = table.columns[fault.column].type if fault.column is not None else None
            # Of an unknown value's spellings all must fit, not only some.
            fits = can_hold(fault, type_, table.format) and (
                table.format != "parquet"
                or type_ is None
                or fault.values is None
                or typed_values(fault, type_) == fault.values
            )
            if fault.weight > 0 and not fits:
                problems.add(
                    where,
                    f"format {table.format} cannot hold it; set weight to 0 or change the format",
                )
            if fault.column is not None:
                for message in _misfits(model, name, fault, fault.column):
                    problems.add(where, f"{fault.column} {message}")


def _misfits(model: Model, name: str, fault: Fault, column: str) -> list[str]:
    table = model.tables[name]
    spec = table.columns[column]
    found = []
    if spec.hidden:
        found.append("is hidden; name a visible column")
    types = _TYPES.get(fault.make)
    if types is not None and spec.type not in types:
        found.append(f"is of type {spec.type}; name a column of type {' or '.join(types)}")
    if fault.make == "unknown_reference" and leads_to(model, name, column) is None:
        found.append("leads to no other row; name a reference")
    if fault.make == "duplicate_key" and column in table.key:
        found.append("belongs to the key, which the copy keeps; name a column beside it")
    if fault.make == "unknown_value":
        found += _known_values(model, name, fault, column)
    if fault.other is not None:
        end = resolve(model, name, fault.other)
        other = model.tables[end.table].columns[end.column].type
        if types is not None and other not in types:
            found.append(f"cannot be compared with {fault.other}, which is of type {other}")
        elif fault.make == "too_early" and other != spec.type:
            found.append(f"is of type {spec.type}, {fault.other} of type {other}; use the same")
    return found


def _known_values(model: Model, name: str, fault: Fault, column: str) -> list[str]:
    spec = model.tables[name].columns[column]
    sound: tuple[str, ...] | None = possible_texts(model, name, column)
    if isinstance(spec, Choice) and spec.type in NUMBERS:
        sound = tuple(str(value) for value in spec.values)
    found = [f"may hold {v!r}: it is no fault" for v in fault.values or () if v in (sound or ())]
    if spec.type in NUMBERS:
        found += [
            f"is a number, {value!r} is none; text_for_number writes texts"
            for value in fault.values or ()
            if not _is_number(value, whole=spec.type != "decimal")
        ]
    return found


def _is_number(text: str, whole: bool) -> bool:
    digits, point, places = text.removeprefix("-").partition(".")
    if whole and point:
        return False
    return digits.isdecimal() and (not point or (places.isdecimal() and len(places) <= 2))
