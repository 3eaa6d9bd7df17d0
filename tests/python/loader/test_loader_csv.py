"""CSV files arrive as they are: every value, every record number."""

from __future__ import annotations

import gzip
import hashlib
import random
from pathlib import Path

import pyarrow as pa
import pytest

SACKS = "select id, grain, weight, _row_id from raw.mill_sacks order by _load_id, _row_id"


def test_values_and_record_numbers(load, query, landing: Path) -> None:
    (landing / "sacks-1.csv").write_bytes(
        b'id,grain,weight\n1,rye,12.50\n2,"two\nlines",\n3,"",  7 \n4,"a ""b"", c",0\n'
    )
    result = load()
    assert (result.count("loaded"), result.failed) == (1, False)
    assert query(SACKS) == [
        ("1", "rye", "12.50", 1),
        ("2", "two\nlines", None, 2),
        ("3", "", "  7 ", 3),
        ("4", 'a "b", c', "0", 4),
    ]


def test_ledger_row_states_the_facts(load, query, landing: Path) -> None:
    content = b"id,grain,weight\n1,rye,2\n2,oat,3\n"
    (landing / "sacks-2025-01-02.csv").write_bytes(content)
    load()
    assert query(
        "select source, table_name, batch, file, uri, format, header_lines, bytes, sha256, rows, "
        "rejects, status, error, seconds > 0, loaded_at is not null from raw._loads"
    ) == [
        (
            "mill",
            "sacks",
            "sacks-2025-01-02",
            "sacks-2025-01-02.csv",
            (landing / "sacks-2025-01-02.csv").resolve().as_uri(),
            "csv",
            1,
            len(content),
            hashlib.sha256(content).hexdigest(),
            2,
            0,
            "loaded",
            None,
            True,
            True,
        )
    ]
    assert query("select _load_id = load_id from raw.mill_sacks, raw._loads") == [(True,)] * 2


def test_gzip_is_decompressed(load, query, landing: Path) -> None:
    # Two members one after the other are one file, as zcat has it.
    packed = gzip.compress(b"id,grain,weight\n1,rye,2\n") + gzip.compress(b"2,oat,3\n")
    (landing / "sacks.csv.gz").write_bytes(packed)
    load()
    assert query(SACKS) == [("1", "rye", "2", 1), ("2", "oat", "3", 2)]
    assert query("select bytes, batch from raw._loads") == [(len(packed), "sacks")]


def test_zstd_is_decompressed(load, query, landing: Path) -> None:
    packed = pa.Codec("zstd").compress(b"id,grain,weight\n1,rye,2\n", asbytes=True)
    (landing / "sacks.csv.zst").write_bytes(packed)
    load()
    assert query(SACKS) == [("1", "rye", "2", 1)]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfid,grain,weight\n1,rye,2\n",
        b"id,grain,weight\r\n1,rye,2\r\n",
        b'"id","grain","weight"\n"1","rye","2"\n',
    ],
    ids=["byte order mark", "crlf", "quoted header"],
)
def test_spellings_of_the_same_file(load, query, landing: Path, content: bytes) -> None:
    (landing / "sacks.csv").write_bytes(content)
    assert not load().failed
    assert query(SACKS) == [("1", "rye", "2", 1)]


def test_header_only_is_a_file_without_rows(load, query, landing: Path) -> None:
    (landing / "sacks.csv").write_text("id,grain,weight\n")
    assert load().count("loaded") == 1
    assert query("select rows, rejects, status from raw._loads") == [(0, 0, "loaded")]


def test_columns_in_another_order(load, query, landing: Path) -> None:
    (landing / "sacks.csv").write_text("weight,id,grain\n2,1,rye\n")
    result = load()
    assert query(SACKS) == [("1", "rye", "2", 1)]
    assert (result.outcomes[0].loaded.added, result.outcomes[0].loaded.missing) == ([], [])


def test_added_and_missing_columns(load, query, landing: Path) -> None:
    (landing / "sacks-1.csv").write_text('id,"mo""ist; drop",größe,weight\n1,wet,L,2\n')
    (landing / "sacks-2.csv").write_text("id,grain,weight\n2,oat,3\n")
    first = next(o for o in load().outcomes if o.name == "sacks-1.csv")
    assert first.loaded.added == ['mo"ist; drop', "größe"]
    assert first.loaded.missing == ["grain"]
    assert query(
        'select id, grain, weight, "mo""ist; drop", "größe" from raw.mill_sacks order by 1'
    ) == [
        ("1", None, "2", "wet", "L"),
        ("2", "oat", "3", None, None),
    ]


