"""The comparison as a picture: bars with their figures, as SVG that follows light and dark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from bench.comparison import MB, Row, by_step
from bench.generators import Run
from bench.programs import OURS, Format

# Pixels.
_WIDTH, _LEFT, _RIGHT = 720, 110, 90
_BAR, _GAP, _HEAD, _FOOT = 20, 8, 34, 14

_STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
.head { font-weight: 600 } .note { font-size: 12px; fill: #59636e }
.ours { fill: #0969da } .other { fill: #afb8c1 } .span { stroke: #1f2328; stroke-width: 1 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .note { fill: #9198a1 }
  .ours { fill: #4493f8 } .other { fill: #656c76 } .span { stroke: #f0f6fc }
}
"""


@dataclass(frozen=True)
class _Panel:
    """One figure of all programs that write a format.

    Args:
        title: what it says.
        format: which steps it shows.
        figure: the figure of a run, in the unit of the title.
    """

    title: str
    format: Format
    figure: Callable[[Run], float]


_PANELS = (
    _Panel("CSV, MB a second", "csv", lambda run: run.bytes_a_second / MB),
    _Panel("CSV, thousand rows a second", "csv", lambda run: run.rows_a_second / 1e3),
    _Panel("Parquet, MB of values a second", "parquet", lambda run: run.bytes_a_second / MB),
    _Panel("Parquet, thousand rows a second", "parquet", lambda run: run.rows_a_second / 1e3),
)


def write_plot(rounds: list[list[Run]], title: str, path: Path) -> None:
    """Write the picture.

    Args:
        rounds: what was measured.
        title: how: it stands at the foot.
        path: file to write; its folder is made.
    """
    rows = by_step(rounds)
    drawn: list[str] = []
    top = 0
    for panel in _PANELS:
        shown = [row for row in rows if row.step.format == panel.format]
        if shown:
            drawn += _panel(panel, shown, top)
            top += _HEAD + len(shown) * (_BAR + _GAP) + _FOOT
    note = f"{title}. Bars: medians of {len(rounds)}; lines: slowest to fastest."
    drawn.append(_text(0, top + 12, note, "note"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top + 24}"'
        f' role="img" aria-label="{escape(title)}">\n'
        f"<style>{_STYLE}</style>\n" + "\n".join(drawn) + "\n</svg>\n",
        encoding="utf-8",
    )


def _panel(panel: _Panel, rows: list[Row], top: int) -> list[str]:
    """Draw a heading, and a bar, a line from least to greatest and a figure for each row."""
    most = max(row.span(panel.figure)[1] for row in rows)
    pixels = (_WIDTH - _LEFT - _RIGHT) / most
    drawn = [_text(0, top + 20, panel.title, "head")]
    labels = _labels(rows)
    for number, row in enumerate(rows):
        y = top + _HEAD + number * (_BAR + _GAP)
        figure, (least, greatest) = row.middle(panel.figure), row.span(panel.figure)
        kind = "ours" if row.step.program == OURS else "other"
        drawn += [
            _text(0, y + 15, labels[number]),
            f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{figure * pixels:.1f}"'
            f' height="{_BAR}" rx="2"/>',
            f'<line class="span" x1="{_LEFT + least * pixels:.1f}" y1="{y + _BAR / 2:g}"'
            f' x2="{_LEFT + greatest * pixels:.1f}" y2="{y + _BAR / 2:g}"/>',
            _text(_LEFT + greatest * pixels + 8, y + 15, _number(figure)),
        ]
    return drawn


def _labels(rows: list[Row]) -> list[str]:
    """Name the programs, with the scale where one is there with several."""
    names = [row.step.program for row in rows]
    return [
        name if names.count(name) == 1 else f"{name}, {row.step.scale:g}"
        for name, row in zip(names, rows, strict=True)
    ]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    name = f' class="{kind}"' if kind else ""
    return f'<text{name} x="{x:.1f}" y="{y:g}">{escape(text)}</text>'
