"""What several commands share: the option for the sources, and values that are parsed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import click

from loader.commands.groups import GroupWithDefault
from loader.errors import UnknownSource
from loader.sources import SOURCES_FILE

T = TypeVar("T")

Callback = Callable[[click.Context, click.Parameter, str | None], T | None]

sources_option = click.option(
    "--sources",
    "sources_file",
    type=click.Path(path_type=Path),
    default=SOURCES_FILE,
    show_default="loader/sources.yml",
    help="Declares the sources, their tables and columns.",
)


def parsed(parse: Callable[[str], T]) -> Callback[T]:
    """Make the callback of an option whose text a function reads; its ValueError is told."""

    def callback(_ctx: click.Context, _param: click.Parameter, text: str | None) -> T | None:
        if text is None:
            return None
        try:
            return parse(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return callback


@contextmanager
def sources_named() -> Iterator[None]:
    """Tell of an unknown source, in the block, as of a command that cannot be meant.

    Where a group takes what is none of its commands for a source, it may as well be a command that
    is mistyped: they are named, too.

    Raises:
        click.UsageError: there is no such source.
    """
    try:
        yield
    except UnknownSource as error:
        context = click.get_current_context()
        group = context.parent.command if context.parent else None
        commands = ""
        if isinstance(group, GroupWithDefault) and group.default == context.command.name:
            commands = f", or give a command: {', '.join(sorted(group.commands))}"
        raise click.UsageError(f"{error.message}{commands}", context) from None
