"""The command line: what users see, and one clear message for each fault."""

# ruff: noqa: PLR0917 - pytest passes fixtures by name

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
from click.testing import CliRunner, Result

from loader.__main__ import main

GOOD = "id,grain,weight\n1,rye,2\n"


def summary(result: Result) -> dict[str, list[str]]:
    """Cells of the table that a run prints, by the first of each line."""
    return {
        cells[0]: cells[1:]
        for line in result.stdout.splitlines()
        if (cells := re.findall(r"[^│┃]+", line)) and len(cells := [c.strip() for c in cells]) == 10
    }


def test_the_summary_counts_everything(cli, landing: Path) -> None:
    (landing / "sacks-1.csv").write_text(GOOD)
    (landing / "sacks-2.csv").write_text("id,grain,colour\n1,rye,red\n2,oat\n")
    (landing / "orders.json").write_text('{"id": 1}\n{"id": 2}\n')
    result = cli("mill", "--max-rejects", "1")
    assert result.exit_code == 0
    table = summary(result)
    assert "sacks" in table, result.stdout
    assert table["sacks"][:7] == ["2", "2", "-", "-", "2", "1", "56"]
    assert table["orders"][:7] == ["1", "1", "-", "-", "2", "-", "20"]
    assert table["all, on the clock"][:7] == ["3", "3", "-", "-", "4", "1", "76"]
    assert "sacks: new columns, added to raw: colour (in sacks-2.csv)" in result.stdout
    assert "sacks: columns missing, loaded as null: weight (in sacks-2.csv)" in result.stdout
    assert "orders: columns missing, loaded as null: total, note (in orders.json)" in result.stdout
    assert "loading mill: " in result.stderr
    assert "nothing new: 3 files were loaded before" in cli().stdout


def test_an_unfinished_batch_is_mentioned(cli, deliver, landing: Path) -> None:
    deliver("2025-01-01", {"cows": ["cow_id,name\n1,Erna\n"]})
    (landing / "2025-01-02").mkdir()
    result = cli("farm")
    assert result.exit_code == 0
    assert "not finished, not read: batch 2025-01-02 (no manifest yet)" in result.stdout


def missing(landing: Path) -> None:
    landing.rmdir()


def empty(landing: Path) -> None:
    """Nothing is delivered."""


def unfinished(landing: Path) -> None:
    (landing / "2025-01-01").mkdir()


def no_batches(landing: Path) -> None:
    (landing / "cows.csv").write_text(GOOD)


def not_a_folder(landing: Path) -> None:
    landing.rmdir()
    landing.write_text("")


def one_too_high(landing: Path) -> None:
    for source in ("a", "farm"):
        (landing / source / "2025-01-01").mkdir(parents=True)
        (landing / source / "2025-01-01" / "manifest.json").write_text("{}")


def one_too_high_without_its_own(landing: Path) -> None:
    one_too_high(landing)
    (landing / "farm" / "2025-01-01" / "manifest.json").unlink()


def itself_a_batch(landing: Path) -> None:
    (landing / "manifest.json").write_text("{}")


def bad_manifest(landing: Path) -> None:
    (landing / "2025-01-01").mkdir()
    (landing / "2025-01-01" / "manifest.json").write_text('{"format_version": 1')


@pytest.mark.parametrize(
    ("arrange", "source", "message"),
    [
        (missing, "mill", "no folder {landing}: check --from"),
        (empty, "mill", "{landing} is empty"),
        (not_a_folder, "mill", "cannot read {landing}: Not a directory"),
        (unfinished, "mill", "no file in {landing} fits sacks*.csv"),
        (missing, "farm", "no folder {landing}: check --from"),
        (empty, "farm", "{landing} is empty"),
        (unfinished, "farm", "no finished batch in {landing}: 2025-01-01 has no manifest.json yet"),
        (no_batches, "farm", "no finished batch in {landing}: no folders"),
        (one_too_high, "farm", "a, farm has no manifest.json yet; is it {landing}/farm?"),
        (one_too_high_without_its_own, "farm", "no manifest.json yet; is it {landing}/a?"),
        (itself_a_batch, "farm", "{landing} is a batch itself: give its parent"),
        (bad_manifest, "farm", "{landing}/2025-01-01/manifest.json: the whole file: Invalid JSON"),
    ],
)
def test_a_landing_folder_that_is_not_one(
    cli, query, landing: Path, arrange: Callable[[Path], None], source: str, message: str
) -> None:
    arrange(landing)
    result = cli(source)
    assert result.exit_code == 1
    assert message.format(landing=landing) in result.output
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit)


