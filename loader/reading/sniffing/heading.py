"""Whether a table's first record names its columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from loader.reading.sniffing.values import column_kind, kind

# Records that the first one is compared with.
_COMPARED = 200

_WORD = re.compile(r"[^\W\d][\w .()/#%-]{0,40}")

# As programs call columns: order_id, orderId, CustomerID.
_PROGRAMS_NAME = re.compile(r"[a-z]+(_[a-z0-9]+)+|[a-z]+([A-Z][a-z0-9]*)+|([A-Z][a-z0-9]+)+ID")

_USUAL = re.compile(
    "id|key|code|name|date|time|year|month|day|type|status|value|amount|price|quantity|qty|total|"
    "country|city|currency|email|phone|note|description|title|text|number|label",
    re.IGNORECASE,
)

# So many columns must say the same before it is sure.
_SURE = 1.0


def names_columns(first: Sequence[str], rest: Sequence[Sequence[str]]) -> tuple[bool, bool]:
    """Judge the first record by how it differs from the others.

    Args:
        first: its values.
        rest: those of the others.

    Returns:
        Whether it names the columns, and whether that is sure.
    """
    vote = sum(
        _vote(value, [row[place] for row in rest[:_COMPARED]]) for place, value in enumerate(first)
    )
    if len(set(first)) < len(first):
        vote -= 0.5
    if vote == 0:
        return all(_WORD.fullmatch(value) for value in first), False
    return vote > 0, abs(vote) >= _SURE


def _vote(value: str, below: list[str]) -> float:
    """Say for one column whether its first value is a name (positive) or one of the values."""
    word = value.strip()
    looks = 0.5 if _USUAL.fullmatch(word) or _PROGRAMS_NAME.fullmatch(word) else 0.0
    if kind(value) not in {"text", "empty"}:
        looks = -0.5
    below = [other for other in below if other]
    if not below:
        return looks
    if value in below:
        return -1.0
    if not word:
        return 0.0
    of_column = column_kind(below)
    if of_column not in {"text", "empty"}:
        return 1.0 if kind(value) in {"text", "truth"} and _WORD.match(value) else -1.0
    lengths = {len(other) for other in below}
    if len(below) > 2 and len(lengths) == 1 and len(value) not in lengths and value:
        looks += 0.5
    return looks
