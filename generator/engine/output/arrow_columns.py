"""How a column's values become an Arrow array: one maker for each kind of layout."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from generator.engine.output.image import Image, Place
from generator.engine.output.text import (
    Column,
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
from generator.engine.randomness.mix import NULL, Bools, Ints
from generator.spec.delays import SECONDS_A_DAY
from generator.spec.values import Type

TYPES: dict[Type, pa.DataType] = {
    "text": pa.string(),
    "uuid": pa.string(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "decimal": pa.decimal128(12, 2),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}
_EPOCH = date(1970, 1, 1)
_MICRO = 1_000_000
# Values of each type, from least to greatest; a decimal in hundredths, a time in microseconds.
_LIMITS: dict[Type, int] = {"integer": 2**31 - 1, "bigint": NULL - 1, "decimal": 10**12 - 1}
# A Parquet dictionary larger than 1 MB is given up half-way; texts are then written one by one.
_DICTIONARY_BYTES = 2**20
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
# Ends a text in an image: no UTF-8 text has this byte.
_END = b"\xff"


class Maker(ABC):
    """Makes a column's array.

    Attributes:
        type: its Arrow type.
        words: how many words all its dictionaries share; 0 where it has none.
    """

    words = 0

    def __init__(self, column: Column) -> None:
        self.column = column
        self.type: pa.DataType = TYPES[column.type]

    def make(self, count: int, values: tuple[Ints, ...]) -> pa.Array:
        """Return `count` values.

        Raises:
            OverflowError: one does not fit.
        """
        missing: Bools | None = None
        if self.column.nullable and values:
            missing = values[0] == NULL
            if not missing.any():
                missing = None
        try:
            return self._array(count, values, missing)
        except OverflowError as error:
            raise OverflowError(f"{self.column.name}: {error}") from error

    @abstractmethod
    def _array(self, count: int, values: tuple[Ints, ...], missing: Bools | None) -> pa.Array:
        """Return the array; `missing` is None when no value is."""

    def change(self, array: pa.Array, texts: dict[int, str | None]) -> pa.Array:
        """Return the array with other values for some records; None is missing."""
        return _replace(array, {record: self.value(text) for record, text in texts.items()})

    def value(self, text: str | None) -> Any:  # noqa: ANN401 (as many types as columns)
        """Return what stands for a text in this column.

        Raises:
            ValueError: the column's type cannot hold it.
        """
        try:
            return None if text is None else _typed(self.column.type, text)
        except (ValueError, KeyError) as error:
            raise ValueError(
                f"{self.column.name}: Parquet's type for {self.column.type} cannot hold {text!r}"
            ) from error


def _replace(array: pa.Array, values: Mapping[int, object]) -> pa.Array:
    records = sorted(values)
    mask = np.zeros(len(array), dtype=np.bool_)
    mask[records] = True
    return pc.replace_with_mask(
        array, pa.array(mask), pa.array([values[record] for record in records], array.type)
    )


def _typed(kind: Type, text: str) -> object:
    if kind in ("integer", "bigint", "decimal"):
        number = Decimal(text) if _NUMBER.fullmatch(text) else Decimal("NaN")
        places = 2 if kind == "decimal" else 0
        scaled = number.scaleb(places)
        if not scaled.is_finite() or scaled % 1 or abs(scaled) > _LIMITS[kind]:
            raise ValueError(text)
        return round(number, places) if places else int(number)
    if kind == "boolean":
        return {"true": True, "false": False}[text]
    if kind == "date":
        return date.fromisoformat(text)
    if kind == "timestamp":
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError(text)
        return moment.astimezone(UTC)
    return text


def _bits(missing: Bools | None) -> pa.Buffer | None:
    """Return Arrow's validity bits."""
    if missing is None:
        return None
    return pa.py_buffer(np.packbits(~missing, bitorder="little"))


