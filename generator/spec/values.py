"""How the values of a column come about: one class for each `kind`."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from generator.spec.base import Name, Number, Path, Share, Spec
from generator.spec.delays import Delay

Type = Literal["text", "integer", "bigint", "decimal", "boolean", "date", "timestamp", "uuid"]


class ColumnBase(Spec):
    """What every column has.

    Args:
        type: PostgreSQL's type; a decimal has two places, a timestamp is UTC.
        description: what the column means, for the DDL.
        null_share: share of the values that are missing.
        unique: no value occurs twice.
        hidden: other columns use it, no file holds it.
        signed: numbers may be negative.
        range: least and greatest value, for `--validate` and the DDL.
    """

    type: Type
    description: str = ""
    null_share: Share = 0
    unique: bool = False
    hidden: bool = False
    signed: bool = False
    range: tuple[float, float] | None = None


class Sequence(ColumnBase):
    """The row's number, as integer or as text with a prefix (`ORD-00000042`)."""

    kind: Literal["sequence"]
    prefix: str = ""
    digits: Annotated[int, Field(ge=1, le=12)] | None = None
    first: int = Field(default=1, ge=0)


class Uuid(ColumnBase):
    """A random UUID (version 4)."""

    kind: Literal["uuid"]


class Constant(ColumnBase):
    """The same value in every row."""

    kind: Literal["constant"]
    value: bool | int | float | str


class Pool(ColumnBase):
    """A text from one of the model's pools; with `exponent`, the first ones far more often."""

    kind: Literal["pool"]
    pool: Name
    exponent: Annotated[float, Field(ge=0, le=3)] = 0


class Faker(ColumnBase):
    """A text by one of Faker's providers; `size` different ones are drawn once."""

    kind: Literal["faker"]
    provider: Name
    size: Annotated[int, Field(ge=1, le=10_000)] = 500
    arguments: dict[str, Any] = Field(default_factory=dict)


class Choice(ColumnBase):
    """One of some values, by weight."""

    kind: Literal["choice"]
    values: tuple[bool | int | float | str, ...] = Field(min_length=1)
    weights: tuple[Annotated[float, Field(ge=0)], ...] | None = None

    @model_validator(mode="after")
    def _as_many(self) -> Self:
        if self.weights is not None and len(self.weights) != len(self.values):
            raise ValueError(f"{len(self.values)} values and {len(self.weights)} weights")
        if self.weights is not None and not sum(self.weights) > 0:
            raise ValueError("weights: at least one must be above 0")
        return self


class Uniform(ColumnBase):
    """Evenly between `min` and `max`, both included; ISO dates for dates and timestamps."""

    kind: Literal["uniform"]
    min: Number
    max: Number


class Normal(ColumnBase):
    """The bell curve; what falls outside `min` to `max` is set to the nearer one."""

    kind: Literal["normal"]
    mean: Number
    spread: Number
    min: Number | None = None
    max: Number | None = None


class LogNormal(ColumnBase):
    """Many small values and few large ones: its logarithm is normal with deviation `sigma`."""

    kind: Literal["log_normal"]
    median: Number
    sigma: Number
    min: Number | None = None
    max: Number | None = None


class Exponential(ColumnBase):
    """Waiting times and sizes without memory; limited by `min` and `max`."""

    kind: Literal["exponential"]
    mean: Number
    min: Number = 0
    max: Number | None = None


class Poisson(ColumnBase):
    """Counts of independent events."""

    kind: Literal["poisson"]
    mean: Annotated[float, Field(gt=0, le=1_000)]


class Zipf(ColumnBase):
    """A rank from 1 to `count`: rank r is drawn in proportion to 1 / r ** exponent."""

    kind: Literal["zipf"]
    count: Annotated[int, Field(ge=1, le=100_000)]
    exponent: Annotated[float, Field(ge=0, le=5)]


class Template(ColumnBase):
    """Text around other columns: `{first|lower}.{last|lower}{number}@{host}`, `{house:5}`."""

    kind: Literal["template"]
    template: str


