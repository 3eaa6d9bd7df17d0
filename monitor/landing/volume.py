"""Whether a batch has about as many rows as those before it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from monitor.check import Status

# Fewer batches before it show no usual size.
LEAST_BATCHES = 5

# A batch differs when it is this many times larger or smaller than the median, and further from it
# than that many times the usual distance.
_FACTOR = 2.0
_FAR_FACTOR = 5.0
_DISTANCES = 4.0

# Makes the median absolute deviation of normal figures their standard deviation (Hampel, "The
# Influence Curve and its Role in Robust Estimation", 1974).
_NORMAL = 1.4826


def judge(rows: int, before: Sequence[int]) -> Status:
    """Compare a batch's rows with those of the batches before it, robustly and on a log scale.

    Median and median absolute deviation do not mind a history of a year before the days, nor a few
    days off.

    Args:
        rows: of the batch.
        before: rows of the earlier ones.

    Returns:
        WARN where it differs, FAIL where it does so by far or has none, SKIP where there are too
        few before it.
    """
    if len(before) < LEAST_BATCHES:
        return Status.SKIP
    logs = [math.log1p(count) for count in before]
    center = median(logs)
    spread = _NORMAL * median([abs(one - center) for one in logs])
    # Counts scatter by their root, on a log scale by one part in it: of a few rows that is much.
    spread = max(spread, 1 / math.sqrt(math.exp(center)))
    distance = abs(math.log1p(rows) - center)
    if distance <= max(math.log(_FACTOR), _DISTANCES * spread):
        return Status.PASS
    if distance > max(math.log(_FAR_FACTOR), 2 * _DISTANCES * spread) or not rows:
        return Status.FAIL
    return Status.WARN


def usual(before: Sequence[int]) -> int:
    """Give the rows of a usual batch."""
    return round(median(before)) if before else 0
