"""How many orders and registrations each day has, and at which second each of them falls.

Rows are numbered in time: the rows of day `d` are before[d] <= row < before[d + 1]. A day's count
depends on the seed, the scale, the start and the day, never on how many days a batch has, so a
history can be continued day by day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from generator.mix import Bits, Floats, Ints, Keys, bell, unit
from generator.parameters import Parameters

SECONDS_A_DAY = 86_400
YEAR = 365

# Monday to Sunday: people order at the week's ends and starts, least on Fridays and Saturdays.
WEEKDAYS = (1.10, 1.04, 0.99, 0.96, 0.93, 0.90, 1.08)
# January to December: a quiet late winter, a strong end of the year.
MONTHS = (0.93, 0.88, 0.93, 0.95, 0.99, 0.97, 0.93, 0.95, 0.99, 1.03, 1.22, 1.30)
# Days from the fourth Thursday of November (Thanksgiving) and how much more is sold on them.
SALE_DAYS = {1: 2.2, 2: 1.4, 3: 1.4, 4: 2.0}
TREND_A_YEAR = 0.15
DAY_NOISE = 0.03

# Orders by hour of day (UTC), relative.
HOURS = (8, 5, 3, 2, 2, 3, 6, 12, 22, 32, 40, 44, 46, 44, 42, 42, 44, 48, 54, 60, 58, 46, 30, 16)


def season(day: date) -> float:
    """Return the day's weight by weekday, month and sale."""
    november = date(day.year, 11, 1)
    thanksgiving = november + timedelta(days=(3 - november.weekday()) % 7 + 21)
    sale = SALE_DAYS.get((day - thanksgiving).days, 1.0)
    return WEEKDAYS[day.weekday()] * MONTHS[day.month - 1] * sale


def _rows_before(parameters: Parameters, keys: Keys, year_rows: int, days: int) -> Ints:
    """Return the number of rows before each day, days + 1 values.

    There are `year_rows` in the first 365 days. A day's count has the season, the trend, the day's
    own noise and the scatter of a Poisson count.
    """
    numbers = np.arange(max(days, YEAR))
    weights = np.array([season(parameters.start + timedelta(days=int(d))) for d in numbers])
    weights *= 1 + TREND_A_YEAR * numbers / YEAR
    expected = weights * (year_rows / weights[:YEAR].sum())
    noise = DAY_NOISE * bell(keys.draw("day_noise", numbers))
    scatter = bell(keys.draw("day_scatter", numbers)) / np.sqrt(np.maximum(expected, 1.0))
    weights *= np.maximum(1 + noise + scatter, 0.1)
    cumulated = np.cumsum(weights) * (year_rows / weights[:YEAR].sum())
    return np.concatenate([[0], np.round(cumulated).astype(np.int64)])[: days + 1]


@dataclass(frozen=True)
class Calendar:
    """Rows before each day, for days 0 to `days`.

    Args:
        before: int64, days + 1 values; the first is the number of rows from before day 0.
    """

    before: Ints

    @classmethod
    def of(
        cls, parameters: Parameters, table: str, year_rows: int, earlier: int, days: int
    ) -> Calendar:
        """Make the calendar of a table.

        Args:
            parameters: seed and start.
            table: name of the table, for its own noise.
            year_rows: rows in the first 365 days.
            earlier: rows from before day 0.
            days: days to plan.
        """
        keys = Keys(parameters.seed, table)
        return cls(_rows_before(parameters, keys, year_rows, days) + earlier)

    def day_of(self, rows: Ints) -> Ints:
        """Return each row's day; -1 for rows from before day 0."""
        return np.searchsorted(self.before, rows, side="right") - 1

    def seconds(self, rows: Ints, days: Ints, bits: Bits) -> Ints:
        """Return each row's time in seconds since day 0, growing with the row number.

        Row i of a day's n rows falls at quantile (i + u) / n of the day's hours.

        Args:
            rows: row numbers.
            days: their days (0 or later).
            bits: one draw a row.
        """
        first = self.before[days]
        count = self.before[days + 1] - first
        quantile = (rows - first + unit(bits)) / count
        return days * SECONDS_A_DAY + _second_of_day(quantile)


def _second_of_day(quantile: Floats) -> Ints:
    share = np.concatenate([[0.0], np.cumsum(HOURS) / sum(HOURS)])
    second: Ints = np.interp(quantile, share, np.arange(25) * 3600.0).astype(np.int64)
    return np.minimum(second, SECONDS_A_DAY - 1)