class AfterColumn(Spec):
    """A time after that of a column; exactly that time without `delay`."""

    column: Path
    delay: Delay | None = None


class After(ColumnBase):
    """A time after another; missing where the other is missing. By slot where `slots` says so."""

    kind: Literal["after"]
    column: Path | None = None
    delay: Delay | None = None
    slots: dict[Name, AfterColumn] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.column is None) == (self.slots is None):
            raise ValueError("give either column or slots")
        if self.slots is not None and self.delay is not None:
            raise ValueError("give each slot its own delay")
        return self


class Reference(ColumnBase):
    """The key of a row of another table, among those that exist at the row's time.

    `exponent` above 0 makes some far more popular than others (Zipf-Mandelbrot: the weight of
    popularity rank r of n is 1 / (r + head * n) ** exponent).
    """

    kind: Literal["reference"]
    to: Name
    exponent: Annotated[float, Field(ge=0, le=2)] = 0
    head: Annotated[float, Field(gt=0, le=1)] = 0.005


class Parent(ColumnBase):
    """The key of the row's parent."""

    kind: Literal["parent"]


class Tree(ColumnBase):
    """A row of the same table one level higher; missing for the first level.

    `levels` are the levels' shares of the rows, roots first.
    """

    kind: Literal["tree"]
    levels: tuple[Annotated[float, Field(gt=0)], ...] = Field(min_length=2)


class Lookup(ColumnBase):
    """Another row's value: the parent's, or that of a row which a reference leads to."""

    kind: Literal["lookup"]
    column: Path


class Expression(ColumnBase):
    """Arithmetic over the row: `round(quantity * unit_price * discount_percent / 100, 2)`."""

    kind: Literal["expression"]
    value: str


class Sum(ColumnBase):
    """The sum of a column over the row's children (`order_items.line_total`)."""

    kind: Literal["sum"]
    of: Path


class Count(ColumnBase):
    """The number of the row's children in a table."""

    kind: Literal["count"]
    of: Name


class Status(ColumnBase):
    """Where the row stands in its life cycle."""

    kind: Literal["status"]


class Reached(ColumnBase):
    """When the row reaches a status of its life cycle; missing if it never does."""

    kind: Literal["reached"]
    status: str


class CalendarTime(ColumnBase):
    """When the row comes about, by the calendar of a table whose rows come over time."""

    kind: Literal["calendar"]


class ChangedAt(ColumnBase):
    """When the row was last changed, as delivered."""

    kind: Literal["changed_at"]


class Operation(ColumnBase):
    """What a line of a change log does: I, U or D."""

    kind: Literal["operation"]


class Alive(ColumnBase):
    """False from the time at which the row ends."""

    kind: Literal["alive"]


class DaysSince(ColumnBase):
    """Whole days since a group of slow changes last changed."""

    kind: Literal["days_since"]
    change: Name


class Position(ColumnBase):
    """1, 2, ... within the parent; with `values`, the value in that place."""

    kind: Literal["position"]
    values: tuple[int | str, ...] | None = None


class BySlot(ColumnBase):
    """A value for each of the table's slots."""

    kind: Literal["by_slot"]
    values: dict[Name, int | float | str]


class Record(ColumnBase):
    """The value that the model's record has under the column's name.

    `references` names the table whose key it is.
    """

    kind: Literal["record"]
    references: Name | None = None


Column = Annotated[
    Sequence
    | Uuid
    | Constant
    | Pool
    | Faker
    | Choice
    | Uniform
    | Normal
    | LogNormal
    | Exponential
    | Poisson
    | Zipf
    | Template
    | After
    | Reference
    | Parent
    | Tree
    | Lookup
    | Expression
    | Sum
    | Count
    | Status
    | Reached
    | CalendarTime
    | ChangedAt
    | Operation
    | Alive
    | DaysSince
    | Position
    | BySlot
    | Record,
    Field(discriminator="kind"),
]
