"""The loader's command line."""

from __future__ import annotations

import click

from loader.commands.groups import GroupWithDefault
from loader.commands.load import load
from loader.commands.prune import prune_command
from loader.commands.rejects import rejects
from loader.commands.sniff import sniff_command
from loader.commands.status import status


@click.group(
    cls=GroupWithDefault,
    default="load",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def main() -> None:
    """Bring what a source has delivered into the warehouse's schema raw.

    `python -m loader SOURCE` is `python -m loader load SOURCE`.
    """


main.add_command(load)
main.add_command(prune_command)
main.add_command(rejects)
main.add_command(sniff_command)
main.add_command(status)

if __name__ == "__main__":
    main(prog_name="python -m loader")
