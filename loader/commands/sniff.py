"""`python -m loader sniff FILE`: propose an entry for sources.yml."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import click
import yaml
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from loader.reading.sniff import Proposal, sniff
from loader.reading.sniffing.names import pattern, source_name
from loader.sources import parse_sources

# Characters of a line of the preview, of a value in it, and between two columns.
_WIDTH, _VALUE, _GAP = 96, 24, 3


class _Entry(yaml.SafeDumper):
    """Writes lists in one line and all else in blocks, as sources.yml has them."""


def _list(dumper: _Entry, values: list[Any]) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=True)


_Entry.add_representer(list, _list)


@click.command("sniff")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--source", default=None, help="Name of the source.  [default: by the file's name]")
@click.option(
    "--table",
    default=None,
    help="Name of the table.  [default: by the file's name, or rows without --source]",
)
def sniff_command(file: Path, source: str | None, table: str | None) -> None:
    """Propose an entry for loader/sources.yml that describes FILE, with its first rows.

    Encoding, delimiter, quotes, header, comments, null markers and columns are guessed from the
    file's beginning. What is printed is YAML as a whole: the preview and what is not sure are
    comments.
    """
    proposal = sniff(file)
    table = table or ("rows" if source is None else source_name(file))
    source = source or source_name(file)
    entry = {
        source: {"layout": "files", "tables": {table: proposal.table([pattern(file)])}},
    }
    text = yaml.dump(entry, Dumper=_Entry, sort_keys=False, allow_unicode=True, width=_WIDTH)
    parse_sources(text, f"the proposal for {file}")
    for note in proposal.notes:
        click.echo(f"# not sure: {_printable(note)}")
    click.echo(text)
    for line in _preview(proposal).splitlines():
        click.echo(f"# {line}".rstrip())


def _preview(proposal: Proposal) -> str:
    lines: list[Sequence[str | None]] = [proposal.columns, *proposal.rows]
    cells = [[Text(_short("∅" if value is None else value)) for value in line] for line in lines]
    widths = [max(text.cell_len for text in column) + _GAP for column in zip(*cells, strict=True)]
    fitting = sum(edge - _GAP <= _WIDTH for edge in accumulate(widths))
    shown = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in cells[0][:fitting]:
        shown.add_column(name, no_wrap=True)
    for row in cells[1:]:
        shown.add_row(*row[:fitting])
    more = len(widths) - fitting
    buffer = io.StringIO()
    console = Console(file=buffer, width=_WIDTH, color_system=None, force_terminal=False)
    console.print(shown)
    console.print(f"∅ is null{f'; {more:,} more columns' if more > 0 else ''}", highlight=False)
    return buffer.getvalue()


def _short(text: str) -> str:
    text = _printable(text)
    return text if len(text) <= _VALUE else f"{text[: _VALUE - 1]}…"


def _printable(text: str) -> str:
    """Show what a terminal would obey, or YAML would not take in a comment, as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
