"""What is taken up from a landing folder, and what is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from loader.errors import LandingError, SourcesError
from loader.finding.discovery import discover
from loader.sources import Sources, load_sources

COWS = "cow_id,name\n1,Erna\n"


@pytest.fixture
def sources(sources_file: Path) -> Sources:
    return load_sources(sources_file)


def edit(folder: Path, change: Any) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def test_the_projects_own_declaration_is_sound() -> None:
    declared = load_sources()
    assert declared["shop"].layout == "batches"
    assert declared["online_retail"].tables["invoice_lines"].format == "csv"


def test_files_are_found_by_pattern_and_nothing_else(sources: Sources, landing: Path) -> None:
    for name in ("sacks.csv", "sacks.2.csv.gz", "orders.json", "README.md", "other.csv"):
        (landing / name).write_text("x")
    found = discover("mill", sources["mill"], landing).files
    assert [(f.table, f.name, f.batch, f.format) for f in found] == [
        ("orders", "orders.json", "orders", "json"),
        ("sacks", "sacks.2.csv.gz", "sacks", "csv"),
        ("sacks", "sacks.csv", "sacks", "csv"),
    ]


def test_a_batch_without_manifest_is_reported_and_not_read(
    sources: Sources, landing: Path, deliver
) -> None:
    deliver("2025-01-01", {"cows": [COWS]})
    deliver("2025-01-02", {"cows": [COWS]})
    (landing / "2025-01-02" / "manifest.json").unlink()
    found = discover("farm", sources["farm"], landing)
    assert [file.batch for file in found.files] == ["2025-01-01"]
    assert found.unfinished == ["2025-01-02"]


@pytest.mark.parametrize(
    "path",
    ["../other.csv", "cows/../../other.csv", "{absolute}", "cows/link.csv", "linked/other.csv"],
)
def test_paths_that_leave_the_batch_are_refused(
    sources: Sources, landing: Path, deliver, path: str
) -> None:
    outside = landing.parent / "outside"
    outside.mkdir()
    (outside / "other.csv").write_text(COWS)
    (landing / "other.csv").write_text(COWS)
    folder = deliver("2025-01-01", {"cows": [COWS]})
    (folder / "cows" / "link.csv").symlink_to(outside / "other.csv")
    (folder / "linked").symlink_to(outside)
    edit(
        folder,
        lambda m: m["tables"]["cows"]["files"][0].update(
            path=path.format(absolute=outside / "other.csv")
        ),
    )
    found = discover("farm", sources["farm"], landing)
    assert found.files == []
    (problem,) = found.problems
    assert "leaves the batch folder" in problem.message or "leads out of" in problem.message


def test_links_inside_the_folder_are_followed(sources: Sources, landing: Path) -> None:
    (landing / "store").mkdir()
    (landing / "store" / "x").write_text("id\n")
    (landing / "sacks.csv").symlink_to(landing / "store" / "x")
    assert len(discover("mill", sources["mill"], landing).files) == 1


def test_files_that_cannot_be_read_are_problems(sources: Sources, landing: Path) -> None:
    (landing / "sacks-1.csv").mkdir()
    (landing / "sacks-2.csv").symlink_to(landing / "nowhere")
    (landing / "sacks-3.csv").symlink_to("/etc/hostname")
    (landing / "sacks-\n.csv").write_text("id\n")
    Path(os.fsdecode(os.fsencode(landing) + b"/sacks-\xff.csv")).write_text("id\n")
    found = discover("mill", sources["mill"], landing)
    assert found.files == []
    messages = "\n".join(problem.message for problem in found.problems)
    for expected in (
        "sacks-1.csv: is not a file",
        "sacks-2.csv: cannot be read: No such file",
        "sacks-3.csv: is a link that leads out",
        "sacks-\\n.csv': its name",
        "sacks-\\udcff.csv': its name",
    ):
        assert expected in messages


def test_one_file_cannot_belong_to_two_tables(landing: Path) -> None:
    table = {"format": "csv", "patterns": ["*.csv"], "columns": ["a"]}
    sources = Sources.model_validate({"x": {"layout": "files", "tables": {"t": table, "u": table}}})
    (landing / "a.csv").write_text("a\n")
    with pytest.raises(LandingError, match="fits the patterns of both t and u"):
        discover("x", sources["x"], landing)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(format_version=2), "format_version"),
        (lambda m: m.update(source="shop"), "is of source 'shop', not 'farm'"),
        (lambda m: m.update(batch="2025-02-02"), "is of batch '2025-02-02', but lies in"),
        (lambda m: m["tables"].update(goats=m["tables"]["cows"]), "holds table 'goats'"),
        (lambda m: m["tables"]["cows"].update(format="xlsx"), "tables.cows.format"),
        (
            lambda m: m["tables"]["cows"]["files"][0].update(sha256="0"),
            "tables.cows.files.0.sha256",
        ),
        (lambda m: m["tables"]["cows"]["files"][0].pop("bytes"), "tables.cows.files.0.bytes"),
    ],
)
def test_a_manifest_that_cannot_be_trusted_fails_its_batch_only(
    sources: Sources, landing: Path, deliver, change: Any, message: str
) -> None:
    edit(deliver("2025-01-01", {"cows": [COWS]}), change)
    deliver("2025-01-02", {"cows": [COWS]})
    found = discover("farm", sources["farm"], landing)
    assert [file.batch for file in found.files] == ["2025-01-02"]
    (problem,) = found.problems
    assert f"{landing / '2025-01-01' / 'manifest.json'}: " in problem.message
    assert message in problem.message


def test_a_file_of_another_size_than_promised_is_refused(
    sources: Sources, landing: Path, deliver
) -> None:
    folder = deliver("2025-01-01", {"cows": [COWS]})
    (folder / "cows" / "part-00000.csv").write_text(COWS[:-5])
    (problem,) = discover("farm", sources["farm"], landing).problems
    assert "has 14 bytes, its manifest promises 19" in problem.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x: [", "is not YAML"),
        ("", "the whole file"),
        ("x: {layout: boxes, tables: {t: {columns: [a]}}}", "x.layout"),
        ("x: {layout: batches, tables: {t: {columns: [a], colour: red}}}", "x.tables.t.colour"),
        ("x: {layout: batches, tables: {t: {columns: []}}}", "x.tables.t.columns"),
        ("x: {layout: batches, tables: {t: {columns: [1]}}}", "x.tables.t.columns.0"),
        ("x: {layout: batches, tables: {t: {columns: [a, a]}}}", "column 'a' is named twice"),
        ("x: {layout: batches, tables: {t: {columns: [_row_id]}}}", "keeps for itself"),
        ("x: {layout: batches, tables: {t: {columns: [a], format: csv}}}", "remove format"),
        ("x: {layout: files, tables: {t: {columns: [a]}}}", "needs format and patterns"),
        (
            "x: {layout: files, tables: {t: {columns: [a], format: csv, patterns: [a], "
            "last_line_end: no}}}",
            "x.tables.t.last_line_end",
        ),
        (
            "x: {layout: files, tables: {t: {columns: [a], format: parquet, patterns: [a], "
            "last_line_end: optional}}}",
            "x.tables.t: parquet has no lines: remove last_line_end",
        ),
        (
            "x: {layout: batches, tables: {t: {columns: [a], last_line_end: required}}}",
            "table t: in the layout batches the manifest's sums prove",
        ),
        ("x: {layout: batches}\nx: {layout: files}", "the key 'x' stands twice"),
        ("x: {tables: {t: {columns: [a], columns: [b]}}}", "the key 'columns' stands twice"),
        ("x: {nulls: [0000-00-00]}", "year 0 is out of range: put what is no date and no number"),
        ("x: " + "[" * 2000, "is nested too deep"),
        ("x: {layout: batches, tables: {'T; drop': {columns: [a]}}}", "x.tables.T; drop"),
        (
            "x_a: {layout: batches, tables: {b: {columns: [a]}}}\n"
            "x: {layout: batches, tables: {a_b: {columns: [a]}}}",
            "would share raw.x_a_b",
        ),
        (
            "x: {layout: batches, tables: {" + "t" * 62 + ": {columns: [a]}}}",
            "is longer than 63 bytes",
        ),
    ],
)
def test_a_wrong_declaration_names_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "s.yml"
    path.write_text(text)
    with pytest.raises(SourcesError) as caught:
        load_sources(path)
    assert str(path) in caught.value.message
    assert message in caught.value.message


def test_a_missing_declaration_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourcesError, match=r"cannot read .*none\.yml"):
        load_sources(tmp_path / "none.yml")
