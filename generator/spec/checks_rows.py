"""Checks of how rows come about, change and end."""

from __future__ import annotations

from generator.spec.facts import statuses
from generator.spec.graph import sort, versioned_columns
from generator.spec.model import LifeCycle, Model, Table
from generator.spec.paths import expression_paths, parent_of, resolve, suggest
from generator.spec.problems import Problems, place
from generator.spec.rows import ChildRows, FixedRows, TimedRows
from generator.spec.values import (
    After,
    Alive,
    BySlot,
    CalendarTime,
    ChangedAt,
    Choice,
    Column,
    Exponential,
    Faker,
    LogNormal,
    Lookup,
    Normal,
    Operation,
    Parent,
    Poisson,
    Pool,
    Position,
    Reached,
    Reference,
    Status,
    Tree,
    Uniform,
    Uuid,
    Zipf,
)

# A child's number is its parent's times `most` plus its slot: the numbers must stay within 62 bits.
MOST_DESCENDANTS = 2**20
# The engine makes a table of a life cycle's ways.
MOST_PATHS = 64

# Kinds that a slow change can draw anew; the others take their value from elsewhere.
_DRAWN = (
    Uuid | Pool | Faker | Choice | Uniform | Normal | LogNormal | Exponential | Poisson | Zipf
) | Reference


def check_rows(model: Model, problems: Problems) -> None:
    """Note rows that cannot come about, change or end as the model says."""
    for name, table in model.tables.items():
        _check_columns(name, table, problems)
        _check_delivery(name, table, problems)
        _check_time(model, name, problems)
        if table.life_cycle is not None:
            _check_life_cycle(name, table, table.life_cycle, problems)
        _check_changes(name, table, problems)
        _check_ends(name, table, problems)
        _check_parents(model, name, problems)


def _check_columns(name: str, table: Table, problems: Problems) -> None:
    """Note kinds that need rows of another kind."""
    rows = table.rows
    slots = list(rows.slots or {}) if isinstance(rows, ChildRows) else []
    most = rows.most if isinstance(rows, ChildRows) else 0
    for column, spec in table.columns.items():
        where = place(name, column)
        if isinstance(spec, Parent | Position) and not isinstance(rows, ChildRows):
            problems.add(where, f"kind {spec.kind} needs rows of kind per_parent")
        match spec:
            case Position(values=tuple(values)) if len(values) < most:
                problems.add(where, f"a parent has up to {most} rows; give as many values")
            case BySlot(values=given) | After(slots=dict(given)):
                _check_slots(slots, list(given), where, problems)
            case _:
                pass
        if isinstance(spec, CalendarTime) and not isinstance(rows, TimedRows):
            problems.add(where, "kind calendar needs rows of kind over_time; use after or lookup")
        if isinstance(spec, Tree) and not isinstance(rows, FixedRows):
            problems.add(where, "kind tree needs rows of kind fixed, whose number is known")
        if isinstance(spec, Status | Reached) and table.life_cycle is None:
            problems.add(where, f"kind {spec.kind} needs a life_cycle in the table")


def _check_slots(slots: list[str], given: list[str], where: str, problems: Problems) -> None:
    if not slots:
        problems.add(where, "the table has no slots; give them under rows.slots")
        return
    for slot in slots:
        if slot not in given:
            problems.add(where, f"slot {slot} is missing; give its value")
    for slot in given:
        if slot not in slots:
            problems.add(where, f"there is no slot {slot}" + suggest(slot, slots))


def _of_kind(table: Table, kind: type[Column]) -> list[str]:
    return [name for name, spec in table.columns.items() if isinstance(spec, kind)]


