"""Which columns and keys are unique by the way they are made, whatever is drawn."""

from __future__ import annotations

from generator.spec import templates
from generator.spec.facts import possible_texts, record_values
from generator.spec.model import Model
from generator.spec.paths import Resolved, parent_of, resolve
from generator.spec.rows import ChildRows
from generator.spec.templates import Field
from generator.spec.values import (
    BySlot,
    Faker,
    Lookup,
    Parent,
    Pool,
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
            return _template_is_unique(model, table, spec)
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
    if all(isinstance(spec.columns[column], Record) for column in spec.key):
        values = [record_values(model, table, column) for column in spec.key]
        rows = [repr(row) for row in zip(*values, strict=True)]
        return len(set(rows)) == len(rows)
    places = _most(model, table) == 1 or any(_tells_place(model, table, c) for c in spec.key)
    return places and _names_parent(model, table, spec.key)


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


def _template_is_unique(model: Model, table: str, spec: Template) -> bool:
    """Say whether a unique column can be read back from a template's text.

    It can if it is a UUID; if its digits are the only ones whose number varies; or if only texts
    of fixed length stand before (or after) it and a constant that begins (ends) with no digit sets
    it apart. Faker's texts are taken to have no digits, which `--validate` checks.
    """
    parts = templates.parse(spec.template)
    for place, part in enumerate(parts):
        if isinstance(part, str) or not is_unique(model, table, part.name):
            continue
        column = model.tables[table].columns[part.name]
        if isinstance(column, Uuid):
            return True
        rest = [other for n, other in enumerate(parts) if n != place]
        if isinstance(column, Record):
            if all(map(_is_fixed, rest)):
                return True
            continue
        if all(_digits_are_fixed(model, table, other) for other in rest):
            return True
        if not isinstance(column, Sequence):
            continue
        before, after = parts[:place], parts[place + 1 :]
        if all(map(_is_fixed, before)) and _sets_apart(after[:1], 0):
            return True
        # A sequence of type text begins with its prefix: it is read from the other end only
        # if the prefix is known to begin it.
        if all(map(_is_fixed, after)) and not column.prefix and _sets_apart(before[-1:], -1):
            return True
    return False


def _is_fixed(part: str | Field) -> bool:
    return isinstance(part, str) or part.digits is not None


def _sets_apart(neighbour: tuple[str | Field, ...], end: int) -> bool:
    """Say whether digits end where a neighbour begins, at its character `end`."""
    return not neighbour or (isinstance(neighbour[0], str) and not neighbour[0][end].isdigit())


def _digits_are_fixed(model: Model, table: str, part: str | Field) -> bool:
    """Say whether a part of a template always holds equally many digits."""
    if _is_fixed(part) or isinstance(part, str):
        return True
    end = Resolved(table, part.name, ())
    while isinstance(column := model.tables[end.table].columns[end.column], Lookup):
        end = resolve(model, end.table, column.column)
    if isinstance(column, Faker):
        return True
    if isinstance(column, Pool) and (pool := model.pools[column.pool]).values is None:
        return pool.faker is not None
    if isinstance(column, Template):
        parts = templates.parse(column.template)
        return all(_digits_are_fixed(model, end.table, piece) for piece in parts)
    texts = possible_texts(model, end.table, end.column)
    return texts is not None and not any(c.isdigit() for text in texts for c in text)
