"""The judgement is that of the real COPY: what is called good it takes, as it was written."""

from __future__ import annotations

import io
from contextlib import closing

import psycopg2
from drawn import contents, shapes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.extensions import cursor
from strict_reference import Limits, RefusedError, copy_csv, judge, value

from loader.reading.blocks import Shape, Splitter
from loader.reading.options import copy_options
from loader.reading.records import Reject
from warehouse.composed import TEXT, copy_in, create_table, qualified

END_MARKER_BEFORE = 180_000


@given(st.data())
@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_judgement_is_that_of_copy(database_url: str, data: st.DataObject) -> None:
    drawn = data.draw(shapes())
    content = data.draw(contents(drawn))
    with closing(psycopg2.connect(database_url)) as conn, conn.cursor() as cur:
        shape = Shape(
            drawn.dialect,
            drawn.fields,
            drawn.line_end,
            end_marker=conn.server_version < END_MARKER_BEFORE,
        )
        for block in Splitter(io.BytesIO(content), shape):
            pieces = b"".join(block.pieces())
            if block.sound:
                _compare_as_it_is(cur, shape, pieces, block.records)
            rejects: list[Reject] = []
            judged = b"".join(block.judged(1, rejects.append))
            found = [x for x in judge(content, shape, Limits()) if x.reason or x.fields]
            good = [(n, one) for n, one in enumerate(found, start=1) if not one.reason]
            rows = _copied(cur, shape, judged, shape.fields + 1)
            assert rows == [
                (str(n), *_texts([value(raw, shape.dialect) for raw in one.fields], shape))
                for n, one in good
            ]
            assert len(rows) + len(rejects) == block.records == len(found)


def _compare_as_it_is(cur: cursor, shape: Shape, content: bytes, counted: int | None) -> None:
    """Give COPY a sound block: what it takes is what the strict rules read."""
    try:
        expected = copy_csv(content, shape.dialect, shape.fields, end_marker=shape.end_marker)
    except RefusedError:
        expected = None
    try:
        rows = _copied(cur, shape, content, shape.fields)
    except psycopg2.DataError:
        cur.connection.rollback()
        assert expected is None
        return
    assert expected is not None
    assert len(rows) == counted
    assert rows == [_texts(row, shape) for row in expected]
    found = judge(content, shape, Limits())
    assert rows == [_texts([value(raw, shape.dialect) for raw in x.fields], shape) for x in found]


def _texts(values: list[bytes | None], shape: Shape) -> tuple[str | None, ...]:
    codec = shape.dialect.codec
    return tuple(None if one is None else one.decode(codec) for one in values)


def _copied(
    cur: cursor, shape: Shape, content: bytes, columns: int
) -> list[tuple[str | None, ...]]:
    """Copy bytes into a table of texts, as the loader does, and leave nothing of it."""
    names = [f"c{number}" for number in range(columns)]
    table = qualified("pg_temp", "copied")
    cur.execute(create_table(table, dict.fromkeys(names, TEXT)))
    cur.copy_expert(copy_in(table, names, copy_options(shape.dialect)), io.BytesIO(content))
    rows = cur.rowcount
    cur.execute("select * from pg_temp.copied")
    found: list[tuple[str | None, ...]] = cur.fetchall()
    cur.connection.rollback()
    assert len(found) == rows
    return found
