"""Records that COPY cannot take: counted, named, kept; and the good ones keep their numbers."""

from __future__ import annotations

import errno
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from loader.errors import FileError, RejectsError
from loader.loading import load_file
from loader.loading.budget import Budget, Rejects
from loader.reading.records import Reject, locate

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
    rejects = query(
        "select record_number, line_number, byte_offset, reason, line from raw._rejects order by 1"
    )
    assert [
        DIRTY[offset : offset + len(line)] == bytes(line) for _, _, offset, _, line in rejects
    ] == [True] * 7
    # The first record has two lines, and the header one.
    assert [(number, reason, bytes(line)) for number, _, _, reason, line in rejects] == [
        (2, "too_few_fields", b"2,too few"),
        (3, "too_many_fields", b"3,too,many,fields"),
        (4, "invalid_utf8", b"4,\xff\xfe,2"),
        (5, "nul_byte", b"5,n\0l,2"),
        (6, "stray_carriage_return", b"6,stray\rreturn,2"),
        (8, "too_few_fields", b""),
        (9, "broken_quoting", b'9,5" pipe,2'),
    ]
    assert [line for _, line, *_ in rejects] == [4, 5, 6, 7, 8, 10, 11]
    assert query("select rows, rejects, rows + rejects from raw._loads") == [(3, 7, 10)]
    assert query("select count(*) from raw._rejects r join raw._loads using (load_id)") == [(7,)]


def test_a_file_that_is_changed_before_its_rejects_are_located_is_refused(
    load, query, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (landing / "sacks.csv").write_bytes(DIRTY)

    def changed(*arguments: Any) -> list[Reject]:
        found = locate(*arguments)
        (landing / "sacks.csv").write_bytes(b"id\n" + DIRTY)
        return found

    monkeypatch.setattr(load_file, "locate", changed)
    (outcome,) = load(max_rejects=7).outcomes
    assert "sacks.csv: was changed while the run went on" in outcome.error
    assert query("select count(*) from raw.mill_sacks") == [(0,)]


def test_one_reject_too_many_fails_the_whole_file(load, query, landing: Path) -> None:
    (landing / "sacks.csv").write_bytes(DIRTY)
    (landing / "sacks-good.csv").write_text("id\n1\n")
    result = load(max_rejects=6)
    failed = next(o for o in result.outcomes if o.status == "failed")
    assert failed.name == "sacks.csv"
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
            noun = "record" if allowed == 1 else "records"
            assert f"more than {allowed} {noun} ({share} of the file)" in outcome.error
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
    bad = Reject(1, 2, 0, "too_few_fields", "has 1 fields, the header names 3", b"")
    rejects.add(bad)
    rejects.add(bad)
    with pytest.raises(RejectsError, match="more than 2 records"):
        rejects.add(bad)


def test_mixed_line_ends_are_no_reject(load, query, landing: Path) -> None:
    (landing / "sacks.csv").write_bytes(b"id,grain,weight\n1,rye,2\r\n2,oat,3\n3,rye,4\r\n")
    assert not load().failed
    assert query("select id, weight, _row_id from raw.mill_sacks order by 3") == [
        ("1", "2", 1),
        ("2", "3", 2),
        ("3", "4", 3),
    ]


LONG = Reject(7, 8, 9, "too_few_fields", "has 1 fields, the header names 3", b"x" * 1_000_000)


def test_a_share_of_a_file_of_unknown_length_keeps_memory_flat() -> None:
    """Without a manifest the share is known at the end, and until then all may be bad."""
    tracemalloc.start()
    rejects = Rejects("x.csv", Budget.parse("5%"))
    for number in range(100, 0, -1):
        rejects.add(LONG._replace(record_number=number))
    with pytest.raises(RejectsError, match=r"more than 5 records \(5% of the file\).* record 1: "):
        rejects.settle(100)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30_000_000


def test_what_is_set_aside_comes_back_as_it_was() -> None:
    rejects = Rejects("x.csv", Budget.parse("50%"))
    added = [LONG._replace(record_number=number, byte_offset=None) for number in (20, 3, 11)]
    added += [LONG._replace(record_number=2**40, line=bytes(range(256)), message="“é”")] * 20
    for reject in added:
        rejects.add(reject)
    assert rejects.settle(100) == added


def test_a_full_disk_of_temporary_files_fails_the_file(monkeypatch) -> None:
    rejects = Rejects("x.csv", Budget.parse("50%"))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("loader.loading.budget.marshal.dump", full)
    with pytest.raises(FileError, match=r"x\.csv: its rejects cannot be written to .*: No space"):
        rejects.add(LONG)


def test_a_bad_file_without_a_manifest_is_spilled_and_refused(load, landing: Path, monkeypatch):
    monkeypatch.setattr("loader.loading.budget._IN_MEMORY", 100)
    (landing / "sacks.csv").write_text("id,grain,weight\n" + "1,rye\n" * 5000)
    (outcome,) = load(max_rejects="5%").outcomes
    assert "more than 250 records (5% of the file) cannot be loaded" in outcome.error
    assert "the first is record 1: has 2 fields" in outcome.error
