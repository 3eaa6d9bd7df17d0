"""Is a day's figure usual? Judged by the other days, never by itself, and said in a sentence.

A day is an anomaly when it lies further from what was expected than the weekday's usual spread
explains. How far that is depends on what is at stake: where the spread is narrow, a few deviations;
where it is so wide that those would hide a halved or doubled day, the point from which half (or
double) is likelier than usual. For normal noise of variance s² and a fault of log 2, the ratio of
the two likelihoods reaches e^odds at log(2)/2 + odds · s²/log(2) (Neyman and Pearson).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

import numpy as np

from monitor.anomalies.baseline import Baseline, Days, Floats, baseline
from monitor.anomalies.scales import LOG, Kind, Scale, sampling_variance, scale_of

# Counts that are expected to be smaller say nothing about a day: none of ten happens by chance on
# one day in 22,000, none of five on one in 150.
LEAST_COUNT = 10.0

# So many of the same weekday are asked whether it is one without trade.
_WEEKDAYS_ASKED = 8

_LOG_2 = math.log(2)


class Answer(StrEnum):
    """What is said of a day."""

    USUAL = "usual"
    LOW = "low"
    HIGH = "high"
    DAY_OFF = "day off"  # listed, or of a weekday without trade
    NO_HISTORY = "too little history"
    TOO_FEW = "too few to tell"


@dataclass(frozen=True)
class Sensitivity:
    """From where a day is an anomaly; distances are on the scale of the figure.

    Args:
        deviations: so many usual ones.
        odds: the logarithm of the odds from which a halved or doubled day is believed sooner than
            chance; infinite where only deviations count.
        least: a smaller distance is never one.
    """

    deviations: float
    odds: float = math.inf
    least: float = 0.0

    def limit(self, spread: float) -> float:
        """Give the distance from the expected beyond which a day is an anomaly."""
        limit = self.deviations * spread
        if math.isfinite(self.odds):
            limit = min(limit, _LOG_2 / 2 + self.odds * spread**2 / _LOG_2)
        return max(limit, self.least)


# The volume of a table's day, by several figures together. Chosen on the real shop so that at most
# 2% of its untouched days are called anomalies; `python -m bench anomalies` draws the whole curve.
VOLUME = Sensitivity(deviations=3.5, odds=1.5, least=math.log(1.2))

# Single figures: a table has dozens, and a reader patience for none that is wrong.
MEAN = Sensitivity(deviations=5.0, least=math.log(1.15))
SHARE = Sensitivity(deviations=5.0, least=0.1)


@dataclass(frozen=True)
class Calendar:
    """The days on which a source does not trade.

    Args:
        days_off: those that are listed. The days beside one are no measure for others.
    """

    days_off: frozenset[date] = field(default_factory=frozenset)

    def __contains__(self, day: object) -> bool:
        """Whether the day is listed."""
        return day in self.days_off

    def is_measure(self, days: Days) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Say of each day whether others may be measured by it."""
        listed = np.array(sorted(day.toordinal() for day in self.days_off), dtype=np.int64)
        return ~np.isin(days, np.concatenate([listed - 1, listed, listed + 1]))


@dataclass(frozen=True)
class Series:
    """The figures of every calendar day in a row.

    Args:
        first: the day of the first figure.
        values: one a day; a count of a day without rows is 0, another figure of it NaN.
        kind: of the figures.
    """

    first: date
    values: Floats
    kind: Kind = Kind.COUNT

    @property
    def days(self) -> Days:
        """The number of each day, as `date.toordinal` counts them."""
        return np.arange(len(self.values), dtype=np.int64) + self.first.toordinal()

    def at(self, day: date) -> float:
        """Give the figure of a day; NaN outside of the series."""
        place = day.toordinal() - self.first.toordinal()
        return float(self.values[place]) if 0 <= place < len(self.values) else math.nan


