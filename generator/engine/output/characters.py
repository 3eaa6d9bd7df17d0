"""Tables of characters: four digits, times of day, hexadecimal digits, each as a word.

numpy makes them when they are first asked for, in 4 ms; Python's formatting takes 30.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[Any]
Type = np.dtype[Any]

# numpy copies 16 bytes at once only as a number; the bits are not looked at.
TYPES: dict[int, Type] = {
    1: np.dtype(np.uint8),
    2: np.dtype(np.uint16),
    4: np.dtype(np.uint32),
    8: np.dtype(np.uint64),
    16: np.dtype(np.complex128),
}


def characters(numbers: npt.NDArray[np.int64], width: int) -> npt.NDArray[np.uint8]:
    """Return zero-padded digits, shape (numbers, width)."""
    powers = 10 ** np.arange(width - 1, -1, -1)
    return (numbers[:, None] // powers % 10 + ord("0")).astype(np.uint8)


def _unpadded(least: int) -> npt.NDArray[np.uint8]:
    """Return the digits of 0 to 9999, NUL instead of leading zeros, but at least `least` digits."""
    numbers = np.arange(10_000)
    digits = characters(numbers, 4)
    for place in range(4 - least):
        digits[numbers < 10 ** (3 - place), place] = 0
    return digits


def _as_words(characters: npt.NDArray[np.uint8], kind: Type) -> Words:
    """Return rows of characters as words, right-aligned."""
    image = np.zeros((len(characters), kind.itemsize), dtype=np.uint8)
    image[:, image.shape[1] - characters.shape[1] :] = characters
    return image.view(kind).ravel()


def _two_forms(low: npt.NDArray[np.uint8], *, decimals: bool) -> Words:
    """Return a table for `_last_digits`: 0 to 9999 in the given form, then zero-padded."""
    digits = np.concatenate([low, characters(np.arange(10_000), 4)])
    if not decimals:
        return _as_words(digits, TYPES[4])
    return _as_words(np.insert(digits, 2, ord("."), axis=1), TYPES[8])


@cache
def four_digits() -> dict[str, Words]:
    """Return the tables of four digits.

    `number` and `money` for the last word of a number, `upper` for a word before it, `padded`.
    """
    padded = _as_words(characters(np.arange(10_000), 4), TYPES[4])
    return {
        "padded": padded,
        "number": _two_forms(_unpadded(1), decimals=False),
        "money": _two_forms(_unpadded(3), decimals=True),
        "upper": _two_forms(_unpadded(0), decimals=False),
    }


@cache
def clock() -> Words:
    """Return `HH:MM:SS` for each second of a day."""
    sixty = characters(np.arange(60), 2)
    image = np.full((24, 60, 60, 8), ord(":"), dtype=np.uint8)
    image[..., 0:2] = sixty[:24, None, None]
    image[..., 3:5] = sixty[:, None]
    image[..., 6:8] = sixty
    return image.view(np.uint64).ravel()


@cache
def hexadecimal(*, upper: bool) -> Words:
    """Return four hexadecimal digits for each number of 16 bits, with small or large letters."""
    numbers = np.arange(65_536, dtype=">u2").tobytes()
    digits = numbers.hex().upper() if upper else numbers.hex()
    return np.frombuffer(digits.encode(), dtype=np.uint32)
