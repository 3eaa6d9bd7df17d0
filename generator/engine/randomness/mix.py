"""Randomness without memory: every value is a hash of its place (seed, table, column, counter).

A draw is the output function of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom
number generators", OOPSLA 2014) at position `counter` of the stream that `column_key` starts. Any
row can be drawn alone, in any order, in any process, with the same 64 bits.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FACTOR_1 = np.uint64(0xBF58476D1CE4E5B9)
_FACTOR_2 = np.uint64(0x94D049BB133111EB)
_SHIFT_1, _SHIFT_2, _SHIFT_3 = np.uint64(30), np.uint64(27), np.uint64(31)

# What stands for a missing value in arrays of integers; as a time it is later than all: never.
NULL = 2**62


def column_key(seed: int, table: str, column: str) -> np.uint64:
    """Return the key of a column's stream; the same on every machine (BLAKE2b, never `hash`)."""
    digest = blake2b(f"{seed}/{table}/{column}".encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def draw(key: np.uint64, counters: npt.NDArray[np.integer]) -> Bits:
    """Return 64 random bits for each counter.

    Args:
        key: the column's key.
        counters: integers, any shape; negative ones wrap.
    """
    z = counters.astype(np.uint64)
    z *= _GOLDEN
    z += key
    part = z >> _SHIFT_1
    z ^= part
    z *= _FACTOR_1
    np.right_shift(z, _SHIFT_2, out=part)
    z ^= part
    z *= _FACTOR_2
    np.right_shift(z, _SHIFT_3, out=part)
    z ^= part
    return z


def below(bits: Bits, bound: int | npt.NDArray[np.integer]) -> Ints:
    """Map bits to integers 0 <= x < bound, for bounds up to 2**32 (Lemire's multiply-shift)."""
    limit = np.uint64(bound) if isinstance(bound, int) else bound.astype(np.uint64)
    return (((bits >> np.uint64(32)) * limit) >> np.uint64(32)).view(np.int64)


def between(bits: Bits, low: int, high: int) -> Ints:
    """Map bits to integers low <= x <= high."""
    return below(bits, high - low + 1) + low


def unit(bits: Bits) -> Floats:
    """Map bits to floats 0 <= x < 1 with 53 bits."""
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def chance(bits: Bits, share: float) -> Bools:
    """Return True for `share` of all bits, exact to 2**-32."""
    return (bits >> np.uint64(32)) < np.uint64(round(share * 2**32))


def bell(bits: Bits) -> Floats:
    """Map bits to a near-normal deviate, the sum of four uniforms (mean 0, variance 1, to +-3.46).

    No logarithm and no root: the same bits on every machine (Irwin-Hall distribution).
    """
    mask = np.uint64(0xFFFF)
    total = np.zeros(bits.shape, dtype=np.float64)
    for shift in (0, 16, 32, 48):
        total += (bits >> np.uint64(shift)) & mask
    return (total - 2 * 65535) / (65536 * float(np.sqrt(4 / 12)))


class Keys:
    """The keys of one table's columns.

    Args:
        seed: the run's seed.
        table: the table's name.
    """

    def __init__(self, seed: int, table: str) -> None:
        self._seed, self._table = seed, table
        self._keys: dict[str, np.uint64] = {}

    def draw(self, column: str, counters: npt.NDArray[np.integer]) -> Bits:
        """Return 64 random bits of `column` for each counter."""
        if column not in self._keys:
            self._keys[column] = column_key(self._seed, self._table, column)
        return draw(self._keys[column], counters)
