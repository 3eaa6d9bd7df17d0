"""Checks of expressions, templates and times: what they give fits the place they stand in."""

from __future__ import annotations

from generator.spec import templates
from generator.spec.kinds import NUMBERS, check_condition, check_number, check_value, kind_of
from generator.spec.model import Model
from generator.spec.paths import column_paths, number_expressions, resolve
from generator.spec.problems import Problems, place
from generator.spec.rows import ChildRows
from generator.spec.values import After, Column, Expression, Template, Uniform


def check_expressions(model: Model, problems: Problems) -> None:
    """Note expressions of the wrong type, and fields of templates that cannot be filled so."""
    for name, table in model.tables.items():
        if isinstance(table.rows, ChildRows):
            conditions = {"rows.when": table.rows.when}
            for slot, rows in (table.rows.slots or {}).items():
                conditions[f"rows.slots.{slot}.when"] = rows.when
            for part, condition in conditions.items():
                if condition is not None:
                    with problems.caught(place(name, part=part)):
                        check_condition(model, name, condition)
        for column, spec in table.columns.items():
            _check_column(model, (name, column), spec, problems)
    _check_totals(model, problems)


def _check_column(model: Model, at: tuple[str, str], spec: Column, problems: Problems) -> None:
    table = at[0]
    where = place(*at)
    match spec:
        case Expression():
            with problems.caught(where):
                check_value(model, table, spec.value, spec.type)
        case Template():
            _check_template(model, at, spec, problems)
        case After():
            for path in column_paths(spec):
                end = resolve(model, table, path)
                type_ = model.tables[end.table].columns[end.column].type
                if type_ != "timestamp":
                    problems.add(where, f"{path} is of type {type_}; name a timestamp")
        case _:
            for name, text in number_expressions(spec):
                with problems.caught(place(*at, part=name)):
                    # The bounds are values themselves; the others only shape the distribution.
                    if isinstance(spec, Uniform) or name in ("min", "max"):
                        check_value(model, table, text, spec.type)
                    else:
                        check_number(model, table, text)


def _check_template(model: Model, at: tuple[str, str], spec: Template, problems: Problems) -> None:
    for field in templates.fields(spec.template):
        type_ = model.tables[at[0]].columns[field.name].type
        if field.digits is not None and type_ not in ("integer", "bigint"):
            problems.add(
                place(*at), f"{field.name} is of type {type_}; only whole numbers are padded"
            )
        if field.filter is not None and type_ != "text":
            problems.add(
                place(*at), f"{field.name} is of type {type_}; {field.filter} is for texts"
            )


def _check_totals(model: Model, problems: Problems) -> None:
    if model.totals is None:
        return
    names = [model.totals.date, *model.totals.constants, *model.totals.measures]
    for name in {name for name in names if names.count(name) > 1}:
        problems.add("totals", f"{name} names two columns; rename one")
    for name, measure in model.totals.measures.items():
        where = f"totals, {name}"
        table = model.tables[measure.table]
        if table.delivery == "internal":
            problems.add(where, f"table {measure.table} is internal; count a delivered one")
        if measure.count == "parents" and not isinstance(table.rows, ChildRows):
            problems.add(where, f"rows of {measure.table} have no parents; count rows")
        with problems.caught(where):
            if kind_of(model, measure.table, measure.date).sort != "time":
                problems.add(where, f"date {measure.date} is no timestamp; name one")
            if measure.sum is not None:
                end = resolve(model, measure.table, measure.sum)
                if model.tables[end.table].columns[end.column].type not in NUMBERS:
                    problems.add(where, f"sum {measure.sum} is no number; name one")
            if measure.when is not None:
                check_condition(model, measure.table, measure.when)
