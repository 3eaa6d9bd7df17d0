"""Is a day's figure usual? Judged by the other days, never by itself, and said in a sentence.

A day is an anomaly when it lies further from what was expected than the weekday's usual spread
explains. How far that is depends on what is at stake: where the spread is narrow, a few deviations;
where it is so wide that those would hide a halved or doubled day, the point from which half (or
double) is likelier than usual. For normal noise of variance s² and a fault of log 2, the ratio of
the two likelihoods reaches e^odds at log(2)/2 + odds · s²/log(2) (Neyman and Pearson).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

import numpy as np

from monitor.anomalies.baseline import Days, Floats, baselines, enough
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

# The same for many tables every morning: less is found, and hardly an alarm is false.
WATCH = Sensitivity(deviations=4.0, odds=3.0, least=math.log(1.2))

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
    asked = [Asked(series, sensitivity, rows)]
    return judge_each(asked, day, calendar, two_sided=two_sided)[0]


@dataclass(frozen=True)
class Asked:
    """A figure that is to be judged; as the arguments of `judge`."""

    series: Series
    sensitivity: Sensitivity
    rows: Series | None = None


def judge_each(
    asked: Sequence[Asked],
    day: date,
    calendar: Calendar | None = None,
    *,
    two_sided: bool = False,
) -> list[Verdict]:
    """Judge several figures of a day, each for itself; those with the same days at one go.

    Args:
        asked: the figures.
        day: which is judged.
        calendar: the days off.
        two_sided: judge by later days, too.

    Returns:
        A verdict on each, in the same order.
    """
    calendar = calendar or Calendar()
    verdicts: dict[int, Verdict] = {}
    together: dict[bytes, list[tuple[int, _Scaled]]] = {}
    for number, one in enumerate(asked):
        value = one.series.at(day)
        if day in calendar or _is_closed(one.rows or one.series, day, calendar):
            verdicts[number] = Verdict(Answer.DAY_OFF, day, value)
            continue
        days, values = _history(one.series, day, calendar, two_sided=two_sided)
        if math.isnan(value) or not enough(days, day.toordinal()):
            verdicts[number] = Verdict(Answer.NO_HISTORY, day, value)
            continue
        scale = scale_of(one.series.kind, values)
        scaled = _Scaled(one, days, scale.up(values), scale.bring(values, value), scale)
        together.setdefault(days.tobytes(), []).append((number, scaled))
    for group in together.values():
        usual = baselines(
            group[0][1].days, np.stack([of.values for _, of in group], axis=1), day.toordinal()
        )
        for place, (number, scaled) in enumerate(group):
            expected, spread = float(usual.expected[place]), float(usual.spread[place])
            verdicts[number] = _verdict(scaled, day, expected, spread)
    return [verdicts[number] for number in range(len(asked))]


@dataclass(frozen=True)
class _Scaled:
    """A figure on its scale: the history, and the day itself."""

    asked: Asked
    days: Days
    values: Floats
    value: float
    scale: Scale


def _verdict(scaled: _Scaled, day: date, usual: float, spread: float) -> Verdict:
    series, rows = scaled.asked.series, scaled.asked.rows
    value, expected = series.at(day), scaled.scale.back(usual)
    if series.kind == Kind.COUNT and expected < LEAST_COUNT:
        return Verdict(Answer.TOO_FEW, day, value)
    of_day, usually = math.inf, 1.0
    if rows is not None:
        of_day = max(rows.at(day), 1.0)
        usually = float(np.median(rows.values[np.isin(rows.days, scaled.days)]))
    # Never less than chance, and more on a day with few rows.
    variance = max(spread**2, sampling_variance(series.kind, expected, value, of_day))
    variance *= max(1.0, usually / of_day)
    limit = scaled.asked.sensitivity.limit(math.sqrt(variance))
    if series.kind == Kind.COUNT and value == 0:
        limit = min(limit, _LOG_2)  # no chance has it (see LEAST_COUNT)
    return _said(day, value, scaled.value - usual, limit, scaled.scale, usual)


def _said(  # noqa: PLR0913, PLR0917 - what a verdict is made of
    day: date, value: float, shift: float, limit: float, scale: Scale, usual: float
) -> Verdict:
    answer = Answer.USUAL
    if abs(shift) > limit:
        answer = Answer.LOW if shift < 0 else Answer.HIGH
    low, high = scale.back(usual - limit), scale.back(usual + limit)
    return Verdict(answer, day, value, low, high, shift, limit)


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
    value, number = lead.at(day), day.toordinal()
    alone = judge(lead, day, sensitivity, calendar, two_sided=two_sided)
    if not alone.is_judged or value == 0:
        return alone
    proportional = [
        one
        for one in named.values()
        if one.at(day) > 0 and one.at(day) < math.inf and _is_positive(one, lead)
    ]
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.stack([one.values for one in proportional], axis=1))
    whole = Series(lead.first, logs.sum(axis=1), Kind.MEAN)
    days, _ = _history(whole, day, calendar, two_sided=two_sided)
    if not enough(days, number):
        return alone
    history = logs[days - lead.first.toordinal()]
    each = baselines(days, history, number)
    shares = 1.0 / np.maximum(each.spread, 1e-6) ** 2
    shares /= shares.sum()
    usual = baselines(days, (history @ shares)[:, None], number)
    # Lines come in orders, orders of customers: chance is that of the fewest things counted.
    chances = [
        sampling_variance(Kind.COUNT, math.exp(expected), one.at(day), math.inf)
        for one, expected in zip(proportional, each.expected.tolist(), strict=True)
        if one.kind == Kind.COUNT
    ]
    spread = math.sqrt(max(float(usual.spread[0]) ** 2, *chances))
    shift = float(logs[number - lead.first.toordinal()] @ shares - usual.expected[0])
    # Told of the first figure: as if it had moved by as much as all together.
    limit = sensitivity.limit(spread)
    return _said(day, value, shift, limit, LOG, math.log(value) - shift)


def _is_positive(series: Series, rows: Series) -> bool:
    """Whether a figure is above zero wherever there are rows."""
    return bool((series.values[rows.values > 0] > 0).all())


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
