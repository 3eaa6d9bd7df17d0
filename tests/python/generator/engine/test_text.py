"""Every piece against Python's own formatting, over borders and random values."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from generator.engine.output.rows import Rows
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
from generator.engine.randomness.mix import NULL, Ints

START = date(2024, 2, 28)
RANDOM = np.random.default_rng(3)


def values_up_to(limit: int) -> Ints:
    """Borders of all lengths, and random numbers of all lengths."""
    borders = {0, 1, 9, 10, 99, 100, 9_999, 10_000, 10_001, 19_999, 99_999_999, 10**8, limit - 1}
    borders |= {10**n - 1 for n in range(17)} | {10**n for n in range(17)}
    lengths = 10.0 ** RANDOM.uniform(0, len(str(limit - 1)), 3_000)
    numbers = np.array([*borders, *lengths.astype(np.int64)], dtype=np.int64)
    return numbers[numbers < limit]


def written(piece: Piece, *values: Ints) -> list[str]:
    rows = Rows([Column("a", "text", (b"<", piece, b">"))], "csv")
    rows.begin(len(values[0]))
    rows.put("a", *values)
    return [line[1:-1] for line in b"".join(rows.render()).decode().splitlines()]


def money(hundredths: int) -> str:
    return str(Decimal(hundredths).scaleb(-2).quantize(Decimal("0.01")))


@pytest.mark.parametrize("width", range(1, 13))
def test_digits(width: int) -> None:
    values = values_up_to(10**width)
    assert written(Digits(width), values) == [f"{value:0{width}}" for value in values]


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("digits", range(1, 17))
def test_number(digits: int, signed: bool) -> None:
    values = values_up_to(10**digits)
    if signed:
        values = np.concatenate([values, -values])
    assert written(Number(digits, signed), values) == [str(value) for value in values]


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("digits", range(1, 15))
def test_money(digits: int, signed: bool) -> None:
    values = values_up_to(10 ** (digits + 2))
    if signed:
        values = np.concatenate([values, -values])
    assert written(Money(digits, signed), values) == [money(value) for value in values.tolist()]


def test_small_numbers_after_great_ones_leave_nothing_behind() -> None:
    rows = Rows([Column("a", "decimal", (Money(10, signed=True),))], "csv")
    for value, text in ((-(10**12 - 1), "-9999999999.99"), (5, "0.05"), (123_456, "1234.56")):
        rows.begin(3)
        rows.put("a", np.full(3, value))
        assert b"".join(rows.render()).decode().splitlines() == [text] * 3


@pytest.mark.parametrize(
    ("piece", "wrong"),
    [
        (Digits(1), 10),
        (Digits(7), 10**7),
        (Digits(12), -1),
        (Number(2), 100),
        (Number(9), 10**9),
        (Number(9), -1),
        (Number(9, signed=True), -(10**9)),
        (Number(16), NULL),
        (Money(3), 10**5),
        (Money(8), -1),
        (Money(14), NULL),
        (Stamp(START, -2, 3), -2 * 86_400 - 1),
        (Stamp(START, -2, 3), 4 * 86_400),
        (Stamp(START, -2, 3), NULL),
        (Day(START, -2, 3), -3),
        (Day(START, -2, 3), 4),
        (Flag(), 2),
        (Flag(), -1),
        (Texts(("a", "b")), 2),
        (Texts(("a", "b")), -1),
        (Keys(np.array([b"x"])), 1),
    ],
)
def test_what_does_not_fit_is_an_error(piece: Piece, wrong: int) -> None:
    with pytest.raises(OverflowError, match=r"^a: .* give the column a range that holds it$"):
        written(piece, np.array([0, wrong]))


@pytest.mark.parametrize("days", [(-800, 800), (0, 0), (-3, -1), (100, 40_000)])
def test_stamps_and_days(days: tuple[int, int]) -> None:
    first, last = days
    midnight = datetime(START.year, START.month, START.day, tzinfo=UTC)
    begin, end = first * 86_400, (last + 1) * 86_400
    seconds = np.array([begin, end - 1, *RANDOM.integers(begin, end, 2_000)])
    times = [midnight + timedelta(seconds=value) for value in seconds.tolist()]
    expected = [time.strftime("%Y-%m-%d %H:%M:%S+00") for time in times]
    assert written(Stamp(START, first, last), seconds) == expected
    numbers = np.array([first, last, *RANDOM.integers(first, last + 1, 500)])
    expected = [str(START + timedelta(value)) for value in numbers.tolist()]
    assert written(Day(START, first, last), numbers) == expected


def test_flags() -> None:
    assert written(Flag(), np.array([0, 1, 1])) == ["false", "true", "true"]


@pytest.mark.parametrize("width", [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 24, 31, 36, 100])
def test_texts_and_keys_of_all_widths(width: int) -> None:
    texts = tuple(("é" if n == 40 else "x") + "abcdefghij" * 12 for n in range(41))
    texts = tuple(text[: 1 + n % width] for n, text in enumerate(texts))
    index = RANDOM.integers(0, len(texts), 300)
    assert written(Texts(texts), index) == [texts[n] for n in index]
    keys = np.array([text.replace("é", "e").encode() for text in texts])
    assert written(Keys(keys), index) == [keys[n].decode() for n in index]


def test_uuids_are_version_4() -> None:
    high, low = RANDOM.integers(-(2**63), 2**63, (2, 500))
    before = high.copy(), low.copy()
    values = list(zip(high.tolist(), low.tolist(), strict=True))
    expected = [
        str(uuid.UUID(int=(h % 2**64) << 64 | low_bits % 2**64, version=4))
        for h, low_bits in values
    ]
    assert written(Uuid(), high, low) == expected
    assert (before[0] == high).all()
    assert (before[1] == low).all()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Digits(0),
        lambda: Digits(13),
        lambda: Number(17),
        lambda: Money(15),
        lambda: Day(START, 3, 2),
        lambda: Texts(()),
        lambda: Texts(("a\0b",)),
    ],
)
def test_impossible_pieces_are_refused(make: Callable[[], Piece]) -> None:
    with pytest.raises(ValueError, match=r"use \d|NUL|at least one|use 3 to"):
        make()
