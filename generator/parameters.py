"""What a run is asked for: parameters, their ranges, and the sizes that follow from them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Literal

from generator.errors import BadParameter

FileFormat = Literal["mixed", "csv", "json"]
MODELS = ("shop",)
FORMATS: tuple[FileFormat, ...] = ("mixed", "csv", "json")

# Twelve years: beyond them a customer's changes (one counter an epoch) would run out of counters.
MAX_DAYS = 4_380
MAX_SCALE = 40.0
MAX_SHARE = 0.5
MAX_SEED = 2**63 - 1


@dataclass(frozen=True)
class Parameters:
    """What a source's batches are made from; all of a landing zone's batches share them.

    Args:
        model: the data model's name.
        seed: start of all randomness.
        scale: 1 is 1,000,000 orders over the first 365 days.
        start: first day of the history.
        days: days of the history.
        defects: share of rows to break.
        late: share of later versions that come a batch late.
        format: "mixed" as the model says, or one format for all tables.
    """

    model: str = "shop"
    seed: int = 42
    scale: float = 0.02
    start: date = date(2025, 1, 1)
    days: int = 365
    defects: float = 0.01
    late: float = 0.0
    format: FileFormat = "mixed"

    def __post_init__(self) -> None:
        """Refuse what cannot be made.

        Raises:
            BadParameter: a parameter is outside its range.
        """
        if self.model not in MODELS:
            raise BadParameter(f"--model {self.model}: unknown; there is {', '.join(MODELS)}")
        if self.format not in FORMATS:
            raise BadParameter(f"--format {self.format}: unknown; use one of {', '.join(FORMATS)}")
        if not (math.isfinite(self.scale) and 0 < self.scale <= MAX_SCALE):
            raise BadParameter(
                f"--scale {self.scale}: give a number above 0 and up to {MAX_SCALE:g}"
            )
        if not 0 <= self.seed <= MAX_SEED:
            raise BadParameter(f"--seed {self.seed}: give a whole number from 0 to 2**63-1")
        if not 1 <= self.days <= MAX_DAYS:
            raise BadParameter(f"--days {self.days}: give 1 to {MAX_DAYS}")
        if not 1970 <= self.start.year <= 2200:
            raise BadParameter(f"--start {self.start}: give a day from 1970 to 2200")
        for flag, share in (("--defects", self.defects), ("--late", self.late)):
            if not 0 <= share <= MAX_SHARE:
                raise BadParameter(f"{flag} {share}: give a share from 0 to {MAX_SHARE}")

    @property
    def last_day(self) -> date:
        """Last day of the history."""
        return self.start + timedelta(days=self.days - 1)

    @property
    def orders_a_year(self) -> int:
        """Orders placed in the first 365 days."""
        return max(1, round(1_000_000 * self.scale))

    @property
    def customers_a_year(self) -> int:
        """Customers registered by the end of the first 365 days."""
        return max(20, round(200_000 * self.scale))

    @property
    def customers_before(self) -> int:
        """Customers registered before the first day."""
        return self.customers_a_year // 2

    @property
    def products(self) -> int:
        """Products in the catalogue."""
        return max(200, round(20_000 * self.scale))

    @property
    def suppliers(self) -> int:
        """Suppliers; ten times the orders do not take ten times the suppliers, so by the root."""
        return max(10, round(1_000 * math.sqrt(self.scale)))

    def as_json(self) -> dict[str, Any]:
        """Return the parameters as they stand in a manifest."""
        return asdict(self) | {"start": self.start.isoformat()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Parameters:
        """Read the parameters from a manifest.

        Raises:
            BadParameter: a value is outside its range.
            KeyError, TypeError, ValueError: the manifest is not one of ours.
        """
        return cls(**(values | {"start": date.fromisoformat(values["start"])}))
