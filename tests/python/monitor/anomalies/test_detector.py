"""A day is judged by the other days alone, and the verdict explains itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest

from monitor.anomalies.baseline import LEAST_DAYS, enough
from monitor.anomalies.detector import (
    MEAN,
    SHARE,
    VOLUME,
    Answer,
    Calendar,
    Sensitivity,
    Series,
    Verdict,
    judge,
    judge_together,
)
from monitor.anomalies.scales import Kind

FIRST = date(2025, 1, 6)  # a Monday
DAY = FIRST + timedelta(days=100)


def orders(
    usual: Callable[[int], float] = lambda _: 1000.0, noise: float = 0.05, seed: int = 3
) -> Series:
    """120 days of orders, by what is usual on the nth."""
    random = np.random.default_rng(seed)
    level = np.array([usual(number) for number in range(120)])
    return Series(FIRST, np.round(level * random.lognormal(0, noise, 120)))


def changed(series: Series, day: date, value: float) -> Series:
    values = series.values.copy()
    values[(day - series.first).days] = value
    return Series(series.first, values, series.kind)


@pytest.mark.parametrize(
    ("factor", "answer"),
    [(0.0, "low"), (0.05, "low"), (0.5, "low"), (1.0, "usual"), (2.0, "high"), (3.0, "high")],
)
def test_both_directions_are_found(factor: float, answer: str) -> None:
    series = orders()
    verdict = judge(changed(series, DAY, series.at(DAY) * factor), DAY, VOLUME)
    assert verdict.answer == answer


def test_the_day_itself_is_not_in_its_baseline() -> None:
    series = orders()

    def expected(value: float, *, two_sided: bool) -> float:
        verdict = judge(changed(series, DAY, value), DAY, VOLUME, two_sided=two_sided)
        return math.log(value) - verdict.shift

    for two_sided in (False, True):
        usual = expected(series.at(DAY), two_sided=two_sided)
        for value in (1.0, 30.0, 1e9):
            assert expected(value, two_sided=two_sided) == pytest.approx(usual)


def test_later_days_count_only_when_asked_for() -> None:
    series = orders()
    later = changed(series, DAY + timedelta(days=1), 5000.0)
    assert judge(later, DAY, VOLUME) == judge(series, DAY, VOLUME)
    assert judge(later, DAY, VOLUME, two_sided=True) != judge(series, DAY, VOLUME, two_sided=True)


def test_faults_of_the_past_are_no_measure() -> None:
    series = orders()
    for days, value in ((3, 0.0), (7, 10.0), (14, 30_000.0), (21, 0.0)):
        series = changed(series, DAY - timedelta(days=days), value)
    assert judge(series, DAY, VOLUME).answer == Answer.USUAL
    assert judge(changed(series, DAY, 500.0), DAY, VOLUME).answer == Answer.LOW


def test_weekdays_have_their_own_measure() -> None:
    def week(number: int) -> float:
        return 400.0 if number % 7 == 6 else 1000.0

    series = orders(week)
    sunday = FIRST + timedelta(days=104)
    assert judge(series, sunday, VOLUME).answer == Answer.USUAL
    assert judge(changed(series, sunday, 1000.0), sunday, VOLUME).answer == Answer.HIGH
    assert judge(changed(series, DAY, 400.0), DAY, VOLUME).answer == Answer.LOW


def test_a_trend_is_followed() -> None:
    """Growth of 2% a day: a week's old level is 15% behind."""
    series = orders(lambda number: 100.0 * 1.02**number, noise=0.02)
    verdicts = [judge(series, DAY + timedelta(days=days), VOLUME) for days in range(15)]
    assert {verdict.answer for verdict in verdicts} == {Answer.USUAL}
    assert max(abs(verdict.shift) for verdict in verdicts) < 0.08


def test_silent_until_there_is_enough_history() -> None:
    series = orders()
    early = FIRST + timedelta(days=LEAST_DAYS - 1)
    assert judge(changed(series, early, 0.0), early, VOLUME).answer == Answer.NO_HISTORY
    late = FIRST + timedelta(days=LEAST_DAYS)
    assert judge(changed(series, late, 0.0), late, VOLUME).answer == Answer.LOW
    assert judge(series, FIRST, VOLUME).answer == Answer.NO_HISTORY
    assert judge(series, date(2030, 1, 1), VOLUME).answer == Answer.NO_HISTORY
    assert not enough(np.array([], dtype=np.int64), 1)
    assert not enough(np.array([1]), 2)


def test_days_off_are_no_anomalies_and_no_measure() -> None:
    days_off = Calendar(frozenset({DAY, DAY - timedelta(days=7), DAY - timedelta(days=14)}))
    series = orders()
    for day in days_off.days_off:
        series = changed(series, day, 0.0)
        series = changed(series, day - timedelta(days=1), 3000.0)  # the rush before
    assert judge(series, DAY, VOLUME, days_off).answer == Answer.DAY_OFF
    assert judge(series, DAY, VOLUME).answer == Answer.LOW
    after = DAY + timedelta(days=3)
    assert judge(series, after, VOLUME, days_off).answer == Answer.USUAL


def test_a_weekday_without_trade_is_a_day_off() -> None:
    series = orders(lambda number: 0.0 if number % 7 == 5 else 1000.0)
    saturday = FIRST + timedelta(days=103)
    assert series.at(saturday) == 0
    assert judge(series, saturday, VOLUME).answer == Answer.DAY_OFF
    assert judge(changed(series, DAY, 0.0), DAY, VOLUME).answer == Answer.LOW


