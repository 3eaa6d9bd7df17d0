"""Small pictures as SVG: bars and trees, legible on light and on dark pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

# Pixels.
WIDTH, HEIGHT = 340, 150
_LEFT, _RIGHT, _TOP, _BASE = 18, 322, 10, 108
_TICKS, _NOTE = 123, 142

# The picture has a ground of its own: a page can be dark where the reader's system is light.
_STYLE = (
    "text{font:11px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#1f2328;text-anchor:middle}"
    ".paper{fill:#fff}.note{fill:#59636e}.bar{fill:#0969da}.line{stroke:#8c959f;fill:none}"
    "@media(prefers-color-scheme:dark){"
    "text{fill:#f0f6fc}.paper{fill:#0d1117}.note{fill:#9198a1}.bar{fill:#4493f8}}"
)

Tick = tuple[float, str]


@dataclass(frozen=True)
class Bars:
    """A picture of numbers side by side.

    Args:
        title: what is drawn, for readers who cannot see it.
        heights: the bars, from left to right.
        ticks: place in bars from the left edge, and what is written below it.
        note: what is written below all.
        apart: the bars stand for single values, with gaps between them.
    """

    title: str
    heights: Sequence[int]
    ticks: Sequence[Tick]
    note: str
    apart: bool = False

    def svg(self) -> str:
        """Return the file's text."""
        step = (_RIGHT - _LEFT) / len(self.heights)
        pixels = (_BASE - _TOP) / max(self.heights)
        tops = [_BASE - height * pixels for height in self.heights]
        if self.apart:
            gap = min(3.0, step / 6)
            wide = step - 2 * gap
            path = "".join(
                f"M{_LEFT + number * step + gap:.1f} {_BASE}V{top:.1f}h{wide:.1f}V{_BASE}z"
                for number, top in enumerate(tops)
            )
        else:
            # One outline: half as many bytes as a rectangle for each bar.
            steps = "".join(
                f"V{top:.1f}H{_LEFT + (number + 1) * step:.1f}" for number, top in enumerate(tops)
            )
            path = f"M{_LEFT} {_BASE}{steps}V{_BASE}z"
        ticks = [_text(_LEFT + place * step, _TICKS, label) for place, label in self.ticks]
        return _file(self.title, [f'<path class="bar" d="{path}"/>', _axis(), *ticks], self.note)


@dataclass(frozen=True)
class Tree:
    """A picture of what belongs to what.

    Args:
        title: what is drawn, for readers who cannot see it.
        above: for each node the number of the one above it; None: it is on the first level.
        note: what is written below all.
    """

    title: str
    above: Sequence[int | None]
    note: str

    def svg(self) -> str:
        """Return the file's text."""
        levels: list[int] = []
        for parent in self.above:
            levels.append(0 if parent is None else levels[parent] + 1)
        places: list[tuple[float, float]] = [(0, 0)] * len(levels)
        gap = (_TICKS - _TOP - 12) / max(levels)
        for level in range(max(levels) + 1):
            nodes = [node for node, at in enumerate(levels) if at == level]
            # Beside their siblings, so that lines do not cross.
            nodes.sort(key=lambda node: places[self.above[node] or 0][0] if level else node)
            for number, node in enumerate(nodes):
                x = _LEFT + (number + 0.5) * (_RIGHT - _LEFT) / len(nodes)
                places[node] = (x, _TOP + 4 + level * gap)
        lines = "".join(
            f"M{places[node][0]:.1f} {places[node][1]:.1f}"
            f"L{places[parent][0]:.1f} {places[parent][1]:.1f}"
            for node, parent in enumerate(self.above)
            if parent is not None
        )
        dots = [f'<circle class="bar" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places]
        return _file(self.title, [f'<path class="line" d="{lines}"/>', *dots], self.note)


def _axis() -> str:
    return f'<path class="line" d="M{_LEFT} {_BASE + 0.5}H{_RIGHT}"/>'


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    name = f' class="{kind}"' if kind else ""
    return f'<text{name} x="{x:.1f}" y="{y}">{escape(text)}</text>'


def _file(title: str, drawn: Sequence[str], note: str) -> str:
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        f' width="{WIDTH}" height="{HEIGHT}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}" rx="6"/>',
        *drawn,
        _text(WIDTH / 2, _NOTE, note, "note"),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"
