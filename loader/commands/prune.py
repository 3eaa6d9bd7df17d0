"""`python -m loader prune`: delete old raw rows that the warehouse has consumed."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from datetime import timedelta

import click

from loader.commands.common import parsed
from loader.durations import parse_duration
from loader.loading.attempts import refusals_told
from loader.raw.prune import Pruned, prune, sources_with_loads
from warehouse.connections import connect, database_url
from warehouse.console import counted


@click.command("prune")
@click.argument("source", required=False)
@click.option(
    "--keep",
    metavar="TIME",
    required=True,
    callback=parsed(parse_duration),
    help="Keep the rows of loads that are not older, such as 30d.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
def prune_command(source: str | None, keep: timedelta, *, dry_run: bool) -> None:
    """Delete the raw rows of old loads of SOURCE, or of all sources, if they are consumed.

    Consumed are rows that the layers after raw keep themselves; the view monitoring.consumed_loads
    says which, so that the warehouse must have been built. The newest batch of each table stays.
    The ledger remembers pruned loads, so that their files are not loaded again, and their rejects
    stay.
    """
    url = database_url()
    with closing(connect(url, application_name="loader prune")) as conn:
        known = sources_with_loads(conn)
    if source is not None and source not in known:
        raise click.UsageError(
            f"nothing of {source!r} is in raw; there is {', '.join(known) or 'none'}"
        )
    with refusals_told("what was pruned before stays so"):
        for name in [source] if source else known:
            _show(name, prune(url, name, keep, dry_run=dry_run), dry_run=dry_run)


def _show(source: str, done: list[Pruned], *, dry_run: bool) -> None:
    if not done:
        click.echo(f"{source}: no load is that old")
    verb = "would be deleted" if dry_run else "deleted"
    for one in done:
        what = f"{counted(one.rows, 'row')} of {counted(one.loads, 'load')}"
        line = f"{source} {one.table}: {what} {verb}"
        if one.rows:
            room = f"{one.free / 1e6:,.1f} of {one.bytes / 1e6:,.1f} MB"
            line += f", about {room} for the rows of later loads"
        click.echo(line)
        reasons = Counter(load.needed_because for load in one.kept)
        for reason, count in reasons.items():
            first = next(load.file for load in one.kept if load.needed_because == reason)
            more = f" and {count - 1:,} more" if count > 1 else ""
            click.echo(f"    kept, because {reason}: {first}{more}")
