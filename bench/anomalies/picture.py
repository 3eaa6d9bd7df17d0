"""Detection against false alarms as a picture: SVG that follows light and dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

Curve = Sequence[tuple[float, float]]

# Pixels.
_WIDTH, _HEIGHT = 720, 360
_LEFT, _RIGHT, _TOP, _BASE = 56, 560, 34, 300

# Percent: the picture ends here on the right, and begins there at the foot.
_MOST, _LEAST = 10.0, 40.0

_COLOURS = ("a", "b", "c", "d")

_STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
.paper { fill: #fff } .head { font-weight: 600 } .note { font-size: 12px; fill: #59636e }
.grid { stroke: #d1d9e0 } .goal { stroke: #59636e; stroke-dasharray: 4 4 }
polyline { fill: none; stroke-width: 2 } .dot { stroke: none }
.a { stroke: #0969da; fill: #0969da } .b { stroke: #bc4c00; fill: #bc4c00 }
.c { stroke: #1a7f37; fill: #1a7f37 } .d { stroke: #8250df; fill: #8250df }
polyline.a, polyline.b, polyline.c, polyline.d { fill: none }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .paper { fill: #0d1117 } .note { fill: #9198a1 }
  .grid { stroke: #3d444d } .goal { stroke: #9198a1 }
  .a { stroke: #4493f8; fill: #4493f8 } .b { stroke: #f0883e; fill: #f0883e }
  .c { stroke: #3fb950; fill: #3fb950 } .d { stroke: #ab7df8; fill: #ab7df8 }
}
"""


def write_curves(
    curves: Mapping[str, tuple[Curve, tuple[float, float]]], title: str, note: str, path: Path
) -> None:
    """Write a picture.

    Args:
        curves: by label the points (false alarms, detected), both in percent, and the point that
            is in use; at most four.
        title: what is shown.
        note: what stands at the foot.
        path: file to write; its folder is made.
    """
    drawn = [f'<rect class="paper" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>']
    drawn.append(_text(_LEFT, 20, title, "head"))
    drawn += _grid()
    for colour, (points, used) in zip(_COLOURS, curves.values(), strict=False):
        inside = sorted(point for point in points if point[0] <= _MOST)
        path_of = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in inside)
        drawn.append(f'<polyline class="{colour}" points="{path_of}"/>')
        drawn.append(
            f'<circle class="dot {colour}" cx="{_x(used[0]):.1f}" cy="{_y(used[1]):.1f}" r="5"/>'
        )
    for number, (colour, label) in enumerate(zip(_COLOURS, curves, strict=False)):
        y = _TOP + 14 + number * 22
        drawn.append(f'<circle class="dot {colour}" cx="{_RIGHT + 16}" cy="{y - 4}" r="5"/>')
        drawn.append(_text(_RIGHT + 28, y, label))
    drawn.append(_text(_LEFT, _HEIGHT - 12, note, "note"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        f' role="img" aria-label="{escape(title)}">\n'
        f"<style>{_STYLE}</style>\n" + "\n".join(drawn) + "\n</svg>\n",
        encoding="utf-8",
    )


def _grid() -> list[str]:
    drawn = []
    for percent in range(int(_LEAST), 101, 10):
        y = _y(percent)
        drawn.append(f'<line class="grid" x1="{_LEFT}" x2="{_RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        drawn.append(_text(10, y + 4, f"{percent}%", "note"))
    for percent in range(0, int(_MOST) + 1, 2):
        drawn.append(_text(_x(percent) - 8, _BASE + 18, f"{percent}%", "note"))
    goal = _x(2)
    drawn.append(f'<line class="goal" x1="{goal}" x2="{goal}" y1="{_TOP}" y2="{_BASE}"/>')
    return drawn


def _x(percent: float) -> float:
    return _LEFT + percent / _MOST * (_RIGHT - _LEFT)


def _y(percent: float) -> float:
    return _BASE - (max(percent, _LEAST) - _LEAST) / (100 - _LEAST) * (_BASE - _TOP)


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    name = f' class="{kind}"' if kind else ""
    return f'<text{name} x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'
