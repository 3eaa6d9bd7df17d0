"""How long something takes: the time between two events."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from generator.spec.base import Spec

Unit = Literal["seconds", "minutes", "hours", "days"]
SECONDS_A_DAY = 86_400
SECONDS: dict[Unit, int] = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": SECONDS_A_DAY}


class Delay(Spec):
    """A time span. It always has a greatest value: a day looks no further back than that.

    Args:
        kind: its distribution; values outside `min` to `max` are set to the nearer one.
        min: shortest.
        max: longest.
        mean: mean of an exponential or a normal delay, before the limits.
        median: median of a log-normal delay.
        spread: standard deviation of a normal delay, or sigma of a log-normal one.
        unit: what the numbers count.
    """

    kind: Literal["uniform", "exponential", "normal", "log_normal"] = "uniform"
    min: float = Field(default=0, ge=0)
    max: float = Field(gt=0)
    mean: float | None = Field(default=None, gt=0)
    median: float | None = Field(default=None, gt=0)
    spread: float | None = Field(default=None, gt=0)
    unit: Unit

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = {
            "uniform": set[str](),
            "exponential": {"mean"},
            "normal": {"mean", "spread"},
            "log_normal": {"median", "spread"},
        }[self.kind]
        given = {name for name in ("mean", "median", "spread") if getattr(self, name) is not None}
        if given != needed:
            wanted = " and ".join(sorted(needed)) or "neither mean, median nor spread"
            raise ValueError(f"a delay of kind {self.kind} needs {wanted}")
        if self.max < self.min:
            raise ValueError(f"max {self.max:g} is below min {self.min:g}")
        return self

    @property
    def longest_seconds(self) -> int:
        """The longest delay in seconds."""
        return int(self.max * SECONDS[self.unit])
