"""The benchmark of anomalies plants what it says, counts right and draws what it counted."""

from __future__ import annotations

import math
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.__main__ import main
from bench.anomalies.command import REAL_SHOP
from bench.anomalies.faults import (
    FAULTS,
    UNTOUCHED,
    Trial,
    best_in_hindsight,
    best_of_both_in_hindsight,
    volume_trial,
)
from bench.anomalies.shops import MEASURES, generated_shop, real_shop
from monitor.anomalies.detector import Answer, Verdict
from warehouse.settings import PROJECT_DIR

SAMPLE = PROJECT_DIR / "tests/python/data/online_retail"


def test_a_fault_changes_one_day_and_only_what_is_named() -> None:
    shop = generated_shop(1, days=100)
    day = shop.days[80]
    spoilt = shop.with_fault(day, 0.5, ["orders"])
    for measure in MEASURES:
        before, after = shop.series[measure].values, spoilt.series[measure].values
        changed = (before != after).nonzero()[0].tolist()
        assert changed == ([80] if measure == "orders" else [])
    assert spoilt.series["orders"].at(day) == shop.series["orders"].at(day) / 2


def test_a_generated_shop_is_drawn_from_its_seed() -> None:
    one, same, other = (generated_shop(seed, days=100).series["lines"] for seed in (1, 1, 2))
    assert (one.values == same.values).all()
    assert (one.values != other.values).any()


def test_faults_are_found_in_a_generated_shop() -> None:
    trial = volume_trial(generated_shop(1, days=120), {"zero rows": 0.0, "-50%": 0.5, "x2": 2.0})
    assert len(trial.days) == 120 - 56
    assert trial.detected("zero rows") == 100
    assert trial.detected("-50%") > 95
    assert trial.detected("x2") > 95
    assert trial.detected(UNTOUCHED) < 5  # of 64 days
    # The whole curve: no limit finds all, none at all finds nothing.
    assert trial.detected(UNTOUCHED, 0.0) == trial.detected("-50%", 0.0) == 100
    assert trial.detected("-50%", math.inf) == 0


def test_hindsight_spends_its_false_alarms_where_they_find_most() -> None:
    first = date(2025, 1, 6)
    shifts = {0: 0.0, 1: 0.1, 2: -0.1, 3: 0.2, 4: -0.8, 5: 0.0, 6: 1.0}
    verdicts = [
        Verdict(Answer.USUAL, first + timedelta(days=number), 1.0, shift=shift, limit=1.0)
        for number, shift in shifts.items()
    ]
    trial = Trial(generated_shop(1, 100), [one.day for one in verdicts], {UNTOUCHED: verdicts})
    # Halved days lie 0.69 lower. Without a false alarm the limit of weekdays is -0.8 and finds but
    # the day that was there before; with one it is -0.1 and finds all. Sunday's is its own, 1.0.
    assert best_in_hindsight(trial, 0.5, most_false=0) == pytest.approx(100 * 2 / 7)
    assert best_in_hindsight(trial, 0.5, most_false=100 / 7) == pytest.approx(100)
    # One false alarm for one of two sides.
    assert best_of_both_in_hindsight(trial, 100 / 7) < 100


def test_the_real_shop_is_read_from_its_files() -> None:
    shop = real_shop(SAMPLE)
    assert (shop.days[0], shop.days[-1]) == (date(2010, 12, 22), date(2011, 2, 18))
    lines, orders = shop.series["lines"], shop.series["orders"]
    assert (lines.at(date(2010, 12, 22)), orders.at(date(2010, 12, 22))) == (222, 17)
    assert lines.at(date(2011, 1, 5)) == 0
    assert date(2010, 12, 25) in shop.calendar


def test_the_command_says_what_is_not_there_and_draws_what_is(tmp_path: Path) -> None:
    arguments = ["anomalies", "--real", str(tmp_path), "--days", "100", "--no-single"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert f"online_retail is skipped: no daily files (<day>.csv.gz) in {tmp_path}" in result.output
    assert "generated, seed 1, percent of false alarms" in result.output


@pytest.mark.skipif(
    not any(REAL_SHOP.glob("*.csv.gz")), reason="the 305 real files are not here (../shared/data)"
)
def test_the_docs_say_what_is_measured_on_the_real_shop() -> None:
    page = (PROJECT_DIR / "docs/monitoring/anomalies.md").read_text()
    headings, _, measured = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.partition("<!-- measured -->")[2].strip().splitlines()[:3]
    )
    said = dict(zip(headings, measured, strict=True))
    faults = {name: FAULTS[name] for name in ("-80%", "-50%", "x2", "x3")}
    trial = volume_trial(real_shop(REAL_SHOP), faults)
    assert said["days"] == str(len(trial.days))
    assert said["false alarms"] == f"{trial.detected(UNTOUCHED):.1f}"
    for fault in faults:
        assert said[fault] == f"{trial.detected(fault):.1f}", fault
