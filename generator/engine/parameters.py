"""What a run is asked for: the parameters of a source, and their ranges."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any, Literal, get_args

from generator.engine.faults.shares import Shares
from generator.errors import BadParameter
from generator.spec.model import FileFormat, Table

Format = Literal["mixed"] | FileFormat
FORMATS: tuple[str, ...] = ("mixed", *get_args(FileFormat))

# Twelve years: a row's changes have 2**20 counters, and a full extract's day 2**13.
MAX_DAYS = 4_380
MAX_SCALE = 1_000.0
MAX_SHARE = 0.5
MAX_SEED = 2**63 - 1


@dataclass(frozen=True)
class Parameters:
    """What a source's batches are made from; all of a landing zone's batches share them.

    Args:
        model: the data model's name.
        model_sha256: hash of what the model means.
        seed: start of all randomness.
        scale: 1 makes as many rows as the model says.
        start: first day of the history.
        days: days of the history.
        defects: shares of the faults.
        late: share of records that come some days late.
        format: "mixed" as the model says, or one format for all tables.
    """

    model: str = "shop"
    model_sha256: str = ""
    seed: int = 42
    scale: float = 0.02
    start: date = date(2025, 1, 1)
    days: int = 365
    defects: Shares = field(default_factory=lambda: Shares(0.01))
    late: float = 0.0
    format: Format = "mixed"

    def __post_init__(self) -> None:
        """Refuse what cannot be made.

        Raises:
            BadParameter: a parameter is outside its range.
        """
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
        if not 1970 <= self.start.year <= 2099:
            raise BadParameter(f"--start {self.start}: give a day from 1970 to 2099")
        if not 0 <= self.late <= MAX_SHARE:
            raise BadParameter(f"--late {self.late}: give a share from 0 to {MAX_SHARE}")

    @property
    def last_day(self) -> date:
        """Last day of the history."""
        return self.start + timedelta(days=self.days - 1)

    def format_of(self, table: Table) -> FileFormat:
        """Return the format in which a table of the model is delivered."""
        return table.format if self.format == "mixed" else self.format

    def as_json(self) -> dict[str, Any]:
        """Return the parameters as they stand in a manifest."""
        return asdict(self) | {
            "start": self.start.isoformat(),
            "defects": self.defects.as_json(),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Parameters:
        """Read the parameters from a manifest.

        Raises:
            BadParameter: a value is outside its range.
            KeyError, TypeError, ValueError: the manifest is not one of ours.
        """
        return cls(
            **(
                values
                | {
                    "start": date.fromisoformat(values["start"]),
                    "defects": Shares.from_json(values["defects"]),
                }
            )
        )
