"""Tables at work: how many rows they have, when, and which belong to whom."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from generator.engine.arithmetic import Formula
from generator.engine.calendar import Calendar
from generator.engine.changes import ChangeClock, Ending
from generator.engine.columns import ColumnPlan
from generator.engine.frames import MOMENT, Frame, rows_name
from generator.engine.lifecycle import Lives
from generator.engine.output.rows import Rows
from generator.engine.output.text import Column, Uuid
from generator.engine.plans import plan_column
from generator.engine.randomness.distributions import Choice
from generator.engine.randomness.mix import NULL, Bools, Ints, Keys, chance
from generator.engine.values.times import OPERATION
from generator.spec.graph import versioned_columns
from generator.spec.rows import ChildRows, FixedRows, RecordRows, TimedRows

if TYPE_CHECKING:
    import numpy.typing as npt

    from generator.engine.world import World
    from generator.spec.model import Table as Spec

# Up to so many rows a table's unchanging values are computed once and kept: 2 MB a column.
_STORED_ROWS = 1 << 18


class Table:
    """A table of the model, ready to make any of its rows.

    Args:
        world: the run.
        name: the table's name.
        spec: what the model says of it.

    Attributes:
        parent: the table that its rows belong to.
        most: the most rows a parent can have.
        count: number of rows, where it does not grow in time.
        calendar: when rows come about, where they do over time.
        time: the column that says when a row comes about.
        versioned: columns, and what else frames keep, that hang on the moment.
        change_of: the group of slow changes of each column that changes.
    """

    def __init__(self, world: World, name: str, spec: Spec) -> None:
        self.world, self.name, self.spec = world, name, spec
        self.keys = Keys(world.parameters.seed, name)
        self.parent: Table | None = None
        self.children: list[Table] = []
        self.most = 1
        self.calendar: Calendar | None = None
        self.count = self._count()
        self.time = spec.time
        self.changes = {key: ChangeClock(key, change) for key, change in spec.changes.items()}
        self.change_of = {
            column: key for key, change in spec.changes.items() for column in change.columns
        }
        self.lives = None if spec.life_cycle is None else Lives(spec.life_cycle)
        self.ending = None if spec.ends is None else Ending(spec.ends)
        changing = versioned_columns(world.model, name)
        self.versioned = {
            *changing, *map(rows_name, changing), MOMENT, Lives.STEP, OPERATION,
        }  # fmt: skip
        self._columns: dict[str, ColumnPlan] = {}

    def _count(self) -> int | None:
        rows, scale = self.spec.rows, self.world.parameters.scale
        if isinstance(rows, RecordRows):
            return len(rows.records)
        if isinstance(rows, FixedRows):
            growth = {"linear": scale, "root": math.sqrt(scale), "not": 1.0}[rows.grows]
            return max(rows.least, round(rows.count * growth))
        if isinstance(rows, TimedRows):
            self.calendar = Calendar(
                rows,
                self.world.model.calendars[rows.calendar],
                self.keys,
                self.world.parameters.start,
                max(rows.least, round(rows.a_year * scale)),
                max(rows.before_least, round(rows.before * scale)),
                self.world.days,
            )
        return None

    def join(self) -> None:
        """Hang the table on its parent; called when all tables are there."""
        if isinstance(self.spec.rows, ChildRows):
            self.parent = self.world.tables[self.spec.rows.parent]
            self.parent.children.append(self)
            self.most = self.spec.rows.most

    @property
    def size(self) -> int:
        """Rows by the end of the batch; for children, row numbers."""
        if self.parent is not None:
            return self.parent.size * self.most
        if self.calendar is not None:
            return int(self.calendar.before[self.world.days])
        assert self.count is not None
        return self.count

    def count_at(self, times: Ints) -> int | Ints:
        """Return how many rows exist at some times: those of the days before."""
        if self.calendar is None:
            return self.size
        return np.maximum(self.calendar.count_at(times), 1)

    def column(self, name: str) -> ColumnPlan:
        """Return a column, planned when it is first asked for."""
        if name not in self._columns:
            self._columns[name] = plan_column(self, name, self.spec.columns[name])
        return self._columns[name]

    @property
    def visible(self) -> list[str]:
        """The columns that files hold."""
        return [name for name, spec in self.spec.columns.items() if not spec.hidden]

    def layout(self, name: str) -> Column:
        """Return a column as the writers need it."""
        plan = self.column(name)
        return Column(name, plan.type, plan.parts, plan.nullable)

    @cached_property
    def store(self) -> Frame | None:
        """A frame of all rows of a small table: what does not change is computed once."""
        if self.count is None or self.count > _STORED_ROWS:
            return None
        return Frame(self, np.arange(self.count))

    @cached_property
    def _key_texts(self) -> npt.NDArray[np.bytes_] | None:
        """The keys of all rows as texts, where taking them is faster than writing them."""
        key = self.column(self.spec.key[0])
        if self.store is None or key.parts != (Uuid(),):
            return None
        return np.array(self._written_keys(), dtype=np.bytes_)

    def key_texts(self) -> npt.NDArray[np.bytes_] | None:
        """Return the keys of all rows of a stored table whose keys are UUIDs."""
        return self._key_texts

    def _written_keys(self) -> list[str | None]:
        assert self.store is not None
        name = self.spec.key[0]
        rows = Rows([self.layout(name)], "csv")
        rows.begin(len(self.store))
        rows.put(name, *self.store.values(name))
        return rows.texts(name, np.arange(len(self.store)))

    def rows_by_key(self) -> dict[Any, int]:
        """Return the row of each key of a small table, by the key as a model's record spells it."""
        assert self.store is not None
        number = self.column(self.spec.key[0]).type in ("integer", "bigint")
        return {
            int(key or 0) if number else key: row for row, key in enumerate(self._written_keys())
        }

    def children_of(self, parents: Frame) -> Frame:
        """Return all rows that belong to some rows of the parent's table, in their order."""
        rows = self.spec.rows
        assert isinstance(rows, ChildRows)
        # A row for every parent, to judge conditions and shares by.
        every = Frame(self, parents.rows * self.most, parent=parents)
        if rows.slots is None:
            index, slot = _spread(self._numbers(rows, every))
        else:
            index, slot = np.nonzero(self._slots(rows, every))
        children = Frame(
            self, parents.rows[index] * self.most + slot, parent=parents, index=index, slot=slot
        )
        return children.where(self._has_targets(children))

    def _allowed(self, every: Frame, share: float, when: str | None, use: str) -> Bools:
        allowed = np.ones(len(every), dtype=np.bool_)
        if share < 1:
            allowed &= chance(every.draw("rows/", use), share)
        if when is not None:
            allowed &= self._formula(when).condition(every)
        return allowed

    def _formula(self, text: str) -> Formula:
        if text not in self._formulas:
            self._formulas[text] = Formula(self, text)
        return self._formulas[text]

    @cached_property
    def _formulas(self) -> dict[str, Formula]:
        return {}

    @cached_property
    def _choice(self) -> tuple[Choice, Ints]:
        assert isinstance(self.spec.rows, ChildRows)
        weights = self.spec.rows.weights or {}
        return Choice(list(weights.values())), np.array(list(weights))

    def _numbers(self, rows: ChildRows, every: Frame) -> Ints:
        if rows.weights is None:
            number = np.full(len(every), rows.count)
        else:
            choice, numbers = self._choice
            number = numbers[choice(every.draw("rows/", "number"))]
        return number * self._allowed(every, rows.share, rows.when, "share")

    def _slots(self, rows: ChildRows, every: Frame) -> Bools:
        allowed = self._allowed(every, rows.share, rows.when, "share")
        there = [
            allowed & self._allowed(every, slot.share, slot.when, name)
            for name, slot in (rows.slots or {}).items()
        ]
        return np.stack(there, axis=1)

    def _has_targets(self, children: Frame) -> Bools:
        """Return which children refer only to rows that exist at the children's time.

        A drawn reference does by itself. A parent may come about later or never, or be deleted by
        then, and what a reference that is taken over from elsewhere leads to may have ended.
        """
        assert self.parent is not None
        there = np.ones(len(children), dtype=np.bool_)
        if self.parent.time is not None:
            born = children.parents().times()
            there = born <= children.times() if self.time is not None else born < NULL
        end = self.parent.ending
        if self.time is not None and end is not None and end.deletes:
            there &= end.time(children.parents()) > children.times()
        for name, spec in self.spec.columns.items():
            target = self.column(name).leads_to if spec.kind == "lookup" else None
            if target is None or target.ending is None:
                continue
            rows = children.rows_of(name)
            known = np.where(rows == NULL, 0, rows)
            there &= target.ending.time(Frame(target, known)) > children.times()
        return there

    def last_change(self, frame: Frame) -> Ints:
        """Return when each row was last changed before the moment at which it is seen."""
        seen = frame.seen_at()
        latest = np.full(len(frame), -NULL)
        if self.time is not None:
            latest = frame.times().copy()
        for change in self.changes.values():
            at = change.time(frame, change.turn(frame, seen))
            # In a table without time the first value is as old as its latest change.
            latest = np.maximum(latest, at)
        if self.lives is not None:
            latest = np.maximum(latest, self.lives.last_change(frame))
        # A change log has no line for a row that is withdrawn.
        if self.ending is not None and (self.ending.deletes or self.spec.delivery != "change_log"):
            end = self.ending.time(frame)
            latest = np.where(end <= seen, end, latest)
        return np.where(latest == -NULL, 0, latest)


def _spread(numbers: Ints) -> tuple[Ints, Ints]:
    """Return the parent's position and the place of each of `numbers` children."""
    index = np.repeat(np.arange(len(numbers)), numbers)
    return index, np.arange(len(index)) - np.repeat(np.cumsum(numbers) - numbers, numbers)