def _check_delivery(name: str, table: Table, problems: Problems) -> None:
    where = place(name, part="delivery")
    if table.delivery in ("append", "change_log") and table.time is None:
        problems.add(
            where, f"rows of delivery {table.delivery} come at a time; say which column is the time"
        )
    if table.delivery != "internal" and all(spec.hidden for spec in table.columns.values()):
        problems.add(where, "all columns are hidden; show one, or make the table internal")
    for kind, ways in ((ChangedAt, ("change_log", "full_extract")), (Operation, ("change_log",))):
        found = _of_kind(table, kind)
        if len(found) > 1:
            problems.add(where, f"{' and '.join(found)} are of the same kind; keep one")
        for column in found if table.delivery not in ways else ():
            problems.add(
                place(name, column),
                f"kind {table.columns[column].kind} needs delivery {' or '.join(ways)}",
            )
    if table.delivery != "change_log":
        return
    deleted = table.ends is not None and table.ends.how == "deleted"
    versions = table.life_cycle is not None or table.changes or deleted
    shown = [c for c in _of_kind(table, ChangedAt) if not table.columns[c].hidden]
    if versions and not shown:
        problems.add(
            where,
            "rows have versions; add a visible column of kind changed_at that tells them apart",
        )
    if deleted and not [c for c in _of_kind(table, Operation) if not table.columns[c].hidden]:
        problems.add(where, "rows are deleted; add a visible column of kind operation that says so")


def _check_time(model: Model, name: str, problems: Problems) -> None:
    table = model.tables[name]
    where = place(name, part="time")
    if isinstance(table.rows, TimedRows):
        if table.time is None:
            problems.add(where, "rows come over time; name the column of kind calendar")
        elif not _of_kind(table, CalendarTime):
            problems.add(where, "rows come over time; add a column of kind calendar")
    if table.time is None:
        for column in _of_kind(table, Lookup):
            _check_moment(model, (name, column), problems)
        if table.life_cycle is not None:
            problems.add(
                place(name, part="life_cycle"), "begins at the row's time; name it as time"
            )
        return
    spec = table.columns[table.time]
    if spec.type != "timestamp":
        problems.add(where, f"{table.time} is of type {spec.type}; name a column of type timestamp")
    if spec.null_share > 0:
        problems.add(place(name, table.time), "is the time; take null_share out")
    at: Column = spec
    owner, column = name, table.time
    while isinstance(at, Lookup):
        end = resolve(model, owner, at.column)
        owner, column = end.table, end.column
        at = model.tables[owner].columns[column]
    if not isinstance(at, CalendarTime | After | Reached):
        problems.add(
            where,
            f"{table.time} is of kind {at.kind}; use calendar, after, or a lookup of a time of"
            " these kinds or of kind reached",
        )
    if column in versioned_columns(model, owner):
        problems.add(where, f"{owner}.{column} changes over time; name a column that does not")


def _check_moment(model: Model, at: tuple[str, str], problems: Problems) -> None:
    """Note a look-up of what changes, in a table whose rows have no time to look at."""
    table, column = at
    spec = model.tables[table].columns[column]
    if not isinstance(spec, Lookup):
        return
    end = resolve(model, table, spec.column)
    if end.column in versioned_columns(model, end.table):
        problems.add(
            place(table, column),
            f"{spec.column} changes over time and table {table} has no time at which it is seen;"
            " give the table a time, or look up what does not change",
        )


