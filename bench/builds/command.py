"""`python -m bench builds`: measure what builds cost."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click

from bench.builds.queries import Asked, ask
from bench.builds.shop import Build, Shop, Size
from bench.goal import Goal
from bench.sections import Section, seconds
from bench.workplace import Workplace, workplace
from warehouse.console import amount, say
from warehouse.errors import StepFailed

# Landing files, the database with its log, and a copy of what is being built.
_SPACE_A_SCALE = 25e9

_FULL_OVER_LOAD = 12.0
_DAY_OVER_FULL = 0.05
_LONG_OVER_SHORT = 1.3
_NO_NEWS_SECONDS = 20.0
_PARSE_SECONDS = 6.0
_NODES = 250.0
_QUERY_MILLISECONDS = 50.0
_COSTLIEST = 10


@dataclass(frozen=True)
class Round:
    """One shop, from nothing to a day later.

    Args:
        rows: of the history.
        load: seconds of the run that loaded it.
        full, day, no_news: the builds.
        answers: the readers' queries.
        parse: seconds of `dbt parse` from cold.
        nodes: that a build runs.
    """

    rows: int
    load: float
    full: Build
    day: Build
    no_news: Build
    answers: Sequence[Asked]
    parse: float
    nodes: int


@click.command(context_settings={"show_default": True})
@click.option(
    "--scale", type=click.FloatRange(min=0, min_open=True), default=1.0, help="Of the shop, a year."
)
@click.option("--runs", type=click.IntRange(1), default=3, help="Rounds, of which medians count.")
@click.option(
    "--years",
    type=click.IntRange(0),
    default=4,
    help="Length of the long history beside the year; 0 leaves it out.",
)
@click.option("--workers", type=click.IntRange(1, 64), default=2, help="Connections of the loader.")
@click.option("--plans", is_flag=True, help="Print the plans of the readers' queries too.")
def builds(*, scale: float, runs: int, years: int, workers: int, plans: bool) -> None:
    """Measure dbt's builds: full, a day more, nothing new; and what readers ask.

    A day is also measured on a history of several years. Everything happens in a server and a
    folder of its own, which are removed at the end.
    """
    measured: list[Round] = []
    long_days: list[Build] = []
    with workplace() as place:
        _check_space(place.folder, scale * max(1, years))
        for number in range(1, runs + 1):
            say(f"round {number} of {runs}")
            measured.append(_round(place, f"year_{number}", Size(scale, 1, workers)))
            if years:
                long_days.append(_long_day(place, f"years_{number}", Size(scale, years, workers)))
    _builds_section(measured, long_days, years, f"SCALE={scale:g}").show()
    _nodes_section(measured[-1]).show()
    _queries_section(measured).show()
    if plans:
        for answer in measured[-1].answers:
            click.echo(f"\n{answer.name}\n{answer.plan}")


def _check_space(folder: Path, scale: float) -> None:
    """See that the disk is large enough.

    Raises:
        StepFailed: it is not.
    """
    needed, free = scale * _SPACE_A_SCALE, shutil.disk_usage(folder).free
    if free < needed:
        raise StepFailed(
            f"{folder.parent}: {amount(free)} bytes are free, {amount(needed)} are needed: set "
            "TMPDIR to a folder on a larger disk, or choose a smaller --scale or fewer --years"
        )


def _round(place: Workplace, name: str, size: Size) -> Round:
    folder = place.folder / name
    with place.database(name) as url:
        shop = Shop(place, url, folder, size)
        shop.generate_history()
        place.settle_disk()
        rows, load = shop.load()
        place.settle_disk()
        full = shop.build()
        shop.generate_day()
        shop.load()
        place.settle_disk()
        day = shop.build()
        no_news = shop.build()
        made = Round(rows, load, full, day, no_news, ask(url), shop.parse(), shop.nodes())
    shutil.rmtree(folder)
    return made


def _long_day(place: Workplace, name: str, size: Size) -> Build:
    folder = place.folder / name
    with place.database(name) as url:
        shop = Shop(place, url, folder, size)
        shop.generate_history()
        shop.load()
        shop.build()
        shop.generate_day()
        shop.load()
        place.settle_disk()
        day = shop.build()
    shutil.rmtree(folder)
    return day


def _builds_section(
    measured: Sequence[Round], long_days: Sequence[Build], years: int, title: str
) -> Section:
    named = {
        "full build": [r.full for r in measured],
        "a day more": [r.day for r in measured],
        "nothing new": [r.no_news for r in measured],
    }
    if long_days:
        named[f"a day more, on {years} years"] = list(long_days)
    rows = [[f"load {measured[0].rows:,} rows", seconds([r.load for r in measured]), "", ""]]
    rows += [
        [
            name,
            seconds([b.seconds for b in made]),
            seconds([b.statements.seconds for b in made]),
            seconds([b.dbt_alone for b in made]),
        ]
        for name, made in named.items()
    ]
    rows.append(["dbt parse from cold", seconds([r.parse for r in measured]), "", ""])
    goals = [
        Goal(
            "full build over load, on the clock",
            median(r.full.seconds / r.load for r in measured),
            most=_FULL_OVER_LOAD,
        ),
        Goal(
            "a day's statements over the full build's",
            median(r.day.statements.seconds / r.full.statements.seconds for r in measured),
            most=_DAY_OVER_FULL,
        ),
        Goal(
            "build with nothing new, seconds",
            median(r.no_news.seconds for r in measured),
            most=_NO_NEWS_SECONDS,
        ),
        Goal("nodes", measured[-1].nodes, most=_NODES),
        Goal("dbt parse, seconds", median(r.parse for r in measured), most=_PARSE_SECONDS),
    ]
    if long_days:
        pairs = zip(long_days, measured, strict=True)
        goals.insert(
            2,
            Goal(
                f"a day's statements on {years} years over those on one",
                median(long.statements.seconds / r.day.statements.seconds for long, r in pairs),
                most=_LONG_OVER_SHORT,
            ),
        )
    headings = ["step", "seconds", "of statements", "of dbt alone"]
    return Section(f"Builds, {title}", headings, rows, goals)


def _nodes_section(measured: Round) -> Section:
    """List the nodes that cost most in the last round, in the full build and in the day's."""
    rows = []
    for name, build in (("full build", measured.full), ("a day more", measured.day)):
        by_node = build.statements.by_node
        total = build.statements.seconds
        costliest = sorted(by_node.items(), key=lambda item: -item[1])[:_COSTLIEST]
        rows += [
            [name, node.split(".", 2)[-1], f"{cost:.2f}", f"{100 * cost / total:.0f}%"]
            for node, cost in costliest
        ]
    return Section("Costliest nodes", ["build", "node", "seconds", "share"], rows, [])


def _queries_section(measured: Sequence[Round]) -> Section:
    rows, goals = [], []
    for number, answer in enumerate(measured[-1].answers):
        times = [r.answers[number].milliseconds for r in measured]
        rows.append([answer.name, f"{answer.rows:,}", f"{median(times):.2f}"])
        goals.append(Goal(f"{answer.name}, ms", median(times), most=_QUERY_MILLISECONDS))
    return Section("What readers ask, warm", ["query", "rows", "ms"], rows, goals)
