"""`python -m monitor anomalies`: judge the last days of each source by those before."""

from __future__ import annotations

import json
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from monitor.anomalies.checks import WINDOW, anomaly_checks
from monitor.anomalies.detector import VOLUME, WATCH
from monitor.anomalies.figures import update_figures
from monitor.check import Check, Status
from monitor.log import log_option
from monitor.manifest import MANIFEST_PATH, load_manifest
from warehouse.connections import connect, database_url, transaction
from warehouse.console import counted, is_structured, tell

PLAIN_WIDTH = 160

_WORSE = (Status.FAIL, Status.WARN)


@click.command(context_settings={"show_default": True})
@click.option("--days", type=click.IntRange(1), default=WINDOW, help="Complete days to look at.")
@click.option("--all", "show_all", is_flag=True, help="Show the checks that pass or skip, too.")
@click.option("--sensitive", is_flag=True, help="Find smaller changes of volume; 2% are false.")
@click.option("--strict", is_flag=True, help="Exit code 1 when a day is an anomaly.")
@click.option(
    "--manifest",
    type=click.Path(dir_okay=False, path_type=Path),
    default=MANIFEST_PATH,
    show_default="target/manifest.json",
    help="Says which tables there are.",
)
@log_option
@click.pass_context
def anomalies(  # noqa: PLR0913 - one argument an option
    context: click.Context,
    *,
    days: int,
    show_all: bool,
    sensitive: bool,
    strict: bool,
    manifest: Path,
) -> None:
    """Judge the last days of each source by the days before them, in both directions."""
    known = load_manifest(manifest)
    name = "counting-house anomalies"
    started = time.monotonic()
    with closing(connect(database_url(), application_name=name, role="transformer")) as conn:
        updated = update_figures(conn, known)
        with transaction(conn) as cur:
            found_by = VOLUME if sensitive else WATCH
            now = datetime.now(UTC)
            checks = list(anomaly_checks(cur, now, known, window=days, volume=found_by))
    found = [check for check in checks if check.status in _WORSE]
    shown = checks if show_all else found
    if is_structured():
        click.echo(json.dumps({"checks": [_written(check) for check in shown]}))
    elif shown:
        _show(shown)
    passed = sum(check.status == Status.PASS for check in checks)
    undecided = len(checks) - len(found) - passed
    seconds = time.monotonic() - started
    tell(
        "anomalies",
        f"{counted(len(checks), 'check')} of {counted(updated.tables, 'table')}: "
        f"{len(found):,} with anomalies, {passed:,} passed, "
        f"{undecided:,} without enough to judge by; "
        f"{counted(updated.days, 'day')} counted anew, {seconds:.1f} s",
        level="warning" if found else "info",
        checks=len(checks),
        found=len(found),
        passed=passed,
        undecided=undecided,
        days=updated.days,
        seconds=round(seconds, 3),
    )
    context.exit(1 if strict and found else 0)


def _written(check: Check) -> dict[str, object]:
    return {
        "key": check.key,
        "status": check.status.value,
        "name": check.name,
        "subject": check.subject,
        "source": check.source,
        "message": check.message,
    }


def _show(checks: list[Check]) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PLAIN_WIDTH)
    table = Table("", "check", "what was found")
    for check in checks:
        table.add_row(check.status, check.name, check.message)
    console.print(table)
