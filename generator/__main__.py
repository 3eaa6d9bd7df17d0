"""The generator's command line: `python -m generator`."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

# numpy's linear algebra is not used; its threads would cost each process a tenth of a second.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import click

from generator.errors import BadParameter

MAX_WORKERS = 256
DEFAULT_MODEL = "shop"


@click.group(invoke_without_command=True, context_settings={"max_content_width": 100})
@click.option(
    "--model",
    default=DEFAULT_MODEL,
    show_default=True,
    help="Data model: the name of a built-in one, or a JSON file.",
)
@click.option("--scale", type=float, help="1 makes a model's full size (default 0.02).")
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%d"]),
    help="First day (default 2025-01-01 for a history, else the day after the last).",
)
@click.option("--days", type=int, help="Number of days (default 365 for a history, else 1).")
@click.option("--seed", type=int, help="Start of all randomness (default 42).")
@click.option(
    "--workers", type=int, help="Processes; the bytes do not depend on them (default: one a core)."
)
@click.option(
    "--defects",
    multiple=True,
    metavar="SHARE|KIND=SHARE",
    help="Share of broken records (default 0.01), of all kinds or of one; can be repeated.",
)
@click.option(
    "--late", type=float, help="Share of records that come one to three days late (default 0)."
)
@click.option(
    "--format",
    "fmt",
    help="mixed (as the model says), csv, json, parquet; csv and json also with .gz or .zst"
    " (default mixed).",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("data/landing"),
    show_default=True,
    help="The landing zone.",
)
@click.option("--validate", is_flag=True, help="Check what was made against the model.")
@click.pass_context
def main(context: click.Context, /, **flags: Any) -> None:  # noqa: ANN401 (click's values)
    """Make a source's files: first its history, then, with every further call, a day.

    What --scale, --seed, --defects, --late and --format leave open, a day takes from its history.
    """
    if context.invoked_subcommand is None:
        _generate(**flags)


def _generate(  # noqa: PLR0913 (one a flag)
    *,
    model: str,
    start: datetime | None,
    days: int | None,
    workers: int | None,
    defects: Sequence[str],
    fmt: str | None,
    out: Path,
    validate: bool,
    **others: float | None,
) -> None:
    # Only now: `--help` and a wrong flag need not wait for numpy.
    from generator.engine.faults.shares import parse_shares  # noqa: PLC0415
    from generator.engine.parameters import Parameters  # noqa: PLC0415
    from generator.landing.batches import Request, plan_batches  # noqa: PLC0415
    from generator.landing.run import make_batch, one_generator  # noqa: PLC0415
    from generator.spec.checks import check  # noqa: PLC0415
    from generator.spec.loading import canonical_sha256, load_model  # noqa: PLC0415

    workers = workers if workers is not None else len(os.sched_getaffinity(0))
    if not 1 <= workers <= MAX_WORKERS:
        raise BadParameter(f"--workers {workers}: give 1 to {MAX_WORKERS}")
    shares = parse_shares(defects) if defects else None
    asked: dict[str, Any] = others | {"format": fmt, "defects": shares}
    given = {name: value for name, value in asked.items() if value is not None}
    Parameters(**given)  # a value out of range is told before anything is touched
    data_model = load_model(model)
    check(data_model, _file_name(model))
    source = out / data_model.name
    request = Request(
        data_model.name, canonical_sha256(data_model), start.date() if start else None, days, given
    )
    plan_batches(source, data_model, request)  # a wrong request makes no folder
    with one_generator(source):
        plan = plan_batches(source, data_model, request)
        for name in plan.there:
            click.echo(f"{source / name}: already there")
        for batch in plan.to_make:
            summary = make_batch(source, data_model, batch, workers, validate=validate)
            # Only at the end: its imports cost a run 0.05 s.
            from generator.landing.report import print_summary  # noqa: PLC0415

            print_summary(source, summary)


def _file_name(model: str) -> str:
    """Return the name of a model's file, for messages."""
    return Path(model).with_suffix(".json").name


@main.command(name="check")
@click.argument("model")
def check_model(model: str) -> None:
    """Check MODEL, a name or a JSON file, and say what it would make."""
    from generator.engine.pools import fill_pools  # noqa: PLC0415
    from generator.spec.checks import check  # noqa: PLC0415
    from generator.spec.graph import table_order  # noqa: PLC0415
    from generator.spec.loading import load_model  # noqa: PLC0415

    read = load_model(model)
    check(read, _file_name(model))
    fill_pools(read, 0)  # only Faker knows its providers, and how many texts they have
    columns = sum(len(table.columns) for table in read.tables.values())
    click.echo(f"{model}: sound; {len(read.tables)} tables, {columns} columns, in this order:")
    for name in table_order(read):
        table = read.tables[name]
        click.echo(f"  {name} ({table.rows.kind}, {table.delivery})")


@main.command(name="ddl")
@click.argument("model")
def print_ddl(model: str) -> None:
    """Print the tables of MODEL, a name or a JSON file, as PostgreSQL DDL."""
    from generator.spec.checks import check  # noqa: PLC0415
    from generator.spec.ddl import ddl  # noqa: PLC0415
    from generator.spec.loading import load_model  # noqa: PLC0415

    read = load_model(model)
    check(read, _file_name(model))
    click.echo(ddl(read), nl=False)


@main.command(name="schema")
def print_schema() -> None:
    """Print the JSON Schema of model files, for editors."""
    from generator.spec.schema import json_schema  # noqa: PLC0415

    click.echo(json.dumps(json_schema(), indent=2))


if __name__ == "__main__":
    main(prog_name="python -m generator")
