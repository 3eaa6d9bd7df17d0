"""Once and only once: what was loaded is known by name and bytes, and nothing is loaded half."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loader.loading import report

COWS = "cow_id,name\n1,Erna\n2,Berta\n"


def test_a_second_load_changes_nothing(load, query, landing: Path) -> None:
    (landing / "sacks.csv").write_text("id,grain,weight\n1,rye,2\n")
    (landing / "orders.json").write_text('{"id": 1}\n')
    load()
    everything = (
        "select (select json_agg(s) from raw.mill_sacks s)::text, "
        "(select json_agg(l) from raw._loads l)::text"
    )
    before = query(everything)
    again = load()
    assert (again.count("skipped"), again.count("loaded"), again.failed) == (2, 0, False)
    assert query(everything) == before
    assert report.remarks(again) == ["nothing new: 2 files were loaded before"]


def test_only_new_files_are_loaded(load, query, landing: Path) -> None:
    (landing / "sacks-1.csv").write_text("id,grain,weight\n1,rye,2\n")
    load()
    (landing / "sacks-2.csv").write_text("id,grain,weight\n2,oat,2\n")
    again = load()
    assert (again.count("skipped"), again.count("loaded")) == (1, 1)
    assert query("select id from raw.mill_sacks order by 1") == [("1",), ("2",)]


@pytest.mark.parametrize("other", ["1,oat,2\n", "1,rye,2\n2,oat,3\n"], ids=["same size", "longer"])
def test_same_name_with_other_bytes_is_refused(load, query, landing: Path, other: str) -> None:
    path = landing / "sacks.csv"
    path.write_text("id,grain,weight\n1,rye,2\n")
    load()
    path.write_text("id,grain,weight\n" + other)
    (outcome,) = load().outcomes
    assert outcome.status == "failed"
    assert f"{path}: was loaded before with other content (24 bytes" in outcome.error
    assert query("select grain from raw.mill_sacks") == [("rye",)]
    assert query("select status from raw._loads order by load_id") == [("loaded",), ("failed",)]


def test_a_batch_is_loaded_with_its_truth(load, query, deliver) -> None:
    deliver("2025-01-01", {"cows": [COWS, COWS]}, truth={"totals": "day,eggs\n2025-01-01,7\n"})
    assert load("farm").count("loaded") == 3
    assert query("select table_name, batch, file, rows from raw._loads order by file") == [
        ("_truth_totals", "2025-01-01", "2025-01-01/_truth/totals.csv", 1),
        ("cows", "2025-01-01", "2025-01-01/cows/part-00000.csv", 2),
        ("cows", "2025-01-01", "2025-01-01/cows/part-00001.csv", 2),
    ]
    assert query("select day, eggs from raw.farm__truth_totals") == [("2025-01-01", "7")]
    assert load("farm").count("skipped") == 3


def test_a_batch_loaded_before_is_not_read_again(load, deliver) -> None:
    folder = deliver("2025-01-01", {"cows": [COWS]})
    load("farm")
    # Same size, other bytes: only reading it would tell.
    (folder / "cows" / "part-00000.csv").write_text(COWS.replace("Erna", "Olga"))
    assert load("farm").count("skipped") == 1


def test_bytes_that_are_not_the_manifests_are_refused(load, query, deliver) -> None:
    folder = deliver("2025-01-01", {"cows": [COWS], "eggs": ["egg_id,hen,laid_at\n1,Gerda,now\n"]})
    (folder / "cows" / "part-00000.csv").write_text(COWS.replace("Erna", "Olga"))
    result = load("farm")
    failed = next(o for o in result.outcomes if o.status == "failed")
    assert "its manifest promises" in failed.error
    assert "sha256" in failed.error
    assert query("select count(*) from raw.farm_cows") == [(0,)]
    assert query("select hen from raw.farm_eggs") == [("Gerda",)]


def test_records_that_the_manifest_does_not_count_are_refused(load, query, deliver) -> None:
    folder = deliver("2025-01-01", {"cows": [COWS]})
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["tables"]["cows"]["files"][0]["rows"] = 3
    path.write_text(json.dumps(manifest))
    (outcome,) = load("farm").outcomes
    assert "holds 2 records, its manifest promises 3" in outcome.error
    assert query("select count(*) from raw.farm_cows") == [(0,)]


def test_rejects_count_among_the_manifests_records(load, query, deliver) -> None:
    deliver("2025-01-01", {"cows": ["cow_id,name\n1,Erna\n2\n"]})
    assert load("farm", max_rejects=1).count("loaded") == 1
    assert query("select rows, rejects from raw._loads") == [(1, 1)]


def test_a_failing_file_stops_no_other(load, query, landing: Path) -> None:
    for number in range(10):
        (landing / f"sacks-{number}.csv").write_text(f"id,grain,weight\n{number},rye,2\n")
    (landing / "sacks-bad.csv").write_text("id,grain,weight\n1,rye\n")
    result = load()
    assert (result.count("loaded"), result.count("failed"), result.failed) == (10, 1, True)
    assert query("select count(*) from raw.mill_sacks") == [(10,)]
    assert len(report.faults(result)) == 1


def test_what_only_the_database_can_refuse_fails_its_file(load, query, landing: Path) -> None:
    (landing / "sacks.csv").write_text("id,grain,weight\n1,rye,2\n")
    (landing / "orders.json").write_text('{"id": 1}\n')
    load()
    query("alter table raw.mill_sacks add constraint no_oat check (grain <> 'oat')")
    (landing / "sacks-2.csv").write_text("id,grain,weight\n1,oat,2\n")
    (landing / "orders-2.json").write_text('{"id": 1}\n')
    result = load()
    failed = next(o for o in result.outcomes if o.status == "failed")
    assert f"{landing / 'sacks-2.csv'}: " in failed.error
    assert "no_oat" in failed.error
    assert "\n" not in failed.error
    assert query("select count(*) from raw.mill_orders") == [(2,)]
