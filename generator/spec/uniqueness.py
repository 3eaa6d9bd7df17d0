"""Which columns and keys are unique by the way they are made, whatever is drawn."""

from __future__ import annotations

from generator.spec.facts import record_values
from generator.spec.model import Model
from generator.spec.paths import Resolved, parent_of, resolve
from generator.spec.readable import readable_columns
from generator.spec.rows import ChildRows
from generator.spec.values import (
    BySlot,
    Lookup,
    Parent,
    Position,
    Record,
    Sequence,
    Template,
    Uuid,
)


def is_unique(model: Model, table: str, column: str) -> bool:
    """Say whether no two rows can have the same value (a UUID counts as unique)."""
    spec = model.tables[table].columns[column]
    match spec:
        case Sequence() | Uuid():
            return True
        case Template():
            columns = tuple(readable_columns(model, table, spec.template))
            return any(is_unique(model, table, name) for name in columns) or _are_unique(
                model, table, columns
            )
        case Record():
            values = record_values(model, table, column)
            return len(set(map(repr, values))) == len(values)
        case Parent() | Lookup():
            return _most(model, table) == 1 and _names_parent(model, table, (column,))
        case _:
            return False


def key_is_unique(model: Model, table: str) -> bool:
    """Say whether no two rows can have the same key.

    So it is if a column of it is unique, if it names the parent and the place within it, or if the
    table's rows are written out and differ.
    """
    spec = model.tables[table]
    if any(is_unique(model, table, column) for column in spec.key):
        return True
    return _are_unique(model, table, spec.key)


def _are_unique(model: Model, table: str, columns: tuple[str, ...]) -> bool:
    """Say whether some columns, none of them unique by itself, are so together."""
    spec = model.tables[table]
    if columns and all(isinstance(spec.columns[column], Record) for column in columns):
        values = [record_values(model, table, column) for column in columns]
        rows = [repr(row) for row in zip(*values, strict=True)]
        return len(set(rows)) == len(rows)
    places = _most(model, table) == 1 or any(_tells_place(model, table, c) for c in columns)
    return places and _names_parent(model, table, columns)


def _most(model: Model, table: str) -> int:
    rows = model.tables[table].rows
    return rows.most if isinstance(rows, ChildRows) else 0


def _tells_place(model: Model, table: str, column: str) -> bool:
    """Say whether a column differs between the rows of a parent."""
    spec = model.tables[table].columns[column]
    if isinstance(spec, Position):
        return spec.values is None or len(set(spec.values)) == len(spec.values)
    if isinstance(spec, BySlot):
        return len(set(spec.values.values())) == len(spec.values)
    return False


def _names_parent(model: Model, table: str, columns: tuple[str, ...]) -> bool:
    """Say whether some columns together tell which parent a row belongs to."""
    parent = parent_of(model.tables[table])
    if parent is None:
        return False
    held = set()
    for column in columns:
        spec = model.tables[table].columns[column]
        if isinstance(spec, Parent):
            return True
        if isinstance(spec, Lookup):
            end = resolve(model, table, spec.column)
            if end == Resolved(parent, end.column, (("parent", parent),)):
                held.add(end.column)
    return any(is_unique(model, parent, column) for column in held) or (
        set(model.tables[parent].key) <= held
    )
