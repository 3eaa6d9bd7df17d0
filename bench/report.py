"""The table of a benchmark: medians, their spread, and what the loader reaches of the ceiling."""

from __future__ import annotations

from statistics import median

from rich.console import Console
from rich.table import Table

from bench.steps import BUILD, GENERATE, LOAD, LOAD_WHOLE, SERVER, Measure

PLAIN_WIDTH = 100


def table(rounds: list[list[Measure]], title: str) -> Table:
    """Put the medians of all rounds side by side; rows per second are those of the median."""
    made = Table(title=title, title_justify="left")
    made.add_column("step")
    for heading in ("rows", "seconds", "fastest", "slowest", "rows/s"):
        made.add_column(heading, justify="right", no_wrap=True)
    for step in (GENERATE, LOAD, LOAD_WHOLE, SERVER, BUILD):
        measures = [m for measures in rounds for m in measures if m.step == step]
        if not measures:
            continue
        seconds = [m.seconds for m in measures]
        rows, middle = measures[0].rows, median(seconds)
        made.add_row(
            step,
            f"{rows:,}" if rows else "",
            f"{middle:.2f}",
            f"{min(seconds):.2f}",
            f"{max(seconds):.2f}",
            f"{rows / middle:,.0f}" if rows else "",
        )
    return made


def share_of_ceiling(rounds: list[list[Measure]]) -> float:
    """Give the loader's rows per second over the server's: the median of the rounds' own ratios."""
    shares = []
    for measures in rounds:
        seconds = {m.step: m.seconds for m in measures}
        shares.append(seconds[SERVER] / seconds[LOAD])
    return median(shares)


def show(rounds: list[list[Measure]], title: str) -> None:
    """Print the report on standard output."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PLAIN_WIDTH)
    console.print(table(rounds, title))
    console.print(
        f"load reaches {share_of_ceiling(rounds):.2f} of the server-side COPY's rows per second "
        f"(median of {len(rounds)}, each pair in the same round)",
        soft_wrap=True,
    )
