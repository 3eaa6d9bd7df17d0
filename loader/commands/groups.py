"""A group of commands of which one need not be named."""

from __future__ import annotations

from typing import Any

import click


class GroupWithDefault(click.Group):
    """A group that takes anything but the name of one of its commands for its default's arguments.

    Attributes:
        default: name of that command.
    """

    def __init__(self, *args: Any, default: str, **kwargs: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(*args, **kwargs)
        self.default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default's name before arguments that name no command."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = [self.default, *args]
        return super().parse_args(ctx, args)
