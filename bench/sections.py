"""What a part of the benchmark reports: a table, and its figures beside their goals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.goal import Goal

PLAIN_WIDTH = 130


@dataclass(frozen=True)
class Section:
    """One part's report.

    Args:
        title: what was measured.
        headings: of the columns, the first of texts, the others of figures.
        rows: of the table, as they are printed.
        goals: figures that have a goal.
    """

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    goals: Sequence[Goal]

    def show(self) -> None:
        """Print it on standard output."""
        console = Console(highlight=False)
        if not console.is_terminal:
            console = Console(highlight=False, width=PLAIN_WIDTH)
        table = Table(title=self.title, title_justify="left")
        for number, heading in enumerate(self.headings):
            table.add_column(heading, justify="right" if number else "left", no_wrap=True)
        for row in self.rows:
            table.add_row(*row)
        console.print(table)
        for goal in self.goals:
            console.print(str(goal), soft_wrap=True)


def seconds(values: Sequence[float]) -> str:
    """Write the median of seconds with the least and the greatest."""
    return f"{median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def in_turns(round_number: int, steps: Sequence[Callable[[], None]]) -> None:
    """Do a round's steps; from round to round another one goes first.

    The second one finds a busier disk, and a fuller cache of the system.
    """
    first = round_number % len(steps)
    for step in [*steps[first:], *steps[:first]]:
        step()
