"""What a profile says of a column and of a table, and its form in JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

FORMAT_VERSION = 1

Kind = Literal["number", "time", "text", "boolean", "other"]

By = Literal["numbers", "values", "patterns", "nulls"]

# exact: all rows were read; hyperloglog: all rows were read, the number is an estimate; sample: an
# estimate from the rows of the sample.
DistinctMethod = Literal["exact", "hyperloglog", "sample"]


@dataclass(frozen=True)
class Count:
    """How many rows have a value, or a pattern; long values are cut."""

    value: str
    rows: int


@dataclass(frozen=True)
class Histogram:
    """Rows in ranges of equal width; a range holds its lower edge, the last one both.

    Args:
        edges: one more than there are ranges; of times, in seconds since 1970.
        rows: in each range.
    """

    edges: Sequence[float]
    rows: Sequence[int]


@dataclass(frozen=True)
class Grid:
    """The distribution of a column's numbers at some of them.

    Args:
        at: values that occur, ascending; of times, in seconds since 1970.
        share: of the numbers, those up to each.
    """

    at: Sequence[float]
    share: Sequence[float]


@dataclass(frozen=True)
class Lengths:
    """Of texts, in characters.

    Args:
        shortest, mean, longest: over the rows that have a value.
        empty: rows with a text of no character.
    """

    shortest: int
    mean: float
    longest: int
    empty: int


@dataclass(frozen=True)
class Patterns:
    """Texts with each letter as A and each digit as 9.

    Args:
        rows: that were looked at: all, or those of some of the values where these are many.
        distinct: patterns among them.
        most: the most frequent.
    """

    rows: int
    distinct: int
    most: Sequence[Count]


@dataclass(frozen=True)
class Drift:
    """How far a column has gone from its last profile; see `drift.py` for both figures.

    Args:
        by: what was compared: the distribution of numbers, values, patterns, or only nulls.
        since: when the last profile was made.
        psi: population stability index.
        psi_limit: what it is above when the column has drifted.
        ks: Kolmogorov-Smirnov statistic; of numbers and times only.
        ks_limit: what it is above when the column has drifted.
        drifted: whether one of them is above its limit.
    """

    by: By
    since: datetime
    psi: float
    psi_limit: float
    ks: float | None
    ks_limit: float | None
    drifted: bool


@dataclass(frozen=True, kw_only=True)
class ColumnProfile:
    """What a column holds. Of personal data there are shapes and counts, and no value.

    Args:
        name: of the column.
        type: as PostgreSQL calls it.
        kind: how it is profiled.
        personal: whether it holds personal data.
        rows: that were looked at.
        nulls: of these, without a value.
        distinct: values in the table, null not counted.
        distinct_method: how that is known.
        smallest, largest: values that are numbers, times or texts; no NaN, nothing infinite.
        not_a_number: rows with NaN.
        infinite: rows with an infinite number or time.
        mean: of numbers, or of times as a time.
        deviation: standard deviation (of a sample: n - 1); of times, in seconds.
        quantiles: percentile 0 to 100, each a value that occurs: the smallest one up to which there
            are at least so many percent.
        histogram: of numbers and times.
        top: the most frequent values.
        lengths: of texts.
        patterns: of texts.
        grid: what a later profile compares with.
        drift: none where there is no earlier profile to compare with.
    """

    name: str
    type: str
    kind: Kind
    personal: bool
    rows: int
    nulls: int
    distinct: int
    distinct_method: DistinctMethod
    smallest: str | None = None
    largest: str | None = None
    not_a_number: int = 0
    infinite: int = 0
    mean: str | None = None
    deviation: float | None = None
    quantiles: Sequence[str] = ()
    histogram: Histogram | None = None
    top: Sequence[Count] = ()
    lengths: Lengths | None = None
    patterns: Patterns | None = None
    grid: Grid | None = None
    drift: Drift | None = None

    @property
    def null_share(self) -> float | None:
        """Share of the rows without a value; none where there are no rows."""
        return self.nulls / self.rows if self.rows else None

    def as_json(self) -> dict[str, Any]:
        """Give it in JSON's types."""
        found = asdict(self)
        if self.drift is not None:
            found["drift"]["since"] = self.drift.since.isoformat()
        return found


@dataclass(frozen=True)
class Correlation:
    """Of two columns of numbers: Pearson's coefficient over the rows that have both."""

    first: str
    second: str
    coefficient: float


@dataclass(frozen=True, kw_only=True)
class TableProfile:
    """What a table holds.

    Args:
        schema, table: its name.
        rows: that it has.
        rows_profiled: that the columns' figures are of.
        sample: how these were chosen: not, by blocks of the table, or row by row.
        seconds: that the profile took.
        columns: in the table's order.
        correlations: of each two columns of numbers, where there is one.
        correlation_rows: rows that they are of.
    """

    schema: str
    table: str
    rows: int
    rows_profiled: int
    sample: Literal["none", "blocks", "rows"]
    seconds: float
    columns: Sequence[ColumnProfile] = ()
    correlations: Sequence[Correlation] = ()
    correlation_rows: int = 0

    @property
    def name(self) -> str:
        """Its name with its schema."""
        return f"{self.schema}.{self.table}"

    def as_json(self) -> dict[str, Any]:
        """Give it in JSON's types."""
        return {
            **{k: v for k, v in vars(self).items() if k not in {"columns", "correlations"}},
            "columns": [column.as_json() for column in self.columns],
            "correlations": [asdict(found) for found in self.correlations],
        }


@dataclass(frozen=True)
class Profile:
    """The profiles that one run has made."""

    run_id: str
    profiled_at: datetime
    seconds: float
    tables: Sequence[TableProfile] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Give it in JSON's types: profile.schema.json describes it."""
        return {
            "format_version": FORMAT_VERSION,
            "run_id": self.run_id,
            "profiled_at": self.profiled_at.isoformat(),
            "seconds": round(self.seconds, 3),
            "tables": [table.as_json() for table in self.tables],
        }


@dataclass(frozen=True)
class Reference:
    """What of an earlier profile of a column a later one is compared with."""

    profiled_at: datetime
    rows: int
    nulls: int
    distinct: int
    grid: Grid | None
    top: Mapping[str, int]
    patterns: Mapping[str, int]
    pattern_rows: int

    @classmethod
    def of(cls, profiled_at: datetime, stored: Mapping[str, Any]) -> Reference:
        """Read it from a column's profile as JSON."""
        grid, patterns = stored["grid"], stored["patterns"]
        return cls(
            profiled_at,
            stored["rows"],
            stored["nulls"],
            stored["distinct"],
            Grid(grid["at"], grid["share"]) if grid else None,
            {one["value"]: one["rows"] for one in stored["top"]},
            {one["value"]: one["rows"] for one in patterns["most"]} if patterns else {},
            patterns["rows"] if patterns else 0,
        )
