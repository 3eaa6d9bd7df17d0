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
class Baseline:
    """What is usual on a day.

    Args:
        expected: the figure.
        spread: how far days of this weekday usually lie from what was expected, one deviation.
        residuals: by how much each day of the history lay off, beside `days`.
        days: of the history.
    """

    expected: float
    spread: float
    residuals: Floats
    days: Days


def baseline(days: Days, values: Floats, day: int) -> Baseline | None:
    """Say what is usual on a day by the other days.

    Where all other days are earlier ones, this is a forecast; with later ones among them the level
    is taken from both sides.

    Args:
        days: number of each day of the history (`date.toordinal`), ascending; `day` is left out.
        values: their figures, none of them missing.
        day: number of the day that is asked for.

    Returns:
        None where there is not enough history.
    """
    kept = (days != day) & (np.abs(days - day) <= HISTORY)
    days, values = days[kept], values[kept]
    weekdays = days % 7
    same = weekdays == day % 7
    if not len(days) or np.ptp([day, *days]) < LEAST_DAYS or same.sum() < LEAST_WEEKDAYS:
        return None
    near = 0.5 ** (np.abs(days[:, None] - days[None, :]) / HALF_LIFE)
    np.fill_diagonal(near, 0.0)  # each day of the history is judged without itself, too
    effects, residuals, trust = np.zeros(7), np.zeros(len(days)), np.ones(len(days))
    for _ in range(_ROUNDS):
        levels = near @ (trust * (values - effects[weekdays])) / (near @ trust)
        for weekday in range(7):
            of_weekday = values[weekdays == weekday] - levels[weekdays == weekday]
            if number := len(of_weekday):
                effects[weekday] = np.median(of_weekday) * number / (number + _WEEKDAY_SHRINK)
        residuals = values - effects[weekdays] - levels
        reach = _CLIP * _deviation(residuals)
        trust = np.minimum(1.0, reach / np.maximum(np.abs(residuals), 1e-12))
        if reach == 0:
            trust = (residuals == 0).astype(np.float64)
    level, of_level = _level(days, values - effects[weekdays], trust, day)
    # The expected has an error, too: that of the level's mean, and of the weekday's median.
    error = of_level + np.pi / 2 / same.sum()
    return Baseline(
        expected=float(level + effects[day % 7]),
        spread=_spread(residuals, same) * float(np.sqrt(1 + error)),
        residuals=residuals,
        days=days,
    )


def _level(days: Days, values: Floats, trust: Floats, day: int) -> tuple[float, float]:
    """Give the level on the day, of the days near it, carried on by their trend.

    Returns:
        The level, and its variance as a share of that of one day.
    """
    weights = trust * 0.5 ** (np.abs(days - day) / HALF_LIFE)
    weights /= weights.sum()
    lag = day - float(weights @ days)
    level = float(weights @ values) + lag * _slope(days, values, trust, day)
    return level, float(weights @ weights)


def _slope(days: Days, values: Floats, trust: Floats, day: int) -> float:
    """Give the trend a day, as far as it stands out of its own error."""
    weights = trust * 0.5 ** (np.abs(days - day) / SLOPE_HALF_LIFE)
    total = weights.sum()
    off = days - weights @ days / total
    width = float(weights @ off**2)
    slope = float(weights @ (off * values)) / width
    left = values - weights @ values / total - slope * off
    error = float(weights @ left**2) / total / width
    # A trend that is no larger than its error is none; a clear one is kept whole (James and Stein).
    return slope * max(0.0, 1.0 - error / slope**2) if slope else 0.0


def _spread(residuals: Floats, same: NDArray[np.bool_]) -> float:
    """Give the usual deviation of a weekday, held towards that of all days."""
    number = int(same.sum())
    own, of_all = _clipped(residuals[same]), _clipped(residuals)
    return float(np.sqrt((number * own + _SPREAD_SHRINK * of_all) / (number + _SPREAD_SHRINK)))


def _clipped(residuals: Floats) -> float:
    """Give the mean square of residuals, each clipped at a few of their deviations."""
    reach = _CLIP * _deviation(residuals)
    return float(np.mean(np.minimum(np.abs(residuals), reach) ** 2))


def _deviation(residuals: Floats) -> float:
    return _MAD * float(np.median(np.abs(residuals)))
