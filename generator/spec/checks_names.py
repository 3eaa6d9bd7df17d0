"""Checks of names: all that a model names exists, and every path leads somewhere."""

from __future__ import annotations

from generator.spec import templates
from generator.spec.model import Model, Table
from generator.spec.paths import SLOT, column_paths, expression_paths, parent_of, resolve, suggest
from generator.spec.problems import Problems, place
from generator.spec.rows import ChildRows, TimedRows
from generator.spec.values import (
    Column,
    Count,
    DaysSince,
    Lookup,
    Pool,
    Record,
    Reference,
    Sum,
)

# PostgreSQL's reserved words (its manual, appendix "SQL Key Words"), which need quotes as
# names, and the columns that every table of its own has.
_WORDS = """
    all analyse analyze and any array as asc asymmetric authorization binary both case cast check
    collate collation column concurrently constraint create cross current_catalog current_date
    current_role current_schema current_time current_timestamp current_user default deferrable desc
    distinct do else end except false fetch for foreign freeze from full grant group having ilike in
    initially inner intersect into is isnull join lateral leading left like limit localtime
    localtimestamp natural not notnull null offset on only or order outer overlaps placing primary
    references returning right select session_user similar some symmetric system_user table
    tablesample then to trailing true union unique user using variadic verbose when where window
    with
    cmax cmin ctid tableoid xmax xmin
"""
_RESERVED = frozenset(_WORDS.split())


def check_names(model: Model, problems: Problems) -> None:
    """Note every name that is not allowed, and every one that names nothing."""
    for name, table in model.tables.items():
        _check_allowed(name, table, problems)
        _check_table(model, name, table, problems)
        for column, spec in table.columns.items():
            _check_column(model, (name, column), spec, problems)
    for name, pool in model.pools.items():
        for template in pool.templates or ():
            with problems.caught(f"pool {name}, templates"):
                for field in templates.fields(template):
                    if field.name not in model.pools:
                        problems.add(
                            f"pool {name}, templates",
                            f"{template!r}: there is no pool {field.name}"
                            + suggest(field.name, list(model.pools)),
                        )
    _check_totals(model, problems)


def _check_allowed(name: str, table: Table, problems: Problems) -> None:
    if name in _RESERVED:
        problems.add(place(name), f"{name} is a reserved word of SQL; choose another name")
    for column in table.columns:
        where = place(name, column)
        if column in _RESERVED:
            problems.add(where, f"{column} is a reserved word of SQL; choose another name")
        if column == SLOT:
            problems.add(where, f"{SLOT} is the name of a row's slot; choose another name")
        if column == parent_of(table):
            problems.add(
                where,
                f"is named as the parent table {column}, paths cannot tell them apart; rename it",
            )


def _known(name: str, known: list[str], what: str, where: str, problems: Problems) -> bool:
    if name in known:
        return True
    problems.add(where, f"there is no {what} {name}" + suggest(name, known))
    return False


def _check_table(model: Model, name: str, table: Table, problems: Problems) -> None:
    columns = list(table.columns)
    rows = table.rows
    if isinstance(rows, TimedRows):
        known = list(model.calendars)
        _known(rows.calendar, known, "calendar", place(name, part="rows.calendar"), problems)
    if isinstance(rows, ChildRows):
        _known(rows.parent, list(model.tables), "table", place(name, part="rows.parent"), problems)
        _check_conditions(model, name, rows, problems)
    for column in table.key:
        _known(column, columns, "column", place(name, part="key"), problems)
    if len(set(table.key)) < len(table.key):
        problems.add(place(name, part="key"), "names a column twice; name each once")
    if table.time is not None:
        _known(table.time, columns, "column", place(name, part="time"), problems)
    for group, change in table.changes.items():
        for column in change.columns:
            where = place(name, part=f"changes.{group}")
            _known(column, columns, "column", where, problems)
    for number, fault in enumerate(table.faults, 1):
        where = place(name, part=f"faults[{number}] {fault.make}")
        if fault.column is not None:
            _known(fault.column, columns, "column", where, problems)
        if fault.other is not None:
            with problems.caught(where):
                resolve(model, name, fault.other)


def _check_conditions(model: Model, name: str, rows: ChildRows, problems: Problems) -> None:
    conditions = {"rows.when": rows.when}
    for slot, spec in (rows.slots or {}).items():
        conditions[f"rows.slots.{slot}.when"] = spec.when
    for part, condition in conditions.items():
        if condition is None:
            continue
        where = place(name, part=part)
        with problems.caught(where):
            for path in expression_paths(condition):
                if path.split(".")[0] != rows.parent:
                    problems.add(
                        where,
                        f"{path} is not a column of the parent; write"
                        f" {rows.parent}.{path.split('.')[-1]}",
                    )
                else:
                    resolve(model, name, path)


def _check_column(model: Model, at: tuple[str, str], spec: Column, problems: Problems) -> None:
    table, column = at
    where = place(table, column)
    tables = list(model.tables)
    with problems.caught(where):
        for path in column_paths(spec):
            resolve(model, table, path)
    match spec:
        case Pool():
            _known(spec.pool, list(model.pools), "pool", where, problems)
        case Reference():
            _known(spec.to, tables, "table", where, problems)
        case Record(references=str(target)):
            _known(target, tables, "table", where, problems)
        case DaysSince():
            groups = list(model.tables[table].changes)
            _known(spec.change, groups, "group of changes", where, problems)
        case Lookup() if "." not in spec.column:
            problems.add(
                where,
                f"{spec.column} is a column of the row itself; look up parent.column or"
                " reference.column",
            )
        case Sum():
            child, _, summed = spec.of.partition(".")
            if _check_child(model, table, child, where, problems):
                if not summed or "." in summed:
                    problems.add(where, f"{spec.of}: write {child}.column")
                else:
                    known = list(model.tables[child].columns)
                    _known(summed, known, f"column of table {child}", where, problems)
        case Count():
            _check_child(model, table, spec.of, where, problems)
        case _:
            pass


def _check_child(model: Model, table: str, child: str, where: str, problems: Problems) -> bool:
    children = [name for name, spec in model.tables.items() if parent_of(spec) == table]
    if child in children:
        return True
    problems.add(
        where,
        f"{child} is no child of table {table}"
        + (suggest(child, children) if children else ", which has none")
        + "; only rows of kind per_parent belong to one",
    )
    return False


def _check_totals(model: Model, problems: Problems) -> None:
    for name, measure in (model.totals.measures if model.totals else {}).items():
        where = f"totals, {name}"
        if not _known(measure.table, list(model.tables), "table", where, problems):
            continue
        for path in (measure.date, measure.sum):
            if path is not None:
                with problems.caught(where):
                    resolve(model, measure.table, path)
        if measure.when is not None:
            with problems.caught(where):
                for path in expression_paths(measure.when):
                    resolve(model, measure.table, path)
