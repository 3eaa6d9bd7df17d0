"""The comparison of generators as a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.bars import Bar, Panel, write_bars
from bench.comparison import MB, Row, by_step
from bench.generators import Run
from bench.programs import OURS, Format

_LEFT = 110


@dataclass(frozen=True)
class _Figure:
    """One figure of all programs that write a format.

    Args:
        title: what it says.
        format: which steps it shows.
        figure: the figure of a run, in the unit of the title.
    """

    title: str
    format: Format
    figure: Callable[[Run], float]


_FIGURES = (
    _Figure("CSV, MB a second", "csv", lambda run: run.bytes_a_second / MB),
    _Figure("CSV, thousand rows a second", "csv", lambda run: run.rows_a_second / 1e3),
    _Figure("Parquet, MB of values a second", "parquet", lambda run: run.bytes_a_second / MB),
    _Figure("Parquet, thousand rows a second", "parquet", lambda run: run.rows_a_second / 1e3),
)


def write_plot(rounds: list[list[Run]], title: str, path: Path) -> None:
    """Write the picture.

    Args:
        rounds: what was measured.
        title: how: it stands at the foot.
        path: file to write; its folder is made.
    """
    rows = by_step(rounds)
    panels = []
    for shown in _FIGURES:
        same = [row for row in rows if row.step.format == shown.format]
        if same:
            panels.append(Panel(shown.title, _bars(same, shown.figure)))
    note = f"{title}. Bars: medians of {len(rounds)}; lines: slowest to fastest."
    write_bars(panels, title, note, path, left=_LEFT)


def _bars(rows: list[Row], figure: Callable[[Run], float]) -> list[Bar]:
    """Draw each program, with its scale where one is there with several."""
    names = [row.step.program for row in rows]
    labels = [
        name if names.count(name) == 1 else f"{name}, {row.step.scale:g}"
        for name, row in zip(names, rows, strict=True)
    ]
    return [
        Bar(label, row.middle(figure), *row.span(figure), ours=row.step.program == OURS)
        for label, row in zip(labels, rows, strict=True)
    ]
