"""Calendars: each of their parts shows against a calendar without it, and history never changes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from generator.engine.calendar import Calendar
from generator.engine.randomness.mix import Floats, Ints, Keys
from generator.errors import ModelError
from generator.spec.delays import SECONDS_A_DAY
from generator.spec.model import Calendar as Spec
from generator.spec.rows import TimedRows

START = date(2025, 1, 1)  # a Wednesday
YEAR = 365
A_DAY = 10_000


def calendar(  # noqa: PLR0917
    weights: dict[str, Any] | None = None,
    days: int = YEAR,
    rows: int = A_DAY * YEAR,
    before: int = 0,
    keys: Keys | None = None,
    start: date = START,
) -> Calendar:
    spec = TimedRows(kind="over_time", calendar="c", a_year=1, before_days=30)
    plan = Spec.model_validate(weights or {})
    return Calendar(spec, plan, keys or Keys(1, "orders"), start, rows, before, days)


def counts(weights: dict[str, Any] | None = None, **others: Any) -> Ints:
    return np.diff(calendar(weights, **others).before)


def dispersion(values: Ints) -> float:
    return float(values.var() / values.mean())


def ratio_to_flat(weights: dict[str, Any], days: int = YEAR) -> Floats:
    """Return each day's count, relative to that of a calendar without the weights."""
    return counts(weights, days=days) / counts(days=days)


@pytest.mark.parametrize("a_day", [3, 50, 99, 200, 10_000])
def test_counts_scatter_like_poisson(a_day: int) -> None:
    seen = counts(days=4 * YEAR, rows=a_day * YEAR)
    assert abs(seen.mean() / a_day - 1) < 4 / np.sqrt(a_day * len(seen))
    # Four standard deviations of a Poisson sample's index of dispersion.
    assert abs(dispersion(seen) - 1) < 4 * np.sqrt(2 / len(seen))
    # Neighbours hang on each other in no way.
    assert abs(np.corrcoef(seen[1:], seen[:-1])[0, 1]) < 4 / np.sqrt(len(seen))


def test_noise_adds_to_the_scatter() -> None:
    seen = counts({"noise": 0.1}, days=4 * YEAR)
    assert abs(seen.std() / seen.mean() / np.sqrt(0.1**2 + 1 / A_DAY) - 1) < 0.1
    assert abs(seen.mean() / A_DAY - 1) < 0.01
    assert counts({"noise": 0.5}).min() > 0


def test_first_year_has_the_rows_asked_for() -> None:
    """Whatever the weights, the expected sum over 365 days is a_year."""
    weights = {
        "weekdays": [1, 1, 1, 1, 1, 0, 0],
        "months": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
        "trend_a_year": 0.5,
        "noise": 0.05,
        "special_days": [{"name": "sale", "month": 11, "day": 28, "weight": 4}],
    }
    years = [
        int(counts(weights, rows=20_000, keys=Keys(seed, "orders")).sum()) for seed in range(100)
    ]
    assert abs(np.mean(years) - 20_000) < 4 * np.std(years) / 10
    assert np.std(years) > 100  # and it does scatter


def test_weekdays_show() -> None:
    week = [1.3, 1.0, 1.0, 1.0, 1.0, 0.0, 0.7]
    seen = ratio_to_flat({"weekdays": week}, 2 * YEAR)
    weekday = (START.weekday() + np.arange(2 * YEAR)) % 7
    means = np.array([seen[weekday == day].mean() for day in range(7)])
    assert np.allclose(means / means[1], week, atol=0.01)


def test_months_show() -> None:
    months = [0.5, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]
    seen = ratio_to_flat({"months": months}, 2 * YEAR)
    month = np.array([(START + timedelta(days=day)).month for day in range(2 * YEAR)])
    means = np.array([seen[month == number].mean() for number in range(1, 13)])
    assert np.allclose(means / means[1], months, rtol=0.01)


@pytest.mark.parametrize(
    ("special", "days"),
    [
        ({"month": 12, "day": 24}, [date(2025, 12, 24), date(2026, 12, 24)]),
        ({"month": 2, "day": 29}, [date(2028, 2, 29)]),
        (
            {"month": 11, "weekday": "thursday", "nth": 4, "offset": 1},
            [date(2025, 11, 28), date(2026, 11, 27), date(2027, 11, 26)],
        ),
        ({"month": 5, "weekday": "monday", "nth": 1, "offset": -2}, [date(2026, 5, 2)]),
        ({"month": 1, "weekday": "friday", "nth": 5}, [date(2025, 1, 31), date(2027, 1, 29)]),
        ({"month": 1, "day": 1, "offset": -1}, [date(2025, 12, 31), date(2027, 12, 31)]),
        ({"month": 12, "day": 31, "offset": 1}, [date(2025, 1, 1), date(2028, 1, 1)]),
    ],
)
def test_special_days_show(special: dict[str, Any], days: list[date]) -> None:
    weights = {"special_days": [{"name": "sale", "weight": 3, **special}]}
    seen = ratio_to_flat(weights, 4 * YEAR)
    flat = np.median(seen)
    on = np.flatnonzero(seen > 2 * flat)
    special_days = [START + timedelta(days=int(day)) for day in on]
    assert set(days) <= set(special_days)
    assert len(special_days) <= 4
    assert np.allclose(seen[on] / flat, 3, rtol=0.08)
    if special.get("day") == 29 or special.get("nth") == 5:
        assert len(special_days) < 4  # not every year has one


