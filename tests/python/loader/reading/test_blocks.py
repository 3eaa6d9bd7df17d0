"""Blocks: what COPY gets of a file, what is judged, and that nothing of it is lost."""

from __future__ import annotations

import io

from drawn import Sizes, contents, read_in, shapes, sizes
from hypothesis import given, settings
from hypothesis import strategies as st
from strict_reference import Limits, RefusedError, copy_csv, judge, value

from loader.reading import blocks
from loader.reading.blocks import Block, Shape, Splitter
from loader.reading.dialect import Dialect
from loader.reading.records import Reject

HEADER = 7


@given(st.data())
@settings(max_examples=1500, deadline=None)
def test_what_is_loaded_is_what_was_written(data: st.DataObject) -> None:
    """COPY, or the judgement where COPY refuses, reads every block as the slow reader does."""
    shape = data.draw(shapes())
    content = data.draw(contents(shape))
    drawn = data.draw(sizes())
    with read_in(drawn):
        splitter = Splitter(io.BytesIO(content), shape, offset=HEADER, block_bytes=drawn.block)
        reached, number = 0, 1
        for block in splitter:
            assert block.offset == HEADER + reached
            number += _check(block, content[reached:], number, drawn)
            reached += block.size
        assert reached == len(content)


def test_what_was_read_but_not_judged_is_not_lost() -> None:
    """The judgement may end with the piece before the one in which the fault was found."""
    lines = (blocks.PIECE_BYTES - 8) // 4
    content = b'a,"bcde\n' + b"1,2\n" * lines + b'1,2\na"b,c\n1,2\n'
    rows = 0
    for block in Splitter(io.BytesIO(content), Shape(Dialect(), 2, b"\n"), block_bytes=100_000):
        for _ in block.pieces():
            pass
        rows += b"".join(block.judged(1, lambda _: None)).count(b"\n")
    assert rows == lines + 2


def _check(block: Block, content: bytes, number: int, drawn: Sizes) -> int:
    """Load a block that begins with some bytes of the file; returns the number of its records."""
    shape = block._splitter.rules.shape
    pieces = b"".join(block.pieces())
    assert b"".join(block.pieces()) == pieces
    assert content.startswith(pieces)
    if block.sound:
        counted, content = block.records, pieces
        try:
            rows = copy_csv(pieces, shape.dialect, shape.fields, end_marker=shape.end_marker)
        except RefusedError:
            pass
        else:
            assert counted == len(rows)
            # What COPY takes is not taken apart for being long.
            expected = list(judge(pieces, shape, Limits()))
            assert [one.reason for one in expected] == [""] * len(rows)
            assert rows == [[value(raw, shape.dialect) for raw in x.fields] for x in expected]
    rejects: list[Reject] = []
    out = b"".join(block.judged(number, rejects.append))
    assert block.records is not None
    found = [one for one in judge(content, shape, drawn.limits) if one.start < block.size]
    assert found[-1].end == block.size
    records = [one for one in found if one.reason or one.fields]
    assert block.records == len(records)
    numbered = list(enumerate(records, start=number))
    assert rejects == [
        Reject(n, 0, block.offset + one.start, one.reason, reject.message, one.line)
        for (n, one), reject in zip(
            [(n, one) for n, one in numbered if one.reason], rejects, strict=True
        )
    ]
    rows = copy_csv(out, shape.dialect, shape.fields + 1, end_marker=shape.end_marker)
    assert rows == [
        [b"%d" % n, *(value(raw, shape.dialect) for raw in one.fields)]
        for n, one in numbered
        if not one.reason
    ]
    return block.records
