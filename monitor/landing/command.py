"""`python -m monitor validate FOLDER`: landing files checked before they are loaded."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import click

from loader.loading.budget import DEFAULT_BUDGET, Budget
from loader.sources import SOURCES_FILE, load_sources
from monitor.check import Status
from monitor.history import Run, new_run_id
from monitor.landing.validation import validate as validated
from monitor.log import log_option
from monitor.report.command import write_report
from monitor.report.document import document, written
from monitor.report.page import render, verdict
from warehouse.console import is_structured, tell
from warehouse.settings import PROJECT_DIR

FOLDER = PROJECT_DIR / "exports" / "landing"


def _budget(_context: click.Context, _parameter: click.Parameter, text: str) -> Budget:
    try:
        return Budget.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command(context_settings={"show_default": True})
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--source", help="Name of the source.  [default: that of the folder]")
@click.option("--batch", "batches", multiple=True, help="Only this one; can be given twice.")
@click.option(
    "--tolerance",
    metavar="COUNT|SHARE",
    callback=_budget,
    default=str(DEFAULT_BUDGET),
    help="Records of a file, or of a table, that may have a fault: up to so many a check warns, "
    "beyond it fails.",
)
@click.option(
    "--sources",
    "sources_file",
    type=click.Path(path_type=Path),
    default=SOURCES_FILE,
    show_default="loader/sources.yml",
    help="Declares the sources, their tables and columns.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=FOLDER,
    show_default="exports/landing",
    help="Folder of landing.html and landing.json.",
)
@log_option
@click.pass_context
def validate(  # noqa: PLR0913 - a command's options
    context: click.Context,
    /,
    *,
    folder: Path,
    source: str | None,
    batches: tuple[str, ...],
    tolerance: Budget,
    sources_file: Path,
    out: Path,
) -> None:
    """Check the files of a source, or of one of its batches, before they are loaded.

    FOLDER is what the loader takes as --from, or the folder of a batch in it. No database is
    needed. Exit code 1 when a check fails.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    checks = validated(
        folder,
        source=source,
        batches=batches,
        sources=load_sources(sources_file),
        budget=tolerance,
    )
    run = Run(
        run_id=new_run_id(),
        started_at=started,
        finished_at=datetime.now(UTC),
        seconds=time.monotonic() - clock,
        kind="landing",
        checks=tuple(checks),
    )
    page, found = out / "landing.html", written(document(run, []))
    write_report(page, render(run, []))
    write_report(out / "landing.json", found)
    for check in run.checks:
        if check.status in {Status.FAIL, Status.WARN}:
            tell(
                f"check_{check.status}",
                f"{check.status}: {check.name}: {check.message}",
                level="error" if check.status is Status.FAIL else "warning",
                key=check.key,
            )
    if is_structured():
        click.echo(found, nl=False)
    said = verdict(run)
    also = f" ({said.rest})" if said.rest else ""
    tell(
        "validated",
        f"{said.line}{also}, {run.seconds:.1f} s: {page}",
        level="error" if run.count(Status.FAIL) else "info",
        page=str(page),
        seconds=round(run.seconds, 3),
        **{status.value: run.count(status) for status in Status},
    )
    context.exit(1 if run.count(Status.FAIL) else 0)