def test_a_declared_column_is_added_to_an_older_table(load, query, landing: Path) -> None:
    (landing / "sacks.csv").write_text("id,grain,weight\n1,rye,2\n")
    load()
    query("alter table raw.mill_sacks drop column weight")
    load()
    assert query(SACKS) == [("1", "rye", None, 1)]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("1,rye,2", "no header: its first line names none of the columns id, grain, weight"),
        ("", "no header"),
        ("id,grain,grain", "column 'grain' is named twice"),
        ("id,,weight", "a column has no name"),
        ("id,_row_id", "column _row_id has a name that the loader keeps for itself"),
        ("id," + "ä" * 32, "longer than PostgreSQL's 63 bytes"),
        ('id,"a\x01b"', "control character"),
    ],
)
def test_header_that_cannot_be_used(load, query, landing: Path, header: str, message: str) -> None:
    (landing / "sacks.csv").write_text(header and f"{header}\n1,2,3\n", newline="")
    (outcome,) = load().outcomes
    assert outcome.status == "failed"
    assert "sacks.csv: " in outcome.error
    assert message in outcome.error
    assert query("select count(*) from raw.mill_sacks") == [(0,)]
    assert query("select status, error = %s from raw._loads", (outcome.error,)) == [
        ("failed", True)
    ]


def test_a_line_of_backslash_and_dot_ends_nothing(load, query, landing: Path) -> None:
    (landing / "sacks.csv").write_text("id\n1\n\\.\n3\n")
    assert not load().failed
    assert query(SACKS) == [("1", None, None, 1), ("\\.", None, None, 2), ("3", None, None, 3)]


def test_same_bytes_under_two_names_are_two_loads(load, query, landing: Path) -> None:
    for name in ("sacks-a.csv", "sacks-b.csv"):
        (landing / name).write_text("id,grain,weight\n1,rye,2\n")
    assert load().count("loaded") == 2
    assert query("select count(*), count(distinct _load_id) from raw.mill_sacks") == [(2, 2)]


def test_parallel_loads_number_their_records_apart(load, query, landing: Path) -> None:
    draw = random.Random(7)
    sizes = {f"sacks-{n}.csv": draw.randint(1, 3000) for n in range(24)}
    for name, size in sizes.items():
        lines = "".join(f"{name},{row},x\n" for row in range(1, size + 1))
        (landing / name).write_text(f"id,grain,weight\n{lines}")
    assert load(workers=4).count("loaded") == 24
    # The number that each line carries is the one it was given.
    assert query(
        "select count(*), count(*) filter (where grain::bigint = _row_id), "
        "count(distinct (_load_id, _row_id)) from raw.mill_sacks"
    ) == [(sum(sizes.values()),) * 3]
    assert dict(query("select file, rows from raw._loads")) == sizes
    assert query(
        "select count(*) from raw.mill_sacks join raw._loads on load_id = _load_id where id <> file"
    ) == [(0,)]


def test_all_declared_tables_exist_after_any_run(load, query, landing: Path) -> None:
    (landing / "sacks.csv").write_text("id,grain,weight\n")
    load()
    assert query(
        "select relname::text from pg_class where relnamespace = 'raw'::regnamespace "
        r"and relkind = 'r' and relname not like '\_%' order by 1"
    ) == [
        ("farm__truth_totals",),
        ("farm_cows",),
        ("farm_eggs",),
        ("mill_flour",),
        ("mill_orders",),
        ("mill_sacks",),
        ("mill_stock",),
    ]


def test_statistics_and_index_are_ready_for_the_build(load, query, landing: Path) -> None:
    lines = "".join(f"{n},rye,{n}\n" for n in range(50_000))
    (landing / "sacks.csv").write_text(f"id,grain,weight\n{lines}")
    load()
    assert query("select reltuples from pg_class where oid = 'raw.mill_sacks'::regclass") == [
        (50_000,)
    ]
    assert query(
        "select brin_summarize_new_values(indexrelid) from pg_index "
        "where indrelid = 'raw.mill_sacks'::regclass"
    ) == [(0,)]
