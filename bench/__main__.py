"""The benchmark's command line."""

from __future__ import annotations

import platform

import click

from bench.report import show
from bench.steps import Measure, Plan, one_round
from bench.workplace import workplace
from warehouse.console import say
from warehouse.tuning import cores


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option(
    "--scale",
    type=click.FloatRange(min=0, min_open=True),
    default=0.1,
    envvar="SCALE",
    help="Size of the shop; 1 is a million orders. Also taken from the variable SCALE.",
)
@click.option(
    "--runs", type=click.IntRange(1), default=3, help="Rounds, of which the medians count."
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=cores,
    help="Processes of the generator, connections of loader and server.",
)
@click.option("--build/--no-build", default=True, help="Whether to measure dbt build as well.")
def main(scale: float, runs: int, workers: int, build: bool) -> None:
    """Measure generate, load and build, beside PostgreSQL's own COPY of the same files.

    Everything happens in a server and a folder of its own, which are removed at the end.
    """
    rounds: list[list[Measure]] = []
    with workplace() as place:
        for number in range(1, runs + 1):
            say(f"round {number} of {runs}")
            rounds.append(one_round(place, Plan(scale, workers, build), number))
    title = f"SCALE={scale:g}, {workers} workers, {cores()} cores, {platform.machine()}"
    show(rounds, title)


if __name__ == "__main__":
    main(prog_name="python -m bench")
