"""Records by themselves: judged together they come out as judged one by one."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from loader.raw.single import CsvReader, Line
from loader.reading.dialect import Dialect
from loader.reading.records import Fault
from loader.sources import Table

PIECES = ["1", ",", '"', '""', "x", "\n", "\r", "\\", "\0", "é", "#", " "]

DIALECTS = [Dialect(), Dialect(escape="\\"), Dialect(quote=None), Dialect(comment="#")]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), max_size=8),
       st.sampled_from(DIALECTS))  # fmt: skip
def test_records_judged_together_come_out_as_one_by_one(texts, dialect):
    table = Table(columns=["a", "b"], dialect=dialect)
    reader = CsvReader(table, ["a", "b"], end_marker=False)
    lines = [Line(100 + n, text) for n, text in enumerate(texts)]
    together = reader.read(lines)
    assert [_kind(one) for one in together] == [_kind(reader.read([line])[0]) for line in lines]
    for line, one in zip(lines, together, strict=True):
        if not isinstance(one, Fault):
            assert one == f"{line.record_number},{line.content}\n".encode()


def _kind(judged):
    return "fault" if isinstance(judged, Fault) else judged
