"""`python -m bench converge`."""

from __future__ import annotations

import click

from bench.convergence import report
from bench.convergence.proof import Plan, prove
from bench.convergence.ways import HISTORY, WAYS
from bench.workplace import workplace
from warehouse.tuning import cores

CHOICES = tuple(name for name in WAYS if name != HISTORY)


@click.command(context_settings={"show_default": True})
@click.option(
    "--scale",
    type=click.FloatRange(min=0, min_open=True),
    default=0.05,
    help="Size of the shop; 1 is a million orders a year.",
)
@click.option("--history", type=click.IntRange(1), default=365, help="Days of the first batch.")
@click.option("--days", type=click.IntRange(2), default=5, help="Batches of a day each, after it.")
@click.option(
    "--defects", type=click.FloatRange(0, 1), default=0.02, help="Share of broken records."
)
@click.option(
    "--late",
    type=click.FloatRange(0, 0.5),
    default=0.02,
    help="Share of records that come one to three days late.",
)
@click.option("--seed", type=int, default=42, help="Draws files, orders of arrival and kills.")
@click.option(
    "--way",
    "ways",
    type=click.Choice(CHOICES),
    multiple=True,
    default=CHOICES,
    help="How the batches come in; can be given more than once.",
)
@click.option(
    "--jobs", type=click.IntRange(1, 16), default=cores, help="Warehouses built at the same time."
)
def converge(  # noqa: PLR0913 - a command's options
    *,
    scale: float,
    history: int,
    days: int,
    defects: float,
    late: float,
    seed: int,
    ways: tuple[str, ...],
    jobs: int,
) -> None:
    """Bring the same batches in by many ways; all must lead to the same warehouse, row for row.

    Every build is with its tests. Exit code 1 when a table differs, or when a warehouse's own
    monitoring finds a defect missed, a sound row held, or layers that do not agree.
    """
    with workplace() as place:
        verdict = prove(place, Plan(scale, history, days, defects, late, seed, ways, jobs))
    report.show(verdict)
    if not verdict.holds:
        raise SystemExit(1)
