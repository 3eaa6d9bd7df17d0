"""The loader's command line."""

from __future__ import annotations

import click

from loader.commands.load import load
from loader.commands.status import status


class _LoadsByDefault(click.Group):
    """A group whose command `load` need not be named: `python -m loader shop` loads the shop."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = [load.name or "load", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=_LoadsByDefault,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def main() -> None:
    """Bring what a source has delivered into the warehouse's schema raw.

    `python -m loader SOURCE` is `python -m loader load SOURCE`.
    """


main.add_command(load)
main.add_command(status)

if __name__ == "__main__":
    main(prog_name="python -m loader")
