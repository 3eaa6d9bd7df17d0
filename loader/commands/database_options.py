"""Options of `load` for sources that are databases, and keeping both kinds of options apart."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from click.core import ParameterSource

from loader.commands.common import parsed
from loader.database.plan import Task
from loader.durations import parse_duration

FOR_FILES = {"root", "endpoint", "budget"}
FOR_DATABASES = {"since", "until", "batch", "deletes"}


def _time(text: str) -> str:
    """Read a time, in UTC where it does not say otherwise, and write it as PostgreSQL does."""
    try:
        time = datetime.fromisoformat(text)
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is no time: write it like 2024-01-31 or 2024-01-31T08:30 (UTC)"
        ) from None
    return time.isoformat(sep=" ")


def _step(text: str) -> timedelta:
    step = parse_duration(text)
    if not step:
        raise ValueError("a step must be longer than nothing")
    return step


_OPTIONS = [
    click.option(
        "--since",
        metavar="TIME",
        callback=parsed(_time),
        default=None,
        help="Of a database: read rows again whose updated_at is TIME or later.",
    ),
    click.option(
        "--until",
        metavar="TIME",
        callback=parsed(_time),
        default=None,
        help="Of a database: read rows again whose updated_at is before TIME.",
    ),
    click.option(
        "--batch",
        metavar="DURATION",
        callback=parsed(_step),
        default=None,
        help="Of a database: go in steps of so much updated_at (6h, 1d), each a transaction.",
    ),
    click.option(
        "--deletes",
        is_flag=True,
        help="Of a database: find rows that are gone, by comparing all keys.",
    ),
]


def database_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a command with the options for databases."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def task_of(context: click.Context) -> Task:
    """Say what the options of a command ask for.

    Raises:
        click.UsageError: they do not fit together.
    """
    task = Task(**{name: context.params[name] for name in FOR_DATABASES})
    if task.since is not None and task.until is not None:
        since, until = map(datetime.fromisoformat, (task.since, task.until))
        if since >= until:
            raise click.UsageError("--since must be before --until", context)
    return task


def refuse(context: click.Context, names: Collection[str], reason: str) -> None:
    """Refuse options that were given but have no meaning for the source.

    Raises:
        click.UsageError: there is such a one.
    """
    for parameter in context.command.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name) is not ParameterSource.DEFAULT
        if name in names and given:
            raise click.UsageError(f"{parameter.opts[0]}: {reason}", context)
