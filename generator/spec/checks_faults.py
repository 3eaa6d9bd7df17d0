"""Checks of faults: each can be made in its column, and its table's format can hold it."""

from __future__ import annotations

from generator.spec.facts import possible_texts
from generator.spec.faults import REJECT, Fault, Make
from generator.spec.kinds import NUMBERS
from generator.spec.model import FileFormat, Model
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


def can_hold(fault: Fault, type_: Type | None, format_: FileFormat) -> bool:
    """Say whether a file format can hold a fault.

    Args:
        fault: the fault.
        type_: its column's type; None for a fault of the whole line.
        format_: the file format. Only CSV has lines that no reader can take; Parquet has columns
            of one type.
    """
    if fault.make in REJECT:
        return format_.startswith("csv")
    if format_ != "parquet":
        return True
    if fault.make in ("text_for_number", "malformed_date"):
        return False
    if fault.make != "unknown_value" or type_ in ("text", "uuid"):
        return True
    return type_ in NUMBERS and all(
        _is_number(value, whole=type_ != "decimal") for value in fault.values or ()
    )


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
            if fault.weight > 0 and not can_hold(fault, type_, table.format):
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
