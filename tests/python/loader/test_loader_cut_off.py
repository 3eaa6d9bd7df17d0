"""A file of lines that no manifest proves is whole when its last line has an end."""

# ruff: noqa: PLR0917 - pytest passes fixtures by name

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

SACKS = b'id,grain,weight\n1,"two\nlines",2\n2,rye,3'


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("sacks.csv", SACKS, 4),
        ("sacks.csv", SACKS.replace(b"\n", b"\r\n") + b"\r", 4),
        ("sacks.csv", b"id,grain,weight\n1,rye", 2),
        ("sacks.csv", b"id,grain,weight", 1),
        # COPY refuses an earlier record, so that the file is read in records.
        ("sacks.csv", b"id,grain,weight\n1,rye\n2,rye,3", 3),
        # PostgreSQL before 18 must read this file in records from the first.
        ("sacks.csv", b"id\n\\.\n3", 3),
        ("sacks.csv.gz", gzip.compress(SACKS), 4),
        ("orders.json", b'{"id": 1}\n{"id": 2}', 2),
        ("orders.json", b'{"id": 1}\n{"id": 2, "no', 2),
        ("orders.json.gz", gzip.compress(b'{"id": 1}'), 1),
        ("sacks.csv", b"id\n" + b"1\n" * 200_000 + b"7", 200_002),
    ],
)
def test_a_last_line_without_end_is_refused(
    load, query, landing: Path, name: str, content: bytes, line: int
) -> None:
    (landing / name).write_bytes(content)
    (outcome,) = load(max_rejects=1).outcomes
    table = name.split(".", maxsplit=1)[0]
    assert outcome.error == (
        f"{landing / name}: line {line:,} has no end: the file may be cut off; bring the whole "
        "file, or, if its source never ends the last line, say last_line_end: optional for the "
        f"table {table} in loader/sources.yml"
    )
    assert query(f"select count(*) from raw.mill_{table}") == [(0,)]
    assert query("select status from raw._loads") == [("failed",)]


def test_the_whole_file_loads_afterwards(load, query, landing: Path) -> None:
    (landing / "sacks.csv").write_bytes(SACKS)
    assert load().failed
    (landing / "sacks.csv").write_bytes(SACKS + b"7\n")
    assert not load().failed
    assert query("select weight from raw.mill_sacks order by _row_id") == [("2",), ("37",)]


def test_a_table_may_do_without_the_last_line_end(load, query, landing: Path) -> None:
    (landing / "flour.csv").write_text("id,kind\n1,rye\n2,oat")
    assert not load().failed
    assert query("select id, kind, _row_id from raw.mill_flour order by 3") == [
        ("1", "rye", 1),
        ("2", "oat", 2),
    ]


def test_a_file_that_its_manifest_proves_may_end_as_it_likes(load, query, deliver) -> None:
    # deliver promises a record for each line end but one: the header's stands for the last one's.
    deliver("2025-01-01", {"cows": ['cow_id,name\n1,Erna\n2,"Ber\nta"']})
    assert not load("farm").failed
    assert query("select name from raw.farm_cows order by _row_id") == [("Erna",), ("Ber\nta",)]
