"""`python -m loader status`: what the ledger says of each source."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from loader.commands.common import sources_named, sources_option
from loader.commands.database_options import refuse
from loader.raw.status import read_status
from loader.raw.status_report import show
from loader.sources import FilesSource, load_sources
from warehouse.connections import connect, database_url


@click.command()
@click.argument("source", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option(
    "--lag", is_flag=True, help="Ask source databases how many of their rows raw does not have."
)
@click.option(
    "--check",
    is_flag=True,
    help="Exit code 1 when something needs a hand: a file that failed and was not loaded since, "
    "open rejects, an interrupted load.",
)
@sources_option
@click.pass_context
def status(  # noqa: PLR0913, PLR0917 - one argument an option
    context: click.Context,
    source: str | None,
    as_json: bool,
    lag: bool,
    check: bool,
    sources_file: Path,
) -> None:
    """Say what was loaded of SOURCE, or of all sources: last loads, failures, rejects."""
    sources = load_sources(sources_file)
    if lag and source in sources.root and isinstance(sources[source], FilesSource):
        refuse(context, {"lag"}, f"{source} delivers files: it is no database")
    with (
        closing(connect(database_url(), application_name="loader status")) as conn,
        sources_named(),
    ):
        found = read_status(conn, sources, source, ask_sources=lag)
    if as_json:
        click.echo(found.model_dump_json(indent=2))
    else:
        show(found)
    context.exit(1 if check and found.needs_a_hand else 0)
