"""What a day's figure should be by the other days: level, weekday, trend and usual spread.

Everything here works on a scale on which differences count (see `scales.py`) and knows no
database. The day that is asked for is never part of what it is compared with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Days = NDArray[np.int64]

# A level is a mean of the days around, each weighing half as much for every five days away: short
# enough to follow a season, long enough to hold each weekday once. Measured on the real shop
# (docs/monitoring/anomalies.md); 4 to 8 days do about as well.
HALF_LIFE = 5.0

# The slope of the trend is taken out of the last weeks.
SLOPE_HALF_LIFE = 28.0

# Half a year: long enough to know a weekday's spread, short enough to forget another shop.
HISTORY = 182

# Enough history: eight weeks, and four times the weekday that is asked for.
LEAST_DAYS = 56
LEAST_WEEKDAYS = 4

# A weekday's own effect and spread weigh as their number of days, those of all days as these.
_WEEKDAY_SHRINK = 1.0
_SPREAD_SHRINK = 3.0

# Beyond so many deviations a day of the history no longer pulls harder.
_CLIP = 2.0

# 1 / the upper quartile of the normal distribution: makes a deviation of a median.
_MAD = 1.4826

_ROUNDS = 4


@dataclass(frozen=True)
class Baselines:
    """What is usual on a day, of several series.

    Args:
        expected: the figure of each.
        spread: how far days of this weekday usually lie from what was expected, one deviation.
    """

    expected: Floats
    spread: Floats


def enough(days: Days, day: int) -> bool:
    """Whether there is enough history to say what is usual on a day."""
    days = days[_near(days, day)]
    if not len(days) or np.count_nonzero(days % 7 == day % 7) < LEAST_WEEKDAYS:
        return False
    return bool(max(days[-1], day) - min(days[0], day) >= LEAST_DAYS)


def _near(days: Days, day: int) -> NDArray[np.bool_]:
    return np.asarray((days != day) & (np.abs(days - day) <= HISTORY))


def baselines(days: Days, values: Floats, day: int) -> Baselines:
    """Say what is usual on a day by the other days.

    Where all other days are earlier ones, this is a forecast; with later ones among them the level
    is taken from both sides.

    Args:
        days: number of each day of the history (`date.toordinal`), ascending, `enough` of them;
            `day` is left out.
        values: their figures: a row for each day, a column for each series, none missing.
        day: number of the day that is asked for.
    """
    kept = _near(days, day)
    days, values = days[kept], values[kept]
    weekdays = days % 7
    near = 0.5 ** (np.abs(days[:, None] - days[None, :]) / HALF_LIFE)
    np.fill_diagonal(near, 0.0)  # each day of the history is judged without itself, too
    effects = np.zeros((7, values.shape[1]))
    residuals, trust = np.zeros_like(values), np.ones_like(values)
    for _ in range(_ROUNDS):
        levels = near @ (trust * (values - effects[weekdays])) / np.maximum(near @ trust, 1e-12)
        for weekday in range(7):
            of_weekday = weekdays == weekday
            if number := np.count_nonzero(of_weekday):
                middle = np.median(values[of_weekday] - levels[of_weekday], axis=0)
                effects[weekday] = middle * number / (number + _WEEKDAY_SHRINK)
        residuals = values - effects[weekdays] - levels
        # A deviation of zero means that most days are all the same: what is not has no say.
        reach = _CLIP * np.maximum(_deviation(residuals), 1e-9)
        trust = np.minimum(1.0, reach / np.maximum(np.abs(residuals), 1e-12))
    same = weekdays == day % 7
    level, of_level = _levels(days, values - effects[weekdays], trust, day)
    # The expected has an error, too: that of the level's mean, and of the weekday's median.
    error = of_level + np.pi / 2 / np.count_nonzero(same)
    return Baselines(level + effects[day % 7], _spread(residuals, same) * np.sqrt(1 + error))


def _levels(days: Days, values: Floats, trust: Floats, day: int) -> tuple[Floats, Floats]:
    """Give the levels on the day, of the days near it, carried on by their trends.

    Returns:
        The levels, and the variance of each as a share of that of one day.
    """
    weights = trust * 0.5 ** (np.abs(days - day) / HALF_LIFE)[:, None]
    weights /= weights.sum(axis=0)
    lag = day - days @ weights
    level = np.sum(weights * values, axis=0) + lag * _slopes(days, values, trust, day)
    return level, np.sum(weights**2, axis=0)


def _slopes(days: Days, values: Floats, trust: Floats, day: int) -> Floats:
    """Give the trends a day, each as far as it stands out of its own error."""
    weights = trust * 0.5 ** (np.abs(days - day) / SLOPE_HALF_LIFE)[:, None]
    weights /= weights.sum(axis=0)
    off = days[:, None] - days @ weights
    width = np.sum(weights * off**2, axis=0)
    slope = np.sum(weights * off * values, axis=0) / width
    left = values - np.sum(weights * values, axis=0) - slope * off
    error = np.sum(weights * left**2, axis=0) / width
    # A trend no larger than its error is none; a clear one is kept nearly whole (James and Stein).
    kept = 1.0 - error / np.maximum(slope**2, 1e-300)
    return np.asarray(slope * np.maximum(kept, 0.0), dtype=np.float64)


def _spread(residuals: Floats, same: NDArray[np.bool_]) -> Floats:
    """Give the usual deviation of a weekday, held towards that of all days."""
    number = np.count_nonzero(same)
    own, of_all = _clipped(residuals[same]), _clipped(residuals)
    return np.sqrt((number * own + _SPREAD_SHRINK * of_all) / (number + _SPREAD_SHRINK))


def _clipped(residuals: Floats) -> Floats:
    """Give the mean squares of residuals, each clipped at a few of their deviations."""
    reach = _CLIP * _deviation(residuals)
    return np.asarray(np.mean(np.minimum(np.abs(residuals), reach) ** 2, axis=0))


def _deviation(residuals: Floats) -> Floats:
    return _MAD * np.asarray(np.median(np.abs(residuals), axis=0), dtype=np.float64)
