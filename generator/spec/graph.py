"""What depends on what: between columns, and between tables."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

from generator.errors import ModelError
from generator.spec.model import Model
from generator.spec.paths import column_paths, expression_paths, leads_to, parent_of, resolve
from generator.spec.rows import ChildRows
from generator.spec.values import (
    Alive,
    ChangedAt,
    Count,
    DaysSince,
    Lookup,
    Operation,
    Parent,
    Position,
    Reached,
    Reference,
    Status,
    Sum,
    Tree,
)

# Kinds whose value depends on the moment at which the row is seen.
MOMENT = (Status, ChangedAt, Operation, Alive, DaysSince)

Node = TypeVar("Node", bound=Hashable)


def versioned_columns(model: Model, table: str) -> set[str]:
    """Return the columns whose value depends on the moment at which the row is seen.

    Those of slow changes, the kinds that tell of changes, and what is derived from them in the same
    row. A lookup is seen at the looking row's own time: it does not count, unless the reference
    through which it looks changes.

    Raises:
        ExpressionError, TemplateError: a column holds one that cannot be read.
    """
    spec = model.tables[table]
    found = {name for change in spec.changes.values() for name in change.columns}
    found |= {name for name, column in spec.columns.items() if isinstance(column, MOMENT)}
    first = {
        name: {path.split(".")[0] for path in column_paths(column)}
        for name, column in spec.columns.items()
    }
    while more := {n for n, needed in first.items() if n not in found and needed & found}:
        found |= more
    return found


def column_dependencies(model: Model, table: str, column: str) -> tuple[tuple[str, str], ...]:
    """Return the columns, as (table, column), that must be known before a column's value is.

    The model's names must be sound (`check` sees to it).

    Raises:
        PathError: one of its paths leads nowhere.
        ExpressionError, TemplateError: it holds one that cannot be read.
    """
    return tuple(dict.fromkeys(_dependencies(model, table, column)))


def row_dependencies(model: Model, table: str) -> Iterator[tuple[str, str]]:
    """Yield the columns that say which rows of a table there are: its parents' and ancestors'."""
    spec = model.tables[table]
    if not isinstance(spec.rows, ChildRows):
        return
    conditions = [spec.rows.when, *(slot.when for slot in (spec.rows.slots or {}).values())]
    for condition in conditions:
        if condition is not None:
            for path in expression_paths(condition):
                yield from _along(model, table, path)
    # Rows whose copied references have ended by the row's time are not made.
    for name, column in spec.columns.items():
        if isinstance(column, Lookup) and (target := leads_to(model, table, name)):
            end = model.tables[target].ends if target in model.tables else None
            if end is not None and spec.time is not None:
                yield table, name
                yield table, spec.time
    if spec.rows.parent in model.tables and spec.rows.parent != table:
        yield from row_dependencies(model, spec.rows.parent)


def _dependencies(model: Model, table: str, column: str) -> Iterator[tuple[str, str]]:
    spec = model.tables[table]
    at = spec.columns[column]
    for path in column_paths(at):
        yield from _along(model, table, path)
    if spec.time is not None and isinstance(at, (Reference, Reached, *MOMENT)):
        yield table, spec.time
    match at:
        case Reference() if at.to in model.tables:
            yield from _key(model, at.to)
            if (there := model.tables[at.to].time) is not None:
                yield at.to, there
        case Parent() | Tree():
            yield from _key(model, leads_to(model, table, column) or table)
        case Sum():
            child, name = at.of.split(".")
            yield child, name
            yield from row_dependencies(model, child)
        case Count():
            yield from row_dependencies(model, at.of)
        case Position():
            yield from row_dependencies(model, table)
        case _:
            pass


def _key(model: Model, table: str) -> Iterator[tuple[str, str]]:
    for name in model.tables[table].key:
        yield table, name


def _along(model: Model, table: str, path: str) -> Iterator[tuple[str, str]]:
    """Yield the columns on the way and at the end of a path, and the time at which it is seen."""
    end = resolve(model, table, path)
    at = table
    for step in end.steps:
        if step[0] == "reference":
            yield at, step[1]
        at = step[-1]
    yield end.table, end.column
    time = model.tables[table].time
    if end.steps and time is not None and end.column in versioned_columns(model, end.table):
        yield table, time


def table_dependencies(model: Model, table: str) -> Iterator[str]:
    """Yield the tables that a table's rows point to: its parent, and those of its references.

    A table's own name is among them where it refers to itself, names of unknown tables too.

    Raises:
        PathError: a lookup's path leads nowhere.
    """
    spec = model.tables[table]
    if (parent := parent_of(spec)) is not None:
        yield parent
    for name in spec.columns:
        if (target := leads_to(model, table, name)) is not None:
            yield target


def table_order(model: Model) -> list[str]:
    """Return the tables' names so that each comes after its parent and those it refers to.

    Among free ones the model's order holds; a reference to the own table is no obstacle.

    Raises:
        ModelError: the tables go round in a circle; the message shows it.
        PathError: a path leads nowhere (`check` says so first).
    """

    def needed(table: str) -> list[str]:
        return [n for n in table_dependencies(model, table) if n != table and n in model.tables]

    order, cycles = sort(list(model.tables), needed)
    if cycles:
        chain = " -> ".join(cycles[0])
        raise ModelError(
            f"{model.name}: tables refer to each other in a circle: {chain};"
            " take one of the references out"
        )
    return order


def sort(
    nodes: Iterable[Node], needed: Callable[[Node], Iterable[Node]]
) -> tuple[list[Node], list[list[Node]]]:
    """Sort so that what a node needs comes before it; depth first, in the order given.

    Returns:
        The nodes in order, and the circles found, each as a chain that ends where it begins.
        Nodes of a circle stand in the order in any place.
    """
    order: list[Node] = []
    cycles: list[list[Node]] = []
    done: set[Node] = set()
    for start in nodes:
        if start in done:
            continue
        # The way from the start to the node at hand, with what is left to visit from each.
        way: dict[Node, Iterator[Node]] = {start: iter(needed(start))}
        while way:
            at, rest = next(reversed(way.items()))
            follower = next((n for n in rest if n not in done), None)
            if follower is None:
                del way[at]
                done.add(at)
                order.append(at)
            elif follower in way:
                chain = list(way)
                cycles.append([*chain[chain.index(follower) :], follower])
            else:
                way[follower] = iter(needed(follower))
    return order, cycles
