"""The ways in which the same batches come into a warehouse. Each ends with all of them built."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.convergence.trial import Trial

AT_ONCE = "at once"
HISTORY = "history"


@dataclass(frozen=True)
class Deliveries:
    """The batches in the order of time, the history first, and what is drawn."""

    batches: Sequence[Path]
    draw: random.Random

    @property
    def history(self) -> Path:
        """The first batch."""
        return self.batches[0]

    @property
    def days(self) -> Sequence[Path]:
        """All others."""
        return self.batches[1:]


@dataclass(frozen=True)
class Way:
    """How the batches come in.

    Attributes:
        starts_as: the way whose finished warehouse is copied to begin with; none: empty.
        title: what it is, in a line.
    """

    name: str
    starts_as: str | None
    title: str
    go: Callable[[Trial, Deliveries], None]


def _at_once(trial: Trial, given: Deliveries) -> None:
    trial.deliver(given.batches)
    trial.build()


def _history(trial: Trial, given: Deliveries) -> None:
    trial.deliver([given.history])
    trial.build()


def _day_by_day(trial: Trial, given: Deliveries) -> None:
    for day in given.days:
        trial.deliver([day])
        trial.build()


def _shuffled(trial: Trial, given: Deliveries) -> None:
    """Bring the history in the middle: days name what nobody knows yet, or bring older versions."""
    days = list(given.days)
    given.draw.shuffle(days)
    place = (len(days) + 1) // 2
    for batch in [*days[:place], given.history, *days[place:]]:
        trial.deliver([batch])
        trial.build()


def _killed(trial: Trial, given: Deliveries) -> None:
    trial.deliver(given.days)
    for earliest in (0.3, 0.6):
        trial.kill_build(earliest + given.draw.random() * 0.3)
    trial.build()


def _in_parts(trial: Trial, given: Deliveries) -> None:
    """Build marts before the production that they read: the next build catches up.

    Orders come with their customers and these customers' versions: keys bind them.
    """
    trial.deliver(given.days)
    trial.build("-s", "quality", command="run")
    trial.build("-s", "fct_orders", "fct_sales", "dim_customers", "dim_products", command="run")
    of_customers = ("customers", "customer_history", "dim_customers")
    parts = ("fct_orders", "orders", *of_customers, "product_history")
    trial.build("-s", *parts, command="run")
    trial.build()


def _pruned(trial: Trial, given: Deliveries) -> None:
    """Bring old rows after newer ones were pruned; in the end quality rebuilds from its own."""
    trial.deliver(given.days)
    trial.build()
    trial.prune()
    trial.deliver([given.history])
    trial.build()
    trial.prune()
    trial.build("--full-refresh")


def _full_refresh(trial: Trial, given: Deliveries) -> None:
    trial.build("--full-refresh")


# The first two are what others begin with.
WAYS = {
    way.name: way
    for way in (
        Way(AT_ONCE, None, "all batches, one build", _at_once),
        Way(HISTORY, None, "the history alone: where some others begin", _history),
        Way("shuffled", None, "the history in the middle, a build each", _shuffled),
        Way("pruned", None, "the days first, raw emptied between builds", _pruned),
        Way("day by day", HISTORY, "a build each", _day_by_day),
        Way("killed", HISTORY, "all days, two builds killed, a third", _killed),
        Way("in parts", HISTORY, "all days, some models before others", _in_parts),
        Way("full refresh", AT_ONCE, "all built anew", _full_refresh),
    )
}
