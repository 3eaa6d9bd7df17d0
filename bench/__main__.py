"""The benchmark's command line."""

from __future__ import annotations

import platform
import signal
import sys
from pathlib import Path

import click

from bench import comparison, kills
from bench.anomalies.command import anomalies
from bench.builds.command import builds
from bench.convergence.command import converge
from bench.generators import LARGER, rounds
from bench.generators import Plan as Comparison
from bench.loaders.command import loaders
from bench.plot import write_plot
from bench.profiles import profiles
from bench.programs import FORMATS, Format
from bench.report import show
from bench.steps import Measure, Plan, one_round
from bench.watch_report import report
from bench.workplace import workplace
from warehouse.console import say
from warehouse.tuning import cores

_SCALE = click.FloatRange(min=0, min_open=True)


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.option("--scale", type=_SCALE, default=0.1, help="Size of the shop; 1 is a million orders.")
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
@click.pass_context
def main(context: click.Context, scale: float, runs: int, workers: int, build: bool) -> None:
    """Measure generate, load and build, beside PostgreSQL's own COPY of the same files.

    Everything happens in a server and a folder of its own, which are removed at the end.
    """
    # What is to end a benchmark also ends its server: SIGTERM goes the way of an exception.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if context.invoked_subcommand is not None:
        return
    measured: list[list[Measure]] = []
    with workplace() as place:
        for number in range(1, runs + 1):
            say(f"round {number} of {runs}")
            measured.append(one_round(place, Plan(scale, workers, build), number))
    show(measured, _title(scale, workers))


def _title(scale: float, workers: int) -> str:
    return f"SCALE={scale:g}, {workers} workers, {cores()} cores, {platform.machine()}"


@main.command(context_settings={"show_default": True})
@click.option(
    "--scale", type=_SCALE, default=1.0, help="Of our shop and of TPC-H; 1 is about 1 GB."
)
@click.option("--runs", type=click.IntRange(1), default=5, help="Rounds, each with every program.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=2,
    help="Our processes, tpchgen-cli's threads; jafgen has one.",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice(FORMATS),
    multiple=True,
    default=FORMATS,
    help="What to write; can be given twice.",
)
@click.option("--ours", is_flag=True, help="Only our generator: nothing to compare it with.")
@click.option("--large", is_flag=True, help=f"Ours at {LARGER} times the scale as well, in CSV.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the files lie while they are counted; the system's temporary folder if not given.",
)
@click.option(
    "--plot", type=click.Path(dir_okay=False, path_type=Path), help="Write a picture too (SVG)."
)
def generators(  # noqa: PLR0913 - a command's options
    *,
    scale: float,
    runs: int,
    workers: int,
    formats: tuple[Format, ...],
    ours: bool,
    large: bool,
    folder: Path | None,
    plot: Path | None,
) -> None:
    """Measure our generator beside tpchgen-cli (Rust) and jafgen (Python).

    The files lie in a folder of their own, each program's until the next one starts.
    """
    plan = Comparison(scale, workers, formats, references=not ours, large=large)
    measured = rounds(plan, runs, folder)
    comparison.show(measured, _title(scale, workers))
    if plot is not None:
        write_plot(measured, _title(scale, workers), plot)


@main.command("kills", context_settings={"show_default": True})
@click.option("--runs", type=click.IntRange(1), default=200, help="Loads that are disturbed.")
@click.option("--seed", type=int, default=1, help="Draws what is killed, and when.")
@click.option(
    "--megabytes",
    type=click.FloatRange(min=0, min_open=True),
    default=40.0,
    help="Size of the largest file; the others have a tenth of it.",
)
@click.option("--workers", type=click.IntRange(1, 64), default=2, help="Connections of the loader.")
def kill_runs(runs: int, seed: int, megabytes: float, workers: int) -> None:
    """Kill loader, connections and server at random moments; the same command must end the same.

    Exit code 1 when a run ends in other contents than an undisturbed one.
    """
    verdict = kills.kills(kills.Plan(runs, seed, megabytes, workers))
    kills.show(verdict)
    if verdict.different:
        raise SystemExit(1)


main.add_command(anomalies)
main.add_command(builds)
main.add_command(converge)
main.add_command(loaders)
main.add_command(profiles)
main.add_command(report)

if __name__ == "__main__":
    main(prog_name="python -m bench")
