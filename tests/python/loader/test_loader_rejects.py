"""Records that COPY cannot take: counted, named, kept; and the good ones keep their numbers."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from loader.errors import RejectsError
from loader.loading.budget import Budget
from loader.reading.records import Fault, Rejects, sound_csv

DIRTY = (
    b"id,grain,weight\n"
    b'1,"quoted\nline",2\n'
    b"2,too few\n"
    b"3,too,many,fields\n"
    b"4,\xff\xfe,2\n"
    b"5,n\0l,2\n"
    b"6,stray\rreturn,2\n"
    b"7,rye,2\n"
    b"\n"
    b'9,5" pipe,2\n'
    b"10,oat,3\n"
)


def test_good_records_load_and_bad_ones_are_kept(load, query, landing: Path) -> None:
    (landing / "sacks.csv").write_bytes(DIRTY)
    result = load(max_rejects=7)
    assert not result.failed
    assert query("select _row_id, id, grain from raw.mill_sacks order by 1") == [
        (1, "1", "quoted\nline"),
        (7, "7", "rye"),
        (10, "10", "oat"),
    ]
    rejects = query("select line_number, reason, line from raw._rejects order by 1")
    assert [(number, reason, bytes(line)) for number, reason, line in rejects] == [
        (2, "too_few_fields", b"2,too few"),
        (3, "too_many_fields", b"3,too,many,fields"),
        (4, "invalid_utf8", b"4,\xff\xfe,2"),
        (5, "nul_byte", b"5,n\0l,2"),
        (6, "stray_carriage_return", b"6,stray\rreturn,2"),
        (8, "too_few_fields", b""),
        (9, "unclosed_quote", b'9,5" pipe,2'),
    ]
    assert query("select rows, rejects, rows + rejects from raw._loads") == [(3, 7, 10)]
    assert query("select count(*) from raw._rejects r join raw._loads using (load_id)") == [(7,)]


def test_one_reject_too_many_fails_the_whole_file(load, query, landing: Path) -> None:
    (landing / "sacks.csv").write_bytes(DIRTY)
    (landing / "sacks-good.csv").write_text("id\n1\n")
    result = load(max_rejects=6)
    failed = next(o for o in result.outcomes if o.status == "failed")
    assert failed.file.name == "sacks.csv"
    assert (
        "more than 6 records cannot be loaded; the first is record 2: has 2 fields" in failed.error
    )
    assert "--max-rejects" in failed.error
    assert query("select id from raw.mill_sacks") == [("1",)]
    assert query("select count(*) from raw._rejects") == [(0,)]
    assert query("select file, status, rows from raw._loads order by 1") == [
        ("sacks-good.csv", "loaded", 1),
        ("sacks.csv", "failed", 0),
    ]


def test_without_allowance_the_message_names_record_fault_and_fix(load, landing: Path) -> None:
    (landing / "sacks.csv").write_bytes(b"id,grain,weight\n1,rye,2\n2,\xfcber,3\n")
    (outcome,) = load().outcomes
    assert outcome.error == (
        f"{landing / 'sacks.csv'}: record 2: is not UTF-8: byte 0xfc at byte 3; nothing of the "
        "file was loaded; correct it, or set such records aside with --max-rejects N"
    )


def test_a_failed_file_loads_when_allowed(load, query, landing: Path) -> None:
    (landing / "sacks.csv").write_bytes(DIRTY)
    assert load().count("failed") == 1
    assert load(max_rejects=10).count("loaded") == 1
    assert load(max_rejects=10).count("skipped") == 1
    assert query("select status, rows from raw._loads order by load_id") == [
        ("failed", 0),
        ("loaded", 3),
    ]


@pytest.mark.parametrize("case", [("5%", 20, 1), ("5%", 21, 2), ("0.1%", 3000, 3), ("0%", 50, 0)])
def test_a_share_is_judged_over_the_whole_file(
    load, query, landing: Path, case: tuple[str, int, int]
) -> None:
    """The bad ones come first: that they are all there is at that point does not count."""
    share, records, allowed = case
    for name, bad in (("sacks-within.csv", allowed), ("sacks-beyond.csv", allowed + 1)):
        lines = ["0,too few"] * bad + ["1,rye,2"] * (records - bad)
        (landing / name).write_text("\n".join(["id,grain,weight", *lines, ""]))
    for outcome in load(max_rejects=share).outcomes:
        within = outcome.name == "sacks-within.csv"
        assert outcome.status == ("loaded" if within else "failed"), outcome
        if not within and allowed:
            assert f"more than {allowed} records ({share} of the file)" in outcome.error
    assert query("select rows, rejects from raw._loads where status = 'loaded'") == [
        (records - allowed, allowed)
    ]


def test_any_file_may_have_one_reject_by_default(cli, query, landing: Path) -> None:
    (landing / "sacks-1.csv").write_text("id,grain,weight\n1,rye,2\n2,oat\n")
    (landing / "sacks-2.csv").write_text("id,grain,weight\n1,rye,2\n2,oat\n3,oat\n")
    assert cli("mill").exit_code == 1
    assert query("select file, status, rejects from raw._loads order by 1") == [
        ("sacks-1.csv", "loaded", 1),
        ("sacks-2.csv", "failed", 0),
    ]


def test_with_a_manifest_a_file_beyond_its_share_is_not_read_to_its_end() -> None:
    rejects = Rejects(Path("x.csv"), Budget.parse("5%"), promised=40)
    for number in (1, 2):
        rejects.add(number, Fault("too_few_fields", "has 1 fields, the header names 3"), b"")
    with pytest.raises(RejectsError, match="more than 2 records"):
        rejects.add(3, Fault("too_few_fields", "has 1 fields, the header names 3"), b"")


def test_mixed_line_ends_are_no_reject(load, query, landing: Path) -> None:
    (landing / "sacks.csv").write_bytes(b"id,grain,weight\n1,rye,2\r\n2,oat,3\n3,rye,4\r\n")
    assert not load().failed
    assert query("select id, weight, _row_id from raw.mill_sacks order by 3") == [
        ("1", "2", 1),
        ("2", "3", 2),
        ("3", "4", 3),
    ]


@pytest.mark.parametrize(
    ("lines", "good", "bad"),
    [
        # A stray quote costs its own line, whether a later quote closes it or none does.
        (b'1,a"b,c\n2,d,e\n3,f,g\n', [2, 3], [1]),
        (b'1,a,b"c\n2,d,e\n3,f"g,h\n4,i,j\n', [2, 4], [1, 3]),
        # A quoted field that the end of the file cuts off: one record.
        (b'1,a,b\n2,c,"d\ne\nf', [1], [2]),
        # A sound record of several lines in between is left as it is.
        (b'1,a"b,c\n2,"d\n,,\n",e\n3,f,g\n', [2, 3], [1]),
    ],
)
def test_a_stray_quote_does_not_swallow_the_file(
    lines: bytes, good: list[int], bad: list[int]
) -> None:
    rejects = Rejects(Path("x.csv"), Budget.parse("10"))
    found = b"".join(sound_csv(io.BytesIO(lines), 3, rejects))
    assert [reject.line_number for reject in rejects.found] == bad
    assert [int(line.split(b",")[0]) for line in found.splitlines() if line[:1].isdigit()] == good


def test_rejects_stop_the_reading() -> None:
    taken = 0

    def lines() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"a,b\n"

    with pytest.raises(RejectsError):
        list(sound_csv(lines(), 3, Rejects(Path("x.csv"), Budget.parse("5"))))
    assert taken <= 7


def test_the_judgement_is_that_of_copy(database_url: str) -> None:
    """What is called sound, COPY takes as as many rows; what COPY takes whole is called sound."""
    draw = random.Random(20_250_101)
    alphabet = [
        b"a",
        b"7",
        b",",
        b",",
        b'"',
        b'""',
        b"\n",
        b"\r",
        b"\r\n",
        b"\\",
        b"\xc3\xa9",
        b"\xff",
        b"\0",
    ]
    weights = [20, 10, 8, 8, 3, 2, 3, 1, 1, 1, 2, 1, 1]
    with closing(psycopg2.connect(database_url)) as conn, conn.cursor() as cur:
        cur.execute("create table plain (a text, b text)")
        cur.execute("create table numbered (n bigint, a text, b text)")
        conn.commit()
        for _ in range(1500):
            content = b"".join(draw.choices(alphabet, weights, k=draw.randint(1, 14))) + b"\n"
            rejects = Rejects(Path("x.csv"), Budget.parse("100"))
            sound = b"".join(sound_csv(io.BytesIO(content), 2, rejects))
            cur.copy_expert("copy numbered from stdin (format csv)", io.BytesIO(sound))
            taken = _rows(cur, "select a, b from numbered")
            try:
                cur.copy_expert("copy plain from stdin (format csv)", io.BytesIO(content))
            except psycopg2.DataError:
                # COPY may refuse sound records only for line ends that differ.
                assert rejects.found or b"\r" in content, content
            else:
                assert rejects.found == [], content
                assert taken == _rows(cur, "select a, b from plain"), content
            conn.rollback()


def _rows(cur: psycopg2.extensions.cursor, query: str) -> list[tuple[str, str]]:
    cur.execute(query)
    return cur.fetchall()
