"""Scales on which figures of days can be compared: where a difference means the same everywhere.

Counts and amounts are compared as logarithms (half and double lie equally far), shares as the arc
sine of their root (one percent more means more at 0 than at 50, and zero has a place), and means
that can be zero or negative as roots with their sign.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from monitor.anomalies.baseline import Floats

# What stands for a count of zero: half of the least that is more.
_FOR_ZERO = 0.5

# A mean or an amount that vanishes, or turns negative, is so many times less than any before.
_NOTHING = 1000.0


class Kind(StrEnum):
    """What a figure is."""

    COUNT = "count"
    AMOUNT = "amount"
    SHARE = "share"
    MEAN = "mean"


@dataclass(frozen=True)
class Scale:
    """A scale, and the way back.

    Args:
        up: from figures to the scale.
        back: from the scale to a figure.
    """

    up: Callable[[Floats], Floats]
    back: Callable[[float], float]

    def bring(self, history: Floats, value: float) -> float:
        """Bring one figure to the scale, as one more of its history."""
        return float(self.up(np.append(history, value))[-1])


def _log(values: Floats) -> Floats:
    return np.log(np.maximum(values, _FOR_ZERO))


def _log_of_positive(values: Floats) -> Floats:
    least = np.min(values[values > 0], initial=np.inf)
    return np.log(np.maximum(values, least / _NOTHING if np.isfinite(least) else 1.0))


def _root_arc(values: Floats) -> Floats:
    return np.arcsin(np.sqrt(np.clip(values, 0.0, 1.0)))


def _square_sine(value: float) -> float:
    return float(np.sin(np.clip(value, 0.0, np.pi / 2)) ** 2)


def _signed_root(values: Floats) -> Floats:
    return np.sign(values) * np.sqrt(np.abs(values))


def _signed_square(value: float) -> float:
    return value * abs(value)


def _exp(value: float) -> float:
    return float(np.exp(value))


LOG = Scale(_log, _exp)
LOG_OF_POSITIVE = Scale(_log_of_positive, _exp)
ROOT_ARC = Scale(_root_arc, _square_sine)
SIGNED_ROOT = Scale(_signed_root, _signed_square)


def scale_of(kind: Kind, values: Floats) -> Scale:
    """Choose the scale of a series: that of its kind, and of its sign for amounts and means.

    Args:
        kind: of the figures.
        values: of the history, none missing.
    """
    match kind:
        case Kind.COUNT:
            return LOG
        case Kind.SHARE:
            return ROOT_ARC
        case Kind.AMOUNT | Kind.MEAN:
            return LOG_OF_POSITIVE if (values > 0).all() else SIGNED_ROOT


def sampling_variance(kind: Kind, expected: float, value: float, rows: float) -> float:
    """Give the variance of a figure on its scale that is chance alone.

    Args:
        kind: of the figure.
        expected: what is usual, as a figure.
        value: what was found.
        rows: of the day, that a share is of.
    """
    match kind:
        case Kind.COUNT:
            # Roots of Poisson counts have a deviation of 1/2, whatever their mean; this is, on
            # the log scale, the variance between the two of them.
            return 1.0 / max(math.sqrt(expected * max(value, 1.0)), 1.0)
        case Kind.SHARE:  # binomial
            return 1.0 / (4.0 * max(rows, 1.0))
        case Kind.AMOUNT | Kind.MEAN:
            return 0.0
