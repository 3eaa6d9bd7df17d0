"""How far a column has gone from its last profile: population stability index, Kolmogorov-Smirnov.

Both are computed from what the last profile kept: the distribution of numbers at its percentiles,
the most frequent values, the most frequent patterns. Its rows are not needed any more.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from monitor.profiles.figures import By, Drift, Grid, Reference

# A share of nothing has no logarithm: it counts as so much.
_LEAST_SHARE = 1e-4

# "Significant change" in the rule of thumb of credit scoring (Siddiqi, Credit Risk Scorecards,
# 2006).
_PSI_LIMIT = 0.25

# So much difference between two distributions matters, however many rows show it.
_KS_LIMIT = 0.1

# Of both limits: the share of columns that have not changed and are above it by chance.
_SIGNIFICANCE = 0.01
_NORMAL_QUANTILE = 2.3263478740408408  # of 1 - _SIGNIFICANCE

# Bins of numbers: tenths of the last profile's.
_BINS = 10


def psi(before: Sequence[float], now: Sequence[float]) -> float:
    """Compute the population stability index: the sum of (q - p) * ln(q / p) over bins.

    It is the symmetric form of the Kullback-Leibler divergence (Kullback and Leibler, "On
    Information and Sufficiency", 1951, where it is J), in use for score cards since Lewis, "An
    Introduction to Credit Scoring" (1994).

    Args:
        before: p, share of each bin in the last profile.
        now: q, share of each bin now.
    """
    total = 0.0
    for p, q in zip(before, now, strict=True):
        p_, q_ = max(p, _LEAST_SHARE), max(q, _LEAST_SHARE)
        total += (q_ - p_) * math.log(q_ / p_)
    return total


def psi_limit(bins: int, rows_before: int, rows_now: int) -> float:
    """Say what the index is above when a distribution has changed.

    Of two samples of one population the index is nearly chi-square distributed with bins - 1
    degrees of freedom, times 1/n + 1/m (Yurdakul, "Statistical Properties of Population Stability
    Index", 2018): small samples are far apart by chance. The quantile of chi-square is Wilson and
    Hilferty's ("The Distribution of Chi-Square", 1931).
    """
    degrees = bins - 1
    if degrees < 1 or not rows_before or not rows_now:
        return _PSI_LIMIT
    part = 2 / (9 * degrees)
    quantile = degrees * (1 - part + _NORMAL_QUANTILE * math.sqrt(part)) ** 3
    return max(_PSI_LIMIT, quantile * (1 / rows_before + 1 / rows_now))


def ks(before: Sequence[float], now: Sequence[float]) -> float:
    """Compute the Kolmogorov-Smirnov statistic: the greatest distance of two distributions.

    Smirnov, "Table for Estimating the Goodness of Fit of Empirical Distributions" (1948). It is
    taken at the last profile's percentiles, not at each value: of a column without frequent values
    it is at most 0.01 below the true one.

    Args:
        before: share of numbers up to each percentile, in the last profile.
        now: likewise, now.
    """
    return max((abs(p - q) for p, q in zip(before, now, strict=True)), default=0.0)


def ks_limit(rows_before: int, rows_now: int) -> float:
    """Say what the statistic is above when a distribution has changed.

    The asymptotic limit of Smirnov (1948), sqrt(-ln(a / 2) / 2) * sqrt((n + m) / (n * m)), and not
    less than what matters.
    """
    if not rows_before or not rows_now:
        return _KS_LIMIT
    factor = math.sqrt(-math.log(_SIGNIFICANCE / 2) / 2)
    return max(_KS_LIMIT, factor * math.sqrt((rows_before + rows_now) / (rows_before * rows_now)))


def drift_of_numbers(
    last: Reference, grid: Grid, now: Sequence[float] | None, rows: int, nulls: int
) -> Drift:
    """Compare a column of numbers with its last profile; null is a bin of its own.

    Args:
        last: the last profile's.
        grid: of it.
        now: share of today's numbers up to each of the grid's; none where there are no numbers.
        rows: of the column now.
        nulls: of these, without a value.
    """
    ends = _bin_ends(grid)
    p = _shares([grid.share[end] for end in ends])
    q = _shares([now[end] for end in ends]) if now else [0.0] * len(p)
    found = _with_nulls("numbers", last, (p, q), (last.rows, rows), nulls / rows)
    if now is None:
        return found
    distance = ks(grid.share, now)
    limit = ks_limit(last.rows - last.nulls, rows - nulls)
    return replace(found, ks=distance, ks_limit=limit, drifted=found.drifted or distance > limit)


def drift_of_values(last: Reference, now: Mapping[str, int], rows: int, nulls: int) -> Drift:
    """Compare a column of few values with its last profile; null and all other values are bins.

    Args:
        last: the last profile's.
        now: today's rows of the values that it has.
        rows: of the column now.
        nulls: of these, without a value.
    """
    p = _of_counts(last.top, last.top, last.rows - last.nulls)
    q = _of_counts(last.top, now, rows - nulls)
    return _with_nulls("values", last, (p, q), (last.rows, rows), nulls / rows)


def drift_of_patterns(
    last: Reference, now: Mapping[str, int], looked_at: int, rows: int, nulls: int
) -> Drift:
    """Compare the patterns of a column of texts with its last profile's; all others are one bin.

    Args:
        last: the last profile's.
        now: today's rows of the patterns that it has.
        looked_at: rows whose patterns these are.
        rows: of the column now.
        nulls: of these, without a value.
    """
    p = _of_counts(last.patterns, last.patterns, last.pattern_rows)
    q = _of_counts(last.patterns, now, looked_at)
    sizes = last.pattern_rows or last.rows, looked_at or rows
    return _with_nulls("patterns", last, (p, q), sizes, nulls / rows)


def drift_of_nulls(last: Reference, rows: int, nulls: int) -> Drift:
    """Compare how many rows of a column have a value, where nothing else is known of them."""
    return _with_nulls("nulls", last, ([1.0], [1.0]), (last.rows, rows), nulls / rows)


def _with_nulls(
    by: By,
    last: Reference,
    shares: tuple[Sequence[float], Sequence[float]],
    sizes: tuple[int, int],
    null_share: float,
) -> Drift:
    """Add null as a bin to the shares of those rows that have a value, before and now."""
    before, now = shares
    null_share_before = last.nulls / last.rows if last.rows else 0.0
    p = [share * (1 - null_share_before) for share in before] + [null_share_before]
    q = [share * (1 - null_share) for share in now] + [null_share]
    index, limit = psi(p, q), psi_limit(len(p), *sizes)
    return Drift(by, last.profiled_at, index, limit, None, None, index > limit)


def _bin_ends(grid: Grid) -> list[int]:
    """Choose the places of the grid where a tenth of the numbers ends; a value ends one at most."""
    last = len(grid.at) - 1
    ends = [bisect_right(grid.share, k / _BINS - 1e-12) for k in range(1, _BINS)]
    return sorted({min(end, last) for end in ends})


def _shares(upto: Sequence[float]) -> list[float]:
    """Turn shares up to the ends of bins into those of the bins; the last bin holds the rest."""
    bounds = [0.0, *upto, 1.0]
    return [after - before for before, after in pairwise(bounds)]


def _of_counts(names: Iterable[str], counts: Mapping[str, int], rows: int) -> list[float]:
    known = [counts.get(name, 0) for name in names]
    others = rows - sum(known)
    return [count / rows if rows else 0.0 for count in (*known, others)]
