"""Each distribution against its law, with fixed seeds: exact, never flaky."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal, localcontext

import numpy as np
import pytest

from generator.engine.randomness import distributions as laws
from generator.engine.randomness.discrete import _fill_slots
from generator.engine.randomness.mix import NULL, Bits, Floats, Ints, Keys
from generator.errors import ModelError

MANY = 200_000


def bits_of(name: str, count: int = MANY) -> Bits:
    return Keys(1, "laws").draw(name, np.arange(count))


def chi_square_is_small(numbers: Ints, chances: Floats) -> bool:
    """Compare counts of 0, 1, ... with their chances; rare ones at the end are put together."""
    expected = np.asarray(chances) * len(numbers)
    assert abs(expected.sum() - len(numbers)) < 1e-6 * len(numbers)
    seen = np.bincount(numbers, minlength=len(expected)).astype(float)
    assert len(seen) == len(expected)
    usual = expected >= 10
    distance = float((((seen - expected) ** 2)[usual] / expected[usual]).sum())
    rare = float(expected[~usual].sum())
    distance += (float(seen[~usual].sum()) - rare) ** 2 / max(rare, 1)
    freedom = int(usual.sum())
    return distance < freedom + 4 * math.sqrt(2 * freedom) + 4


def farthest(values: Floats, law: Callable[[float], float]) -> float:
    """Return the Kolmogorov-Smirnov distance, times the root of the number of values."""
    ordered = np.sort(values)
    share = np.arange(len(ordered) + 1) / len(ordered)
    chances = np.array([law(value) for value in ordered.tolist()])
    distance = max(np.abs(chances - share[1:]).max(), np.abs(chances - share[:-1]).max())
    return float(distance * math.sqrt(len(ordered)))


def bell(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


# One value in a thousand of the Kolmogorov-Smirnov statistic lies above this.
FAR = 1.95


@pytest.mark.parametrize(
    "weights",
    [(1,), (1, 1), (3, 0, 1), (34, 26, 24, 10, 6), (0.001, 1000), tuple(range(1, 200))],
)
def test_choice_follows_its_weights(weights: tuple[float, ...]) -> None:
    choice = laws.Choice(weights)
    chances = np.array(weights) / sum(weights)
    assert chi_square_is_small(choice(bits_of("choice")), chances)
    # Over an even grid of all bits, no share is off by more than the slots' borders.
    grid = np.arange(2**16, dtype=np.uint64) << np.uint64(48)
    seen = np.bincount(choice(grid), minlength=len(weights))
    assert np.abs(seen - chances * 2**16).max() <= 2 * len(weights)
    assert not seen[chances == 0].any()


@pytest.mark.parametrize("count", [2, 3, 5, 8, 13])
def test_slots_hold_all_of_each_outcome_and_nothing_else(count: int) -> None:
    """Exactly, in whole numbers, for many weights; small ones, so that partial sums are equal."""
    slots = 1 << (count - 1).bit_length()
    capacity = 2**60 // slots
    draws = np.random.default_rng(count).integers(0, 6, (3_000, count))
    # The shop's carriers, and others whose first has just enough for the first lighter ones.
    draws[0, : min(count, 5)] = (34, 26, 24, 10, 6)[: min(count, 5)]
    for weights in draws[draws.sum(axis=1) > 0]:
        units = np.zeros(slots, dtype=np.int64)
        units[:count] = weights * (2**60 // weights.sum())
        units[np.argmax(units)] += 2**60 - units.sum()
        filled, other = _fill_slots(units, capacity)
        assert ((filled >= 0) & (filled <= capacity)).all()
        held = filled.copy()
        np.add.at(held, other, capacity - filled)
        assert (held == units).all(), weights


@pytest.mark.parametrize("weights", [(0, 0), (-1, 2), (math.inf, 1), (math.nan, 1)])
def test_choice_refuses_weights_that_are_none(weights: tuple[float, ...]) -> None:
    with pytest.raises(ModelError, match="at least one above 0"):
        laws.Choice(weights)


@pytest.mark.parametrize("mean", [0.02, 0.7, 3.5, 40.0, 1000.0])
def test_poisson_follows_its_law(mean: float) -> None:
    counts = laws.Poisson(mean)(bits_of("poisson"))
    assert abs(counts.mean() - mean) < 4 * math.sqrt(mean / MANY)
    assert abs(counts.var() / mean - 1) < 0.03
    largest = int(counts.max()) + 60
    chances = [math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(largest + 1)]
    assert chi_square_is_small(counts, np.array(chances))


@pytest.mark.parametrize(("count", "exponent"), [(1, 1), (10, 0), (50, 0.7), (1000, 1.1), (99, 3)])
def test_zipf_ranks(count: int, exponent: float) -> None:
    ranks = laws.Zipf(count, exponent)(bits_of("zipf"))
    assert ranks.min() == 1
    weights = np.arange(1, count + 1) ** -float(exponent)
    assert chi_square_is_small(ranks - 1, weights / weights.sum())


def count_by_adding_up(u: float, mean: float) -> int:
    """Return the least count whose distribution function is above u, with 40 digits."""
    with localcontext() as context:
        context.prec = 40
        rate, below = Decimal(mean), Decimal(u)
        count, chance = 0, (-Decimal(mean)).exp()
        total = chance
        while total <= below:
            count += 1
            chance *= rate / count
            total += chance
        return count


@pytest.mark.parametrize("mean", [0.0, 0.3, 27.4, 99.9, 100.0, 650.25, 5000.5])
def test_poisson_counts_invert_the_distribution_function(mean: float) -> None:
    bits = bits_of("counts", 60)
    bits[:2] = 0, 2**64 - 1
    got = laws.poisson_counts(bits, np.full(len(bits), mean))
    u = laws.open_unit(bits)
    for i in range(len(bits)):
        # 2**-53 below 1, a sum of floats has no bits left to tell the last few counts apart.
        leeway = 8 if i == 1 else 0
        assert abs(got[i] - count_by_adding_up(float(u[i]), mean)) <= leeway


@pytest.mark.parametrize("mean", [0.4, 60.0, 1e3, 1e5, 1e7])
def test_poisson_counts_scatter(mean: float) -> None:
    counts = laws.poisson_counts(bits_of("days", 20_000), np.full(20_000, mean))
    assert abs(counts.mean() - mean) < 4 * math.sqrt(mean / len(counts))
    assert abs(counts.var() / mean - 1) < 0.04


def test_poisson_counts_have_each_its_own_mean() -> None:
    bits = bits_of("mixed", 500)
    means = np.linspace(0, 300, 500)
    together = laws.poisson_counts(bits, means)
    alone = [laws.poisson_counts(bits[i : i + 1], means[i : i + 1])[0] for i in range(500)]
    assert together.tolist() == alone


@pytest.mark.parametrize(("low", "high"), [(0, 0), (1, 6), (-3, 3), (5, 104)])
def test_uniform_reaches_both_ends_alike(low: int, high: int) -> None:
    numbers = laws.uniform(bits_of("uniform"), low, high)
    assert (numbers.min(), numbers.max()) == (low, high)
    span = high - low + 1
    assert chi_square_is_small(numbers - low, np.full(span, 1 / span))


@pytest.mark.parametrize("span", [1, 2, 1000, 2**32 - 1, 2**32, 2**32 + 1, 10**12, 2**40])
def test_uniform_is_the_product_of_bits_and_span(span: int) -> None:
    bits = bits_of("product", 2_000)
    bits[:2] = 0, 2**64 - 1
    expected = [7 + (value * span >> 64) for value in bits.tolist()]
    assert laws.uniform(bits, 7, 6 + span).tolist() == expected


def test_uniform_with_limits_of_their_own() -> None:
    low = np.array([0, 10, NULL, 5, -4] * 1000)
    high = np.array([1, 19, 7, NULL, -4] * 1000)
    numbers = laws.uniform(bits_of("own", 5000), low, high).reshape(-1, 5)
    assert numbers.min(axis=0).tolist() == [0, 10, NULL, NULL, -4]
    assert numbers.max(axis=0).tolist() == [1, 19, NULL, NULL, -4]
    assert laws.uniform(bits_of("own", 3), 2, np.array([2, 2, 2])).tolist() == [2, 2, 2]


@pytest.mark.parametrize(("low", "high"), [(3, 2), (0, 2**40), (np.array([1, 4]), 3)])
def test_uniform_refuses_limits_that_are_none(low: int | Ints, high: int) -> None:
    with pytest.raises(ModelError, match="max must be at least min"):
        laws.uniform(bits_of("refused", 2), low, high)


def test_normal() -> None:
    values = laws.normal(bits_of("normal"), 10.0, 2.0)
    assert farthest(values, lambda x: bell((x - 10) / 2)) < FAR
    assert abs(values.mean() - 10) < 4 * 2 / math.sqrt(MANY)
    assert abs(values.std() - 2) < 0.02
    assert np.abs(values - 10).max() > 8  # the tails are there


def test_log_normal() -> None:
    values = laws.log_normal(bits_of("log_normal"), 40.0, 0.8)
    assert farthest(values, lambda x: bell(math.log(x / 40) / 0.8)) < FAR
    assert abs(float(np.median(values)) / 40 - 1) < 0.01
    assert abs(values.mean() / (40 * math.exp(0.32)) - 1) < 0.02


def test_exponential() -> None:
    values = laws.exponential(bits_of("exponential"), 3.0)
    assert farthest(values, lambda x: 1 - math.exp(-x / 3)) < FAR
    assert abs(values.mean() / 3 - 1) < 0.01
    assert abs(values.std() / 3 - 1) < 0.02
    assert values.min() > 0


def test_parameters_can_be_one_a_draw() -> None:
    bits = bits_of("own", 100)
    means = np.linspace(1, 50, 100)
    for law in (laws.normal, laws.log_normal):
        together = law(bits, means, 0.5)
        alone = [law(bits[i : i + 1], float(means[i]), 0.5)[0] for i in range(100)]
        assert together.tolist() == alone
    together = laws.exponential(bits, means)
    assert together.tolist() == [
        laws.exponential(bits[i : i + 1], float(means[i]))[0] for i in range(100)
    ]


def test_whole_rounds_halves_up_and_limits() -> None:
    values = np.array([0.5, 1.5, -0.5, -1.5, 0.49999999999999994, 2.4, -1e-20, 1e300, -np.inf])
    whole = laws.whole(values).tolist()
    assert whole == [1, 2, 0, -1, 0, 2, 0, 2**53, -(2**53)]
    assert laws.whole(values, 0, 2).tolist() == [1, 2, 0, 0, 0, 2, 0, 2, 0]
    assert laws.whole(np.array([9.0, 9.0]), high=np.array([3, 12])).tolist() == [3, 9]


def popular_chances(count: int, exponent: float, head: float) -> Floats:
    """Return the ranks' chances: integrals of (r + head * count)**-exponent."""
    ends = np.arange(count + 1) + head * count
    integral = np.log(ends) if exponent == 1 else ends ** (1 - exponent) / (1 - exponent)
    chances = np.diff(integral)
    return chances / chances.sum()


