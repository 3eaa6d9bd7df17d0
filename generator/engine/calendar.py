"""How many rows each day has, and at which second each of them falls.

Rows are numbered in time: the rows of day `d` are before[d] <= row < before[d + 1]. A day's count
is drawn for that day alone: it depends on the seed, the start, the scale and the day, never on how
many days a batch has, so a history can be continued day by day.
"""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import get_args

import numpy as np

from generator.engine.randomness.distributions import poisson_counts
from generator.engine.randomness.exact import exp, log, normal_quantile, open_unit
from generator.engine.randomness.mix import NULL, Bits, Floats, Ints, Keys
from generator.errors import ModelError
from generator.spec.delays import SECONDS_A_DAY
from generator.spec.model import Calendar as Spec
from generator.spec.model import SpecialDay, Weekday
from generator.spec.rows import TimedRows

SECONDS_AN_HOUR = 3_600
YEAR = 365

_WEEKDAYS = get_args(Weekday)

# A day's course is cut into this many units.
_UNITS = 2**40


class Calendar:
    """The days of a table whose rows come over time.

    Args:
        spec: the table's rows.
        calendar: its weights.
        keys: the table's keys.
        start: day 0.
        rows_a_year: rows expected in the first 365 days.
        before: rows from before day 0.
        days: days to plan.

    Attributes:
        before: int64, days + 1 values: the rows before each day and after the last; the first is
            the number of rows from before day 0.

    Raises:
        ModelError: the weights leave the first year without rows.
    """

    def __init__(  # noqa: PLR0913, PLR0917 (one a fact of the plan)
        self,
        spec: TimedRows,
        calendar: Spec,
        keys: Keys,
        start: date,
        rows_a_year: int,
        before: int,
        days: int,
    ) -> None:
        counts = _counts(spec.calendar, calendar, keys, start, rows_a_year, days)
        self.before: Ints = np.cumsum(np.concatenate([[before], counts]))
        self._days = _Borders(self.before)
        self._units_a_row = _UNITS / np.maximum(counts, 1)
        hours = np.cumsum(calendar.hours)
        hours = np.concatenate([[0.0], hours / hours[-1]])
        self._hour_begins = np.round(hours * _UNITS).astype(np.int64)
        self._hours = _Borders(self._hour_begins)
        self._seconds_a_unit = SECONDS_AN_HOUR / np.maximum(np.diff(self._hour_begins), 1)
        self._before_seconds = spec.before_days * SECONDS_A_DAY

    def day_of(self, rows: Ints) -> Ints:
        """Return each row's day; -1 for rows from before day 0."""
        return self._days.find(rows)

    def count_at(self, times: Ints) -> Ints:
        """Return how many rows the days before some times have, in seconds since day 0."""
        days = times // SECONDS_A_DAY
        counts = self.before.take(np.clip(days, 0, len(self.before) - 1))
        early = np.flatnonzero(days < 0)
        if len(early):
            passed = np.maximum(days[early] * SECONDS_A_DAY + self._before_seconds, 0)
            counts[early] = passed * int(self.before[0]) // self._before_seconds
        return counts

    def seconds(self, rows: Ints, days: Ints, bits: Bits) -> Ints:
        """Return each row's time in seconds since day 0, never less than that of the row before it.

        Row i of a day's n rows falls at quantile (i + u) / n of the day's hours.

        Args:
            rows: row numbers.
            days: their days, 0 or later.
            bits: one draw a row.
        """
        place = open_unit(bits)
        place += rows - self.before.take(days)
        place *= self._units_a_row.take(days)
        units = place.astype(np.int64)
        np.minimum(units, _UNITS - 1, out=units)
        hours = self._hours.find(units)
        units -= self._hour_begins.take(hours)
        np.multiply(units, self._seconds_a_unit.take(hours), out=place)
        seconds = place.astype(np.int64)
        hours *= SECONDS_AN_HOUR
        seconds += hours
        seconds += days * SECONDS_A_DAY
        return seconds

    def time_of(self, rows: Ints, bits: Bits) -> Ints:
        """Return each row's time in seconds since day 0, before it for rows from before day 0.

        Args:
            rows: row numbers.
            bits: one draw a row.
        """
        days = self.day_of(rows)
        early = days < 0
        if not early.any():
            return self.seconds(rows, days, bits)
        times = np.empty(len(rows), dtype=np.int64)
        times[early] = self._early(rows[early], bits[early])
        later = ~early
        times[later] = self.seconds(rows[later], days[later], bits[later])
        return times

    def _early(self, rows: Ints, bits: Bits) -> Ints:
        """Spread the rows from before day 0 evenly over their days."""
        place = open_unit(bits)
        place += rows
        place *= self._before_seconds / int(self.before[0])
        times = place.astype(np.int64)
        times -= self._before_seconds
        return np.minimum(times, -1, out=times)


