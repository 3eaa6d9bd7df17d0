"""What several commands share: the option for the sources, and values that are parsed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

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
