"""The generator's command line: `python -m generator`."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from generator.errors import BadParameter
from generator.parameters import FORMATS, Parameters

_DEFAULTS = Parameters()
MAX_WORKERS = 256


def _default(value: object) -> str:
    return f"default {value}, or as the history has it"


@click.command(context_settings={"max_content_width": 100})
@click.option("--model", help=f"Data model ({_default(_DEFAULTS.model)}).")
@click.option(
    "--scale", type=float, help=f"1 is a million orders a year ({_default(_DEFAULTS.scale)})."
)
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%d"]),
    help=f"First day (default {_DEFAULTS.start} for a history, else the day after the last).",
)
@click.option(
    "--days", type=int, help=f"Number of days (default {_DEFAULTS.days} for a history, else 1)."
)
@click.option("--seed", type=int, help=f"Start of all randomness ({_default(_DEFAULTS.seed)}).")
@click.option(
    "--workers", type=int, help="Processes; the bytes do not depend on them (default: one a core)."
)
@click.option(
    "--defects", type=float, help=f"Share of broken rows ({_default(_DEFAULTS.defects)})."
)
@click.option(
    "--late",
    type=float,
    help=f"Share of later versions that come one day late ({_default(_DEFAULTS.late)}).",
)
@click.option("--format", "fmt", help=f"{', '.join(FORMATS)} ({_default(_DEFAULTS.format)}).")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("data/landing"),
    show_default=True,
    help="The landing zone.",
)
def main(
    start: datetime | None,
    days: int | None,
    workers: int | None,
    out: Path,
    fmt: str | None,
    **others: str | float | None,
) -> None:
    """Make a shop's source files: first its history, then, with every further call, a day."""
    workers = workers if workers is not None else len(os.sched_getaffinity(0))
    if not 1 <= workers <= MAX_WORKERS:
        raise BadParameter(f"--workers {workers}: give 1 to {MAX_WORKERS}")
    asked: dict[str, Any] = others | {"format": fmt}
    given = {name: value for name, value in asked.items() if value is not None}
    Parameters(**given)  # a value out of range is told before anything is touched
    _run(out, start, days, workers, given)


def _run(
    out: Path, start: datetime | None, days: int | None, workers: int, given: dict[str, Any]
) -> None:
    # Only now: `--help` and a wrong flag need not wait for numpy.
    from generator.batches import Request, plan_batches  # noqa: PLC0415
    from generator.report import print_summary  # noqa: PLC0415
    from generator.run import make_batch, one_generator  # noqa: PLC0415

    source = out / str(given.get("model", _DEFAULTS.model))
    request = Request(start.date() if start else None, days, given)
    plan_batches(source, request)  # a wrong request makes no folder
    with one_generator(source):
        plan = plan_batches(source, request)
        for name in plan.there:
            click.echo(f"{source / name}: already there")
        for batch in plan.to_make:
            print_summary(source, make_batch(source, batch, workers))


if __name__ == "__main__":
    main(prog_name="python -m generator")
