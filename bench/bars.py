"""Pictures of bars with their figures, as SVG that follows light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

# Pixels.
_WIDTH, _RIGHT = 720, 90
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
class Bar:
    """A figure of several rounds: its median as a bar, a line from the least to the greatest."""

    label: str
    middle: float
    least: float
    greatest: float
    ours: bool


@dataclass(frozen=True)
class Panel:
    """Bars of one unit, which the title names."""

    title: str
    bars: Sequence[Bar]


def write_bars(panels: Sequence[Panel], title: str, note: str, path: Path, *, left: int) -> None:
    """Write a picture.

    Args:
        panels: from top to bottom; each has its own scale.
        title: what is shown, for readers who cannot see it.
        note: what stands at the foot.
        path: file to write; its folder is made.
        left: pixels for the labels.
    """
    drawn: list[str] = []
    top = 0
    for panel in panels:
        drawn += _panel(panel, top, left)
        top += _HEAD + len(panel.bars) * (_BAR + _GAP) + _FOOT
    drawn.append(_text(0, top + 12, note, "note"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top + 24}"'
        f' role="img" aria-label="{escape(title)}">\n'
        f"<style>{_STYLE}</style>\n" + "\n".join(drawn) + "\n</svg>\n",
        encoding="utf-8",
    )


def _panel(panel: Panel, top: int, left: int) -> list[str]:
    pixels = (_WIDTH - left - _RIGHT) / max(bar.greatest for bar in panel.bars)
    drawn = [_text(0, top + 20, panel.title, "head")]
    for number, bar in enumerate(panel.bars):
        y = top + _HEAD + number * (_BAR + _GAP)
        kind = "ours" if bar.ours else "other"
        drawn += [
            _text(0, y + 15, bar.label),
            f'<rect class="{kind}" x="{left}" y="{y}" width="{bar.middle * pixels:.1f}"'
            f' height="{_BAR}" rx="2"/>',
            f'<line class="span" x1="{left + bar.least * pixels:.1f}" y1="{y + _BAR / 2:g}"'
            f' x2="{left + bar.greatest * pixels:.1f}" y2="{y + _BAR / 2:g}"/>',
            _text(left + bar.greatest * pixels + 8, y + 15, _number(bar.middle)),
        ]
    return drawn


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    name = f' class="{kind}"' if kind else ""
    return f'<text{name} x="{x:.1f}" y="{y:g}">{escape(text)}</text>'
