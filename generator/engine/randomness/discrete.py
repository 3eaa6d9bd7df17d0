"""Weighted choices and counts: distributions over a list of whole numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from generator.engine.randomness.exact import exp, normal_quantile, open_unit, power
from generator.engine.randomness.mix import Bits, Floats, Ints
from generator.errors import ModelError

# Weights are counted in units of 2**-62 of their sum.
_WEIGHT_BITS = 62

# Below this mean, a Poisson count is found by adding up probabilities from 0.
_FEW = 100.0
_NOTHING = 2.0**-60


class Choice:
    """A weighted choice, exact to 2**-50: the alias method (A. J. Walker, 1977).

    The bits' first digits pick one of 2**k slots, the others one of the slot's two outcomes. The
    slots are filled by one sweep over the outcomes that have too little and those that have too
    much (L. Hübschle-Schneider and P. Sanders, "Parallel Weighted Random Sampling", 2019), in
    integers.

    Args:
        weights: one weight an outcome, in any unit; they need not add up to one.
    """

    def __init__(self, weights: Sequence[float] | Floats) -> None:
        slot_bits = max(1, (len(weights) - 1).bit_length())
        slots = 1 << slot_bits
        capacity = 1 << (_WEIGHT_BITS - slot_bits)
        units = np.zeros(slots, dtype=np.int64)
        units[: len(weights)] = _units(weights)
        filled, other = _fill_slots(units, capacity)
        # As a border among all 64-bit numbers; a full slot holds its own outcome twice.
        numbers = np.arange(slots, dtype=np.int64)
        full = filled == capacity
        borders = numbers.astype(np.uint64) << np.uint64(64 - slot_bits)
        self._borders = borders + (np.where(full, 0, filled) << 2).astype(np.uint64)
        other[full] = numbers[full]
        self._outcomes = np.stack([numbers, other], axis=1).ravel()
        self._shift = np.uint64(64 - slot_bits)

    def __call__(self, bits: Bits) -> Ints:
        """Return the number of the outcome, from 0, for each draw."""
        slot = (bits >> self._shift).view(np.int64)
        second = bits >= self._borders.take(slot, mode="clip")
        slot <<= 1
        slot += second
        return self._outcomes.take(slot, mode="clip")


def _units(weights: Sequence[float] | Floats) -> Ints:
    """Return the weights as whole numbers that add up to 2**_WEIGHT_BITS."""
    floats = np.asarray(weights, dtype=np.float64)
    total = math.fsum(floats)
    if not total > 0 or floats.min() < 0 or not math.isfinite(total):
        raise ModelError(f"weights {list(weights)[:8]}: give numbers from 0, at least one above 0")
    units = (floats / total * 2.0**_WEIGHT_BITS).astype(np.int64)
    # What rounding lost or made goes to the heaviest.
    units[np.argmax(units)] += (1 << _WEIGHT_BITS) - int(units.sum())
    return units


def _fill_slots(units: Ints, capacity: int) -> tuple[Ints, Ints]:
    """Return how much of each slot is its own, and which outcome has the rest.

    Outcomes with less than a slot are filled up, in order, from those with more, in order. One with
    more that has given too much away is itself filled up from the next of its kind.
    """
    filled, other = units.copy(), np.arange(len(units), dtype=np.int64)
    light, heavy = np.flatnonzero(units < capacity), np.flatnonzero(units >= capacity)
    lack = np.cumsum(capacity - units[light])
    spare = np.cumsum(units[heavy] - capacity)
    # A light one takes from the heavy one whose turn it is when the sweep comes to it.
    other[light] = heavy[np.searchsorted(spare, lack - (capacity - units[light]), side="right")]
    # A heavy one is left with what the light one that emptied it did not take. Where that one took
    # just what was there, nothing is missing: so it is with the last one, as both sums end on the
    # same number, and with those that have nothing to spare before anybody has taken.
    taken = np.append(lack, spare[-1])[np.searchsorted(lack, spare, side="left")]
    emptied = np.flatnonzero((taken > spare) & (spare > 0))
    filled[heavy] = capacity
    filled[heavy[emptied]] += spare[emptied] - taken[emptied]
    other[heavy[emptied]] = heavy[emptied + 1]
    return filled, other


class Zipf:
    """Ranks from 1 to `count`, rank r in proportion to r**-exponent.

    Args:
        count: the number of ranks.
        exponent: 0 (all alike) or more.
    """

    def __init__(self, count: int, exponent: float) -> None:
        self._choice = Choice(power(np.arange(1.0, count + 1.0), -exponent))

    def __call__(self, bits: Bits) -> Ints:
        """Return a rank for each draw."""
        rank = self._choice(bits)
        rank += 1
        return rank


class Poisson:
    """Counts of independent events, `mean` on average.

    Args:
        mean: above 0.
    """

    def __init__(self, mean: float) -> None:
        self._least, weights = _poisson_weights(mean)
        self._choice = Choice(weights)

    def __call__(self, bits: Bits) -> Ints:
        """Return a count for each draw."""
        count = self._choice(bits)
        count += self._least
        return count


def _poisson_weights(mean: float) -> tuple[int, Floats]:
    """Return the first count that can matter and the weights from it on.

    The weights follow from the most frequent count's by the quotients of neighbours, mean / count;
    what lies 10 deviations and more away has less than 2**-60 of all.
    """
    reach = 10.0 * math.sqrt(mean) + 40.0
    middle = math.floor(mean)
    least = max(0, math.floor(mean - reach))
    up = mean / np.arange(middle + 1.0, math.ceil(mean + reach))
    down = np.arange(float(middle), float(least), -1.0) / mean
    below, above = np.multiply.accumulate(down)[::-1], np.multiply.accumulate(up)
    return least, np.concatenate([below, np.ones(1), above])


def poisson_counts(bits: Bits, means: Floats) -> Ints:
    """Return a Poisson count for each mean, by the inverse of its distribution function.

    Args:
        bits: one draw a mean.
        means: from 0 to 10**7.
    """
    u = open_unit(bits)
    counts = np.zeros(len(means), dtype=np.int64)
    few = means < _FEW
    counts[few] = _few(u[few], means[few])
    many = np.flatnonzero(~few)
    counts[many] = _many(u[many], means[many])
    return counts


def _few(u: Floats, means: Floats) -> Ints:
    """Add up each mean's probabilities until they pass u."""
    probability = exp(-means)
    total = probability.copy()
    counts = np.zeros(len(means), dtype=np.int64)
    for count in range(1, math.ceil(_FEW + 10 * math.sqrt(_FEW) + 40)):
        # Near u = 1, rounding can leave the total below u for ever.
        more = (total <= u) & ((probability > _NOTHING) | (total < 0.5))
        if not more.any():
            break
        counts += more
        probability *= means
        probability /= count
        total += probability
    return counts


def _many(u: Floats, means: Floats) -> Ints:
    """Invert by an expansion in the normal quantile; add up exactly where that leaves doubt.

    Expansion and error bound: M. B. Giles, "Algorithm 955: approximation of the inverse Poisson
    cumulative distribution function", ACM TOMS 42, 2016.
    """
    w = normal_quantile(u)
    root = np.sqrt(means)
    square = w * w
    at = means + root * w + (square + 2.0) / 6.0
    at -= w * (square + 2.0) / (72.0 * root)
    at += (square * (3.0 * square + 7.0) - 16.0) / (810.0 * means)
    doubt = (1 / 40 + square / 80 + square * square / 160) / means
    counts = np.floor(at - doubt).astype(np.int64)
    for i in np.flatnonzero(np.floor(at + doubt) != counts):
        least, weights = _poisson_weights(float(means[i]))
        total = np.cumsum(weights)
        counts[i] = least + np.searchsorted(total, u[i] * total[-1], side="right")
    return counts
