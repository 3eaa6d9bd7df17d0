"""Random bits become values of a distribution: by integers, or by `exact`'s functions.

Every draw is its own 64 bits, so a value hangs on nothing but its place. The same bits give the
same value on every machine. Arrays of 8,000 to 16,000 draws stay in the cache and are fastest.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from generator.engine.randomness.discrete import Choice, Poisson, Zipf, poisson_counts
from generator.engine.randomness.exact import exp, log, normal_quantile, open_unit, power
from generator.engine.randomness.mix import NULL, Bits, Floats, Ints, Keys
from generator.errors import ModelError

__all__ = [
    "Choice",
    "Poisson",
    "Zipf",
    "exponential",
    "log_normal",
    "normal",
    "poisson_counts",
    "popular",
    "scatter",
    "uniform",
    "whole",
]

_U32 = np.uint64(32)
_LOW_32 = np.uint64(2**32 - 1)
_U24 = np.uint64(24)
_LOW_24 = np.uint64(2**24 - 1)
_U16 = np.uint64(16)
_LOW_16 = np.uint64(2**16 - 1)

WIDEST = 2**40

# Whole numbers that a float tells apart from both neighbours.
_EXACT = 2.0**53


def uniform(bits: Bits, low: int | Ints, high: int | Ints) -> Ints:
    """Return whole numbers from low to high, both included and all alike.

    Multiply and shift (D. Lemire, "Fast random integer generation in an interval", 2019) with all
    64 bits: two numbers' chances differ by less than one part in 2**23.

    Args:
        bits: one draw a number.
        low: least, one for all or one a draw.
        high: greatest; where either is NULL, so is the result.

    Raises:
        ModelError: high is below low, or 2**40 or more above it.
    """
    missing = None
    spans = np.asarray(high) - low
    spans += 1
    if spans.size and (spans.min() < 1 or spans.max() > WIDEST):
        missing = (np.asarray(low) == NULL) | (np.asarray(high) == NULL)
        spans = np.where(missing, 1, spans)
        wrong = np.flatnonzero((spans < 1) | (spans > WIDEST))
        if len(wrong):
            least = np.broadcast_to(low, spans.shape).ravel()[wrong[0]]
            greatest = np.broadcast_to(high, spans.shape).ravel()[wrong[0]]
            raise ModelError(
                f"a uniform value between {least} and {greatest}: max must be at least min, and "
                f"less than {WIDEST:,} above it"
            )
    numbers = _scale(bits, spans.astype(np.uint64)).view(np.int64)
    numbers += low
    if missing is not None:
        numbers[np.broadcast_to(missing, numbers.shape)] = NULL
    return numbers


def _scale(bits: Bits, spans: Bits) -> Bits:
    """Return bits * spans / 2**64, rounded down, in steps that fit into 64 bits."""
    if not spans.size or spans.max() <= 2**32:
        part = bits & _LOW_32
        part *= spans
        part >>= _U32
        high = bits >> _U32
        high *= spans
        high += part
        high >>= _U32
        return high
    part = bits & _LOW_16
    part *= spans
    part >>= _U16
    for shift in (_U16, _U16 + _U24):
        high = bits >> shift
        high &= _LOW_24
        high *= spans
        part += high
        part >>= _U24
    return part


def normal(bits: Bits, mean: float | Floats, spread: float | Floats) -> Floats:
    """Return normal deviates.

    Args:
        bits: one draw a value.
        mean: mean, one for all or one a draw.
        spread: standard deviation.
    """
    values = normal_quantile(open_unit(bits))
    values *= spread
    values += mean
    return values


def log_normal(bits: Bits, median: float | Floats, sigma: float | Floats) -> Floats:
    """Return values whose logarithm is normal.

    Args:
        bits: one draw a value.
        median: median, one for all or one a draw.
        sigma: standard deviation of the logarithm.
    """
    values = normal_quantile(open_unit(bits))
    values *= sigma
    values = exp(values)
    values *= median
    return values


def exponential(bits: Bits, mean: float | Floats) -> Floats:
    """Return exponential waiting times.

    Args:
        bits: one draw a value.
        mean: mean, one for all or one a draw.
    """
    values = log(open_unit(bits))
    values *= mean
    return np.negative(values, out=values)


def whole(values: Floats, low: int | Ints | None = None, high: int | Ints | None = None) -> Ints:
    """Round to whole numbers, halves up, and set those outside the limits to the nearer one.

    Args:
        values: any; they are limited to +-2**53.
        low: least, one for all or one a value.
        high: greatest.
    """
    rest = np.minimum(values, _EXACT)
    np.maximum(rest, -_EXACT, out=rest)
    floor = np.floor(rest)
    # The rest is exact, values + 0.5 is not.
    rest -= floor
    numbers = floor.astype(np.int64)
    numbers += rest >= 0.5
    if high is not None:
        np.minimum(numbers, high, out=numbers)
    if low is not None:
        np.maximum(numbers, low, out=numbers)
    return numbers


def popular(bits: Bits, count: int | Ints, exponent: float, head: float) -> Ints:
    """Return ranks 0..count-1, the first ones more often (Zipf-Mandelbrot).

    The density at r is (r + head * count)**-exponent. Scaled to count = 1, its distribution
    function does not hang on the count and has an inverse in closed form.

    Args:
        bits: one draw a rank.
        count: number of ranks, 1 or more, one for all or one a draw.
        exponent: 0 (all alike) or more.
        head: above 0; the smaller, the greater the share of the first ranks.
    """
    place = _place(open_unit(bits), exponent, head)
    place *= count
    rank = place.astype(np.int64)
    return np.minimum(rank, count - 1, out=rank)


def _place(u: Floats, exponent: float, head: float) -> Floats:
    """Return the inverse distribution function for count = 1; `u` is used up."""
    if exponent == 0:
        return u
    start, width = _popularity(exponent, head)
    u *= width
    if exponent == 1:
        u = exp(u)
        u -= 1.0
        u *= head
        return u
    u += start
    if exponent == 0.5:
        u *= u
    else:
        u = power(u, 1.0 / (1.0 - exponent))
    u -= head
    return u


@lru_cache(maxsize=256)
def _popularity(exponent: float, head: float) -> tuple[float, float]:
    """Return the density's integral at 0, and from there to 1; without its constant factor."""
    ends = np.array([head, 1.0 + head])
    if exponent == 1:
        ends = log(ends)
    elif exponent == 0.5:
        ends = np.sqrt(ends)
    else:
        ends = power(ends, 1.0 - exponent)
    return float(ends[0]), float(ends[1] - ends[0])