@dataclass(frozen=True)
class Verdict:
    """What is said of a figure of a day.

    Args:
        answer: the verdict.
        day: the day.
        value: its figure.
        low, high: between which figures it would have been usual; NaN where nothing is.
        shift: how far it lies above what was expected, on the scale of the figure.
        limit: from which distance it is an anomaly; 0 where nothing was expected.
    """

    answer: Answer
    day: date
    value: float
    low: float = math.nan
    high: float = math.nan
    shift: float = 0.0
    limit: float = 0.0

    @property
    def is_anomaly(self) -> bool:
        """Whether the day is one."""
        return self.answer in {Answer.LOW, Answer.HIGH}

    @property
    def is_judged(self) -> bool:
        """Whether there was anything to judge it by."""
        return self.answer in {Answer.LOW, Answer.HIGH, Answer.USUAL}

    @property
    def distance(self) -> float:
        """How far it lies off, in limits: beyond 1 is an anomaly."""
        return abs(self.shift) / self.limit if self.limit else 0.0

    def sentence(self, name: str, digits: int = 0, *, percent: bool = False) -> str:
        """Explain it, such as "orders of Tuesday 2025-03-04: 1,203; usual Tuesdays 2,410 to 2,730".

        Args:
            name: of the figure.
            digits: after the point.
            percent: write it in percent.
        """
        style = f",.{digits}{'%' if percent else 'f'}"
        value = "none" if math.isnan(self.value) else format(self.value, style)
        said = f"{name} of {self.day:%A %Y-%m-%d}: {value}"
        match self.answer:
            case Answer.DAY_OFF:
                return f"{said}; a day off"
            case Answer.NO_HISTORY | Answer.TOO_FEW:
                return f"{said}; {self.answer}"
            case Answer.USUAL | Answer.LOW | Answer.HIGH:
                low, high = format(self.low, style), format(self.high, style)
                return f"{said}; usual {self.day:%A}s {low} to {high}"


def judge(  # noqa: PLR0913 - a sentence about a figure has as many parts
    series: Series,
    day: date,
    sensitivity: Sensitivity,
    calendar: Calendar | None = None,
    *,
    rows: Series | None = None,
    two_sided: bool = False,
) -> Verdict:
    """Judge a figure of a day by the days before it.

    Args:
        series: the figures.
        day: which is judged.
        sensitivity: from where it is an anomaly.
        calendar: the days off.
        rows: that the figures are shares or means of; a day with fewer of them spreads further.
        two_sided: judge by later days, too.
    """
    calendar = calendar or Calendar()
    value = series.at(day)
    if day in calendar or _is_closed(rows or series, day, calendar):
        return Verdict(Answer.DAY_OFF, day, value)
    days, values = _history(series, day, calendar, two_sided=two_sided)
    if not len(days) or math.isnan(value):
        return Verdict(Answer.NO_HISTORY, day, value)
    scale = scale_of(series.kind, values)
    usual = baseline(days, scale.up(values), day.toordinal())
    if usual is None:
        return Verdict(Answer.NO_HISTORY, day, value)
    expected = scale.back(usual.expected)
    if series.kind == Kind.COUNT and expected < LEAST_COUNT:
        return Verdict(Answer.TOO_FEW, day, value)
    of_day = math.nan if rows is None else rows.at(day)
    spread = _widened(usual, series.kind, expected, of_day, _usual_rows(rows, usual))
    shift = float(scale.up(np.append(values, value))[-1]) - usual.expected
    return _verdict(day, value, shift, sensitivity.limit(spread), usual.expected, scale)


