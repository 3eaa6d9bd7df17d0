"""A data model: calendars, pools and tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from generator.spec.base import Name, Path, Share, Spec
from generator.spec.delays import Delay
from generator.spec.faults import Fault
from generator.spec.rows import Rows
from generator.spec.values import After, Column

Delivery = Literal["append", "change_log", "full_extract", "internal"]
FileFormat = Literal["csv", "csv.gz", "csv.zst", "json", "json.gz", "json.zst", "parquet"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Weight = Annotated[float, Field(ge=0)]


class SpecialDay(Spec):
    """A day of every year that differs from its neighbours.

    Args:
        name: for the reader.
        month: 1 to 12.
        day: day of the month; or
        weekday: with `nth` its place in the month (the 4th thursday).
        nth: 1 to 5.
        offset: days after that day (negative: before it).
        weight: how much more or less happens.
    """

    name: str
    month: Annotated[int, Field(ge=1, le=12)]
    day: Annotated[int, Field(ge=1, le=31)] | None = None
    weekday: Weekday | None = None
    nth: Annotated[int, Field(ge=1, le=5)] | None = None
    offset: int = 0
    weight: Weight

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        by_weekday = self.weekday is not None and self.nth is not None
        if by_weekday == (self.day is not None) or (self.weekday is None) != (self.nth is None):
            raise ValueError("give either day, or weekday and nth")
        return self


class Calendar(Spec):
    """How much happens on each day and at each hour; weights are relative.

    Args:
        weekdays: monday to sunday.
        months: january to december.
        hours: midnight to 23 (UTC).
        trend_a_year: growth of the expected count, as share of the first day's.
        noise: the days' own deviation, as share, on top of the Poisson scatter.
        special_days: days with a weight of their own.
    """

    weekdays: tuple[Weight, ...] = Field(default=(1.0,) * 7, min_length=7, max_length=7)
    months: tuple[Weight, ...] = Field(default=(1.0,) * 12, min_length=12, max_length=12)
    hours: tuple[Weight, ...] = Field(default=(1.0,) * 24, min_length=24, max_length=24)
    trend_a_year: Annotated[float, Field(gt=-1, le=10)] = 0
    noise: Annotated[float, Field(ge=0, le=0.5)] = 0
    special_days: tuple[SpecialDay, ...] = ()


class Pool(Spec):
    """Texts to draw from: written out, or `size` different ones by a Faker provider.

    Args:
        values: the texts.
        faker: name of the provider.
        arguments: the provider's arguments.
        size: how many.
        templates: texts such as `{a} and {b}` over other pools, `size` different ones.
    """

    values: tuple[str, ...] | None = None
    faker: Name | None = None
    arguments: dict[str, Any] = Field(default_factory=dict)
    size: Annotated[int, Field(ge=1, le=100_000)] = 500
    templates: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = [n for n in ("values", "faker", "templates") if getattr(self, n) is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of values, faker and templates")
        if self.values is not None and not self.values:
            raise ValueError("values: give at least one")
        return self


class Step(Spec):
    """A way from one status to another."""

    to: str
    probability: Share
    after: Delay


class LifeCycle(Spec):
    """Statuses that a row goes through; each is a version of the row.

    Args:
        first: the status in which a row begins.
        steps: from each status, the ways on; what their probabilities leave stays for good.
    """

    first: str
    steps: dict[str, tuple[Step, ...]]


class Change(Spec):
    """Columns that change together, now and then; each change is a version of the row.

    Args:
        columns: the columns; those derived from them follow.
        every_days: shortest and longest time between two changes; each row has its own.
    """

    columns: tuple[Name, ...] = Field(min_length=1)
    every_days: tuple[PositiveInt, PositiveInt]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.every_days[1] < self.every_days[0]:
            raise ValueError(f"every_days: {self.every_days[1]} is below {self.every_days[0]}")
        return self


class Ends(Spec):
    """Rows that end: from then on no other row refers to them anew.

    Args:
        share: share of the rows that end.
        after_days: earliest and latest end, counted from the row's own time, or from the first day
            of the history in a table without time.
        how: "withdrawn" keeps the row (see `alive`), "deleted" takes it out of a full extract or
            writes a D line into a change log.
    """

    share: Share
    after_days: tuple[PositiveInt, PositiveInt]
    how: Literal["withdrawn", "deleted"]


class Table(Spec):
    """A table of the source.

    Args:
        description: what a row is, for the DDL.
        delivery: rows once when they happen, every version of a row, the whole table each time, or
            not at all (other tables use it).
        format: how its files are written where `--format` is mixed.
        key: the columns of the primary key.
        time: the column that says when a row comes about.
        rows: how many there are.
        columns: its columns in order.
        life_cycle: statuses that a row goes through.
        changes: slow changes, by name.
        ends: rows that end.
        faults: what can be broken.
    """

    description: str = ""
    delivery: Delivery
    format: FileFormat = "csv"
    key: tuple[Name, ...] = Field(min_length=1)
    time: Name | None = None
    rows: Rows
    columns: dict[Name, Column] = Field(min_length=1)
    life_cycle: LifeCycle | None = None
    changes: dict[Name, Change] = Field(default_factory=dict)
    ends: Ends | None = None
    faults: tuple[Fault, ...] = ()

    def delays(self) -> Iterator[Delay]:
        """Yield all delays of its life cycle and its times."""
        if self.life_cycle is not None:
            for steps in self.life_cycle.steps.values():
                yield from (step.after for step in steps)
        for column in self.columns.values():
            if isinstance(column, After):
                delays = [column.delay, *(way.delay for way in (column.slots or {}).values())]
                yield from (delay for delay in delays if delay is not None)


class Measure(Spec):
    """A figure of the true totals.

    Args:
        table: the table whose sound rows are counted.
        date: path of the time whose day it counts for.
        sum: path of the column that is summed up; or
        count: "rows" or "parents" (those with at least one sound row).
        when: condition over the row.
    """

    table: Name
    date: Path
    sum: Path | None = None
    count: Literal["rows", "parents"] | None = None
    when: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.sum is None) == (self.count is None):
            raise ValueError("give either sum or count")
        return self


class Totals(Spec):
    """The true totals of each day, under `_truth/totals.csv`.

    Args:
        date: name of the column with the day.
        constants: columns that are the same in every row, after the day.
        measures: the figures by name.
    """

    date: Name
    constants: dict[Name, str] = Field(default_factory=dict)
    measures: dict[Name, Measure] = Field(min_length=1)


class Model(Spec):
    """A data model.

    Args:
        name: the source's name, and its folder's.
        description: what it is.
        calendars: when things happen, by name.
        pools: texts, by name.
        tables: the tables by name, in any order.
        totals: true totals of each day.
        schema_: address of the JSON Schema, for editors.
    """

    schema_: str | None = Field(default=None, alias="$schema")
    name: Name
    description: str = ""
    calendars: dict[Name, Calendar] = Field(default_factory=dict)
    pools: dict[Name, Pool] = Field(default_factory=dict)
    tables: dict[Name, Table] = Field(min_length=1)
    totals: Totals | None = None

    @model_validator(mode="after")
    def _truth_is_ours(self) -> Self:
        if "_truth" in self.tables:
            raise ValueError("no table can be called _truth: the answer key stands there")
        return self
