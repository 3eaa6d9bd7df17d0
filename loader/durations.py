"""Durations as people write them: `30s`, `5 minutes`, `1h`, `2d`."""

from __future__ import annotations

import re
from datetime import timedelta

_DURATION = re.compile(
    r"\s*(?P<count>[0-9]{1,9})\s*"
    r"(?:(?P<seconds>s|seconds?)|(?P<minutes>m|minutes?)|(?P<hours>h|hours?)|(?P<days>d|days?))\s*"
)


def parse_duration(text: str) -> timedelta:
    """Read a whole number with its unit: seconds, minutes, hours or days, or their first letter.

    Raises:
        ValueError: it is none, or longer than Python can count.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no duration: write it like 30s, 5 minutes, 1h or 2d")
    unit = next(name for name in ("seconds", "minutes", "hours", "days") if found[name])
    try:
        return timedelta(**{unit: int(found["count"])})
    except OverflowError:
        raise ValueError(f"{text!r} is longer than can be counted") from None
