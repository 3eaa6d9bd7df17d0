"""One fault at a time on every day that has enough history: found or not, and false alarms."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from bench.anomalies.shops import Shop
from monitor.anomalies.detector import (
    VOLUME,
    Calendar,
    Sensitivity,
    Series,
    Verdict,
    judge,
    judge_together,
)
from monitor.anomalies.ratios import together_or_apart

# What a day's figures are multiplied by.
FAULTS: Mapping[str, float] = {
    "zero rows": 0.0,
    "-95%": 0.05,
    "-80%": 0.2,
    "-50%": 0.5,
    "x2": 2.0,
    "x3": 3.0,
}

# Least detected, in percent, of each fault; and most false alarms on untouched days.
WANTED: Mapping[str, float] = {
    "zero rows": 99.0,
    "-95%": 99.0,
    "-80%": 99.0,
    "-50%": 90.0,
    "x2": 90.0,
    "x3": 99.0,
}
MOST_FALSE = 2.0

UNTOUCHED = "untouched"

_SUNDAY = 6


@dataclass(frozen=True)
class Trial:
    """What was said of every judged day, untouched and with each fault.

    Args:
        shop: where.
        days: the judged ones: those with enough history that are no days off.
        verdicts: by fault, one a day; `UNTOUCHED` among them.
    """

    shop: Shop
    days: Sequence[date]
    verdicts: Mapping[str, Sequence[Verdict]]

    def detected(self, fault: str, limits: float = 1.0) -> float:
        """Give the percentage of days that are called anomalies, from so many limits on."""
        found = [verdict.distance > limits for verdict in self.verdicts[fault]]
        return 100.0 * sum(found) / len(found)

    def of_weekday(self, weekday: int) -> Trial:
        """Give the trial of the days of one weekday, Monday being 0."""
        kept = [number for number, day in enumerate(self.days) if day.weekday() == weekday]
        return Trial(
            self.shop,
            [self.days[number] for number in kept],
            {name: [of[number] for number in kept] for name, of in self.verdicts.items()},
        )


def volume_trial(
    shop: Shop,
    faults: Mapping[str, float],
    sensitivity: Sensitivity = VOLUME,
    *,
    two_sided: bool = False,
) -> Trial:
    """Plant faults that multiply all figures of a day: a file half empty, or loaded twice."""

    def verdict(spoilt: Shop, day: date) -> Verdict:
        return judge_together(spoilt.series, day, sensitivity, spoilt.calendar, two_sided=two_sided)

    return _trial(shop, faults, verdict, tuple(shop.series))


def single_trial(shop: Shop, faults: Mapping[str, float], measure: str) -> Trial:
    """Plant faults that multiply one figure of a day; volume and ratios are asked."""

    def verdict(spoilt: Shop, day: date) -> Verdict:
        return max(
            together_or_apart(spoilt.series, day, spoilt.calendar),
            key=lambda found: found.distance,
        )

    return _trial(shop, faults, verdict, (measure,))


def naive_trial(shop: Shop, faults: Mapping[str, float], measure: str = "orders") -> Trial:
    """Plant the same, and judge by the plain median and MAD of the logarithms of all other days."""

    def verdict(spoilt: Shop, day: date) -> Verdict:
        series = spoilt.series[measure]
        usual = judge(series, day, VOLUME, spoilt.calendar)
        if not usual.is_judged:
            return usual
        return _plain(series, day, usual, spoilt.calendar)

    return _trial(shop, faults, verdict, tuple(shop.series))


def _plain(series: Series, day: date, usual: Verdict, calendar: Calendar) -> Verdict:
    others = series.values[(series.days != day.toordinal()) & (series.values > 0)]
    logs = np.log(others)
    middle = float(np.median(logs))
    spread = 1.4826 * float(np.median(np.abs(logs - middle)))
    shift = math.log(max(series.at(day), 0.5)) - middle
    return Verdict(usual.answer, day, usual.value, shift=shift, limit=3.0 * spread)


def _trial(
    shop: Shop,
    faults: Mapping[str, float],
    verdict: Callable[[Shop, date], Verdict],
    measures: Sequence[str],
) -> Trial:
    untouched = {day: verdict(shop, day) for day in shop.days}
    days = [day for day, said in untouched.items() if said.is_judged]
    return Trial(
        shop,
        days,
        {UNTOUCHED: [untouched[day] for day in days]}
        | {
            name: [verdict(shop.with_fault(day, factor, measures), day) for day in days]
            for name, factor in faults.items()
        },
    )


def best_in_hindsight(trial: Trial, factor: float, most_false: float = MOST_FALSE) -> float:
    """Give the percentage that the best limits would find of a fault, chosen after the fact.

    One limit for Sundays and one for the other days, only on the side of the fault, with all the
    false alarms that are allowed spent on that side.

    Args:
        trial: its untouched days tell how far days lie off by themselves.
        factor: of the fault.
        most_false: percentage of untouched days that may be called anomalies.
    """
    allowed = int(len(trial.days) * most_false / 100)
    return 100.0 * _most_found(trial, factor, allowed) / len(trial.days)


def best_of_both_in_hindsight(trial: Trial, most_false: float = MOST_FALSE) -> float:
    """Give the percentage of halved and of doubled days that can be found at the same time.

    As `best_in_hindsight`, but the false alarms are shared out between the two sides so that the
    one that is found less often is found as often as can be.
    """
    allowed = int(len(trial.days) * most_false / 100)
    found = [
        min(_most_found(trial, 0.5, false), _most_found(trial, 2.0, allowed - false))
        for false in range(allowed + 1)
    ]
    return 100.0 * max(found) / len(trial.days)


def _most_found(trial: Trial, factor: float, allowed: int) -> int:
    """Count what the best two limits on one side find, with so many false alarms on that side."""
    fault = math.log(factor)
    side = math.copysign(1.0, fault)
    shifts = np.array([side * verdict.shift for verdict in trial.verdicts[UNTOUCHED]])
    sundays = np.array([day.weekday() == _SUNDAY for day in trial.days])
    return max(
        _found(shifts[sundays], abs(fault), false)
        + _found(shifts[~sundays], abs(fault), allowed - false)
        for false in range(allowed + 1)
    )


def _found(shifts: np.ndarray[tuple[int, ...], np.dtype[np.float64]], by: float, false: int) -> int:
    """Count the faults found by the limit that calls so many untouched days anomalies."""
    if false >= len(shifts):
        return len(shifts)
    limit = np.sort(shifts)[::-1][false]
    return int(np.count_nonzero(shifts + by > limit))
