"""`python -m monitor report`: look at everything, keep what was found, and write the page."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click

from monitor.anomalies.figures import update_figures
from monitor.check import Status
from monitor.checks import collect
from monitor.history import Run, last_runs, new_run_id, store
from monitor.log import log_option
from monitor.manifest import MANIFEST_PATH, load_manifest
from monitor.pipeline import read_pipeline
from monitor.report.document import document, written
from monitor.report.page import RUNS, render, verdict
from warehouse.connections import connect, database_url
from warehouse.console import is_structured, tell
from warehouse.errors import WarehouseError
from warehouse.settings import PROJECT_DIR
from warehouse.whole_files import whole

FOLDER = PROJECT_DIR / "exports" / "report"

PAGE, DOCUMENT = "report.html", "report.json"


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=FOLDER,
    help="The folder that report.html and report.json are written to; exports/report if not given.",
)
@click.option("--strict", is_flag=True, help="Exit code 1 when a check fails.")
@click.option(
    "--json",
    "to_stdout",
    type=click.Choice(["-"]),
    help="Write the JSON document to standard output as well.",
)
@click.option(
    "--store/--no-store",
    "stores",
    default=True,
    help="Whether to keep the run, for the history and for alerts, and to count the days that are "
    "new, for anomalies.",
)
@click.option(
    "--manifest",
    type=click.Path(dir_okay=False, path_type=Path),
    default=MANIFEST_PATH,
    help="dbt's manifest; target/manifest.json if not given.",
)
@log_option
@click.pass_context
def report(  # noqa: PLR0913 - one argument an option
    context: click.Context,
    *,
    out: Path,
    strict: bool,
    to_stdout: str | None,
    stores: bool,
    manifest: Path,
) -> None:
    """Look at the whole warehouse and write one page that says whether to trust it."""
    with closing(
        connect(database_url(), application_name="monitor report", role="transformer")
    ) as conn:
        started_at, clock = datetime.now(UTC), time.monotonic()
        if stores:
            update_figures(conn, load_manifest(manifest))
        checks = collect(conn, started_at, manifest)
        run = Run(
            run_id=new_run_id(),
            started_at=started_at,
            finished_at=datetime.now(UTC),
            seconds=time.monotonic() - clock,
            kind="warehouse",
            checks=tuple(checks),
        )
        if stores:
            store(conn, run)
        history = last_runs(conn, RUNS)
        pipeline = read_pipeline(conn, RUNS)
    found = written(document(run, history, pipeline))
    page = out / PAGE
    write_report(page, render(run, history, pipeline))
    write_report(out / DOCUMENT, found)
    if to_stdout or is_structured():
        click.echo(found, nl=False)
    said = verdict(run)
    first = ""
    if said.first:
        first = f"; first: {said.first.name} ({said.first.subject}): {said.first.message}"
    also = f" ({said.rest})" if said.rest else ""
    tell(
        "report",
        f"{said.line}{also}{first}",
        level="error" if said.status is Status.FAIL else "info",
        run_id=run.run_id,
        seconds=round(run.seconds, 3),
        **{status.value: run.count(status) for status in Status},
    )
    size = page.stat().st_size
    written_page = f"{page}: {size / 1000:,.0f} kB, {run.seconds:.1f} s"
    tell("page", written_page, path=str(page), bytes=size)
    context.exit(1 if strict and run.count(Status.FAIL) else 0)


def write_report(path: Path, text: str) -> None:
    """Write a page or document, whole or not at all.

    Raises:
        WarehouseError: the folder cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as unfinished:
            unfinished.write_text(text, encoding="utf-8")
    except OSError as error:
        raise WarehouseError(
            f"cannot write {path}: {error.strerror}: choose another --out"
        ) from None