@pytest.mark.parametrize("exponent", [0, 0.5, 0.8, 1, 1.5, 2])
@pytest.mark.parametrize(("count", "head"), [(1, 0.01), (3, 1.0), (60, 0.005), (2000, 0.02)])
def test_popular_ranks(exponent: float, count: int, head: float) -> None:
    chances = popular_chances(count, exponent, head)
    ranks = laws.popular(bits_of("popular"), count, exponent, head)
    assert chi_square_is_small(ranks, chances)
    # A count for each draw gives the same as one for all.
    counts = np.full(MANY, count)
    assert np.array_equal(laws.popular(bits_of("popular"), counts, exponent, head), ranks)


def test_popular_stays_below_its_count() -> None:
    ends = np.array([0, 2**64 - 1] * 4, dtype=np.uint64)
    counts = np.array([1, 1, 7, 7, 10**6, 10**6, 10**9, 10**9])
    for exponent in (0, 0.3, 0.5, 1, 1.7):
        ranks = laws.popular(ends, counts, exponent, 0.005)
        assert ranks[::2].tolist() == [0, 0, 0, 0]
        assert (ranks < counts).all()
        assert (ranks[1::2] >= counts[1::2] * 0.999999 - 1).all()


@pytest.mark.parametrize("count", [1, 2, 3, 7, 64, 65, 1000, 4097])
def test_scatter_is_one_to_one(count: int) -> None:
    keys, ranks = Keys(1, "orders"), np.arange(count)
    rows = laws.scatter(keys, ranks, count)
    assert sorted(rows.tolist()) == ranks.tolist()
    assert np.array_equal(laws.scatter(keys, ranks, np.full(count, count)), rows)
    if count > 60:
        assert not np.array_equal(rows, ranks)
        assert not np.array_equal(laws.scatter(Keys(1, "bids"), ranks, count), rows)


def test_scatter_with_counts_of_their_own() -> None:
    keys = Keys(3, "orders")
    counts = np.repeat(np.arange(1, 80), np.arange(1, 80))
    ranks = np.concatenate([np.arange(n) for n in range(1, 80)])
    rows = laws.scatter(keys, ranks, counts)
    for n in range(1, 80):
        assert np.array_equal(rows[counts == n], laws.scatter(keys, np.arange(n), n))


def test_laws_do_not_change_their_bits() -> None:
    bits = bits_of("kept", 1000)
    kept = bits.copy()
    laws.Choice((1, 2))(bits)
    laws.uniform(bits, 0, 9)
    laws.uniform(bits, 0, 2**39)
    laws.normal(bits, 0.0, 1.0)
    laws.log_normal(bits, 1.0, 1.0)
    laws.exponential(bits, 1.0)
    laws.popular(bits, 100, 0.5, 0.01)
    assert np.array_equal(bits, kept)
