"""Quotes counted in bits: against a byte for byte account."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loader.reading import bits
from loader.reading.bits import Ranks, Words
from loader.reading.dialect import Dialect
from loader.reading.scanning import Rules, Scan, Shape

FLAGS = st.lists(st.booleans(), min_size=1, max_size=200)


def _set(words: Words) -> list[int]:
    found: list[int] = bits.positions(words).tolist()
    return found


@given(FLAGS, st.integers(0, 200))
def test_words_hold_the_flags(flags: list[bool], place: int) -> None:
    words = bits.pack(np.array(flags))
    where = [i for i, flag in enumerate(flags) if flag]
    assert _set(words) == where
    assert bits.first(words) == min(where, default=-1)
    assert bits.last(words) == max(where, default=-1)
    assert bits.count(words) == len(where)
    before = [i for i in where if i < place]
    assert _set(bits.before_position(words, place)) == before
    if place < len(flags):
        base = place // 64 * 64
        later = [i - base for i in where if i >= place]
        assert _set(bits.from_position(words, place)) == later
        assert Ranks(words)(np.array([place])).tolist() == [len(before)]


@given(FLAGS, st.booleans())
def test_neighbours_and_what_lies_between(flags: list[bool], state: bool) -> None:
    words = bits.pack(np.array(flags))
    size = len(flags)
    after = bits.positions(bits.after_each(words, first=state))
    assert [i for i in after.tolist() if i < size] == [
        i for i in range(size) if ([state, *flags])[i]
    ]
    before = bits.positions(bits.before_each(words, last=size - 1))
    assert before.tolist() == [i for i in range(size) if ([*flags[1:], True])[i]]
    inside, expected = state, []
    for i, flag in enumerate(flags):
        inside ^= flag
        expected += [i] * inside
    found = bits.positions(bits.between(words, is_open=state)).tolist()
    assert [i for i in found if i < size] == expected
    assert found[len(expected) :] == ([] if not inside else list(range(size, len(words) * 64)))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('"a","b"\n"c"', -1),
        ('"a ""b""",""\n', -1),
        ('"a\n","b"\r\n', -1),
        ('5" x 7"\n', 1),
        ('a,b\n"x"y,2\n', 6),
        ('a ,"b"\n', -1),
        ('a, "b"\n', 3),
        ('""a\n', 1),
        ('a""\n', 1),
        ('"a"\r"b"\n', 4),
        ('a\n"never closed', -1),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 64, 100])
def test_a_quote_stands_where_one_may_stand(text: str, fault: int, size: int) -> None:
    """Wherever the borders of the pieces are."""
    content = text.encode()
    data = bytearray(1 + size)
    scan = Scan(Rules(Shape(Dialect(), 2, b"\n")), data)
    faults = []
    for start in range(0, len(content), size):
        piece = content[start : start + size]
        data[1 : 1 + len(piece)] = piece
        scan.piece(len(piece))
        if scan.fault >= 0:
            faults.append(start + scan.fault - 1)
            break
        scan.carry(len(piece))
    # What is wrong with a closing quote at the end of a piece is known with the byte after it.
    assert faults in ([], [fault], [fault + 1])
    assert bool(faults) == (fault >= 0)
    if not faults:
        assert scan.is_open == (text.count('"') % 2 == 1)


@given(st.text("\\\"'a,", max_size=150), st.integers(0, 3))
@settings(max_examples=300)
def test_a_quote_is_escaped_by_an_odd_number_of_escapes(text: str, run: int) -> None:
    rules = Rules(Shape(Dialect(escape="\\"), 2, b"\n"))
    data = np.frombuffer(text.encode(), np.uint8)
    longer = "\\" * run + text
    expected = [
        i - run
        for i, char in enumerate(longer)
        if char == '"' and (len(longer[:i]) - len(longer[:i].rstrip("\\"))) % 2
    ]
    assert rules.escaped(data, run).tolist() == expected
