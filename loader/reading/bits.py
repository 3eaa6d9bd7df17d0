"""Flags of many bytes, 64 of them in a word: what is asked of each byte is answered for 64 at once.

Bit i of the words belongs to byte i; behind the last byte the bits of its word are 0 unless said
otherwise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Positions = NDArray[np.intp]
Words = NDArray[np.uint64]

NOWHERE: Positions = np.empty(0, np.intp)

_ONE = np.uint64(1)
_LAST = np.uint64(63)
_HALVES = [np.uint64(2**power) for power in range(6)]


def pack(flags: Flags) -> Words:
    """Put a flag of each byte into words."""
    packed = np.packbits(flags, bitorder="little")
    if len(packed) % 8:
        packed = np.append(packed, np.zeros(-len(packed) % 8, np.uint8))
    return packed.view("<u8")


def positions(words: Words) -> Positions:
    """Give the positions of the bits that are set."""
    return np.flatnonzero(np.unpackbits(words.view(np.uint8), bitorder="little").view(np.bool_))


def first(words: Words) -> int:
    """Give the position of the first bit that is set; -1 where there is none."""
    found = int(np.argmax(words != 0))
    word = int(words[found])
    return found * 64 + (word & -word).bit_length() - 1 if word else -1


def last(words: Words) -> int:
    """Give the position of the last bit that is set; -1 where there is none."""
    found = len(words) - 1 - int(np.argmax(words[::-1] != 0))
    word = int(words[found])
    return found * 64 + word.bit_length() - 1 if word else -1


def count(words: Words) -> int:
    """Count the bits that are set."""
    return int(np.bitwise_count(words).sum(dtype=np.int64))


def from_position(words: Words, position: int) -> Words:
    """Give the words with all bits before a position cleared, without the words before its own."""
    kept = words[position // 64 :].copy()
    kept[:1] &= ~_below(position)
    return kept


def before_position(words: Words, position: int) -> Words:
    """Give the words with all bits from a position on cleared, without the words behind its own."""
    kept = words[: position // 64 + 1].copy()
    if len(kept) * 64 > position:
        kept[-1:] &= _below(position)
    return kept


def _below(position: int) -> np.uint64:
    return np.uint64((1 << position % 64) - 1)


def after_each(words: Words, *, first: bool) -> Words:
    """Set the bit behind each that is set; the first one as given."""
    moved = words << _ONE
    moved[1:] |= words[:-1] >> _LAST
    moved[0] |= np.uint64(first)
    return moved


def before_each(words: Words, *, last: int) -> Words:
    """Set the bit before each that is set, and the one at position `last`."""
    moved = words >> _ONE
    moved[:-1] |= words[1:] << _LAST
    moved[last // 64] |= np.uint64(1 << last % 64)
    return moved


def between(words: Words, *, is_open: bool) -> Words:
    """Set all bits from each odd one that is set to before the next even one.

    Args:
        words: their set bits are the odd and even ones by turns.
        is_open: whether an odd one came before the first word; then the first one is even.

    Returns:
        The bits behind the last byte continue the last one.
    """
    inside = words.copy()
    for half in _HALVES:
        inside ^= inside << half
    turns = np.bitwise_xor.accumulate(inside >> _LAST)
    carried = np.empty_like(turns)
    carried[0], carried[1:] = is_open, turns[:-1] ^ np.uint64(is_open)
    inside ^= np.negative(carried)
    return inside


class Ranks:
    """Counts the bits before positions."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._before = np.zeros(len(words) + 1, np.intp)
        np.cumsum(np.bitwise_count(words), out=self._before[1:])

    def __call__(self, places: Positions) -> Positions:
        """Count, for each position, the bits before it that are set."""
        words = places >> 6
        below = (_ONE << (places & 63).astype(np.uint64)) - _ONE
        counted: Positions = self._before[words] + np.bitwise_count(self._words[words] & below)
        return counted
