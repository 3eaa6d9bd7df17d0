"""Small charts as inline SVG: no script, no request, colours from the page's CSS.

Each has a sentence for those who do not see it. Coordinates are rounded: six hundred charts fit a
page that is mailed around.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from markupsafe import Markup

from monitor.check import Status

_STEP = 4  # units that a run is wide


def statuses(found: Sequence[Status | None], *, runs: int = 30) -> Markup:
    """Draw how a check ended in the last runs, oldest first; those it was not part of stay empty.

    Args:
        found: of each run, oldest first.
        runs: how many runs fit; a shorter history stands on the right.
    """
    shown = list(found)[-runs:]
    before = runs - len(shown)
    parts, place = [], before * _STEP
    for status, same in groupby(shown):
        width = len(list(same)) * _STEP
        if status is not None:
            parts.append(
                Markup('<rect class="{}" x="{}" width="{}"/>').format(status, place, width - 1)
            )
        place += width
    return Markup(
        '<svg class="runs" role="img" aria-label="{}" viewBox="0 0 {w} 12">{}</svg>'
    ).format(_told(shown), Markup("").join(parts), w=runs * _STEP)


def _told(shown: Sequence[Status | None]) -> str:
    counted = [(status, shown.count(status)) for status in Status if status in shown]
    return ", ".join(f"{n} {status}" for status, n in counted) or "no run"


def line(
    values: Sequence[float | None], label: str, *, width: int = 120, height: int = 24
) -> Markup:
    """Draw figures as a line, oldest first, from 0 up; gaps where there is none.

    Args:
        values: oldest first.
        label: what is shown, for those who do not see it.
        width: of the chart.
        height: of the chart.
    """
    highest = max((value for value in values if value is not None), default=0) or 1
    step = width / max(len(values) - 1, 1)
    points, pen = [], "M"
    for place, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        up = height - 2 - (height - 4) * max(value, 0) / highest
        points.append(f"{pen}{place * step:.0f} {up:.1f}")
        pen = "L"
    return Markup(
        '<svg role="img" aria-label="{}" width="{w}" height="{h}" viewBox="0 0 {w} {h}">'
        '<path class="line" d="{}"/></svg>'
    ).format(label, "".join(points), w=width, h=height)


def bars(
    values: Sequence[float], label: str, *, names: Sequence[str] = (), height: int = 80
) -> Markup:
    """Draw figures as bars, such as a histogram.

    Args:
        values: none below 0.
        label: what is shown, for those who do not see it.
        names: of each bar, shown when pointed at; none: without.
        height: of the chart.
    """
    highest = max(values, default=0) or 1
    wide = 12
    drawn = []
    for place, value in enumerate(values):
        high = (height - 2) * max(value, 0) / highest
        title = Markup("<title>{}</title>").format(names[place]) if names else Markup("")
        drawn.append(
            Markup('<rect class="bar" x="{}" y="{}" width="{}" height="{}">{}</rect>').format(
                place * wide, f"{height - high:.1f}", wide - 2, f"{high:.1f}", title
            )
        )
    return Markup(
        '<svg role="img" aria-label="{}" width="{w}" height="{h}" viewBox="0 0 {w} {h}">{}</svg>'
    ).format(label, Markup("").join(drawn), w=max(len(values), 1) * wide, h=height)


def stacked(runs: Sequence[Sequence[int]], classes: Sequence[str], label: str) -> Markup:
    """Draw counts on top of each other, a column a run, oldest first.

    Args:
        runs: of each run, its counts.
        classes: of each count, the CSS class that colours it.
        label: what is shown, for those who do not see it.
    """
    height, wide = 60, 12
    highest = max((sum(counts) for counts in runs), default=0) or 1
    drawn = []
    for place, counts in enumerate(runs):
        top = float(height)
        for count, name in zip(counts, classes, strict=True):
            # What there is at all must be seen: one failure among 500 checks is what matters.
            high = max(height * count / highest, 3.0) if count else 0.0
            top = max(top - high, 0.0)
            if count:
                drawn.append(
                    Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
                        name, place * wide, f"{top:.1f}", wide - 2, f"{high:.1f}"
                    )
                )
    return Markup(
        '<svg role="img" aria-label="{}" width="{w}" height="{h}" viewBox="0 0 {w} {h}">{}</svg>'
    ).format(label, Markup("").join(drawn), w=max(len(runs), 1) * wide, h=height)
