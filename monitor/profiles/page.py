"""Profiles as one HTML page that fetches nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from markupsafe import Markup

from monitor.profiles.figures import ColumnProfile, Correlation, Histogram, Profile, TableProfile
from monitor.report.environment import environment

_TEMPLATES = Path(__file__).with_name("templates")

_CSS = """
.histogram { height: 3.5rem; width: 15rem; }
.columns-of { display: grid; gap: 0 2rem;
  grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); }
.columns-of > div { border-top: 1px solid var(--line); min-width: 0; }
.columns-of td.value { max-width: 12rem; }
"""

_QUANTILES = (1, 5, 25, 50, 75, 95, 99)

# Values and correlations that the page shows; the JSON holds them all.
_SHOWN = 5
_CORRELATIONS = 10
_STRONG = 0.3


def render(profile: Profile) -> str:
    """Write the page of a run's profiles."""
    env = environment(_TEMPLATES, css=_CSS)
    env.filters.update(
        histogram=_histogram, quantiles=_quantiles, strongest=_strongest, figure=_figure
    )
    return env.get_template("profile.html").render(
        profile=profile,
        shown=_SHOWN,
        drifted=[
            (table, column)
            for table in profile.tables
            for column in table.columns
            if column.drift and column.drift.drifted
        ],
    )


def _quantiles(column: ColumnProfile) -> list[tuple[str, str]]:
    return [(f"{k}%", column.quantiles[k]) for k in _QUANTILES]


def _strongest(table: TableProfile) -> list[Correlation]:
    found = [one for one in table.correlations if abs(one.coefficient) >= _STRONG]
    return sorted(found, key=lambda one: -abs(one.coefficient))[:_CORRELATIONS]


def _figure(value: float | None) -> str:
    """Write a figure with six digits that count."""
    return "-" if value is None else f"{value:,.6g}"


def _edge(column: ColumnProfile, edge: float) -> str:
    if column.kind != "time":
        return _figure(edge)
    try:
        at = datetime.fromtimestamp(edge, UTC)
    except (OverflowError, ValueError, OSError):
        return _figure(edge)
    return at.isoformat(sep=" ", timespec="minutes").removesuffix("+00:00")


def _histogram(column: ColumnProfile) -> Markup:
    """Draw a column's histogram, one path for all bars: hundreds of them stand on a page."""
    histogram: Histogram | None = column.histogram
    if histogram is None:
        return Markup("")
    most = max(histogram.rows)
    wide, high = 240 / len(histogram.rows), 56
    path = "".join(
        f"M{place * wide:.0f} {high}v-{max(high * rows / most, 1):.0f}h{wide - 1:.0f}V{high}z"
        for place, rows in enumerate(histogram.rows)
        if rows
    )
    first, last = _edge(column, histogram.edges[0]), _edge(column, histogram.edges[-1])
    return Markup(
        '<figure><svg class="histogram" role="img" aria-label="{}" viewBox="0 0 240 {}"'
        ' preserveAspectRatio="none"><path class="bar" d="{}"/></svg>'
        "<figcaption>{} to {}</figcaption></figure>"
    ).format(
        f"{len(histogram.rows)} ranges from {first} to {last}, up to {most:,} rows",
        high,
        path,
        first,
        last,
    )
