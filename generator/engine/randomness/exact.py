"""exp, log, power and the normal quantile with the same bits on every machine.

numpy's own exp, log and power call the machine's mathematics library or its vector unit and differ
in the last bit from one to the next. Here they are made of what IEEE 754 rounds one way only: + - *
/ and the square root, comparisons, conversions and shifts of a number's bits, each a numpy call of
its own (so that no compiler can fuse two of them). Tables come from decimal arithmetic, which is
defined to the last digit (General Decimal Arithmetic, M. Cowlishaw).

Methods: exp and log by P. T. P. Tang's table-driven reductions ("Table-driven implementation of the
exponential function", ACM TOMS 15, 1989; "... of the logarithm function", ACM TOMS 16, 1990) with
the functions' own power series; the normal quantile is algorithm AS 241 (M. J. Wichura, "The
percentage points of the normal distribution", Applied Statistics 37, 1988). Their errors against
the true values, in units in the last place: exp and log below 2, the quantile below 8.
"""

from __future__ import annotations

from decimal import Context, Decimal

import numpy as np

from generator.engine.randomness.mix import Bits, Floats

# Enough digits for a double (17) and the rest that it leaves (another 17).
_DIGITS = Context(prec=40)
_LN2 = _DIGITS.ln(Decimal(2))

# exp: x = (64 e + j) ln 2 / 64 + r, so exp x = 2**e * 2**(j / 64) * exp r.
_STEPS = 64
_STEP_BITS = 6
_PER_STEP = float(_STEPS / _LN2)
_POWERS_OF_2 = np.array(
    [float(_DIGITS.power(Decimal(2), Decimal(j) / _STEPS)) for j in range(_STEPS)]
).view(np.int64)
# Beyond these the result is no longer a normal number: it becomes 0 or infinite.
_LEAST_EXPONENT, _GREATEST_EXPONENT = -708.0, 709.0

# log: x = 2**e * m with m near F = i / 128, so log x = e ln 2 + log F + log(m / F).
_PARTS = 128
# The bits of sqrt(1/2): m lies between it and sqrt(2), so that log is exact around 1.
_ROOT_HALF = np.int64(0x3FE6A09E667F3BCD)
_EXPONENT = np.int64(-(1 << 52))
_FIRST_PART, _LAST_PART = 90, 181


def _split(number: Decimal, places: int) -> tuple[float, float]:
    """Return a number as a multiple of 2**-places and the rest: products of the first are exact."""
    high = float(round(number * 2**places)) * 2.0**-places
    return high, float(number - Decimal(high))


# The high parts have at most 40 bits: times a step's number or an exponent they are still exact.
_STEP_HIGH, _STEP_LOW = _split(_LN2 / _STEPS, 38)
_LN2_HIGH, _LN2_LOW = _split(_LN2, 40)
_LOGS = [_split(_DIGITS.ln(Decimal(i) / _PARTS), 40) for i in range(_FIRST_PART, _LAST_PART + 1)]
_LOG_HIGH, _LOG_LOW = (np.array(column) for column in zip(*_LOGS, strict=True))

_ONE = np.float64(1).view(np.uint64)

# Normal quantile: a quotient of polynomials of q = u - 1/2 up to |q| = 0.425, of the root r of
# -log(min(u, 1 - u)) beyond; highest powers first.
_MIDDLE, _FAR = 0.425, 5.0
_MIDDLE_ABOVE = (
    2.5090809287301226727e3,
    3.3430575583588128105e4,
    6.7265770927008700853e4,
    4.5921953931549871457e4,
    1.3731693765509461125e4,
    1.9715909503065514427e3,
    1.3314166789178437745e2,
    3.3871328727963666080e0,
)
_MIDDLE_BELOW = (
    5.2264952788528545610e3,
    2.8729085735721942674e4,
    3.9307895800092710610e4,
    2.1213794301586595867e4,
    5.3941960214247511077e3,
    6.8718700749205790830e2,
    4.2313330701600911252e1,
    1.0,
)
_TAIL_ABOVE = (
    7.74545014278341407640e-4,
    2.27238449892691845833e-2,
    2.41780725177450611770e-1,
    1.27045825245236838258e0,
    3.64784832476320460504e0,
    5.76949722146069140550e0,
    4.63033784615654529590e0,
    1.42343711074968357734e0,
)
_TAIL_BELOW = (
    1.05075007164441684324e-9,
    5.47593808499534494600e-4,
    1.51986665636164571966e-2,
    1.48103976427480074590e-1,
    6.89767334985100004550e-1,
    1.67638483018380384940e0,
    2.05319162663775882187e0,
    1.0,
)
_FAR_ABOVE = (
    2.01033439929228813265e-7,
    2.71155556874348757815e-5,
    1.24266094738807843860e-3,
    2.65321895265761230930e-2,
    2.96560571828504891230e-1,
    1.78482653991729133580e0,
    5.46378491116411436990e0,
    6.65790464350110377720e0,
)
_FAR_BELOW = (
    2.04426310338993978564e-15,
    1.42151175831644588870e-7,
    1.84631831751005468180e-5,
    7.86869131145613259100e-4,
    1.48753612908506148525e-2,
    1.36929880922735805310e-1,
    5.99832206555887937690e-1,
    1.0,
)