def test_small_counts_are_left_alone() -> None:
    series = orders(lambda _: 4.0, noise=0.5)
    assert judge(changed(series, DAY, 0.0), DAY, VOLUME).answer == Answer.TOO_FEW


def test_none_of_a_dozen_is_no_chance() -> None:
    series = orders(lambda _: 13.0, noise=0.1)
    assert judge(changed(series, DAY, 9.0), DAY, VOLUME).answer == Answer.USUAL
    assert judge(changed(series, DAY, 0.0), DAY, VOLUME).answer == Answer.LOW


def test_a_constant_series_may_not_move() -> None:
    series = Series(FIRST, np.full(120, 1000.0))
    assert judge(series, DAY, VOLUME).answer == Answer.USUAL
    assert judge(changed(series, DAY, 700.0), DAY, VOLUME).answer == Answer.LOW
    means = Series(FIRST, np.full(120, -2.5), Kind.MEAN)
    assert judge(means, DAY, MEAN).answer == Answer.USUAL
    assert judge(changed(means, DAY, -9.0), DAY, MEAN).answer == Answer.LOW
    assert judge(changed(means, DAY, 9.0), DAY, MEAN).answer == Answer.HIGH


@pytest.mark.parametrize(("share", "answer"), [(0.0, "usual"), (0.002, "usual"), (0.1, "high")])
def test_nulls_where_there_were_none(share: float, answer: str) -> None:
    shares = Series(FIRST, np.zeros(120), Kind.SHARE)
    assert judge(changed(shares, DAY, share), DAY, SHARE, rows=orders()).answer == answer


def test_a_share_of_few_rows_may_be_far_off() -> None:
    shares = Series(FIRST, np.full(120, 0.5), Kind.SHARE)
    shares = changed(shares, DAY, 0.7)
    assert judge(shares, DAY, SHARE, rows=orders()).answer == Answer.HIGH
    few = orders(lambda _: 20.0)
    assert judge(shares, DAY, SHARE, rows=few).answer == Answer.USUAL


def test_a_mean_of_few_rows_may_be_far_off() -> None:
    random = np.random.default_rng(5)
    means = Series(FIRST, 20 * random.lognormal(0, 0.05, 120), Kind.MEAN)
    means = changed(means, DAY, 30.0)
    assert judge(means, DAY, MEAN, rows=orders()).answer == Answer.HIGH
    hardly_any = changed(orders(), DAY, 20.0)
    assert judge(means, DAY, MEAN, rows=hardly_any).answer == Answer.USUAL


def test_a_mean_that_vanishes_is_an_anomaly() -> None:
    random = np.random.default_rng(5)
    means = Series(FIRST, 20 * random.lognormal(0, 0.4, 120), Kind.MEAN)
    for value in (0.0, -5.0):
        assert judge(changed(means, DAY, value), DAY, MEAN).answer == Answer.LOW


def test_several_figures_tell_more_than_one() -> None:
    """Each has noise of its own; together they show a day that is down by a third."""
    named = {f"figure {seed}": orders(noise=0.2, seed=seed) for seed in range(6)}
    spoilt = {
        name: changed(series, DAY, round(1000 * 0.68 * math.exp(0.1 * (-1) ** number)))
        for number, (name, series) in enumerate(named.items())
    }
    assert judge_together(named, DAY).answer == Answer.USUAL
    assert judge_together(spoilt, DAY).answer == Answer.LOW
    assert judge(spoilt["figure 0"], DAY, VOLUME).answer == Answer.USUAL


def test_together_a_day_without_rows_is_low() -> None:
    named = {"rows": changed(orders(), DAY, 0.0), "sum": changed(orders(seed=4), DAY, math.nan)}
    assert judge_together(named, DAY).answer == Answer.LOW


def test_the_limit_never_hides_a_halved_day_behind_a_wide_spread() -> None:
    sensitivity = Sensitivity(deviations=3.5, odds=1.8, least=0.1)
    assert sensitivity.limit(0.01) == 0.1
    assert sensitivity.limit(0.1) == pytest.approx(0.35)
    # Twice 0.4 is more than log 2: three and a half deviations would be a factor of four.
    assert sensitivity.limit(0.4) == pytest.approx(math.log(2) / 2 + 1.8 * 0.16 / math.log(2))
    assert Sensitivity(deviations=5).limit(0.4) == pytest.approx(2.0)


def test_a_verdict_is_a_sentence() -> None:
    low = Verdict(Answer.LOW, date(2025, 3, 4), 1203.0, 2410.4, 2729.6, -0.76, 0.2)
    said = "orders of Tuesday 2025-03-04: 1,203; usual Tuesdays 2,410 to 2,730"
    assert low.sentence("orders") == said
    assert low.is_anomaly
    assert low.distance == pytest.approx(3.8)
    off = Verdict(Answer.DAY_OFF, date(2025, 12, 25), 0.0)
    assert off.sentence("orders") == "orders of Thursday 2025-12-25: 0; a day off"
    new = Verdict(Answer.NO_HISTORY, date(2025, 1, 7), 12.0)
    assert new.sentence("orders") == "orders of Tuesday 2025-01-07: 12; too little history"
    nulls = Verdict(Answer.HIGH, date(2025, 3, 4), 0.123, 0.0, 0.02, 0.3, 0.1)
    said = "nulls of Tuesday 2025-03-04: 12.3%; usual Tuesdays 0.0% to 2.0%"
    assert nulls.sentence("nulls", 1, percent=True) == said
