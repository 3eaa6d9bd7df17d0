"""`python -m loader rejects`: records that were set aside, listed, exported and replayed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from loader.commands.common import sources_named, sources_option
from loader.commands.groups import GroupWithDefault
from loader.errors import RunFailed
from loader.loading.attempts import refusals_told
from loader.raw.corrections import write_corrections
from loader.raw.rejects import (
    Selection,
    all_rejects,
    check_selection,
    codec_of,
    counts,
    first_rejects,
    reading,
    text_of,
)
from loader.raw.rejects_report import rejects_json, show_rejects, show_replays
from loader.raw.replay import replay_file, replay_kept
from loader.raw.replay_load import Replayed
from loader.reading.records import REASONS
from loader.sources import Sources, load_sources
from warehouse.connections import connect, database_url
from warehouse.console import counted

_APPLICATION = "loader rejects"


def _selecting(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which rejects, and where the sources are declared."""
    for option in (
        sources_option,
        click.option("--load", type=int, help="Only those of the load with this number."),
        click.option("--reason", type=click.Choice(REASONS), help="Only those with this reason."),
        click.option("--table", help="Only those of this table."),
    ):
        command = option(command)
    return command


@click.group(cls=GroupWithDefault, default="list")
def rejects() -> None:
    """List, export and replay records that could not be loaded.

    `python -m loader rejects SOURCE` is `python -m loader rejects list SOURCE`.
    """


@rejects.command("list")
@click.argument("source", required=False)
@_selecting
@click.option("--open/--resolved", "is_open", default=None, help="Only those.  [default: both]")
@click.option(
    "--limit", type=click.IntRange(0), default=20, show_default=True, help="Show so many of them."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def list_rejects(  # noqa: PLR0913 - what the command line gives
    *,
    source: str | None,
    table: str | None,
    reason: str | None,
    load: int | None,
    sources_file: Path,
    is_open: bool | None,
    limit: int,
    as_json: bool,
) -> None:
    """Count the rejects of SOURCE, or of all sources, and show the first of them."""
    sources = load_sources(sources_file)
    selection = Selection(source, table, reason, load, is_open)
    with (
        closing(connect(database_url(), application_name=_APPLICATION)) as conn,
        sources_named(),
        reading(conn) as cur,
    ):
        check_selection(cur, sources, [] if source is None else [source], selection)
        found, first = counts(cur, selection), first_rejects(cur, selection, limit)
    if as_json:
        click.echo(rejects_json(found, first, sources))
    else:
        show_rejects(found, first, sources)


@rejects.command("export")
@click.argument("source", required=False)
@_selecting
@click.option(
    "--to",
    "path",
    type=click.Path(path_type=Path),
    required=True,
    help="A new file: JSON, one record a line.",
)
def export_rejects(  # noqa: PLR0913 - what the command line gives
    *,
    source: str | None,
    table: str | None,
    reason: str | None,
    load: int | None,
    sources_file: Path,
    path: Path,
) -> None:
    """Write the open rejects of SOURCE, or of all sources, into a file for a person to correct.

    In each line of the file, correct `line`: the record as it should have been, all of it and
    without its line end. Bytes that are no text stand in `line_base64`; put `line` in its place.
    Then replay the file.
    """
    sources = load_sources(sources_file)
    selection = Selection(source, table, reason, load, is_open=True)
    with (
        closing(connect(database_url(), application_name=_APPLICATION)) as conn,
        sources_named(),
        reading(conn) as cur,
    ):
        check_selection(cur, sources, [] if source is None else [source], selection)
        count = write_corrections(
            path,
            all_rejects(conn, selection),
            lambda reject: text_of(reject.line, codec_of(sources, reject)),
        )
    click.echo(f"{counted(count, 'reject')} written to {path}")


@rejects.command("replay")
@click.argument("names", metavar="[SOURCE]...", nargs=-1)
@_selecting
@click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path),
    help="Load the corrected records of this file, which `rejects export` has made.",
)
def replay_rejects(  # noqa: PLR0913 - what the command line gives
    *,
    names: tuple[str, ...],
    table: str | None,
    reason: str | None,
    load: int | None,
    sources_file: Path,
    path: Path | None,
) -> None:
    """Load the corrected records of a file, or the open rejects of each SOURCE as they are.

    The latter helps when not the records were wrong but their declaration in sources.yml. Each
    record is loaded once, however often it is replayed; what still cannot be loaded stays set
    aside, and the exit code is 1.
    """
    if (path is None) == (not names):
        raise click.UsageError("give either --file or the names of sources")
    if path is not None and (table or reason or load is not None):
        raise click.UsageError("--table, --reason and --load choose among kept records, not --file")
    sources, url = load_sources(sources_file), database_url()
    if names:
        _check(sources, names, Selection(None, table, reason, load), url)
    done: list[Replayed] = []
    with refusals_told("what was replayed stays"):
        if path is not None:
            done = replay_file(url, sources, path)
        else:
            for name in names:
                done += replay_kept(url, sources, Selection(name, table, reason, load))
    show_replays(done)
    if remaining := sum(len(one.remaining) for one in done):
        raise RunFailed(f"{counted(remaining, 'record')} still set aside (see above)")


def _check(sources: Sources, names: Sequence[str], selection: Selection, url: str) -> None:
    """Refuse what cannot be replayed before anything is.

    Raises:
        click.UsageError, LoaderError: a source, a table or a load is none.
    """
    with sources_named():
        for name in names:
            sources.files(name)
    with closing(connect(url, application_name=_APPLICATION)) as conn, reading(conn) as cur:
        check_selection(cur, sources, names, selection)
