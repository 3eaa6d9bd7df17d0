"""Checks of keys and of what leads to them: unique, never missing, of one type on both sides."""

from __future__ import annotations

from generator.spec.facts import is_nullable, record_values
from generator.spec.graph import versioned_columns
from generator.spec.model import Model
from generator.spec.paths import parent_of, resolve
from generator.spec.problems import Problems, place
from generator.spec.rows import ChildRows, FixedRows, RecordRows, TimedRows
from generator.spec.uniqueness import is_unique, key_is_unique
from generator.spec.values import (
    CalendarTime,
    Lookup,
    Parent,
    Record,
    Reference,
    Sequence,
    Sum,
    Tree,
)


def check_keys(model: Model, problems: Problems) -> None:
    """Note keys that do not hold, and columns that cannot lead to one."""
    for name, table in model.tables.items():
        _check_key(model, name, problems)
        for column, spec in table.columns.items():
            at = (name, column)
            if spec.unique and not is_unique(model, name, column):
                problems.add(
                    place(*at),
                    "cannot be proved unique; use a sequence, a uuid, or a template in which a"
                    " sequence is set apart ({name}-{number})",
                )
            match spec:
                case Reference():
                    _check_reference(model, at, spec, problems)
                case Parent():
                    _check_one_key(model, at, parent_of(table) or name, problems)
                case Tree():
                    _check_one_key(model, at, name, problems)
                case Record(references=str(target)):
                    _check_record(model, at, target, problems)
                case Lookup():
                    end = resolve(model, name, spec.column)
                    _check_same_type(model, at, end.table, end.column, problems)
                case Sum():
                    _check_sum(model, at, spec, problems)
                case _:
                    pass


def _check_key(model: Model, name: str, problems: Problems) -> None:
    table = model.tables[name]
    versioned = versioned_columns(model, name)
    for column in table.key:
        where = place(name, column)
        if table.columns[column].hidden and table.delivery != "internal":
            problems.add(where, "belongs to the key; take hidden out")
        if table.columns[column].null_share > 0:
            problems.add(where, "belongs to the key; take null_share out")
        elif is_nullable(model, name, column):
            problems.add(where, "belongs to the key and can be missing; use one that cannot")
        if column in versioned:
            problems.add(where, "belongs to the key and changes over time; use one that does not")
    if not key_is_unique(model, name):
        fix = (
            "use a sequence, or the parent's key (kind parent) and a position"
            if isinstance(table.rows, ChildRows)
            else "use a sequence or a uuid"
        )
        problems.add(
            place(name, part="key"), f"{', '.join(table.key)} cannot be proved unique; {fix}"
        )


def _check_one_key(model: Model, at: tuple[str, str], target: str, problems: Problems) -> bool:
    """Note a target without a key of one column, or whose key is of another type."""
    key = model.tables[target].key
    if len(key) > 1:
        problems.add(
            place(*at),
            f"the key of {target} has {len(key)} columns ({', '.join(key)}); look each of them up,"
            " or give the table a key of one column",
        )
        return False
    return _check_same_type(model, at, target, key[0], problems)


def _check_same_type(
    model: Model, at: tuple[str, str], target: str, column: str, problems: Problems
) -> bool:
    own = model.tables[at[0]].columns[at[1]].type
    other = model.tables[target].columns[column].type
    if own == other:
        return True
    problems.add(place(*at), f"is of type {own}, {target}.{column} of type {other}; use the same")
    return False


def _check_reference(
    model: Model, at: tuple[str, str], spec: Reference, problems: Problems
) -> None:
    where = place(*at)
    _check_one_key(model, at, spec.to, problems)
    target = model.tables[spec.to]
    if isinstance(target.rows, ChildRows):
        problems.add(
            where,
            f"rows of {spec.to} belong to those of {target.rows.parent} and cannot be drawn; make"
            f" {at[0]} a child of {spec.to} (kind parent), or refer to {target.rows.parent}",
        )
        return
    if target.time is None:
        return
    if not isinstance(target.rows, TimedRows) or not isinstance(
        target.columns[target.time], CalendarTime
    ):
        problems.add(
            where,
            f"rows of {spec.to} must come in the order of their numbers to be drawn; give the table"
            " rows of kind over_time with its calendar as time, or no time",
        )
        return
    if target.rows.before_least == 0:
        problems.add(
            where,
            f"table {spec.to} is empty at the start, there is nothing to refer to; set before and"
            " before_least in its rows",
        )
        return
    root = at[0]
    while (parent := parent_of(model.tables[root])) is not None:
        root = parent
    rows = model.tables[root].rows
    older = isinstance(rows, TimedRows) and max(rows.before, rows.before_least) > 0
    if older and isinstance(rows, TimedRows) and rows.before_days > target.rows.before_days:
        problems.add(
            where,
            f"rows of {root} go back {rows.before_days} days, those of {spec.to} only"
            f" {target.rows.before_days}; raise before_days in {spec.to}",
        )


def _check_record(model: Model, at: tuple[str, str], target: str, problems: Problems) -> None:
    """Note values in records that are no keys of the table they lead to."""
    if not _check_one_key(model, at, target, problems):
        return
    table = model.tables[target]
    key = table.key[0]
    spec = table.columns[key]
    if isinstance(spec, Record) and isinstance(table.rows, RecordRows):
        known = set(record_values(model, target, key))
    elif isinstance(spec, Sequence) and isinstance(table.rows, FixedRows | RecordRows):
        rows = table.rows
        count = len(rows.records) if isinstance(rows, RecordRows) else _least(rows)
        numbers = range(spec.first, spec.first + count)
        known = {
            f"{spec.prefix}{number:0{spec.digits or 1}}" if spec.type == "text" else number
            for number in numbers
        }
    else:
        problems.add(
            place(*at),
            f"records can lead only to a table whose keys are written out too; {target}.{key} is of"
            f" kind {spec.kind}",
        )
        return
    for number, value in enumerate(record_values(model, *at), 1):
        if value is not None and value not in known:
            problems.add(place(*at), f"record {number}: {value!r} is no key of table {target}")


def _least(rows: FixedRows) -> int:
    """Return how many rows there are at any scale."""
    return rows.count if rows.grows == "not" else rows.least


def _check_sum(model: Model, at: tuple[str, str], spec: Sum, problems: Problems) -> None:
    child, column = spec.of.split(".")
    summed = model.tables[child].columns[column].type
    own = model.tables[at[0]].columns[at[1]].type
    whole = ("integer", "bigint")
    if summed not in (*whole, "decimal"):
        problems.add(place(*at), f"{spec.of} is of type {summed}; sum up a number")
    elif (summed == "decimal") != (own == "decimal"):
        problems.add(place(*at), f"is of type {own}, {spec.of} of type {summed}; use the same")
    if column in versioned_columns(model, child):
        problems.add(place(*at), f"{spec.of} changes over time; sum up what does not")
