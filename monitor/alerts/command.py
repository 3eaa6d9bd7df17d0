"""`python -m monitor alert` and `python -m monitor alert test CHANNEL`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import click
import psycopg2
from psycopg2.extensions import parse_dsn

from monitor.alerts.channels.common import Patience
from monitor.alerts.channels.senders import send, sender_for
from monitor.alerts.config import ALERTS_FILE, Alerts, load_alerts
from monitor.alerts.errors import AlertsError, NothingToTell, SendError, Undelivered
from monitor.alerts.message import Event, Message, when
from monitor.alerts.outcome import Outcome, Result
from monitor.alerts.run import alert
from monitor.alerts.secrets import secrets_of
from monitor.history import Run, last_runs
from monitor.log import log_option
from warehouse.connections import connect, database_url
from warehouse.console import counted, is_structured, say, tell

_config_option = click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=ALERTS_FILE,
    show_default="monitor/alerts.yml",
    help="Channels, routes and quiet hours.",
)


@click.group("alert", invoke_without_command=True)
@click.option(
    "--dry-run", is_flag=True, help="Show each message as it would be sent; change nothing."
)
@_config_option
@log_option
@click.pass_context
def alert_command(context: click.Context, dry_run: bool, config_file: Path) -> None:
    """Tell of the last report's failures: each incident once, its reminders and its end.

    Exit code 1 when a message could not be delivered; the next run tries again.
    """
    if context.invoked_subcommand is not None:
        if dry_run:
            raise click.UsageError("--dry-run goes with `alert` alone", context)
        return
    config = load_alerts(config_file)
    url = database_url()
    with closing(connect(url, application_name="monitor alert", role="transformer")) as conn:
        runs = last_runs(conn, 1)
        if not runs:
            raise NothingToTell("no report is stored yet: run python -m monitor report first")
        with _database_errors():
            outcome = alert(conn, runs[0], config, datetime.now(UTC), dry_run)
    if is_structured():
        click.echo(json.dumps(_document(outcome), ensure_ascii=False))
    elif dry_run:
        _show_previews(outcome, runs[0])
    else:
        _show(outcome, runs[0], config)
    _judge(outcome)


@alert_command.command("test")
@click.argument("channel")
@_config_option
@log_option
def test_command(channel: str, config_file: Path) -> None:
    """Send a test message to CHANNEL; nothing is written down."""
    config = load_alerts(config_file)
    if channel not in config.channels:
        declared = ", ".join(config.channels) or "none"
        raise click.UsageError(
            f"there is no channel {channel!r} in {config_file.name}; it declares: {declared}"
        )
    secrets = secrets_of(config)
    message = Message(
        key=str(uuid4()),
        warehouse=str(parse_dsn(database_url()).get("dbname", "")),
        run_id="test",
        at=datetime.now(UTC),
        items=(),
        report_url=config.report_url,
        is_test=True,
    )
    try:
        note = send(sender_for(config.channels[channel], secrets), message, Patience())
    except SendError as error:
        reason = secrets.hide(error.format_message())
        raise Undelivered(f"{channel} did not take the test message: {reason}") from None
    tell("test_sent", f"{channel} took the test message{f'; {note}' if note else ''}")
    if is_structured():
        click.echo(json.dumps({"channel": channel, "key": message.key, "note": note}))


@contextmanager
def _database_errors() -> Iterator[None]:
    """Tell of a database that breaks off as of any other fault: in a line."""
    try:
        yield
    except psycopg2.Error as error:
        reason = " ".join(str(error).split())
        raise AlertsError(
            f"the database broke off: {reason}; run it again: what was sent before is not lost, "
            "and what is sent again has the same key"
        ) from None


def _show(outcome: Outcome, run: Run, config: Alerts) -> None:
    about = f"run {run.run_id} of {when(run.finished_at)}"
    if outcome.is_new:
        say(f"{about}: {_incidents(outcome)}")
    else:
        late = f"; of those not told then: {_incidents(outcome)}" if outcome.events else ""
        say(f"{about} was told before{late}")
    for result in outcome.results:
        say(_line(result))
    if outcome.unrouted and config.channels:
        say(
            f"no route takes {counted(len(outcome.unrouted), 'incident')}, such as "
            f"{outcome.unrouted[0]}: add a route to alerts.yml"
        )
    elif outcome.unrouted:
        say("nobody was told: alerts.yml declares no channel")


def _incidents(outcome: Outcome) -> str:
    words = {
        Event.OPENED: "opened",
        Event.REOPENED: "reopened",
        Event.WORSENED: "worse",
        Event.REMINDER: "to be reminded of",
        Event.RESOLVED: "resolved",
        Event.GONE: "no longer checked",
    }
    parts = [f"{outcome.events[e]:,} {word}" for e, word in words.items() if outcome.events[e]]
    return f"incidents: {', '.join(parts)}" if parts else "no news of incidents"


def _line(result: Result) -> str:
    told = f"{result.channel}: {counted(result.items, 'incident')}"
    if result.state == "sent":
        return f"{told} sent" + (f"; {result.error}" if result.error else "")
    if result.state == "held":
        return f"{told} held" + (f" until {when(result.until)}" if result.until else "")
    if result.state == "failed":
        return f"{told} not delivered: {result.error}; the next run tries again"
    return f"{told} given up: {result.error}"


def _show_previews(outcome: Outcome, run: Run) -> None:
    if not outcome.previews:
        say(f"run {run.run_id} of {when(run.finished_at)}: nothing would be sent")
    for preview in outcome.previews:
        held = f", held until {when(preview.until)}" if preview.until else ""
        click.echo(f"--- {preview.channel}{held}")
        click.echo(preview.outgoing.shown())


def _document(outcome: Outcome) -> dict[str, object]:
    return {
        "run_id": outcome.run_id,
        "is_new": outcome.is_new,
        "incidents": {event.value: outcome.events[event] for event in Event},
        "unrouted": outcome.unrouted,
        "messages": [
            {
                "channel": result.channel,
                "key": result.key,
                "incidents": result.items,
                "state": result.state,
                "error": result.error,
                "until": result.until and result.until.isoformat(),
            }
            for result in outcome.results
        ],
        "would_send": [
            {
                "channel": preview.channel,
                "until": preview.until and preview.until.isoformat(),
                "to": preview.outgoing.to,
                "headers": [list(header) for header in preview.outgoing.headers],
                "body": preview.outgoing.body.decode(errors="replace"),
            }
            for preview in outcome.previews
        ],
    }


def _judge(outcome: Outcome) -> None:
    """Say by the exit code whether all that was due arrived.

    Raises:
        Undelivered: a message did not.
    """
    missing = [result for result in outcome.results if result.state in {"failed", "given_up"}]
    if missing:
        channels = ", ".join(dict.fromkeys(result.channel for result in missing))
        raise Undelivered(
            f"{counted(len(missing), 'message')} not delivered to {channels} (see above); "
            "the report shows it until it is"
        )
