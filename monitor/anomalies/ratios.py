"""Figures of a row: what a table's days are made of, apart from how much of it there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

import numpy as np

from monitor.anomalies.detector import MEAN, Calendar, Series, Verdict, judge, judge_together
from monitor.anomalies.scales import Kind


def a_row(figures: Series, rows: Series) -> Series:
    """Divide figures by the rows of their days; a day without rows has none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.where(rows.values > 0, figures.values / rows.values, np.nan)
    return Series(figures.first, values, Kind.MEAN)


def together_or_apart(
    named: Mapping[str, Series], day: date, calendar: Calendar
) -> Iterator[Verdict]:
    """Judge figures of a day together, and each of them by the row.

    Args:
        named: the figures, that of the rows first.
        day: which is judged.
        calendar: the days off.

    Yields:
        The verdict on all, then those on each a row.
    """
    yield judge_together(named, day, calendar=calendar)
    (_, rows), *others = named.items()
    for _, figures in others:
        yield judge(a_row(figures, rows), day, MEAN, calendar, rows=rows)
