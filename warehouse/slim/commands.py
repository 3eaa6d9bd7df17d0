"""The commands `ci-slim` and `ci-base` of `python -m warehouse`."""

from __future__ import annotations

from pathlib import Path

import click

from warehouse.connections import database_url
from warehouse.console import say
from warehouse.settings import PROJECT_DIR, load_settings
from warehouse.slim.base import find_base, head, make_base, merge_base
from warehouse.slim.build import slim_build


@click.command(name="ci-slim")
@click.option("--against", default="main", show_default=True, help="Branch or commit to compare.")
@click.option(
    "--summary",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="GITHUB_STEP_SUMMARY",
    help="Add the summary to this file, as markdown (also GITHUB_STEP_SUMMARY).",
)
@click.pass_context
def ci_slim(context: click.Context, against: str, summary: Path | None) -> None:
    """Build and test what has changed since the branch left main, on a small warehouse.

    The warehouse of that commit is taken from target/slim/<commit>, and built there first where it
    is missing. The exit code is dbt's.
    """
    settings = load_settings()
    in_use = database_url(settings)
    commit = merge_base(PROJECT_DIR, against)
    base = None
    if commit is None:
        say(f"there is no commit in common with {against}")
    else:
        base = find_base(PROJECT_DIR, commit) or make_base(PROJECT_DIR, commit, in_use)
    code, report = slim_build(PROJECT_DIR, in_use, base, settings)
    click.echo(report.text())
    if summary is not None:
        with summary.open("a", encoding="utf-8") as file:
            file.write(report.markdown())
    context.exit(code)


@click.command(name="ci-base")
def ci_base() -> None:
    """Build the small warehouse of the commit that is checked out, for ci-slim to compare with.

    Prints the folder that holds it, which CI keeps.
    """
    commit = head(PROJECT_DIR)
    base = find_base(PROJECT_DIR, commit)
    if base is None:
        base = make_base(PROJECT_DIR, commit, database_url(load_settings()))
    click.echo(base.folder)
