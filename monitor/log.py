"""`--log json` for the commands of the watch, as the loader has it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Literal, TypeVar

import click

from warehouse.console import structured, tell

T = TypeVar("T")


def log_option(command: Callable[..., T]) -> Callable[..., T]:
    """Decorate a command with `--log`: as text, or as JSON lines and nothing else.

    Within the command `warehouse.console.is_structured` says which; results for machines go to
    standard output as one JSON document then.
    """

    @click.option(
        "--log",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="json: events as JSON lines on standard error, the outcome as JSON on standard "
        "output.",
    )
    @wraps(command)
    def logged(  # the command's own parameters are its own business
        *arguments: Any,  # noqa: ANN401
        log: Literal["text", "json"],
        **options: Any,  # noqa: ANN401
    ) -> T:
        if log == "text":
            return command(*arguments, **options)
        with structured(command=click.get_current_context().info_name):
            try:
                return command(*arguments, **options)
            except click.ClickException as error:
                tell("error", error.format_message(), level="error")
                raise SystemExit(error.exit_code) from None

    return logged
