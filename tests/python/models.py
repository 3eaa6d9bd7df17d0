"""The built-in data models as JSON, to be changed by tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MODELS = Path(__file__).parents[2] / "generator" / "models"

# What `Landing.table` adds to a record.
PLACE = ["batch", "path", "record"]

# The shop in every format there is, so that references cross all borders between them.
MIXED_FORMATS = {
    "categories": "json.gz",
    "suppliers": "parquet",
    "products": "csv",
    "inventory": "csv.zst",
    "customers": "csv.gz",
    "orders": "csv",
    "order_items": "parquet",
    "payments": "csv.zst",
    "shipments": "csv.gz",
    "returns": "json.zst",
    "reviews": "parquet",
    "bids": "json",
}


def model_of(name: str) -> dict[str, Any]:
    """The content of a built-in model's file."""
    content: dict[str, Any] = json.loads((MODELS / f"{name}.json").read_text())
    return content
