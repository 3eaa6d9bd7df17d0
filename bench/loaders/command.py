"""`python -m bench loaders`: measure the loader."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import click

from bench.loaders.ceiling import measure_ceiling
from bench.loaders.dirty import measure_dirty
from bench.loaders.memory import disk_needed, measure_memory
from bench.loaders.others import measure_others
from bench.loaders.plan import Plan
from bench.loaders.skip import measure_skip
from bench.sections import Section
from bench.workplace import Workplace, workplace
from warehouse.console import amount, say
from warehouse.errors import StepFailed

# Files, a table of each, and the server's log, of the part that takes most.
_SPACE_A_SCALE = 8e9

_PARTS: dict[str, Callable[[Workplace, Plan], Section]] = {
    "ceiling": measure_ceiling,
    "others": measure_others,
    "dirty": measure_dirty,
    "skip": measure_skip,
    "memory": measure_memory,
}


@click.command(context_settings={"show_default": True})
@click.option(
    "--only",
    "parts",
    type=click.Choice(list(_PARTS)),
    multiple=True,
    default=tuple(_PARTS),
    help="What to measure; can be given several times.",
)
@click.option(
    "--scale",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    help="Of the shop and of TPC-H; 1 is about 1 GB.",
)
@click.option("--runs", type=click.IntRange(1), default=5, help="Rounds, of which medians count.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, help="Connections.")
@click.option("--files", type=click.IntRange(1), default=10_000, help="Files that are skipped.")
@click.option(
    "--gigabytes",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    help="Size of the large file.",
)
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a picture of the loader beside others too (SVG).",
)
def loaders(  # noqa: PLR0913 - a command's options
    *,
    parts: tuple[str, ...],
    scale: float,
    runs: int,
    workers: int,
    files: int,
    gigabytes: float,
    plot: Path | None,
) -> None:
    """Measure the loader.

    Beside the server's own COPY (ceiling) and other ways to load (others), on bad records (dirty),
    on files loaded before (skip) and on one large file (memory). Everything happens in a server and
    a folder of its own, which are removed at the end.
    """
    if plot is not None and "others" not in parts:
        raise click.UsageError("--plot draws what --only others measures")
    plan = Plan(scale, runs, workers, files, gigabytes, plot.resolve() if plot else None)
    for part, measured in _PARTS.items():
        if part in parts:
            with workplace() as place:
                _check_space(place.folder, part, plan)
                say(f"measuring: {part}")
                section = measured(place, plan)
            section.show()


def _check_space(folder: Path, part: str, plan: Plan) -> None:
    """See that the disk is large enough.

    Raises:
        StepFailed: it is not.
    """
    needed = disk_needed(plan) if part == "memory" else plan.scale * _SPACE_A_SCALE
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StepFailed(
            f"{folder.parent}: {amount(free)} bytes are free, {amount(needed)} are needed for "
            f"{part}: set TMPDIR to a folder on a larger disk, or choose a smaller "
            + ("--gigabytes" if part == "memory" else "--scale")
        )
