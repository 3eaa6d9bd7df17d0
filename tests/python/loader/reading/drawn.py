"""Dialects and files drawn by hypothesis: sound records, random damage, and sheer noise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from hypothesis import strategies as st
from strict_reference import Limits

from loader.reading import at_hand, blocks, faulty, judging, windows
from loader.reading.dialect import Dialect
from loader.reading.scanning import Shape


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    delimiter = draw(st.sampled_from(",,,;\t|1 "))
    quote = draw(st.sampled_from(['"', '"', '"', "'", "2", None]))
    escape = draw(st.sampled_from([None, None, "\\", "3"])) if quote else None
    dialect = Dialect(
        delimiter=delimiter,
        quote=quote,
        escape=escape,
        comment=draw(st.sampled_from([None, None, "#"])),
        encoding=draw(st.sampled_from(["utf-8", "utf-8", "latin-1", "cp1252"])),
        nulls=draw(st.sampled_from([("",), ("",), ("N",), ("7",), ("", "N"), ("N", "", "é")])),
    )
    return Shape(
        dialect,
        draw(st.integers(1, 4)),
        draw(st.sampled_from([b"\n", b"\n", b"\r"])),
        end_marker=draw(st.booleans()),
    )


@st.composite
def contents(draw: st.DrawFn, shape: Shape) -> bytes:
    dialect = shape.dialect
    quote = dialect.quote_byte or b""
    escape = dialect.escape_byte or b""
    tokens = [
        b"a",
        b"b7",
        b"",
        dialect.delimiter_byte,
        dialect.delimiter_byte,
        quote,
        quote * 2,
        escape,
        escape * 2,
        escape + quote,
        b"\n",
        b"\r",
        b"\r\n",
        shape.line_end,
        b"#",
        b"\\.",
        b"\\",
        b"N",
        b"\x01",
        b"\0",
        b"\xff",
        b"\x81",
        "é".encode(dialect.codec),
        dialect.delimiter_byte * (shape.fields - 1) + shape.line_end,
        shape.line_end + b"#" + quote,
        shape.line_end + b"\\." + shape.line_end,
    ]
    if draw(st.booleans()):
        return b"".join(draw(_many(st.sampled_from(tokens), 40)))
    records = draw(_many(_records(shape), 16))
    for _ in range(draw(st.integers(0, 4))):
        if records:
            which = draw(st.integers(0, len(records) - 1))
            record = records[which]
            place = draw(st.integers(0, len(record)))
            cut = draw(st.integers(0, 2))
            records[which] = record[:place] + draw(st.sampled_from(tokens)) + record[place + cut :]
    return b"".join(records)


def _many(of: st.SearchStrategy[bytes], most: int) -> st.SearchStrategy[list[bytes]]:
    """Give lists of any length: on its own, hypothesis prefers short ones."""
    return st.integers(0, most).flatmap(lambda size: st.lists(of, min_size=size, max_size=size))


def _records(shape: Shape) -> st.SearchStrategy[bytes]:
    dialect = shape.dialect
    ends = [b"\n", b"\n", b"\r\n"] if shape.line_end == b"\n" else [b"\r"]
    plain = st.sampled_from([b"", b"x", b"yy", b"N", "é".encode(dialect.codec)])
    fields = plain
    if dialect.quote_byte:
        quote, escape = dialect.quote_byte, dialect.escape_byte or b""
        inner = st.lists(
            st.sampled_from(
                [b"x", b"\n", b"\r", b"\r\n", dialect.delimiter_byte, escape + quote, b"#"]
                + ([escape * 2] if escape != quote else [])
            ),
            max_size=4,
        )
        fields = st.one_of(plain, inner.map(lambda parts: quote + b"".join(parts) + quote))
    row = st.lists(fields, min_size=shape.fields, max_size=shape.fields)
    return st.tuples(row, st.sampled_from(ends)).map(
        lambda drawn: dialect.delimiter_byte.join(drawn[0]) + drawn[1]
    )


@dataclass
class Sizes:
    """Of what the package reads and judges at a time."""

    piece: int
    block: int
    window: int
    long_block: int
    dense: int
    limits: Limits


@st.composite
def sizes(draw: st.DrawFn) -> Sizes:
    small = st.sampled_from([1, 2, 3, 5, 8, 16, 64, 1000])
    large = st.sampled_from([10, 20, 40, 10_000, 10_000])
    record = draw(st.sampled_from([12, 30, 10_000]))
    return Sizes(
        piece=draw(small),
        block=draw(small),
        window=draw(st.sampled_from([1, 3, 8, 64, 1000, 1000])),
        long_block=draw(large),
        dense=draw(st.sampled_from([0, 2, 32])),
        limits=Limits(
            record=record,
            long_bytes=min(record, draw(st.sampled_from([4, 8, 20, 10_000]))),
            long_lines=draw(st.integers(1, 3)),
            kept=draw(st.sampled_from([3, 12])),
        ),
    )


@contextmanager
def read_in(drawn: Sizes) -> Iterator[None]:
    """Have the package read and judge so much at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "PIECE_BYTES", drawn.piece)
        patch.setattr(blocks, "BLOCK", max(1, drawn.piece // 2))
        patch.setattr(blocks, "LONG_RECORD_BYTES", drawn.long_block)
        patch.setattr(at_hand, "WINDOW_BYTES", drawn.window)
        patch.setattr(judging, "WINDOW_BYTES", drawn.window)
        patch.setattr(judging, "DENSE_RECORDS", drawn.dense)
        patch.setattr(windows, "MANY", 1 + drawn.dense)
        patch.setattr(judging, "KEPT_BYTES", drawn.limits.kept)
        patch.setattr(faulty, "MAX_RECORD_BYTES", drawn.limits.record)
        patch.setattr(faulty, "LONG_RECORD_BYTES", drawn.limits.long_bytes)
        patch.setattr(faulty, "LONG_RECORD_LINES", drawn.limits.long_lines)
        yield
