"""A figure that has a goal, and how a report says it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """A figure, and what it should be.

    Args:
        text: what it is.
        value: as measured.
        least: the least that it should be, if any.
        most: the greatest that it should be, if any.
    """

    text: str
    value: float
    least: float | None = None
    most: float | None = None

    @property
    def reached(self) -> bool:
        """Whether the figure is as it should be."""
        return (self.least is None or self.value >= self.least) and (
            self.most is None or self.value <= self.most
        )

    def __str__(self) -> str:
        limits = (("at least", self.least), ("at most", self.most))
        wanted = ", ".join(f"{word} {limit:g}" for word, limit in limits if limit is not None)
        said = "reached" if self.reached else "missed"
        return f"{self.text}: {self.value:,.2f} (goal: {wanted}; {said})"
