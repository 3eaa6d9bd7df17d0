"""Random rows, dialects and damage: what was written is what arrives, or is in the rejects."""

from __future__ import annotations

import io
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from landed_ways import Way
from project import new_database
from psycopg2.extensions import connection
from writer import Style, Writer, Written, damages

from loader.loading.budget import Budget
from loader.loading.run import run
from loader.sources import Sources

WAYS = [
    Way("as ever"),
    Way("small", piece=64, block=150),
    Way("tiny", piece=5, block=5),
    Way("cut", piece=32, block=40, cut=True),
]
ways = st.sampled_from(WAYS)

# What means something somewhere, more often than chance would have it.
SPECIAL = ",;|\t\"'\\#!\n\r .N-=%ß€\x01é"

REASONS = {"stray_line_end": {"stray_carriage_return", "stray_line_feed"}}


@dataclass(frozen=True)
class File:
    style: Style
    width: int
    written: Written


@st.composite
def styles(draw: st.DrawFn) -> Style:
    quote = draw(st.sampled_from(['"', '"', "'", None]))
    delimiter = draw(st.sampled_from(",;|\t:"))
    header = draw(st.booleans())
    line_ends = draw(st.sampled_from(["lf", "crlf", "cr"]))
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-16", "latin-1", "cp1252"]))
    big_endian = encoding == "utf-16" and draw(st.booleans())
    nulls = st.lists(st.sampled_from(["", "NULL", "\\N", "-"]), min_size=1, max_size=3, unique=True)
    return Style(
        delimiter=delimiter,
        quote=quote,
        escape=draw(st.sampled_from([None, "\\"])) if quote else None,
        header=header,
        preamble=tuple(draw(st.lists(st.text("ab \"',", max_size=9), max_size=2))),
        comment=draw(st.sampled_from([None, None, "#", "!"])),
        encoding=encoding,
        line_ends=line_ends,
        declared_ends=draw(st.sampled_from(["auto", line_ends])) if header else line_ends,
        nulls=tuple(draw(nulls)),
        mark=big_endian or (encoding in {"utf-8", "utf-16"} and draw(st.booleans())),
        big_endian=big_endian,
    )


def characters(style: Style) -> st.SearchStrategy[str]:
    """Characters that a value may have; byte order marks would be taken for such."""
    any_character = st.characters(
        codec=None if style.encoding.startswith("utf") else style.encoding,
        exclude_categories=["Cs"],
        exclude_characters="\0\ufeff\ufffe",
    )
    known = [c for c in SPECIAL if c.encode(style.codec, "ignore")]
    return st.one_of(st.sampled_from(known), any_character)


def values(style: Style) -> st.SearchStrategy[str | None]:
    text = st.text(characters(style), max_size=12)
    if style.quote is None:
        # Nothing can be quoted, so nothing may need it.
        forbidden = {style.delimiter, "\r", "\n"}
        text = text.map(lambda value: "".join(c for c in value if c not in forbidden))
        text = text.filter(lambda value: value not in style.nulls)
        if style.comment:
            text = text.filter(lambda value: not value.startswith(style.comment or ""))
    return st.one_of(st.none(), text)


@st.composite
def files(draw: st.DrawFn) -> File:
    style, width = draw(styles()), draw(st.integers(1, 4))
    rows = st.tuples(*[values(style)] * width)
    faults = st.sampled_from(damages(style, width))
    writer = Writer(
        style, [f"c{n}" for n in range(width)], random.Random(draw(st.integers(0, 2**32)))
    )
    for record in draw(st.lists(st.one_of(rows, rows, rows, faults), max_size=12)):
        if isinstance(record, str):
            writer.damaged(record)
        else:
            writer.row(record)
    if style.quote is not None and width > 1 and draw(st.booleans()):
        writer.damaged("never closed")
        for number in range(draw(st.integers(1, 5))):
            writer.row((f"w{number}",) * width)
    return File(style, width, writer.written)


