"""Everything that all parts of a run share: parameters, pools, calendars, the catalogue.

A worker builds its own from the parameters; nothing in it depends on what other workers do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from generator.calendar import SECONDS_A_DAY, YEAR, Calendar
from generator.catalogue import Catalogue
from generator.errors import BadParameter
from generator.mix import Ints, Keys
from generator.model import SHOP
from generator.parameters import Parameters
from generator.pools import Pools
from generator.rows import Rows
from generator.text import Column, Format, Stamp

# The oldest times: customers registered up to two years before the first day.
DAYS_BEFORE = 2 * YEAR
# An order's last event comes less than this many days after it was placed (lifecycle.py).
LONGEST_LIFE = 15

NEVER = 2**62
MAX_ORDERS, MAX_CUSTOMERS = 99_999_999, 9_999_999


@dataclass(frozen=True)
class Window:
    """The arrivals that belong to a batch, in seconds since day 0: begin <= arrival < end.

    Args:
        begin: first second; before all time for a history.
        end: the second after the last.
    """

    begin: int
    end: int

    @classmethod
    def of_days(cls, first: int, last: int) -> Window:
        """Return the window of days first to last; one from day 0 also holds all before it."""
        return cls(-NEVER if first == 0 else first * SECONDS_A_DAY, (last + 1) * SECONDS_A_DAY)

    @property
    def last_day(self) -> int:
        """Number of the last day."""
        return self.end // SECONDS_A_DAY - 1

    def holds(self, times: Ints) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Return which times fall into the window."""
        return (times >= self.begin) & (times < self.end)


@dataclass(frozen=True)
class World:
    """What a worker needs to make any part of a batch.

    Args:
        parameters: the source's parameters.
        pools: the pools of its seed.
        window: the batch's time.
    """

    parameters: Parameters
    pools: Pools
    window: Window

    def __post_init__(self) -> None:
        """Refuse a batch whose row numbers would not fit into their identifiers.

        Raises:
            BadParameter: too many orders or customers by the batch's end.
        """
        for what, calendar, limit in (
            ("orders", self.orders, MAX_ORDERS),
            ("customers", self.customers, MAX_CUSTOMERS),
        ):
            if int(calendar.before[-1]) > limit:
                raise BadParameter(
                    f"--scale {self.parameters.scale:g}: {int(calendar.before[-1]):,} {what} by day"
                    f" {self.days}, their identifiers end at {limit:,}; take a smaller scale or"
                    " fewer days"
                )

    @property
    def days(self) -> int:
        """Days from day 0 to the end of the batch."""
        return self.window.last_day + 1

    @cached_property
    def orders(self) -> Calendar:
        """Orders before each day."""
        return Calendar.of(self.parameters, "orders", self.parameters.orders_a_year, 0, self.days)

    @cached_property
    def customers(self) -> Calendar:
        """Registered customers before each day."""
        parameters = self.parameters
        new = parameters.customers_a_year - parameters.customers_before
        return Calendar.of(parameters, "customers", new, parameters.customers_before, self.days)

    @cached_property
    def catalogue(self) -> Catalogue:
        """Products and their prices on every day up to the batch's end."""
        return Catalogue.of(self.parameters, self.days)

    @cached_property
    def stamp(self) -> Stamp:
        """How times are written."""
        return Stamp(self.parameters.start, -DAYS_BEFORE, self.days + LONGEST_LIFE)

    def keys(self, table: str) -> Keys:
        """Return the keys of a table's columns."""
        return Keys(self.parameters.seed, table)

    def format_of(self, table: str) -> Format:
        """Return the format in which a table is delivered."""
        fmt = self.parameters.format
        return SHOP[table].format if fmt == "mixed" else fmt

    def rows(self, table: str, columns: list[Column]) -> Rows:
        """Return a buffer for a table's records.

        Raises:
            ValueError: the columns are not those of the model.
        """
        if tuple(column.name for column in columns) != SHOP[table].columns:
            raise ValueError(f"{table}: columns differ from the model's")
        return Rows(columns, self.format_of(table))