def _check_life_cycle(name: str, table: Table, cycle: LifeCycle, problems: Problems) -> None:
    where = place(name, part="life_cycle")
    known = list(statuses(cycle))
    if not _of_kind(table, Status):
        problems.add(where, "add a column of kind status (it may be hidden)")
    for column in table.columns:
        spec = table.columns[column]
        if isinstance(spec, Reached) and spec.status not in known:
            problems.add(
                place(name, column),
                f"there is no status {spec.status}" + suggest(spec.status, known),
            )
        if isinstance(spec, Reached) and not spec.hidden:
            problems.add(
                place(name, column),
                f"would tell from the first version on when {spec.status} comes; hide it, and let"
                " children look it up",
            )
    for status, steps in cycle.steps.items():
        total = sum(step.probability for step in steps)
        if total > 1 + 1e-9:
            problems.add(
                where, f"the probabilities from {status} add up to {total:g}; at most 1 is left"
            )

    def onward(status: str) -> list[str]:
        return [step.to for step in cycle.steps.get(status, ()) if step.probability > 0]

    order, circles = sort([cycle.first], onward)
    for chain in circles:
        problems.add(where, f"goes in a circle: {' -> '.join(chain)}; a status comes once")
    for status in known:
        if status not in order:
            problems.add(where, f"status {status} is never reached from {cycle.first}; add a step")
    if not circles:
        # Ways that end at a status, counted from the last statuses to the first.
        ways: dict[str, int] = {}
        for status in order:
            left = 1 - sum(step.probability for step in cycle.steps.get(status, ()))
            ways[status] = int(left > 1e-9) + sum(ways[n] for n in onward(status))
        if ways[cycle.first] > MOST_PATHS:
            problems.add(
                where, f"has {ways[cycle.first]} ways from start to end; at most {MOST_PATHS}"
            )


def _check_changes(name: str, table: Table, problems: Problems) -> None:
    if table.changes and table.delivery == "append":
        problems.add(
            place(name, part="changes"),
            "rows of delivery append come once and never change; use change_log or full_extract",
        )
    owners: dict[str, str] = {}
    for group, change in table.changes.items():
        where = place(name, part=f"changes.{group}")
        for column in change.columns:
            if column in owners:
                problems.add(where, f"{column} stands in {owners[column]} too; a column has one")
            owners[column] = group
            if column in table.key or column == table.time:
                what = "the key" if column in table.key else "the time"
                problems.add(where, f"{column} belongs to {what}, which never changes")
            elif not isinstance(table.columns[column], _DRAWN):
                problems.add(
                    where,
                    f"{column} is of kind {table.columns[column].kind} and follows others; name"
                    " the columns it is made from",
                )


def _check_ends(name: str, table: Table, problems: Problems) -> None:
    where = place(name, part="ends")
    if table.ends is None:
        for column in _of_kind(table, Alive):
            problems.add(place(name, column), "kind alive needs ends in the table")
        return
    if table.ends.after_days[1] < table.ends.after_days[0]:
        problems.add(
            where, f"after_days: {table.ends.after_days[1]} is below {table.ends.after_days[0]}"
        )
    if isinstance(table.rows, ChildRows):
        problems.add(where, "rows of kind per_parent end with their parent; take ends out")
    if table.ends.how == "deleted" and table.delivery == "append":
        problems.add(where, 'delivery append never takes a row back; say "how": "withdrawn"')


def _check_parents(model: Model, name: str, problems: Problems) -> None:
    most, at = 1, name
    while (parent := parent_of(model.tables[at])) is not None:
        rows = model.tables[at].rows
        most *= rows.most if isinstance(rows, ChildRows) else 1
        at = parent
    if most > MOST_DESCENDANTS:
        problems.add(
            place(name, part="rows"),
            f"a row of {at} can have {most} of them; at most {MOST_DESCENDANTS}, lower the counts",
        )
    rows = model.tables[name].rows
    if not isinstance(rows, ChildRows):
        return
    if rows.most == 0:
        problems.add(
            place(name, part="rows.weights"), "no parent has any row; add a number above 0"
        )
    versioned = versioned_columns(model, rows.parent)
    slots = {f"rows.slots.{slot}.when": spec.when for slot, spec in (rows.slots or {}).items()}
    for part, condition in {"rows.when": rows.when, **slots}.items():
        for path in expression_paths(condition) if condition is not None else ():
            end = resolve(model, name, path)
            changing = (
                versioned if end.table == rows.parent else versioned_columns(model, end.table)
            )
            if end.column in changing:
                problems.add(
                    place(name, part=part),
                    f"{path} changes over time; use what does not, such as known(...) of a column"
                    " of kind reached",
                )
