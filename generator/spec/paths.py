"""Where a path leads: from a row to a column, through its parent and its references."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from generator.spec import expressions, templates
from generator.spec.model import Model, Table
from generator.spec.rows import ChildRows
from generator.spec.values import (
    After,
    Column,
    Exponential,
    Expression,
    LogNormal,
    Lookup,
    Normal,
    Parent,
    Record,
    Reference,
    Template,
    Tree,
    Uniform,
)

# In expressions of tables with slots: the name of the row's slot.
SLOT = "slot"

ParentStep = tuple[Literal["parent"], str]
ReferenceStep = tuple[Literal["reference"], str, str]
Step = ParentStep | ReferenceStep


class PathError(ValueError):
    """A path that leads nowhere; the message quotes it and says what there is."""


@dataclass(frozen=True)
class Resolved:
    """The end of a path.

    Args:
        table: the table of the column.
        column: its name there.
        steps: how to come from the row to that table's row: ("parent", table) or
            ("reference", column, table); empty for a column of the row itself.
    """

    table: str
    column: str
    steps: tuple[Step, ...]


def suggest(name: str, known: Iterator[str] | list[str] | tuple[str, ...]) -> str:
    """Return "; did you mean x?" for a name that is nearly a known one, else what is known."""
    names = list(known)
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there is {', '.join(names)}" if names else ""


def parent_of(table: Table) -> str | None:
    """Return the table to whose rows the rows of this one belong, if any."""
    return table.rows.parent if isinstance(table.rows, ChildRows) else None


def resolve(model: Model, table: str, path: str) -> Resolved:
    """Follow a path from a row of a table.

    Raises:
        PathError: a step leads nowhere, or the path needs a look-up that goes in a circle.
    """
    return _resolve(model, table, path, ())


def leads_to(model: Model, table: str, column: str) -> str | None:
    """Return the table to whose rows a column leads; None for a column that leads nowhere.

    Raises:
        PathError: it is looked up along a path that leads nowhere or in a circle.
    """
    return _leads_to(model, table, column, ())


def _resolve(model: Model, table: str, path: str, seen: tuple[str, ...]) -> Resolved:
    *way, last = path.split(".")
    steps: list[Step] = []
    at = table
    for name in way:
        step = _step(model, at, name, path, seen)
        steps.append(step)
        at = step[-1]
    if last not in model.tables[at].columns:
        raise PathError(
            f"{path}: table {at} has no column {last}"
            + suggest(last, list(model.tables[at].columns))
        )
    return Resolved(at, last, tuple(steps))


def _step(model: Model, table: str, name: str, path: str, seen: tuple[str, ...]) -> Step:
    spec = model.tables[table]
    parent = parent_of(spec)
    if parent is not None and name == parent and parent in model.tables:
        return "parent", parent
    if name not in spec.columns:
        known = [*([parent] if parent else []), *spec.columns]
        raise PathError(
            f"{path}: {name} is neither a column of table {table} nor its parent"
            + suggest(name, known)
        )
    target = _leads_to(model, table, name, seen)
    if target is None or target not in model.tables:
        raise PathError(f"{path}: column {name} of table {table} leads to no other row")
    return "reference", name, target


def _leads_to(model: Model, table: str, column: str, seen: tuple[str, ...]) -> str | None:
    place = f"{table}.{column}"
    if place in seen:
        raise PathError(f"look-ups go in a circle: {' -> '.join([*seen, place])}")
    spec = model.tables[table].columns[column]
    match spec:
        case Reference():
            return spec.to
        case Parent():
            return parent_of(model.tables[table])
        case Tree():
            return table
        case Record():
            return spec.references
        case Lookup():
            end = _resolve(model, table, spec.column, (*seen, place))
            return _leads_to(model, end.table, end.column, (*seen, place))
        case _:
            return None


def column_paths(column: Column) -> Iterator[str]:
    """Yield the paths that a column's value is made from, as seen from its own row.

    Raises:
        ExpressionError, TemplateError: it holds an expression or a template that is none.
    """
    match column:
        case Template():
            yield from (field.name for field in templates.fields(column.template))
        case After(column=str(path)):
            yield path
        case After():
            yield from (slot.column for slot in (column.slots or {}).values())
        case Lookup():
            yield column.column
        case Expression():
            yield from expression_paths(column.value)
        case _:
            for _, text in number_expressions(column):
                yield from expression_paths(text)


def expression_paths(text: str) -> Iterator[str]:
    """Yield the paths of an expression, without `slot`.

    Raises:
        ExpressionError: it is none.
    """
    for path in expressions.paths(expressions.parse(text)):
        if path.steps != (SLOT,):
            yield str(path)


def number_expressions(column: Column) -> Iterator[tuple[str, str]]:
    """Yield the parameters of a distribution that are expressions: their name and text."""
    match column:
        case Uniform(type="date" | "timestamp"):
            names: tuple[str, ...] = ()  # their bounds are dates
        case Uniform():
            names = ("min", "max")
        case Normal():
            names = ("mean", "spread", "min", "max")
        case LogNormal():
            names = ("median", "sigma", "min", "max")
        case Exponential():
            names = ("mean", "min", "max")
        case _:
            names = ()
    for name in names:
        value = getattr(column, name)
        if isinstance(value, str):
            yield name, value
