"""Daily series to plant faults in: of the real shop, and of generated ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from bench.anomalies.days_off import listed_days_off
from monitor.anomalies.detector import Calendar, Series
from monitor.anomalies.scales import Kind

MEASURES = ("lines", "orders", "revenue", "customers")

_KINDS = {"revenue": Kind.AMOUNT}

# A generated shop: what a week and a year look like, and what chance does.
_WEEK = (1.0, 1.05, 1.1, 1.0, 1.25, 0.9, 0.6)
_SEASON = 0.4
_GROWTH_A_YEAR = 1.8
_ORDERS_A_DAY = 300.0
_DAY_NOISE = 0.10
_ITEM_NOISE = 0.05


@dataclass(frozen=True)
class Shop:
    """A shop's figures of every calendar day.

    Args:
        name: of the shop.
        series: its figures, lines first.
        calendar: its days off.
    """

    name: str
    series: Mapping[str, Series]
    calendar: Calendar

    @property
    def days(self) -> Sequence[date]:
        """Every day from the first to the last."""
        lines = self.series["lines"]
        return [lines.first + timedelta(days=number) for number in range(len(lines.values))]

    def with_fault(self, day: date, factor: float, measures: Sequence[str] = MEASURES) -> Shop:
        """Give the shop as it is when figures of one day are multiplied."""
        spoilt = dict(self.series)
        for name in measures:
            values = self.series[name].values.copy()
            values[(day - self.series[name].first).days] *= factor
            spoilt[name] = Series(self.series[name].first, values, self.series[name].kind)
        return Shop(self.name, spoilt, self.calendar)


def _shop(name: str, figures: pd.DataFrame, calendar: Calendar) -> Shop:
    """Make a shop of a table with a row for each calendar day."""
    first = figures.index[0].date()
    series = {
        measure: Series(
            first, figures[measure].to_numpy(dtype=np.float64), _KINDS.get(measure, Kind.COUNT)
        )
        for measure in MEASURES
    }
    return Shop(name, series, calendar)


def real_shop(folder: Path) -> Shop:
    """Read the sales of online_retail: a file a day, lines with a price that are no cancellation.

    Args:
        folder: with `<day>.csv.gz`.
    """
    rows = {}
    for path in sorted(folder.glob("*.csv.gz")):
        lines = pd.read_csv(path, dtype=str, keep_default_na=False)
        price = lines["UnitPrice"].astype(float)
        amount = price * lines["Quantity"].astype(int)
        sold = (price > 0) & ~lines["InvoiceNo"].str.startswith("C")
        customers = lines["CustomerID"][sold]
        rows[pd.Timestamp(path.name.removesuffix(".csv.gz"))] = {
            "lines": int(sold.sum()),
            "orders": lines["InvoiceNo"][sold].nunique(),
            "revenue": float(amount[sold].sum()),
            "customers": customers[customers != ""].nunique(),
        }
    figures = pd.DataFrame.from_dict(rows, orient="index")
    # A day without a file is a day of zero rows.
    every_day = pd.date_range(figures.index[0], figures.index[-1])
    return _shop(
        "online_retail",
        figures.reindex(every_day, fill_value=0),
        Calendar(listed_days_off("online_retail")),
    )


def generated_shop(seed: int, days: int = 500) -> Shop:
    """Draw a shop with weekdays, a season, growth and noise; no fault is in it.

    Args:
        seed: the same one gives the same shop.
        days: of history, from 2023-01-01 on.
    """
    random = np.random.default_rng(seed)
    index = pd.date_range("2023-01-01", periods=days)
    numbers = np.arange(days)
    # Highest in the middle of December.
    season = np.exp(_SEASON * np.cos(2 * np.pi * (index.day_of_year.to_numpy() - 350) / 365.25))
    growth = _GROWTH_A_YEAR ** (numbers / 365.25)
    week = np.array(_WEEK)[index.day_of_week.to_numpy()]
    usual = _ORDERS_A_DAY * season * growth * week
    orders = random.poisson(usual * random.lognormal(0, _DAY_NOISE, days))
    lines = random.poisson(2.8 * orders * random.lognormal(0, _ITEM_NOISE, days))
    revenue = lines * 24.0 * random.lognormal(0, 2 * _ITEM_NOISE, days)
    customers = random.binomial(orders, 0.93)
    columns = {"lines": lines, "orders": orders, "revenue": revenue, "customers": customers}
    return _shop(f"generated, seed {seed}", pd.DataFrame(columns, index=index), Calendar())