def scatter(keys: Keys, rank: Ints, count: int | Ints) -> Ints:
    """Map ranks 0..count-1 one to one to rows 0..count-1: popular ones are not the oldest.

    An affine map over the next power of two is one to one; what falls outside is mapped again until
    it falls inside (cycle walking; Black and Rogaway, "Ciphers with arbitrary finite domains",
    2002).

    Args:
        keys: the drawing table's keys: another table's map is another one.
        rank: the ranks.
        count: number of rows, 1 or more, one for all or one a rank.
    """
    # No column's name begins with a slash: the map shares its draws with none.
    factor, offset = keys.draw("/scatter", np.arange(2)) | np.uint64(1)
    digits = np.frexp(np.asarray(count) - 1)[1]  # of the count's binary form, exactly
    mask = ((np.int64(1) << digits.astype(np.int64)) - 1).astype(np.uint64)
    rows = rank.astype(np.uint64)
    rows *= factor
    rows += offset
    rows &= mask
    numbers = rows.view(np.int64)
    outside = np.flatnonzero(numbers >= count)
    if len(outside):
        masks, counts = np.broadcast_to(mask, rows.shape), np.broadcast_to(count, rows.shape)
    while len(outside):
        again = rows[outside]
        again *= factor
        again += offset
        again &= masks[outside]
        rows[outside] = again
        outside = outside[again.view(np.int64) >= counts[outside]]
    return numbers
