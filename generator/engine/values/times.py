"""Columns that say when something happens, and how a row stands at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.engine.columns import ColumnPlan, Parts
from generator.engine.delays import delays
from generator.engine.output.text import Texts
from generator.engine.paths import Route
from generator.engine.randomness.mix import NULL, Ints
from generator.spec import values as kinds
from generator.spec.delays import SECONDS_A_DAY
from generator.spec.facts import OPERATIONS
from generator.spec.rows import ChildRows

if TYPE_CHECKING:
    from generator.engine.frames import Frame, Values
    from generator.spec.values import Column as Spec

OPERATION = "operation/"


class CalendarPlan(ColumnPlan):
    """When a row comes about."""

    kinds = ("calendar",)

    def layout(self, spec: Spec) -> Parts:
        """Return a time."""
        return self.number(spec)

    def compute(self, frame: Frame) -> Values:
        """Return seconds since day 0."""
        calendar = self.table.calendar
        assert calendar is not None
        return (calendar.time_of(frame.rows, frame.draw(self.name)),)


class AfterPlan(ColumnPlan):
    """A time after another."""

    kinds = ("after",)
    nullable = True

    def layout(self, spec: Spec) -> Parts:
        """Read what comes before, by slot or once for all rows."""
        assert isinstance(spec, kinds.After)
        rows = self.table.spec.rows
        if spec.slots is None:
            assert spec.column is not None
            self._ways = [(Route(self.table, spec.column), spec.delay, "delay")]
        else:
            assert isinstance(rows, ChildRows)
            self._ways = [
                (Route(self.table, spec.slots[slot].column), spec.slots[slot].delay, slot)
                for slot in rows.slots or {}
            ]
        self._by_slot = spec.slots is not None
        self.nullable = spec.null_share > 0 or any(way.nullable for way, _, _ in self._ways)
        return self.number(spec)

    def compute(self, frame: Frame) -> Values:
        """Return seconds since day 0."""
        if not self._by_slot:
            return (self._after(frame, 0),)
        times = np.full(len(frame), NULL)
        assert frame.slot is not None
        for number in range(len(self._ways)):
            chosen = np.flatnonzero(frame.slot == number)
            times[chosen] = self._after(frame.taken(chosen), number)
        return (times,)

    def _after(self, frame: Frame, number: int) -> Ints:
        route, delay, use = self._ways[number]
        before = route.values(frame)[0]
        if delay is None and route.column.type == self.type:
            return before
        after = before * SECONDS_A_DAY if route.column.type == "date" else before.copy()
        if delay is not None:
            after += delays(delay, frame.draw(self.name, use))
        if self.type == "date":
            after //= SECONDS_A_DAY
        if route.nullable:
            after[before == NULL] = NULL
        return after

    def comes_after(self) -> list[tuple[Route, int]]:
        """Return what comes before, and the longest delay in seconds."""
        return [
            (route, 0 if delay is None else delay.longest_seconds) for route, delay, _ in self._ways
        ]


class ReachedPlan(ColumnPlan):
    """When a row reaches a status."""

    kinds = ("reached",)
    nullable = True

    def layout(self, spec: Spec) -> Parts:
        """Read the status."""
        assert isinstance(spec, kinds.Reached)
        self._status = spec.status
        return self.number(spec)

    def compute(self, frame: Frame) -> Values:
        """Return seconds since day 0."""
        assert self.table.lives is not None
        return (self.table.lives.reached(frame, self._status),)


class StatusPlan(ColumnPlan):
    """Where a row stands in its life cycle."""

    kinds = ("status",)

    def layout(self, spec: Spec) -> Parts:
        """Return the statuses' names."""
        assert self.table.lives is not None
        return (Texts(self.table.lives.statuses),)

    def compute(self, frame: Frame) -> Values:
        """Return places among the statuses."""
        assert self.table.lives is not None
        return (self.table.lives.status(frame),)


class ChangedAtPlan(ColumnPlan):
    """When a row was last changed before it is seen."""

    kinds = ("changed_at",)

    def layout(self, spec: Spec) -> Parts:
        """Return a time."""
        return self.number(spec)

    def compute(self, frame: Frame) -> Values:
        """Return seconds since day 0: of a change log's line the version's own time."""
        if frame.knows(OPERATION):
            return (frame.seen_at(),)
        return (self.table.last_change(frame),)


class OperationPlan(ColumnPlan):
    """What a line of a change log does."""

    kinds = ("operation",)

    def layout(self, spec: Spec) -> Parts:
        """Return the letters."""
        return (Texts(OPERATIONS),)

    def compute(self, frame: Frame) -> Values:
        """Return what `records` said of the versions."""
        return frame.memo(OPERATION, _unknown_operation)


def _unknown_operation(frame: Frame) -> Values:
    raise LookupError(f"{frame.table.name}: the operation is known of a change log's lines only")


class AlivePlan(ColumnPlan):
    """False from the time at which a row ends."""

    kinds = ("alive",)

    def layout(self, spec: Spec) -> Parts:
        """Return a truth value."""
        return self.number(spec)

    def compute(self, frame: Frame) -> Values:
        """Return 1 until the end, 0 from then on."""
        ending = self.table.ending
        if ending is None:
            return (np.ones(len(frame), dtype=np.int64),)
        return ((frame.seen_at() < ending.time(frame)).astype(np.int64),)


class DaysSincePlan(ColumnPlan):
    """Whole days since a group of slow changes last changed."""

    kinds = ("days_since",)

    def layout(self, spec: Spec) -> Parts:
        """Read the group."""
        assert isinstance(spec, kinds.DaysSince)
        self._change = self.table.changes[spec.change]
        return self.number(spec)

    def compute(self, frame: Frame) -> Values:
        """Return days."""
        seen = frame.seen_at()
        since = self._change.time(frame, self._change.turn(frame, seen))
        return ((seen - since) // SECONDS_A_DAY,)


PLANS = (
    CalendarPlan,
    AfterPlan,
    ReachedPlan,
    StatusPlan,
    ChangedAtPlan,
    OperationPlan,
    AlivePlan,
    DaysSincePlan,
)