def open_unit(bits: Bits) -> Floats:
    """Map bits to floats 0 < x < 1, the middles of 2**52 equal parts."""
    # As digits behind the point of a number from 1 to 2: cheaper than a conversion.
    digits = bits >> np.uint64(12)
    digits |= _ONE
    numbers = digits.view(np.float64)
    numbers -= 1.0 - 2.0**-53
    return numbers


def series(coefficients: tuple[float, ...], x: Floats, out: Floats | None = None) -> Floats:
    """Return a polynomial's values by Horner's rule.

    Args:
        coefficients: two or more, the highest power's first.
        x: where.
        out: takes the result; not `x` itself.
    """
    first, second, *rest = coefficients
    total = np.multiply(x, first, out=out)
    total += second
    for coefficient in rest:
        total *= x
        total += coefficient
    return total


def exp(x: Floats) -> Floats:
    """Return e**x; 0 below -708 and infinity above 709.

    Args:
        x: finite numbers.
    """
    outside = x.size > 0 and (x.min() < _LEAST_EXPONENT or x.max() > _GREATEST_EXPONENT)
    inside = np.clip(x, _LEAST_EXPONENT, _GREATEST_EXPONENT) if outside else x
    step = inside * _PER_STEP
    np.rint(step, out=step)
    number = step.astype(np.int64)
    part = step * _STEP_HIGH
    rest = np.subtract(inside, part, out=part)
    step *= _STEP_LOW
    rest -= step
    # exp r - 1 for |r| < 0.0055: the next term of the series is below 2**-54.
    result = series((1 / 120, 1 / 24, 1 / 6, 1 / 2, 1.0), rest, out=step)
    result *= rest
    scale = _POWERS_OF_2.take(number & (_STEPS - 1), mode="clip")
    number >>= _STEP_BITS
    number <<= 52
    scale += number
    factor = scale.view(np.float64)
    result *= factor
    result += factor
    if outside:
        result[x < _LEAST_EXPONENT] = 0.0
        result[x > _GREATEST_EXPONENT] = np.inf
    return result


def log(x: Floats) -> Floats:
    """Return the natural logarithm.

    Args:
        x: normal positive numbers (2**-1022 and above).
    """
    high, low = _log_parts(x)
    high += low
    return high


def power(x: Floats, y: Floats | float) -> Floats:
    """Return x**y, to 2 |y log x| + 2 units in the last place.

    Args:
        x: normal positive numbers.
        y: the exponents.
    """
    high, low = _log_parts(x)
    low *= y
    high *= y
    high += low
    return exp(high)


def normal_quantile(u: Floats) -> Floats:
    """Return the x of which a standard normal deviate lies below with probability u.

    Args:
        u: probabilities, 0 < u < 1.
    """
    q = u - 0.5
    square = q * q
    np.subtract(_MIDDLE * _MIDDLE, square, out=square)
    result = series(_MIDDLE_ABOVE, square)
    result /= series(_MIDDLE_BELOW, square)
    result *= q
    tails = np.flatnonzero(square < 0)
    if len(tails):
        result[tails] = _tail_quantile(u[tails], q[tails])
    return result


def _tail_quantile(u: Floats, q: Floats) -> Floats:
    """Return the quantile for |q| > 0.425."""
    root = -log(np.minimum(u, 1.0 - u))
    np.sqrt(root, out=root)
    near = root - 1.6
    result = series(_TAIL_ABOVE, near)
    result /= series(_TAIL_BELOW, near)
    far = np.flatnonzero(root > _FAR)
    if len(far):
        rest = root[far] - _FAR
        result[far] = series(_FAR_ABOVE, rest) / series(_FAR_BELOW, rest)
    return np.copysign(result, q, out=result)


def _log_parts(x: Floats) -> tuple[Floats, Floats]:
    """Return the logarithm as a sum of two: the second is small, or the first is 0."""
    bits = np.ascontiguousarray(x, dtype=np.float64).view(np.int64)
    exponent = bits - _ROOT_HALF
    shifted = exponent & _EXPONENT
    mantissa = np.subtract(bits, shifted, out=shifted).view(np.float64)
    exponent >>= 52
    power_of_2 = exponent.astype(np.float64)
    nearest = mantissa * _PARTS
    np.rint(nearest, out=nearest)
    np.copyto(exponent, nearest, casting="unsafe")
    exponent -= _FIRST_PART
    nearest *= 1 / _PARTS
    # log(m / F) = 2 artanh((m - F) / (m + F)), a series in odd powers.
    ratio = mantissa - nearest
    nearest += mantissa
    ratio /= nearest
    ratio *= 2.0
    square = np.multiply(ratio, ratio, out=nearest)
    low = series((1 / 448, 1 / 80, 1 / 12), square)
    low *= square
    low *= ratio
    table = _LOG_LOW.take(exponent, out=square, mode="clip")
    low += table
    np.multiply(power_of_2, _LN2_LOW, out=table)
    low += table
    low += ratio
    high = _LOG_HIGH.take(exponent, out=ratio, mode="clip")
    power_of_2 *= _LN2_HIGH
    high += power_of_2
    return high, low