class _NumberMaker(Maker):
    """Integers, decimals, dates and times: a buffer of numbers."""

    def _array(self, count: int, values: tuple[Ints, ...], missing: Bools | None) -> pa.Array:
        piece = self.column.pieces[0]
        least, most, offset, factor = _range(self.column.type, piece)
        numbers = values[0] if missing is None else np.where(missing, least, values[0])
        if count and not (least <= int(numbers.min()) and int(numbers.max()) <= most):
            raise OverflowError(
                f"a value is outside {least} to {most}; give the column a range that holds it"
            )
        if offset or factor != 1:
            numbers = numbers * factor + offset
        return pa.Array.from_buffers(self.type, count, [_bits(missing), self._data(numbers)])

    def _data(self, numbers: Ints) -> pa.Buffer:
        if self.column.type in ("integer", "date"):
            return pa.py_buffer(numbers.astype(np.int32))
        if self.column.type == "decimal":
            # 128 bits: the number, then its sign in all bits.
            pairs = np.empty((len(numbers), 2), dtype=np.int64)
            pairs[:, 0], pairs[:, 1] = numbers, numbers >> 63
            return pa.py_buffer(pairs)
        return pa.py_buffer(np.ascontiguousarray(numbers, dtype=np.int64))


def _range(kind: Type, piece: Piece) -> tuple[int, int, int, int]:
    """Return least and greatest value, and what to add after multiplying by what."""
    if isinstance(piece, Day):
        days = (piece.start - _EPOCH).days
        if isinstance(piece, Stamp):
            least, most = piece.first_day * SECONDS_A_DAY, (piece.last_day + 1) * SECONDS_A_DAY - 1
            return least, most, days * SECONDS_A_DAY * _MICRO, _MICRO
        return piece.first_day, piece.last_day, days, 1
    if isinstance(piece, Digits):
        return 0, min(10**piece.width - 1, _LIMITS[kind]), 0, 1
    assert isinstance(piece, Number | Money)
    places = 2 if isinstance(piece, Money) else 0
    most = min(10 ** (piece.digits + places) - 1, _LIMITS[kind])
    return -most if piece.signed else 0, most, 0, 1


class _FlagMaker(Maker):
    def _array(self, count: int, values: tuple[Ints, ...], missing: Bools | None) -> pa.Array:
        flags = values[0] if missing is None else np.where(missing, 0, values[0])
        if count and int(flags.view(np.uint64).max()) > 1:
            raise OverflowError("a value is neither 0 nor 1")
        bits = pa.py_buffer(np.packbits(flags.astype(np.bool_), bitorder="little"))
        return pa.Array.from_buffers(self.type, count, [_bits(missing), bits])


class _ChoiceMaker(Maker):
    """One of some values: a dictionary where they are texts, a look-up where they are typed."""

    def __init__(self, column: Column, texts: list[str]) -> None:
        super().__init__(column)
        # Parquet's dictionaries have every word once.
        self._words = {text: code for code, text in enumerate(dict.fromkeys(texts))}
        self._codes = np.array([self._words[text] for text in texts], dtype=np.int32)
        self._choices = pa.array([self.value(text) for text in self._words], self.type)
        self._is_text = self.type == pa.string()
        if self._is_text:
            self.type = pa.dictionary(pa.int32(), pa.string())
            self.words = len(self._choices)

    def _array(self, count: int, values: tuple[Ints, ...], missing: Bools | None) -> pa.Array:
        # A constant is the only choice.
        index = values[0] if values else np.zeros(count, dtype=np.int64)
        if missing is not None:
            index = np.where(missing, 0, index)
        if count and int(index.view(np.uint64).max()) >= len(self._codes):
            raise OverflowError(f"a value is none of the {len(self._codes)} of its layout")
        data = pa.py_buffer(self._codes.take(index))
        codes = pa.Array.from_buffers(pa.int32(), count, [_bits(missing), data])
        if self._is_text:
            return pa.DictionaryArray.from_arrays(codes, self._choices, safe=False)
        return self._choices.take(codes)

    def change(self, array: pa.Array, texts: dict[int, str | None]) -> pa.Array:
        """Replace values by texts; new ones go to the dictionary's end."""
        if not self._is_text:
            return super().change(array, texts)
        new: dict[str, int] = {}
        codes: dict[int, int | None] = {}
        for record, text in sorted(texts.items()):
            code = None if text is None else self._words.get(text)
            if text is not None and code is None:
                code = new.setdefault(text, len(self._words) + len(new))
            codes[record] = code
        dictionary = pa.concat_arrays([self._choices, pa.array(list(new), pa.string())])
        indices = _replace(array.indices, codes)
        return pa.DictionaryArray.from_arrays(indices, dictionary)


