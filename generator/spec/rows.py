"""How many rows a table has, and how they come about."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from generator.spec.base import Name, Share, Spec


class FixedRows(Spec):
    """A number of rows that are there from the start.

    Args:
        kind: "fixed".
        count: rows at scale 1.
        grows: with the scale, with its square root, or not at all.
        least: rows at the smallest scale.
    """

    kind: Literal["fixed"]
    count: PositiveInt
    grows: Literal["linear", "root", "not"] = "linear"
    least: PositiveInt = 1


class TimedRows(Spec):
    """Rows that come day by day, as a calendar says.

    Args:
        kind: "over_time".
        calendar: its name among the model's calendars.
        a_year: rows of the first 365 days at scale 1.
        least: rows of the first 365 days at the smallest scale.
        before: rows at scale 1 that are older than the first day.
        before_least: such rows at the smallest scale.
        before_days: how many days the older rows are spread over.
    """

    kind: Literal["over_time"]
    calendar: Name
    a_year: PositiveInt
    least: PositiveInt = 1
    before: int = Field(default=0, ge=0)
    before_least: int = Field(default=0, ge=0)
    before_days: PositiveInt = 730


class Slot(Spec):
    """One of the named rows that a parent can have.

    Args:
        share: share of the parents, among those that `when` allows, that have it.
        when: condition over the parent's columns.
    """

    share: Share = 1
    when: str | None = None


class ChildRows(Spec):
    """Rows that belong to a row of another table; exactly one of `count`, `weights`, `slots`.

    Args:
        kind: "per_parent".
        parent: the other table.
        count: so many a parent.
        weights: from number of rows to its weight.
        slots: named rows, each there or not.
        share: share of the parents, among those that `when` allows, that have any.
        when: condition over the parent's columns (`known(orders.delivered_at)`).
    """

    kind: Literal["per_parent"]
    parent: Name
    count: Annotated[int, Field(ge=1, le=64)] | None = None
    weights: dict[Annotated[int, Field(ge=0, le=64)], Annotated[float, Field(ge=0)]] | None = None
    slots: dict[Name, Slot] | None = None
    share: Share = 1
    when: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = [n for n in ("count", "weights", "slots") if getattr(self, n) is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of count, weights and slots")
        if self.weights is not None and not sum(self.weights.values()) > 0:
            raise ValueError("weights: at least one must be above 0")
        if self.slots is not None and not 1 <= len(self.slots) <= 64:
            raise ValueError("slots: give 1 to 64")
        return self

    @property
    def most(self) -> int:
        """The most rows a parent can have."""
        if self.count is not None:
            return self.count
        return max(self.weights) if self.weights is not None else len(self.slots or {})


class RecordRows(Spec):
    """Rows that are written out in the model.

    Args:
        kind: "records".
        records: objects with the same keys; columns of kind `record` take their values from them.
    """

    kind: Literal["records"]
    records: tuple[dict[Name, Any], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _same_keys(self) -> Self:
        keys = set(self.records[0])
        for number, record in enumerate(self.records, 1):
            if set(record) != keys:
                odd = ", ".join(sorted(keys ^ set(record)))
                raise ValueError(f"record {number} differs from the first in its keys: {odd}")
        return self


Rows = Annotated[FixedRows | TimedRows | ChildRows | RecordRows, Field(discriminator="kind")]
