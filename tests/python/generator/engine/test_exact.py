"""exp, log, power and the normal quantile: against 50 digits, and their bits against a hash."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from decimal import Decimal, localcontext

import numpy as np
import pytest

from generator.engine.randomness import exact
from generator.engine.randomness.mix import Bits, Floats, column_key, draw

PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")


def bits_of(name: str, count: int) -> Bits:
    return draw(column_key(1, "exact", name), np.arange(count))


def between(name: str, count: int, low: float, high: float) -> Floats:
    return low + (high - low) * exact.open_unit(bits_of(name, count))


def units_off(got: Floats, true: Callable[[int], Decimal]) -> float:
    """Return the greatest error in units in the last place of the true value."""
    worst = Decimal(0)
    with localcontext() as context:
        context.prec = 50
        for i, value in enumerate(got.tolist()):
            right = true(i)
            unit = Decimal(float(np.spacing(abs(float(right)))))
            worst = max(worst, abs(Decimal(value) - right) / unit)
    return float(worst)


def test_exp_is_right_to_two_units() -> None:
    x = np.concatenate(
        [between("e1", 800, -1, 1), between("e2", 800, -708, 709), between("e3", 50, -1e-9, 1e-9)]
    )
    assert units_off(exact.exp(x), lambda i: Decimal(x[i]).exp()) < 2


def test_exp_at_its_ends() -> None:
    x = np.array([0.0, -0.0, 1.0, 709.5, -709.0, 1e300, -1e300])
    got = exact.exp(x)
    assert got.tolist() == [1.0, 1.0, np.e, np.inf, 0.0, np.inf, 0.0]
    assert exact.exp(np.empty(0)).size == 0


def test_log_is_right_to_two_units() -> None:
    x = np.concatenate(
        [
            between("l1", 800, 0, 2),
            between("l2", 400, 0.999, 1.001),
            between("l3", 400, 0.7, 1.42),
            np.ldexp(between("l4", 800, 0.5, 1), np.arange(-400, 400)),
            np.array([2.0**-1022, 1.7e308, np.nextafter(1, 2), np.nextafter(1, 0)]),
        ]
    )
    assert units_off(exact.log(x), lambda i: Decimal(x[i]).ln()) < 2
    assert exact.log(np.array([1.0])).tolist() == [0.0]


def test_power_keeps_its_bound() -> None:
    x = np.ldexp(between("p1", 800, 0.5, 1), np.arange(-400, 400) // 4)
    y = between("p2", 800, -4, 4)
    got = exact.power(x, y)
    for i in range(len(x)):
        exponent = Decimal(y[i]) * Decimal(x[i]).ln()
        bound = 2 * abs(float(exponent)) + 2
        assert units_off(got[i : i + 1], lambda _, e=exponent: e.exp()) < bound
    assert exact.power(np.array([4.0, 1.0]), 0.0).tolist() == [1.0, 1.0]


def true_quantile(u: float, near: float) -> Decimal:
    """Solve for the quantile by Newton's method, with the normal integral's power series."""
    target, x = min(Decimal(u), 1 - Decimal(u)), abs(Decimal(near))
    for _ in range(3):
        density = (-x * x / 2).exp() / (2 * PI).sqrt()
        term = total = x
        odd = 1
        while abs(term) > Decimal("1e-52"):
            odd += 2
            term *= x * x / odd
            total += term
        x += (Decimal("0.5") - density * total - target) / density
    return -x if u < 0.5 else x


def test_quantile_is_right_to_eight_units() -> None:
    u = np.concatenate(
        [
            between("q1", 60, 0, 1),
            between("q2", 30, 0.499, 0.501),
            between("q3", 30, 0.9, 1),
            np.ldexp(1.0, -np.arange(2, 54, 4)),
            1 - np.ldexp(1.0, -np.arange(2, 54, 4)),
            np.array([0.075 - 1e-9, 0.075 + 1e-9, 1.3887e-11, 1.3888e-11]),
        ]
    )
    got = exact.normal_quantile(u)
    assert units_off(got, lambda i: true_quantile(float(u[i]), float(got[i]))) < 8
    assert exact.normal_quantile(np.array([0.5])).tolist() == [0.0]


def test_open_unit_is_open() -> None:
    ends = np.array([0, 2**64 - 1], dtype=np.uint64)
    assert exact.open_unit(ends).tolist() == [2.0**-53, 1 - 2.0**-53]


def everything() -> list[Floats]:
    u = exact.open_unit(bits_of("all", 20_000))
    return [
        exact.exp(u * 1400 - 700),
        exact.log(u),
        exact.power(u, u * 6 - 3),
        exact.normal_quantile(u),
    ]


def test_bits_are_the_same_everywhere() -> None:
    """The hash was made on x86-64 with numpy 2.4; every machine and numpy must give it."""
    digest = hashlib.sha256()
    for values in everything():
        digest.update(values.astype("<f8").tobytes())
    assert digest.hexdigest() == "0966650457f481da83347f0b10048c6f39f744b9a395909de52cb0ddacbfd647"


@pytest.mark.parametrize("size", [1, 3, 17])
def test_a_value_does_not_hang_on_its_neighbours(size: int) -> None:
    """Vector units treat the ends of an array in other ways than its middle."""
    u = exact.open_unit(bits_of("all", 1_000))
    for function in (exact.log, exact.exp, exact.normal_quantile):
        whole = function(u)
        parts = [function(u[i : i + size]) for i in range(0, len(u), size)]
        assert np.array_equal(whole, np.concatenate(parts))
        assert np.array_equal(whole[::2], function(u[::2]))