def judge_together(
    named: Mapping[str, Series],
    day: date,
    sensitivity: Sensitivity = VOLUME,
    calendar: Calendar | None = None,
    *,
    two_sided: bool = False,
) -> Verdict:
    """Judge the volume of a day by several figures that rise and fall together.

    Their logarithms are averaged, the quieter ones weighing more (by the inverse of their
    variance): half a file halves all of them, while each has some noise of its own.

    Args:
        named: the series, over the same days. The first tells whether a day has rows, and its
            figures are those that the verdict bears.
        day: which is judged.
        sensitivity: from where it is an anomaly.
        calendar: the days off.
        two_sided: judge by later days, too.
    """
    calendar = calendar or Calendar()
    lead = next(iter(named.values()))
    value = lead.at(day)
    alone = judge(lead, day, sensitivity, calendar, two_sided=two_sided)
    if not alone.is_judged or value == 0:
        return alone
    logs, weights, expected = [], [], 0.0
    for series in named.values():
        days, values = _history(series, day, calendar, two_sided=two_sided)
        if not (values > 0).all() or not series.at(day) > 0:
            continue
        usual = baseline(days, np.log(values), day.toordinal())
        if usual is None or math.exp(usual.expected) < LEAST_COUNT:
            continue
        logs.append(series)
        weights.append(1.0 / max(usual.spread, 1e-6) ** 2)
        if series is lead:
            expected = usual.expected
    shares = np.array(weights) / sum(weights)
    mixed = _mixed(logs, shares)
    days, values = _history(mixed, day, calendar, two_sided=two_sided)
    usual = baseline(days, values, day.toordinal())
    if usual is None:
        return Verdict(Answer.NO_HISTORY, day, value)
    spread = _widened(usual, Kind.COUNT, math.exp(expected), math.nan, math.nan)
    shift = mixed.at(day) - usual.expected
    # Told of the first figure: as if it had moved by as much as all together.
    told = math.log(value) - shift
    return _verdict(day, value, shift, sensitivity.limit(spread), told, LOG)


def _mixed(logs: Collection[Series], shares: Floats) -> Series:
    """Average the logarithms of series; a day without one of them is missing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        values = sum(
            share * np.where(one.values > 0, np.log(one.values), np.nan)
            for one, share in zip(logs, shares, strict=True)
        )
    return Series(next(iter(logs)).first, np.asarray(values, dtype=np.float64), Kind.MEAN)


def _history(
    series: Series, day: date, calendar: Calendar, *, two_sided: bool
) -> tuple[Days, Floats]:
    """Give the days that a day is measured by, and their figures.

    A day without rows is none of them: it was a day off, or a fault.
    """
    days, values = series.days, series.values
    kept = np.isfinite(values) & calendar.is_measure(days)
    kept &= (days != day.toordinal()) if two_sided else (days < day.toordinal())
    if series.kind == Kind.COUNT:
        kept &= values > 0
    return days[kept], values[kept]


def _is_closed(rows: Series, day: date, calendar: Calendar) -> bool:
    """Whether the weekday is one on which the source mostly has no rows at all."""
    before = rows.days < day.toordinal()
    same = before & (rows.days % 7 == day.toordinal() % 7)
    same &= ~np.isin(rows.days, [one.toordinal() for one in calendar.days_off])
    asked = rows.values[same][-_WEEKDAYS_ASKED:]
    return len(asked) > 1 and bool(2 * np.count_nonzero(np.nan_to_num(asked)) <= len(asked))


def _usual_rows(rows: Series | None, usual: Baseline) -> float:
    if rows is None:
        return math.nan
    return float(np.median(rows.values[np.isin(rows.days, usual.days)]))


def _widened(usual: Baseline, kind: Kind, expected: float, rows: float, usually: float) -> float:
    """Give the spread of a day: never less than chance, and more of a day with few rows."""
    variance = max(usual.spread**2, sampling_variance(kind, expected, rows))
    if rows < usually:
        variance *= usually / max(rows, 1.0)
    return math.sqrt(variance)


def _verdict(  # noqa: PLR0913, PLR0917 - what a verdict is made of
    day: date, value: float, shift: float, limit: float, expected: float, scale: Scale
) -> Verdict:
    answer = Answer.USUAL
    if abs(shift) > limit:
        answer = Answer.LOW if shift < 0 else Answer.HIGH
    return Verdict(
        answer,
        day,
        value,
        scale.back(expected - limit),
        scale.back(expected + limit),
        shift,
        limit,
    )