@dataclass(frozen=True)
class Server:
    """A database for all examples, emptied before each."""

    url: str
    conn: connection

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        with self.conn.cursor() as cur:
            cur.execute(statement)
            return cur.fetchall() if cur.description else []

    def load(self, contents: list[bytes], tables: list[dict[str, Any]], way: Way) -> None:
        self.ask("drop schema if exists raw cascade")
        declared = {
            f"t{n}": {"format": "csv", "patterns": [f"t{n}.csv"], **table}
            for n, table in enumerate(tables)
        }
        folder = Path(tempfile.mkdtemp())
        try:
            for number, content in enumerate(contents):
                (folder / f"t{number}.csv").write_bytes(content)
            with pytest.MonkeyPatch.context() as patch, redirect_stderr(io.StringIO()):
                way.prepare(patch)
                run(
                    "any",
                    folder,
                    sources=Sources.model_validate(
                        {"any": {"layout": "files", "tables": declared}}
                    ),
                    url=self.url,
                    workers=2,
                    budget=Budget.parse("1000000"),
                )
        finally:
            shutil.rmtree(folder)

    def outcome(self, table: str, width: int) -> tuple[Any, ...]:
        """Status, error, rows and rejects of the only file of a table."""
        ((load_id, status, error, *counts),) = self.ask(
            "select load_id, status, error, rows, rejects from raw._loads "
            f"where table_name = '{table}'"
        )
        names = ", ".join(f"c{n}" for n in range(width))
        rows = self.ask(f"select _row_id, {names} from raw.any_{table} order by 1")
        rejects = self.ask(
            "select record_number, reason, line, byte_offset, line_number from raw._rejects "
            f"where load_id = {load_id} order by 1"
        )
        assert counts == [len(rows), len(rejects)]
        return status, error, rows, [(*bad[:2], bytes(bad[2]), *bad[3:]) for bad in rejects]


@pytest.fixture(scope="module")
def server(postgres_server: str) -> Iterator[Server]:
    with new_database(postgres_server) as url, closing(psycopg2.connect(url)) as conn:
        conn.autocommit = True
        yield Server(url, conn)


def table_of(file: File) -> dict[str, Any]:
    declared = {**file.style.declared, "nulls": tuple(file.style.nulls)}
    return {"columns": [f"c{n}" for n in range(file.width)], "dialect": declared}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
@given(batch=st.lists(files(), min_size=1, max_size=6), way=ways)
def test_what_was_written_arrives_or_is_in_the_rejects(
    server: Server, batch: list[File], way: Way
) -> None:
    server.load([file.written.content for file in batch], [table_of(file) for file in batch], way)
    for number, file in enumerate(batch):
        status, error, rows, rejects = server.outcome(f"t{number}", file.width)
        assert (status, error) == ("loaded", None)
        assert {n: tuple(row) for n, *row in rows} == file.written.good
        assert [bad[0] for bad in rejects] == sorted(file.written.bad)
        for record, reason, line, offset, _ in rejects:
            expected, original = file.written.bad[record]
            assert reason in REASONS.get(expected, {expected})
            assert offset == file.written.offsets[record]
            assert line == original


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[File, bytes, int]:
    """A file in which a few bytes are changed, from a position on; the position."""
    file = draw(files())
    content = bytearray(file.written.content)
    first = draw(st.integers(0, len(content)))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(first, len(content)))
        inserted = draw(st.sampled_from([b"", b'"', b",", b"\n", b"\r", b"\0", b"\xff", b"\\"]))
        content[at : at + draw(st.integers(0, 2))] = inserted
    return file, bytes(content), first


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
@given(batch=st.lists(spoilt(), min_size=1, max_size=6), way=st.sampled_from(WAYS[1:]))
def test_any_damage_is_the_same_whatever_the_blocks_and_costs_nothing_before_it(
    server: Server, batch: list[tuple[File, bytes, int]], way: Way
) -> None:
    contents = [content for _, content, _ in batch]
    tables = [{**table_of(file), "last_line_end": "optional"} for file, *_ in batch]
    found = []
    for each in (WAYS[0], way):
        server.load(contents, tables, each)
        found.append([server.outcome(f"t{n}", file.width) for n, (file, *_) in enumerate(batch)])
    for (file, content, first), one, other in zip(batch, *found, strict=True):
        assert one[0] == other[0]
        assert one[2:] == other[2:]
        status, _, rows, rejects = one
        if status == "failed":
            continue
        numbers = sorted([row[0] for row in rows] + [bad[0] for bad in rejects])
        assert numbers == list(range(1, len(numbers) + 1))
        for _, _, line, offset, _ in rejects:
            assert content[offset : offset + len(line)] == line
        # The record in which the damage begins may be joined to the one before it. And a quote that
        # was left open in the file may be closed by it: what lies between is then one field.
        unspoilt = min(file.written.bad, default=len(file.written.offsets) + 1)
        before = [
            n for n, offset in file.written.offsets.items() if offset < first and n < unspoilt
        ][:-2]
        arrived = {n: tuple(row) for n, *row in rows}
        for number in before:
            if number in file.written.good:
                assert arrived[number] == file.written.good[number]
