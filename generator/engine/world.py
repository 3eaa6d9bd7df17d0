"""Everything that all parts of a run share: the model at work, and the batch's time.

A worker builds its own from the parameters; nothing in it depends on what other workers do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from generator.engine.columns import unit_of
from generator.engine.randomness.mix import NULL, Bools, Ints
from generator.engine.records import LATEST_DAYS
from generator.engine.tables import Table
from generator.engine.values.keys import SequencePlan
from generator.engine.values.times import CalendarPlan, ReachedPlan
from generator.errors import BadParameter
from generator.spec.delays import SECONDS_A_DAY
from generator.spec.graph import table_order
from generator.spec.rows import RecordRows, TimedRows
from generator.spec.values import Choice, Constant, Expression, Record, Uniform

if TYPE_CHECKING:
    from generator.engine.columns import ColumnPlan
    from generator.engine.parameters import Parameters
    from generator.spec.model import FileFormat, Model
    from generator.spec.model import Table as Spec

# How far an expression can move a time, which the model does not say: ten years.
_FREE_DAYS = 3_653


@dataclass(frozen=True)
class Window:
    """The arrivals that belong to a batch, in seconds since day 0: begin <= arrival < end.

    Args:
        begin: first second; before all time for a history.
        end: the second after the last.
    """

    begin: int
    end: int

    @classmethod
    def of_days(cls, first: int, last: int) -> Window:
        """Return the window of days first to last; one from day 0 also holds all before it."""
        return cls(-NULL if first == 0 else first * SECONDS_A_DAY, (last + 1) * SECONDS_A_DAY)

    @property
    def is_history(self) -> bool:
        """It begins before all time."""
        return self.begin == -NULL

    @property
    def first_day(self) -> int:
        """Number of the first day."""
        return 0 if self.is_history else self.begin // SECONDS_A_DAY

    @property
    def last_day(self) -> int:
        """Number of the last day."""
        return self.end // SECONDS_A_DAY - 1

    def holds(self, times: Ints) -> Bools:
        """Return which times fall into the window."""
        held: Bools = (times >= self.begin) & (times < self.end)
        return held


class World:
    """What a worker needs to make any part of a batch.

    Args:
        model: the data model, already checked.
        parameters: the source's parameters.
        pools: the filled pools.
        window: the batch's time.

    Raises:
        BadParameter: a table would have more rows than its key has numbers.
    """

    def __init__(
        self,
        model: Model,
        parameters: Parameters,
        pools: dict[str, tuple[str, ...]],
        window: Window,
    ) -> None:
        self.model, self.parameters, self.pools, self.window = model, parameters, pools, window
        self.days = window.last_day + 1
        self.tables: dict[str, Table] = {}
        for name in table_order(model):
            self.tables[name] = Table(self, name, model.tables[name])
        for table in self.tables.values():
            table.join()
        self.span = self._span()
        self._check_sizes()

    def __reduce__(self) -> tuple[type[World], tuple[object, ...]]:
        """Send the ingredients to a worker that was not forked; it makes its own."""
        return World, (self.model, self.parameters, self.pools, self.window)

    @property
    def roots(self) -> list[Table]:
        """The tables whose rows belong to no others, parents of all."""
        return [table for table in self.tables.values() if table.parent is None]

    @property
    def delivered(self) -> list[Table]:
        """The tables that have files, in the model's order."""
        return [
            self.tables[name]
            for name, spec in self.model.tables.items()
            if spec.delivery != "internal"
        ]

    @cached_property
    def referenced(self) -> set[str]:
        """The tables that other rows refer to, by name; children and their parents apart."""
        columns = (
            table.column(name)
            for table in self.tables.values()
            for name, spec in table.spec.columns.items()
            if spec.kind in ("reference", "tree", "record")
        )
        return {column.leads_to.name for column in columns if column.leads_to is not None}

    def format_of(self, table: Table) -> FileFormat:
        """Return the format in which a table is delivered."""
        return self.parameters.format_of(table.spec)

    def seconds(self, text: str) -> int:
        """Return an ISO date or time of the model in seconds since day 0."""
        start = datetime.combine(self.parameters.start, datetime.min.time())
        moment = datetime.fromisoformat(text).replace(tzinfo=None)
        return int((moment - start).total_seconds())

    def whole(self, column_type: str, value: bool | float | str) -> int:
        """Return a constant of the model as whole number of the type's unit."""
        if isinstance(value, str):
            seconds = self.seconds(value)
            return seconds if column_type == "timestamp" else seconds // SECONDS_A_DAY
        return round(value * unit_of(column_type))

    def _span(self) -> tuple[date, int, int]:
        """Return day 0, and the first and last day that a time in a file can have."""
        earliest, latest, longest, free = 0, self.days, 0, 0
        for table in self.model.tables.values():
            if isinstance(table.rows, TimedRows):
                earliest = min(earliest, -table.rows.before_days)
            for change in table.changes.values():
                earliest = min(earliest, -change.every_days[1])
            if table.ends is not None:
                longest += table.ends.after_days[1] * SECONDS_A_DAY
            # A bound, not the longest: all delays of the model one after another.
            longest += sum(delay.longest_seconds for delay in table.delays())
            for name, column in table.columns.items():
                if column.type in ("date", "timestamp"):
                    written = _written(table, name)
                    days = [self.seconds(str(value)) // SECONDS_A_DAY for value in written]
                    earliest, latest = min([earliest, *days]), max([latest, *days])
                    free = _FREE_DAYS if isinstance(column, Expression) else free
        latest += longest // SECONDS_A_DAY + free + 1
        return self.parameters.start, earliest - free - 1, latest

    def _check_sizes(self) -> None:
        for table in self.tables.values():
            key = table.column(table.spec.key[0])
            limit = key.greatest if isinstance(key, SequencePlan) else None
            if limit is not None and table.size > limit:
                raise BadParameter(
                    f"--scale {self.parameters.scale:g}: {table.name} has {table.size:,} rows by"
                    f" day {self.days}, its key {table.spec.key[0]} ends at {limit:,}; take a"
                    " smaller scale or fewer days, or give the key more digits"
                )

    def longest_wait(self, root: Table) -> int | None:
        """Return the most seconds from a root row's time to an event in its family.

        None: there is no such bound, as rows change or end at any time after.
        """
        longest = 0
        for table in family(root):
            if table.spec.delivery == "internal":
                continue
            if table.spec.delivery == "full_extract" or table.changes or table.ending is not None:
                return None
            wait = self._wait(table.column(table.time)) if table.time is not None else None
            if wait is None:
                return None
            lives = 0 if table.lives is None else table.lives.longest_seconds
            longest = max(longest, wait + lives)
        return longest + LATEST_DAYS * SECONDS_A_DAY

    def _wait(self, column: ColumnPlan) -> int | None:
        """Return the most seconds from the time of the family's root row to a time column."""
        if isinstance(column, CalendarPlan):
            return 0
        if isinstance(column, ReachedPlan):
            own, lives = column.table.time, column.table.lives
            wait = None if own is None else self._wait(column.table.column(own))
            return None if wait is None or lives is None else wait + lives.longest_seconds
        waits = [(self._wait(route.column), delay) for route, delay in column.comes_after()]
        known = [wait + delay for wait, delay in waits if wait is not None]
        return max(known) if known and len(known) == len(waits) else None


def _written(table: Spec, name: str) -> list[object]:
    """Return the dates or times that the model itself writes for a column."""
    column = table.columns[name]
    values: list[object] = []
    match column:
        case Uniform():
            values = [column.min, column.max]
        case Constant():
            values = [column.value]
        case Choice():
            values = list(column.values)
        case Record() if isinstance(table.rows, RecordRows):
            values = [record[name] for record in table.rows.records]
        case _:
            pass
    return [value for value in values if value is not None]


def family(root: Table) -> list[Table]:
    """Return a table and all tables whose rows belong to its rows, parents first."""
    return [root, *(member for child in root.children for member in family(child))]


def day_names(start: date, days: Ints) -> list[str]:
    """Return days since day 0 as ISO dates."""
    return [str(day) for day in np.datetime64(start, "D") + days]
