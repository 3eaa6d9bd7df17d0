"""What is certain about a column's values before one is made: missing or not, which texts."""

from __future__ import annotations

from generator.spec import expressions
from generator.spec.expressions import Binary, Call, Compare, If, Logic, Node, Not, Path
from generator.spec.model import LifeCycle, Model
from generator.spec.paths import SLOT, column_paths, number_expressions, resolve
from generator.spec.rows import RecordRows
from generator.spec.values import (
    After,
    BySlot,
    Choice,
    Constant,
    Expression,
    Faker,
    Lookup,
    Operation,
    Pool,
    Position,
    Reached,
    Record,
    Status,
    Template,
    Tree,
)

OPERATIONS = ("I", "U", "D")


def statuses(life_cycle: LifeCycle) -> tuple[str, ...]:
    """Return the statuses of a life cycle, the first one first."""
    named = [life_cycle.first, *life_cycle.steps]
    named += [step.to for steps in life_cycle.steps.values() for step in steps]
    return tuple(dict.fromkeys(named))


def record_values(model: Model, table: str, column: str) -> list[object]:
    """Return what a table's records hold under a column's name; empty for other tables."""
    rows = model.tables[table].rows
    if not isinstance(rows, RecordRows):
        return []
    return [record.get(column) for record in rows.records]


def is_nullable(model: Model, table: str, column: str) -> bool:  # noqa: PLR0911 (a case a kind)
    """Say whether a value can be missing; where that cannot be told, it can.

    The model's columns must not go in circles. A time that can be missing is nullable here,
    though no row without its time is ever delivered.
    """
    spec = model.tables[table].columns[column]
    if spec.null_share > 0:
        return True
    match spec:
        case Tree():
            return True
        case Reached():
            cycle = model.tables[table].life_cycle
            return cycle is None or spec.status != cycle.first
        case Record():
            return None in record_values(model, table, column)
        case Expression():
            return _can_miss(model, table, expressions.parse(spec.value), frozenset())
        case Lookup() | After() | Template():
            return any(path_is_nullable(model, table, path) for path in column_paths(spec))
        case _:
            return any(
                _can_miss(model, table, expressions.parse(text), frozenset())
                for _, text in number_expressions(spec)
            )


def path_is_nullable(model: Model, table: str, path: str) -> bool:
    """Say whether the value at the end of a path can be missing, or a step on the way."""
    end = resolve(model, table, path)
    at = table
    for step in end.steps:
        if step[0] == "reference" and is_nullable(model, at, step[1]):
            return True
        at = step[-1]
    return is_nullable(model, end.table, end.column)


def _can_miss(model: Model, table: str, node: Node, known: frozenset[Path]) -> bool:  # noqa: PLR0911
    """Say whether an expression can miss its value, where some paths are known not to."""

    def any_of(*nodes: Node) -> bool:
        return any(_can_miss(model, table, part, known) for part in nodes)

    match node:
        case Path():
            sure = node in known or node.steps == (SLOT,)
            return not sure and path_is_nullable(model, table, str(node))
        case Binary() | Compare():
            # What a row divides by can be zero, and the quotient is missing then.
            divides = isinstance(node, Binary) and node.operator in ("/", "//", "%")
            unsure = divides and not isinstance(node.right, expressions.Value)
            return unsure or any_of(node.left, node.right)
        case Logic():
            return any_of(*node.conditions)
        case Not():
            return any_of(node.condition)
        case If(condition=Call(function="known", arguments=(Path() as path,))):
            then = _can_miss(model, table, node.then, known | {path})
            return then or any_of(node.otherwise)
        case If():
            return any_of(node.condition, node.then, node.otherwise)
        case Call():
            return node.function != "known" and any_of(*node.arguments)
        case _:
            return False


def is_listed(model: Model, table: str, column: str) -> bool:
    """Say whether a text column takes its values from a list, so that texts can be compared."""
    spec = model.tables[table].columns[column]
    if isinstance(spec, Lookup):
        end = resolve(model, table, spec.column)
        return is_listed(model, end.table, end.column)
    listed = (Choice, Constant, Pool, Faker, Status, BySlot, Record, Operation)
    with_values = isinstance(spec, Position) and spec.values is not None
    return spec.type == "text" and (isinstance(spec, listed) or with_values)


def possible_texts(model: Model, table: str, column: str) -> tuple[str, ...] | None:
    """Return the texts that a text column can hold; None where they are not written in the model.

    The model's columns must not go in circles.
    """
    owner = model.tables[table]
    spec = owner.columns[column]
    found: list[object] | None = None
    match spec:
        case Lookup():
            end = resolve(model, table, spec.column)
            return possible_texts(model, end.table, end.column)
        case Choice():
            found = list(spec.values)
        case Constant():
            found = [spec.value]
        case Pool() if spec.pool in model.pools:
            values = model.pools[spec.pool].values
            found = None if values is None else list(values)
        case Status() if owner.life_cycle is not None:
            found = list(statuses(owner.life_cycle))
        case BySlot():
            found = list(spec.values.values())
        case Position(values=tuple(values)):
            found = list(values)
        case Record():
            found = record_values(model, table, column)
        case Operation():
            found = list(OPERATIONS)
        case _:
            pass
    if found is None or spec.type != "text":
        return None
    return tuple(dict.fromkeys(text for text in found if isinstance(text, str)))
