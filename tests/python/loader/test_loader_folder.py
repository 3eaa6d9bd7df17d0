"""A folder of this machine as a store: what is listed, which links are followed, what fits."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from loader.errors import LandingError
from loader.finding.discovery import Landing, discover
from loader.finding.local import LocalStore
from loader.finding.patterns import Pattern
from loader.sources import Sources

COWS = "cow_id,name\n1,Erna\n"


def found(landing: Path, *patterns: str) -> Landing:
    table = {"format": "csv", "patterns": list(patterns), "columns": ["cow_id"]}
    declared = {"farm": {"layout": "files", "tables": {"cows": table}}}
    return discover("farm", Sources.model_validate(declared).files("farm"), landing)


def write(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(COWS)


@pytest.mark.parametrize(
    ("pattern", "fits", "differs"),
    [
        ("cows.csv", ["cows.csv"], ["Cows.csv", "cows.csv.gz", "x/cows.csv", "cowsxcsv"]),
        ("*.csv", ["a.csv", ".csv", ".hidden.csv", "a\nb.csv"], ["a.csv.gz", "x/a.csv"]),
        ("a?.csv", ["ab.csv", "aü.csv"], ["a.csv", "abc.csv", "a/.csv"]),
        ("a[0-9].csv", ["a7.csv"], ["ax.csv", "a[0-9].csv"]),
        ("*/a.csv", ["x/a.csv", ".x/a.csv"], ["a.csv", "x/y/a.csv"]),
        ("**/a.csv", ["a.csv", "x/a.csv", "x/y/a.csv"], ["xa.csv", "x/ba.csv"]),
        ("x/**/*.csv", ["x/a.csv", "x/y/z/a.csv"], ["a.csv", "y/x/a.csv"]),
        ("a**.csv", ["a.csv", "abc.csv"], ["ab/c.csv"]),
        ("../a.csv", [], ["a.csv", "x/a.csv"]),
        ("/a.csv", [], ["a.csv"]),
    ],
)
def test_patterns(pattern: str, fits: list[str], differs: list[str]) -> None:
    compiled = Pattern(pattern)
    assert [name for name in fits + differs if compiled.fits(name)] == fits


@pytest.mark.parametrize(
    ("pattern", "into", "not_into"),
    [
        ("*.csv", [], ["x", "a.csv"]),
        ("x*/a.csv", ["x", "xy"], ["y", "x/y"]),
        ("**/a.csv", ["x", "x/y"], []),
        ("x/**/a.csv", ["x", "x/y/z"], ["y", "y/x"]),
    ],
)
def test_which_folders_patterns_reach_into(
    pattern: str, into: list[str], not_into: list[str]
) -> None:
    compiled = Pattern(pattern)
    assert [name for name in into + not_into if compiled.reaches_into(name)] == into


def test_folders_are_looked_into_only_where_a_pattern_asks_for_it(landing: Path) -> None:
    write(landing / "a.csv", landing / "x" / "b.csv", landing / "x" / "y" / "c.csv")
    assert [file.name for file in found(landing, "*.csv").files] == ["a.csv"]
    assert [file.name for file in found(landing, "x/*.csv").files] == ["x/b.csv"]
    deep = found(landing, "**/*.csv").files
    assert [file.name for file in deep] == ["a.csv", "x/b.csv", "x/y/c.csv"]
    assert [file.batch for file in deep] == ["a", "b", "c"]
    assert deep[1].uri == (landing / "x" / "b.csv").as_uri()
    assert str(deep[1].path) == str(landing / "x" / "b.csv")


def test_links_to_folders_are_followed_inside_and_refused_outside(landing: Path) -> None:
    outside = landing.parent / "outside"
    write(outside / "secret.csv", landing / "x" / "a.csv")
    (landing / "same").symlink_to(landing / "x")
    (landing / "x" / "circle").symlink_to(landing)
    (landing / "out").symlink_to(outside)
    (landing / "gone").symlink_to(landing / "nowhere")
    deep = found(landing, "**/*.csv")
    assert [file.name for file in deep.files] == ["same/a.csv", "x/a.csv"]
    assert [file.uri for file in deep.files] == [(landing / "x" / "a.csv").as_uri()] * 2
    assert [problem.message for problem in deep.problems] == [
        f"{landing / 'out'}: is a link that leads out of {landing}: deliver the file itself",
    ]
    assert found(landing, "x/*.csv").problems == []
    assert found(landing, "out/*.csv").problems != []


def test_links_that_lead_in_a_circle_are_not_followed_for_ever(landing: Path) -> None:
    write(landing / "a" / "cows.csv", landing / "b" / "cows.csv")
    (landing / "a" / "other").symlink_to("../b")
    (landing / "b" / "other").symlink_to("../a")
    delivered = found(landing, "**/*.csv")
    assert [file.name for file in delivered.files] == [
        "a/cows.csv",
        "a/other/cows.csv",
        "b/cows.csv",
        "b/other/cows.csv",
    ]
    assert LocalStore(landing).entries(deep=True)["a/other/other"].fault == (
        "is a link to a folder around it"
    )


def test_the_folder_itself_may_be_a_link(landing: Path) -> None:
    write(landing / "a.csv")
    link = landing.parent / "link"
    link.symlink_to(landing)
    (file,) = found(link, "*.csv").files
    assert str(file.path) == str(link / "a.csv")
    assert file.uri == (landing / "a.csv").as_uri()


def test_a_file_that_is_renamed_while_the_folder_is_listed(
    landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(landing / "cows-1.csv", landing / "cows-2.csv.part")
    listed = os.scandir

    @contextmanager
    def scandir(folder: str) -> Iterator[Iterator[os.DirEntry[str]]]:
        with listed(folder) as entries:
            seen = list(entries)
        (landing / "cows-2.csv.part").rename(landing / "cows-2.csv")
        yield iter(seen)

    monkeypatch.setattr(os, "scandir", scandir)
    assert [file.name for file in found(landing, "*.csv").files] == ["cows-1.csv"]


def test_what_is_no_file_is_a_problem(landing: Path) -> None:
    os.mkfifo(landing / "pipe.csv")
    (landing / "folder.csv").mkdir()
    (landing / "loop.csv").symlink_to(landing / "loop.csv")
    assert [problem.message for problem in found(landing, "*.csv").problems] == [
        f"{landing / 'folder.csv'}: is not a file",
        f"{landing / 'loop.csv'}: cannot be read: Too many levels of symbolic links",
        f"{landing / 'pipe.csv'}: is not a file",
    ]


def test_a_batch_folder_that_is_a_link_outside_is_refused(
    landing: Path, deliver, sources_file: Path
) -> None:
    folder = deliver("2025-01-01", {"cows": [COWS]})
    outside = landing.parent / "2025-01-02"
    outside.mkdir()
    manifest = json.loads((folder / "manifest.json").read_text())
    (outside / "manifest.json").write_text(json.dumps(manifest | {"batch": "2025-01-02"}))
    (outside / "cows").symlink_to(folder / "cows")
    (landing / "2025-01-02").symlink_to(outside)
    table = {"columns": ["cow_id", "name"]}
    declared = {"farm": {"layout": "batches", "tables": {"cows": table}}}
    result = discover("farm", Sources.model_validate(declared).files("farm"), landing)
    assert [file.batch for file in result.files] == ["2025-01-01"]
    (problem,) = result.problems
    assert f"{landing / '2025-01-02'}: is a link that leads out of {landing}" in problem.message


def test_a_folder_that_cannot_be_listed_is_a_problem(
    landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The tests may run as root, whom no mode keeps out.
    write(landing / "a.csv", landing / "locked" / "b.csv")
    scandir = os.scandir

    def deny(path: str) -> object:
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", deny)
    deep = found(landing, "**/*.csv")
    assert [file.name for file in deep.files] == ["a.csv"]
    (problem,) = deep.problems
    assert problem.message == f"{landing / 'locked'}: cannot be read: Permission denied"
    with pytest.raises(LandingError, match=r"cannot read .*locked: Permission denied"):
        LocalStore(landing / "locked").entries(deep=False)


def test_a_source_must_be_a_folder(landing: Path) -> None:
    write(landing / "a.csv")
    with pytest.raises(LandingError, match=r"cannot read .*a\.csv: Not a directory"):
        found(landing / "a.csv", "*.csv")
    with pytest.raises(LandingError, match=r"no folder .*none: check --from"):
        found(landing / "none", "*.csv")
    with pytest.raises(LandingError, match=r"fits \*\.json, b\*: check --from"):
        found(landing, "*.json", "b*")
