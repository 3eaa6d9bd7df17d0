"""The seed of days off, read from its file: a benchmark has no warehouse."""

from __future__ import annotations

import csv
from datetime import date

from warehouse.settings import PROJECT_DIR

_SEED = PROJECT_DIR / "seeds/days_off.csv"


def listed_days_off(source: str) -> frozenset[date]:
    """Give the days that are listed for a source or for all."""
    with _SEED.open(encoding="utf-8", newline="") as file:
        return frozenset(
            date.fromisoformat(row["day"])
            for row in csv.DictReader(file)
            if row["source"] in {"", source}
        )
