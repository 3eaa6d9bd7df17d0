"""`python -m loader [load] SOURCE`: load what a source has delivered."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from loader.commands.common import parsed, sources_named, sources_option
from loader.commands.database_options import (
    FOR_DATABASES,
    FOR_FILES,
    database_options,
    refuse,
    task_of,
)
from loader.database.run import run_database
from loader.errors import RunFailed, SourcesError
from loader.finding.addresses import open_store
from loader.loading import report
from loader.loading.budget import DEFAULT_BUDGET, Budget
from loader.loading.outcome import Run
from loader.loading.recording import logged, record_path, recorded
from loader.loading.run import run
from loader.sources import PostgresSource, Sources, load_sources
from warehouse.connections import database_url
from warehouse.console import counted
from warehouse.tuning import cores

LANDING = Path("data/landing")


@click.command(context_settings={"show_default": True})
@click.argument("source", default="shop")
@click.option(
    "--from",
    "root",
    metavar="FOLDER|s3://BUCKET/PREFIX",
    default=None,
    help="Where the source's files lie.  [default: data/landing/SOURCE]",
)
@click.option(
    "--endpoint",
    metavar="URL",
    default=None,
    help="The object store of s3://, where it is not Amazon's.  [default: AWS_ENDPOINT_URL]",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=cores,
    help="Connections, and files, at a time.",
)
@click.option(
    "--max-rejects",
    "budget",
    metavar="COUNT|SHARE",
    callback=parsed(Budget.parse),
    default=str(DEFAULT_BUDGET),
    help="Records of a file that COPY cannot take and that are set aside: a count, or a share of "
    "the file's records, rounded up (but never all of them); one more fails the file.",
)
@sources_option
@click.option(
    "--log",
    type=click.Choice(["text", "json"]),
    default="text",
    help="json: events as JSON lines on standard error, the totals as JSON on standard output.",
)
@click.option(
    "--record",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="LOADER_RECORD",
    default=None,
    show_envvar=True,
    help="Where to leave the record of the run, a JSON document.  "
    "[default: data/runs/loader/TIME-SOURCE-RUN.json]",
)
@database_options
@click.pass_context
def load(  # noqa: PLR0913, PLR0917 - one argument an option
    context: click.Context,
    /,
    source: str,
    root: str | None,
    endpoint: str | None,
    workers: int,
    budget: Budget,
    sources_file: Path,
    log: Literal["text", "json"],
    record: Path | None,
    **_for_databases: object,
) -> None:
    """Load what SOURCE has delivered and the warehouse does not hold yet.

    Every file goes into its table raw.SOURCE_TABLE in one transaction with its row in the ledger
    raw._loads. A file loaded before is skipped; one that fails leaves nothing behind and stops no
    other, and the exit code is 1.

    Of a source that is a database (type: postgres), the rows are copied that have changed since
    the last run; at first all of them.
    """
    result = Run(source, workers=workers, budget=str(budget))
    place = record or record_path(result)
    with logged(log, result):
        sources = _declared(sources_file, result, place)
        # What cannot be meant is refused here: it begins no run and leaves no record.
        with sources_named():
            declared = sources[source]
        if isinstance(declared, PostgresSource):
            result.unit = "table"
            refuse(context, FOR_FILES, f"{source} is a database: it delivers no files")
        else:
            refuse(context, FOR_DATABASES, f"{source} delivers files: it is no database")
        task = task_of(context)
        with recorded(result, place):
            if isinstance(declared, PostgresSource):
                run_database(
                    source,
                    declared,
                    url=database_url(),
                    workers=workers,
                    task=task,
                    result=result,
                )
            else:
                run(
                    source,
                    open_store(root or LANDING / source, endpoint),
                    sources=sources,
                    url=database_url(),
                    workers=workers,
                    budget=budget,
                    result=result,
                )
        if log == "text":
            report.show(result)
        _judge(result)


def _declared(path: Path, result: Run, place: Path) -> Sources:
    """Read the declaration of the sources; if it is faulty, that is a run that failed."""
    try:
        return load_sources(path)
    except SourcesError:
        with recorded(result, place):
            raise


def _judge(done: Run) -> None:
    """Say by the exit code how a run ended.

    Raises:
        RunFailed: something in it failed.
    """
    if done.fatal:
        raise RunFailed(f"{done.fatal}; what was loaded before stays: run the same command again")
    if done.failed:
        count = len(report.faults(done))
        raise RunFailed(
            f"{counted(count, 'failure')} in {done.source} (see above); run again when corrected"
        )