def test_a_folder_that_is_not_there_is_named_as_a_whole(
    cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = cli("mill", "--from", "nowhere")
    assert result.exit_code == 1
    assert f"no folder {tmp_path / 'nowhere'}: check --from" in result.stderr


def test_files_that_are_never_opened_count_as_failed(cli, landing: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.csv").write_text(GOOD)
    (landing / "sacks-1.csv").symlink_to(tmp_path / "outside.csv")
    result = cli("mill")
    assert result.exit_code == 1
    assert summary(result)["sacks"][:4] == ["1", "-", "-", "1"]
    (landing / "sacks-2.csv").write_text(GOOD)
    table = summary(cli("mill"))
    assert table["sacks"][:5] == table["all, on the clock"][:5] == ["2", "1", "-", "1", "1"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("sacks.csv", b"", "no header"),
        ("sacks.csv", b"1,rye,2\n", "no header"),
        (
            "sacks.csv",
            GOOD.encode("utf-16"),
            "begins with the byte order mark of UTF-16: set encoding: utf-16 in the table's",
        ),
        ("sacks.csv", b"id,grain,weight\n1,r\xfcbe,2\n", "record 1: is not UTF-8: byte 0xfc"),
        ("sacks.csv", b"id,grain,weight\n1,rye\n", "record 1: has 2 fields, the header names 3"),
        (
            "sacks.csv",
            b'id,grain,weight\n1,"rye,2\n',
            "record 1: opens a quote that is never closed",
        ),
        (
            "sacks.csv.gz",
            gzip.compress(GOOD.encode())[:-12],
            "the gzip file is cut off before its end",
        ),
        ("sacks.csv.gz", GOOD.encode(), "is not sound gzip"),
        ("sacks.csv.zst", GOOD.encode(), "is not sound zstd"),
        ("sacks.csv.gz", gzip.compress(GOOD.encode()) + b"rubbish", "is not sound gzip"),
        ("orders.json", b'[{"id": 1}]\n', "record 1: is not a JSON object"),
        ("stock.parquet", b"PAR1", "is not sound Parquet"),
    ],
)
def test_a_file_that_cannot_be_loaded(
    cli, query, landing: Path, name: str, content: bytes, message: str
) -> None:
    (landing / name).write_bytes(content)
    (landing / "sacks-good.csv").write_text(GOOD)
    result = cli()
    assert result.exit_code == 1
    assert f"failed: {landing / name}: {message}" in result.stdout
    assert "Error: 1 failure in mill (see above)" in result.stderr
    assert "Traceback" not in result.output
    assert query("select id from raw.mill_sacks") == [("1",)]
    assert query(
        "select status, error like %s from raw._loads order by status", (f"%{message}%",)
    ) == [
        ("failed", True),
        ("loaded", None),
    ]


@pytest.mark.parametrize("name", ["dairy", "lod", "../../etc"])
def test_an_unknown_source_may_be_a_mistyped_command(cli, tmp_path: Path, name: str) -> None:
    record = tmp_path / "run.json"
    result = cli(name, "--record", str(record))
    assert result.exit_code == 2
    said = " ".join(result.stderr.split())
    assert f"unknown source '{name}': sources.yml declares farm, mill; add an entry" in said
    assert "or give a command: load, prune, rejects, sniff, status" in said
    assert not record.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--workers", "0"],
        ["--max-rejects", "-1"],
        ["--max-rejects", "few"],
        ["--max-rejects", "101%"],
        ["--nonsense"],
    ],
)
def test_wrong_arguments(cli, arguments: list[str]) -> None:
    result = cli("mill", *arguments)
    assert result.exit_code == 2
    assert arguments[0] in result.stderr


def test_a_wrong_password_is_said_and_not_shown(
    cli, landing: Path, monkeypatch, database_url: str
) -> None:
    parts = urlsplit(database_url)
    wrong = parts._replace(netloc=f"{parts.username}:wr0ng@{parts.hostname}:{parts.port}").geturl()
    try:
        psycopg2.connect(wrong).close()
    except psycopg2.OperationalError:
        pass
    else:
        pytest.skip("this server lets everyone in, whatever the password")
    monkeypatch.setenv("DATABASE_URL", wrong)
    (landing / "sacks.csv").write_text(GOOD)
    result = cli()
    assert result.exit_code == 1
    assert "password authentication failed" in result.stderr
    assert "wr0ng" not in result.output
    assert "Traceback" not in result.output


def test_missing_rights_are_said(cli, query, landing: Path, monkeypatch, database_url: str) -> None:
    query("drop role if exists loader_guest")
    query("create role loader_guest login password 'guest'")
    try:
        parts = urlsplit(database_url)
        guest = parts._replace(netloc=f"loader_guest:guest@{parts.hostname}:{parts.port}").geturl()
        monkeypatch.setenv("DATABASE_URL", guest)
        (landing / "sacks.csv").write_text(GOOD)
        result = cli()
    finally:
        query("drop role loader_guest")
    assert result.exit_code == 1
    assert "permission denied for database" in result.stderr
    assert "Traceback" not in result.output


def test_help_names_every_option() -> None:
    text = CliRunner().invoke(main, ["load", "--help"]).output
    for option in ("--from", "--workers", "--max-rejects", "--sources", "SOURCE"):
        assert option in text