def test_trend_shows() -> None:
    rows = counts({"trend_a_year": 0.4}, days=5 * YEAR)
    years = rows.reshape(5, YEAR).sum(axis=1) / rows[:YEAR].sum()
    assert np.allclose(years, (0.2 + 1 + 0.4 * np.arange(5)) / 1.2, rtol=0.01)
    # A falling trend ends at nothing, never below.
    assert counts({"trend_a_year": -0.5}, days=5 * YEAR)[3 * YEAR :].sum() == 0


def test_hours_show() -> None:
    hours = [0, 1, 2, 3] * 5 + [4, 4, 4, 0]
    plan = calendar({"hours": hours}, days=20)
    rows = np.arange(plan.before[-1])
    seconds = plan.time_of(rows, Keys(1, "x").draw("at", rows)) % SECONDS_A_DAY
    seen = np.bincount(seconds // 3600, minlength=24)
    # Rows are spread over the quantiles, so the shares are nearly exact.
    assert np.allclose(seen / len(rows), np.array(hours) / sum(hours), atol=0.0005)
    within = np.bincount(seconds % 3600 // 60, minlength=60)
    assert np.abs(within / within.mean() - 1).max() < 0.06


def test_times_grow_with_the_rows_and_stay_in_their_day() -> None:
    plan = calendar({"weekdays": [1, 0, 0, 5, 1, 1, 1]}, days=90, rows=4_000, before=500)
    rows = np.arange(plan.before[-1])
    times = plan.time_of(rows, Keys(1, "x").draw("at", rows))
    assert (np.diff(times) >= 0).all()
    assert np.array_equal(times[500:] // SECONDS_A_DAY, plan.day_of(rows)[500:])
    days = np.bincount(times[500:] // SECONDS_A_DAY, minlength=90)
    assert np.array_equal(days, np.diff(plan.before))
    # One row alone, or in any order, has the same time.
    order = np.argsort(Keys(1, "x").draw("order", rows))
    assert np.array_equal(
        plan.time_of(order, Keys(1, "x").draw("at", order)),
        times[order],
    )


def test_rows_from_before_are_spread_over_their_days() -> None:
    plan = calendar(days=3, rows=YEAR, before=3_000)
    assert plan.before[0] == 3_000
    rows = np.arange(3_000)
    assert (plan.day_of(rows) == -1).all()
    times = plan.time_of(rows, Keys(1, "x").draw("at", rows))
    assert times.min() >= -30 * SECONDS_A_DAY
    assert times.max() < 0
    assert (np.diff(times) >= 0).all()
    assert np.bincount(times // SECONDS_A_DAY + 30).tolist() == [100] * 30


@pytest.mark.parametrize("rows", [30, 3_000, 3_000_000, 300_000_000])
def test_day_of_is_the_last_day_that_began(rows: int) -> None:
    plan = calendar({"weekdays": [1, 0, 0, 0, 1, 1, 1]}, days=900, rows=rows, before=17)
    borders = np.concatenate([plan.before, plan.before - 1, plan.before + 1])
    some = Keys(1, "x").draw("row", np.arange(5_000)) % np.uint64(plan.before[-1])
    for asked in (borders[borders >= 0], some.astype(np.int64)):
        expected = np.searchsorted(plan.before, asked, side="right") - 1
        assert np.array_equal(plan.day_of(asked), expected)


@pytest.mark.parametrize("a_day", [0.1, 20, 5_000])
def test_more_days_never_change_the_earlier(a_day: float) -> None:
    weights = {
        "trend_a_year": 0.3,
        "noise": 0.05,
        "special_days": [{"name": "sale", "month": 3, "day": 5, "weight": 3}],
    }
    rows = int(a_day * YEAR)
    longest = calendar(weights, days=12 * YEAR, rows=rows, before=7).before
    for days in (1, 10, 364, 365, 366, 1_000):
        shorter = calendar(weights, days=days, rows=rows, before=7).before
        assert len(shorter) == days + 1
        assert np.array_equal(shorter, longest[: days + 1])


def test_a_table_and_a_seed_have_their_own_scatter() -> None:
    first = counts()
    assert not np.array_equal(first, counts(keys=Keys(1, "bids")))
    assert not np.array_equal(first, counts(keys=Keys(2, "orders")))
    assert np.array_equal(first, counts(keys=Keys(1, "orders")))


def test_a_year_without_weight_is_refused() -> None:
    with pytest.raises(ModelError, match="calendar c: the first 365 days from 2025-01-01"):
        calendar({"weekdays": [0] * 7})
