"""How values become characters of a record's image, without an object for a value.

A record's image is a row of bytes of fixed width. What a value does not fill stays NUL and is
squeezed out later, so an unpadded number is written as if it were padded. Characters come from
tables, in words of 2 to 16 bytes: numpy stores such a word in 0.8 to 1.0 ns (aligned or not) and an
odd one, like 3 or 11 bytes, in 3 ns. So texts of odd width are written as words that overlap.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from generator.engine.output.characters import TYPES, Type, Words, clock, four_digits, hexadecimal
from generator.engine.output.text import (
    Day,
    Digits,
    Flag,
    Keys,
    Money,
    Number,
    Piece,
    Stamp,
    Texts,
    Uuid,
)
from generator.engine.randomness.mix import Bits, Ints
from generator.spec.delays import SECONDS_A_DAY

Word = tuple[int, Type]
Escape = Callable[[str], bytes]

_TEN_THOUSAND = np.uint64(10_000)
_ONE = np.uint64(1)
_SECONDS = np.uint64(SECONDS_A_DAY)


class Cells(ABC):
    """A piece's place in the image.

    Args:
        width: bytes in the image.
        template: the characters that are always the same, NUL elsewhere; `width` bytes.
        words: offset and numpy type of each word, in the order in which they must be written.
        safe: a value that fits, to stand in for missing ones.
        arrays: arrays of values that it takes.
    """

    width: int
    template: bytes
    words: list[Word]
    safe = 0
    arrays = 1

    @abstractmethod
    def fill(self, words: Sequence[Words], *values: Ints) -> None:
        """Write values into the words (one strided array each).

        Raises:
            OverflowError: a value does not fit.
        """


def cells(piece: Piece, escape: Escape) -> Cells:  # noqa: PLR0911 (one case a piece)
    """Return how a piece is written; `escape` makes bytes of texts."""
    match piece:
        case Stamp():
            return _StampCells(piece)
        case Day():
            return _TableCells([day.encode() for day in piece.days()], piece.first_day)
        case Digits():
            if piece.width <= 4:
                return _TableCells(b"%0*d" % (piece.width, n) for n in range(10**piece.width))
            return _DigitsCells(piece.width)
        case Number():
            if piece.digits < 4 and not piece.signed:
                return _TableCells(b"%d" % n for n in range(10**piece.digits))
            return _NumberCells(piece.digits, signed=piece.signed, decimals=False)
        case Money():
            return _NumberCells(piece.digits, signed=piece.signed, decimals=True)
        case Flag():
            return _TableCells([b"false", b"true"])
        case Texts():
            return _TableCells(escape(text) for text in piece.values)
        case Keys():
            return _TableCells(piece.values)
        case Uuid():
            return _UuidCells(upper=piece.upper)


def split(width: int) -> list[Word]:
    """Cut `width` bytes into words as wide as possible; the last one overlaps if it must."""
    if width == 0:
        return []
    size = min(16, 1 << (width.bit_length() - 1))
    offsets = [*range(0, width - size, size), width - size]
    return [(offset, TYPES[size]) for offset in offsets]


def _indexes(values: Ints, count: int) -> None:
    # Seen without a sign, negative values are too great as well: one pass finds both.
    if len(values) and int(values.view(np.uint64).max()) >= count:
        raise OverflowError(f"a value is none of the {count} that its layout allows")


class _TableCells(Cells):
    """Values from `first` on pick one of some texts, left-aligned."""

    def __init__(self, texts: Iterable[bytes] | npt.NDArray[np.bytes_], first: int = 0) -> None:
        table = texts if isinstance(texts, np.ndarray) else np.array(list(texts), dtype="S")
        self.safe = first
        self._count = len(table)
        # numpy makes no text of no width: the empty one is a NUL.
        self.width = table.dtype.itemsize
        self.template = bytes(self.width)
        self.words = split(self.width)
        image = np.ascontiguousarray(table).view(np.uint8).reshape(len(table), self.width)
        self._tables: list[Words] = [
            np.ascontiguousarray(image[:, at : at + kind.itemsize]).view(kind).ravel()
            for at, kind in self.words
        ]

    def fill(self, words: Sequence[Words], *values: Ints) -> None:
        """Copy the texts."""
        index = values[0] - self.safe if self.safe else values[0]
        _indexes(index, self._count)
        for word, table in zip(words, self._tables, strict=True):
            word[:] = table.take(index)


def _last_digits(values: Bits) -> tuple[Bits, Bits]:
    """Split off four digits.

    Returns:
        what stands before them, and the index in a table of `_two_forms`: the digits, plus 10,000
        where something stands before them.
    """
    before = values // _TEN_THOUSAND
    index = before - _ONE
    index *= _TEN_THOUSAND
    np.subtract(values, index, out=index)
    # That added 10,000 to the digits. Where nothing stands before them the value itself is less.
    np.minimum(values, index, out=index)
    return before, index


class _NumberCells(Cells):
    """Numbers without padding: words of four digits, the last one perhaps with a point in it."""

    def __init__(self, digits: int, *, signed: bool, decimals: bool) -> None:
        self._signed, self._limit = signed, 10 ** (digits + 2 * decimals)
        upper = max(0, digits - (2 if decimals else 4))
        first = {0: 0, 1: 1, 2: 2, 3: 4}[upper % 4]
        sizes = [first] * (first > 0) + [4] * (upper // 4)
        # A last word with a point has 5 characters of 8: what is before them is written over.
        last, size = (5, 8) if decimals else (4, 4)
        self.width = max(size, signed + sum(sizes) + last)
        self.template = bytes(self.width)
        self._last = four_digits()["money" if decimals else "number"]
        self.words = [(self.width - size, TYPES[size])]
        at = self.width - last
        for word in reversed(sizes):
            at -= word
            self.words.append((at, TYPES[word]))
        if signed:
            self.words.append((0, TYPES[1]))
        upper_table = four_digits()["upper"]
        self._upper = [upper_table] * (upper // 4)
        if first:
            shift = np.uint32(8 * (4 - first))
            self._upper.append((upper_table >> shift).astype(TYPES[first]))

    def fill(self, words: Sequence[Words], *values: Ints) -> None:
        """Write from the right; leading zeros stay NUL."""
        rest = (np.abs(values[0]) if self._signed else values[0]).view(np.uint64)
        greatest = int(rest.max()) if len(rest) else 0
        if greatest >= self._limit:
            raise OverflowError(
                f"a number is negative or has more than {len(str(self._limit)) - 1} digits"
            )
        rest, index = _last_digits(rest)
        words[0][:] = self._last.take(index.view(np.int64))
        for word, table in zip(words[1:], self._upper, strict=False):
            greatest //= 10_000
            if greatest == 0:
                word[:] = 0
                continue
            rest, index = _last_digits(rest)
            word[:] = table.take(index.view(np.int64))
        if self._signed:
            words[-1][:] = (values[0] < 0) * np.uint8(ord("-"))


class _DigitsCells(Cells):
    """Numbers of 5 to 12 zero-padded digits."""

    def __init__(self, width: int) -> None:
        self.width, self.template, self._limit = width, bytes(width), 10**width
        first = (width - 1) % 4 + 1
        # The first word holds 1 to 4 digits; the next one is written over the rest of it.
        self.words = [(at, TYPES[4]) for at in (0, *range(first, width, 4))]
        self._first = four_digits()["padded"] >> np.uint32(8 * (4 - first))

    def fill(self, words: Sequence[Words], *values: Ints) -> None:
        """Write four digits at a time."""
        rest = values[0].view(np.uint64)
        if len(rest) and int(rest.max()) >= self._limit:
            raise OverflowError(f"a number has more than {self.width} digits")
        indexes: list[Bits] = []
        for _ in words[1:]:
            before = rest // _TEN_THOUSAND
            indexes.append(rest - before * _TEN_THOUSAND)
            rest = before
        words[0][:] = self._first.take(rest.view(np.int64))
        for word, index in zip(words[1:], reversed(indexes), strict=True):
            word[:] = four_digits()["padded"].take(index.view(np.int64))


class _StampCells(Cells):
    """A day's text in 16 bytes, over whose end the time of day is written."""

    def __init__(self, stamp: Stamp) -> None:
        self.words = [(0, TYPES[16]), (11, TYPES[8])]
        self._days = np.array([f"{day} " for day in stamp.days()], dtype="S16").view(np.complex128)
        self.safe = stamp.first_day * SECONDS_A_DAY
        self._limit = len(self._days) * SECONDS_A_DAY
        self.template = bytes(19) + b"+00"
        self.width = len(self.template)

    def fill(self, words: Sequence[Words], *values: Ints) -> None:
        """Write date and time of day."""
        seconds = (values[0] - self.safe).view(np.uint64)
        if len(seconds) and int(seconds.max()) >= self._limit:
            raise OverflowError("a time is outside the days that its layout allows")
        day = seconds // _SECONDS
        seconds -= day * _SECONDS
        words[0][:] = self._days.take(day.view(np.int64))
        words[1][:] = clock().take(seconds.view(np.int64))


class _UuidCells(Cells):
    """16 bytes as hexadecimal digits: 8-4-4-4-12."""

    arrays = 2

    def __init__(self, *, upper: bool) -> None:
        self._digits = hexadecimal(upper=upper)
        self.template = b"-".join(bytes(digits) for digits in (8, 4, 4, 4, 12))
        self.width = len(self.template)
        self.words = [(at, TYPES[4]) for at in (0, 4, 9, 14, 19, 24, 28, 32)]

    def fill(self, words: Sequence[Words], *values: Ints) -> None:
        """Write version 4's bits (RFC 9562, 5.4), then four digits at a time."""
        quarters = np.empty((len(values[0]), 2), dtype=np.int64)
        quarters[:, 0], quarters[:, 1] = values
        parts = quarters.view(np.uint16)
        parts[:, 0] = parts[:, 0] & 0x0FFF | 0x4000
        parts[:, 7] = parts[:, 7] & 0x3FFF | 0x8000
        digits = self._digits.take(parts)
        for word, place in zip(words, (3, 2, 1, 0, 7, 6, 5, 4), strict=True):
            word[:] = digits[:, place]
