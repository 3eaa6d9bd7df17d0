"""What kind of value a text looks like, and which texts stand for null."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

# The first pattern that fits says the kind; the rest is text.
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("empty", r"\s*"),
        ("number", r"[-+(]?\s?[$€£]?\s?\d+([.,' ]\d{3})*([.,]\d*)?(e[-+]?\d+)?\s?[%€$]?\)?"),
        ("number", r"[-+]?[.,]\d+(e[-+]?\d+)?"),
        ("date", r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}"),
        (
            "time",
            r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}[T ]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s?"
            r"(Z|[AP]M|UTC|[-+]\d{2}:?(\d{2})?)?",
        ),
        ("time", r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?(\s?[AP]M)?"),
        ("truth", r"true|false|yes|no|[tfyn]"),
        ("uuid", r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}"),
        ("email", r"[^@\s,;|]+@[^@\s,;|]+\.[^@\s,;|]+"),
        ("url", r"[a-z]+://[^\s;|]+"),
    )
)

# Always null where a field is nothing else.
_SURE_NULLS = ("NULL", "null", r"\N", "N/A", "n/a", "#N/A")

# Words and codes as well (Namibia, a surname): null where the column holds other things than text.
_POSSIBLE_NULLS = ("NA", "na", "None", "none", "NaN", "nan", "-", "--", "?")

NULLS = frozenset({*_SURE_NULLS, *_POSSIBLE_NULLS})

# A column is of a kind when so many of its values are.
_MOST = 0.8


@lru_cache(maxsize=50_000)
def kind(text: str) -> str:
    """Name the kind: empty, number, date, time, truth, uuid, email, url or text."""
    return next((name for name, pattern in _KINDS if pattern.fullmatch(text)), "text")


def column_kind(values: Sequence[str]) -> str:
    """Name the kind of most values that are neither empty nor null; empty where there are none."""
    kinds = Counter(kind(value) for value in values if value not in NULLS)
    del kinds["empty"]
    if not kinds:
        return "empty"
    name, count = kinds.most_common(1)[0]
    return name if count >= _MOST * kinds.total() else "text"


def null_markers(
    columns: Sequence[str], rows: Sequence[Sequence[str | None]]
) -> tuple[list[str], list[str]]:
    """Find the texts that stand for null.

    Args:
        columns: names, for the notes.
        rows: of as many values each; None for one in quotes, which is never null.

    Returns:
        The markers, the most frequent first, and notes on texts that may be some.
    """
    found: Counter[str] = Counter()
    notes = []
    for place, name in enumerate(columns):
        values = [value for row in rows if (value := row[place]) is not None]
        seen = Counter(value for value in values if value in NULLS or not value)
        of_text = column_kind(values) in {"text", "empty"}
        for marker, count in seen.items():
            if marker in _POSSIBLE_NULLS and of_text:
                notes.append(f"{marker!r} in {name!r} may stand for null, or be a value")
            else:
                found[marker] += count
    if r"\N" in found:
        # Who writes it writes empty texts as such.
        del found[""]
    return [marker for marker, _ in found.most_common()] or [""], notes