class _TextMaker(Maker):
    """Texts of several parts: their image, squeezed if they differ in length."""

    def __init__(self, column: Column) -> None:
        super().__init__(column)
        self._even = all(isinstance(part, bytes) or _is_even(part) for part in column.parts)
        self._place = Place(column, 0, str.encode)
        self._template = self._place.template + (b"" if self._even else _END)
        self._image = Image(self._template, {column.name: self._place}, 1)

    def _array(self, count: int, values: tuple[Ints, ...], missing: Bools | None) -> pa.Array:
        if count > self._image.capacity:
            self._image = Image(self._template, {self.column.name: self._place}, count)
        self._image.fill(self._place, count, values)
        texts = self._even_texts(count, missing) if self._even else self._uneven_texts(count)
        if missing is not None:
            # The missing ones left no constants.
            self._image.spans[self.column.name][:count] = np.void(self._place.template)
        buffers = [_bits(missing), *texts]
        return pa.Array.from_buffers(pa.string(), count, buffers)

    def _even_texts(self, count: int, missing: Bools | None) -> tuple[pa.Buffer, pa.Buffer]:
        """Return offsets and characters."""
        width = len(self._template)
        present = self._image.bytes[:count]
        lengths = np.full(count, width)
        if missing is not None:
            present, lengths = present[~missing], lengths * ~missing
        # A copy: the image is used again.
        return pa.py_buffer(_offsets(lengths)), pa.py_buffer(present.copy())

    def _uneven_texts(self, count: int) -> tuple[pa.Buffer, pa.Buffer]:
        """Return offsets and characters."""
        ended = bytearray().join(self._image.squeeze(0, count))
        ends = np.flatnonzero(np.frombuffer(ended, dtype=np.uint8) == _END[0])
        offsets = np.zeros(count + 1, dtype=np.int32)
        offsets[1:] = ends - np.arange(count)
        return pa.py_buffer(offsets), pa.py_buffer(ended.translate(None, _END))


def _offsets(lengths: Ints) -> npt.NDArray[np.int32]:
    offsets = np.zeros(len(lengths) + 1, dtype=np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def _is_even(piece: Piece) -> bool:
    """All values have the same length in bytes."""
    if isinstance(piece, Texts):
        return len({len(text.encode()) for text in piece.values}) == 1
    if isinstance(piece, Keys):
        return bool((np.char.str_len(piece.values) == piece.values.dtype.itemsize).all())
    return isinstance(piece, Digits | Day | Uuid)


def maker(column: Column) -> Maker:  # noqa: PLR0911 (one case a layout)
    """Return how a column is made.

    Raises:
        ValueError: its layout cannot be made into its type.
    """
    pieces = column.pieces
    alone = len(column.parts) == 1 and len(pieces) == 1
    if not pieces:
        return _ChoiceMaker(
            column, [b"".join(p for p in column.parts if isinstance(p, bytes)).decode()]
        )
    piece = pieces[0]
    if alone and isinstance(piece, Texts):
        size = sum(len(text) + 4 for text in piece.values)
        if size <= _DICTIONARY_BYTES or column.type not in ("text", "uuid"):
            return _ChoiceMaker(column, list(piece.values))
    if alone and isinstance(piece, Keys) and piece.values.nbytes <= _DICTIONARY_BYTES:
        return _ChoiceMaker(column, [key.decode() for key in piece.values.tolist()])
    if alone and isinstance(piece, Flag):
        if column.type == "boolean":
            return _FlagMaker(column)
        return _ChoiceMaker(column, ["false", "true"])
    if column.type in ("text", "uuid"):
        return _TextMaker(column)
    fitting: dict[Type, tuple[type[Piece], ...]] = {
        "integer": (Number, Digits),
        "bigint": (Number, Digits),
        "decimal": (Money,),
        "date": (Day,),
        "timestamp": (Stamp,),
    }
    if not alone or type(piece) not in fitting.get(column.type, ()):
        raise ValueError(
            f"{column.name}: its layout {column.parts} gives no {column.type} for Parquet; "
            "make the column a text, or deliver the table as csv or json"
        )
    return _NumberMaker(column)