def _counts(  # noqa: PLR0913, PLR0917 (one a fact of the plan)
    name: str, calendar: Spec, keys: Keys, start: date, rows_a_year: int, days: int
) -> Ints:
    """Return each day's number of rows: Poisson around the day's weight and its own noise."""
    numbers = np.arange(max(days, YEAR))
    weights = _weights(calendar, start, numbers)
    year = math.fsum(weights[:YEAR])
    if not year > 0:
        raise ModelError(
            f"calendar {name}: the first {YEAR} days from {start} have no weight; "
            "raise weekdays, months or special_days"
        )
    means = weights[:days] * (rows_a_year / year)
    numbers = numbers[:days]
    if calendar.noise:
        means *= _noise(keys.draw("/day_noise", numbers), calendar.noise)
    return poisson_counts(keys.draw("/day_count", numbers), means)


def _weights(calendar: Spec, start: date, numbers: Ints) -> Floats:
    """Return the days' weights: weekday, month, trend and special days."""
    weights = np.array(calendar.weekdays)[(numbers + start.weekday()) % 7]
    months = (np.datetime64(start) + numbers).astype("datetime64[M]").astype(np.int64) % 12
    weights *= np.array(calendar.months)[months]
    weights *= np.maximum(1.0 + calendar.trend_a_year * (numbers / YEAR), 0.0)
    for special in calendar.special_days:
        first = start - timedelta(days=special.offset)
        last = first + timedelta(days=len(numbers))
        for year in range(first.year, last.year + 1):
            day = _special_day(special, year)
            place = (day - first).days if day is not None else -1
            if 0 <= place < len(weights):
                weights[place] *= special.weight
    return weights


def _special_day(special: SpecialDay, year: int) -> date | None:
    """Return a special day's date in a year, without its offset; None in a year without it."""
    if special.weekday is None or special.nth is None:
        day = special.day or 1
    else:
        first = date(year, special.month, 1).weekday()
        day = 1 + (_WEEKDAYS.index(special.weekday) - first) % 7 + 7 * (special.nth - 1)
    try:
        return date(year, special.month, day)
    except ValueError:
        return None


def _noise(bits: Bits, noise: float) -> Floats:
    """Return log-normal factors with mean 1 and standard deviation `noise`: never negative."""
    variance = log(np.array([1.0 + noise * noise]))
    return exp(normal_quantile(open_unit(bits)) * np.sqrt(variance) - variance / 2.0)


class _Borders:
    """Finds between which of some ascending whole numbers others lie, by table look-up.

    Args:
        borders: the numbers, 0 or more.
    """

    def __init__(self, borders: Ints) -> None:
        # The table has about 16 entries a border; few of them hold a border inside.
        last = int(borders[-1])
        self._shift = max(0, last.bit_length() - (16 * len(borders)).bit_length())
        begins = np.arange((last >> self._shift) + 1) << self._shift
        self._passed = np.searchsorted(borders, begins, side="right")
        self._borders = np.append(borders, NULL)

    def find(self, numbers: Ints) -> Ints:
        """Return the place of the last border that is not above each number; -1: all are."""
        passed = self._passed.take(numbers >> self._shift, mode="clip")
        if self._shift:
            wrong = np.flatnonzero(self._borders.take(passed) <= numbers)
            while len(wrong):
                passed[wrong] += 1
                wrong = wrong[self._borders.take(passed[wrong]) <= numbers[wrong]]
        passed -= 1
        return passed
