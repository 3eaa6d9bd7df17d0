"""`python -m bench anomalies`: faults that are planted, and how many of them are found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np

from bench.anomalies.faults import (
    FAULTS,
    MOST_FALSE,
    UNTOUCHED,
    WANTED,
    Trial,
    best_in_hindsight,
    best_of_both_in_hindsight,
    naive_trial,
    single_trial,
    volume_trial,
)
from bench.anomalies.picture import write_curves
from bench.anomalies.shops import MEASURES, Shop, generated_shop, real_shop
from bench.goal import Goal
from bench.sections import Section
from monitor.anomalies.detector import WATCH
from warehouse.console import say
from warehouse.settings import PROJECT_DIR

REAL_SHOP = PROJECT_DIR.parent / "shared/data/online_retail"

_WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")

# For the curves: limits that are so many times those in use.
_LIMITS = np.geomspace(0.2, 3.0, 80)

# The faults that noise can hide.
_HARD = ("-50%", "x2", "x3")

# What single figures are spoilt by.
_SINGLE = ("zero rows", "-50%", "x2")


@click.command(context_settings={"show_default": True})
@click.option(
    "--real",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="ONLINE_RETAIL",
    default=REAL_SHOP,
    help="Folder with the daily files of online_retail.",
)
@click.option("--seed", "seeds", type=int, multiple=True, default=(1,), help="Of a generated shop.")
@click.option("--days", type=click.IntRange(100), default=500, help="Of a generated shop.")
@click.option("--single/--no-single", default=True, help="Whether to spoil single figures too.")
@click.option(
    "--plot", type=click.Path(dir_okay=False, path_type=Path), help="Write a picture too (SVG)."
)
def anomalies(
    *, real: Path, seeds: tuple[int, ...], days: int, single: bool, plot: Path | None
) -> None:
    """Plant one fault at a time on every day with enough history, and count what is found.

    In the real shop online_retail, where its files are, and in generated ones with weekdays, a
    season and growth. A day is judged by earlier days only, unless it is said otherwise.
    """
    if any(real.glob("*.csv.gz")):
        _report(real_shop(real), single=single, plot=plot)
    else:
        say(f"online_retail is skipped: no daily files (<day>.csv.gz) in {real}; give --real")
    for seed in seeds:
        _report(generated_shop(seed, days), single=single, plot=None)


def _report(shop: Shop, *, single: bool, plot: Path | None) -> None:
    say(f"{shop.name}: faults on all figures of a day")
    trial = volume_trial(shop, FAULTS)
    two_sided = volume_trial(shop, FAULTS, two_sided=True)
    rows = [
        _row("this detector", trial),
        _row("as the report uses it", volume_trial(shop, FAULTS, WATCH)),
        _row("with later days too", two_sided),
        _row("plain median and MAD", naive_trial(shop, FAULTS)),
        _hindsight_row("best limits in hindsight", trial),
        _hindsight_row("later days, in hindsight", two_sided),
    ]
    rows += [
        _row(name, trial.of_weekday(number))
        for number, name in enumerate(_WEEKDAYS)
        if trial.of_weekday(number).days
    ]
    title = f"{shop.name}: all figures of a day at once"
    _section(title, tuple(FAULTS), rows, _goals(trial)).show()
    for name, of in (("earlier days only", trial), ("with later days too", two_sided)):
        best = best_of_both_in_hindsight(of)
        click.echo(f"-50% and x2 at once, best limits in hindsight, {name}: {best:.1f}%")
    if single:
        apart = []
        for measure in MEASURES:
            say(f"{shop.name}: faults on {measure} alone")
            faults = {name: FAULTS[name] for name in _SINGLE}
            apart.append(_row(f"{measure} alone", single_trial(shop, faults, measure)))
        _section(f"{shop.name}: one figure of a day", _SINGLE, apart, ()).show()
    if plot is not None:
        _draw(trial, plot)


def _section(
    title: str, faults: Sequence[str], rows: Sequence[Sequence[str]], goals: Sequence[Goal]
) -> Section:
    headings = ("", "days", "false alarms", *faults)
    return Section(f"{title}; percent of days", headings, rows, goals)


def _row(name: str, trial: Trial) -> Sequence[str]:
    figures = [f"{trial.detected(fault):.1f}" for fault in trial.verdicts]
    return (name, str(len(trial.days)), *figures)


def _hindsight_row(name: str, trial: Trial) -> Sequence[str]:
    figures = [
        f"{best_in_hindsight(trial, factor):.1f}" if factor else "100.0"
        for factor in FAULTS.values()
    ]
    return (name, str(len(trial.days)), f"{MOST_FALSE:.1f}", *figures)


def _goals(trial: Trial) -> Sequence[Goal]:
    name = trial.shop.name
    found = [
        Goal(f"{name}, {fault}, percent detected", trial.detected(fault), least=least)
        for fault, least in WANTED.items()
    ]
    false = Goal(f"{name}, percent of false alarms", trial.detected(UNTOUCHED), most=MOST_FALSE)
    return [*found, false]


def _draw(trial: Trial, path: Path) -> None:
    curves = {}
    for fault in _HARD:
        points = [
            (trial.detected(UNTOUCHED, limit), trial.detected(fault, limit)) for limit in _LIMITS
        ]
        curves[fault] = (points, (trial.detected(UNTOUCHED), trial.detected(fault)))
    write_curves(
        curves,
        f"Faults found (up) against false alarms (right), {trial.shop.name}",
        f"{len(trial.days)} days, each judged by earlier days only. Dots: the limits in use.",
        path,
    )
