"""What the demo takes for done, on landing zones and ledgers made by hand."""

from __future__ import annotations

import json

import pytest
from project import Project, copy_project
from queries import query

from warehouse import demo, programs
from warehouse.demo import STEPS_FILE, AnotherHistory, Demo, finished_batches, keep_steps
from warehouse.errors import StepFailed, WarehouseError
from warehouse.summary import Step, read_steps

START = Step("start", 0.1, "database unused")


@pytest.fixture
def landing(tmp_path, monkeypatch):
    """A landing zone with a history and a day, of one file each; no program is run."""
    for batch, kind in (("2025-12-31", "history"), ("2026-01-01", "day")):
        file = {"path": "orders/part-00000.csv.gz", "sha256": f"sum of {batch}"}
        manifest = {
            "batch": batch,
            "kind": kind,
            "generator": {"start": "2025-01-01", "days": 365},
            "tables": {"orders": {"files": [file]}},
        }
        (tmp_path / batch).mkdir()
        (tmp_path / batch / "manifest.json").write_text(json.dumps(manifest))
    monkeypatch.setattr(demo, "finished_batches", lambda: finished_batches(tmp_path))
    monkeypatch.setattr(demo, "keep_steps", lambda ran: None)
    return tmp_path


@pytest.fixture
def ran(monkeypatch):
    """The programs that the demo would have run."""
    commands: list[tuple[str, ...]] = []
    monkeypatch.setattr(demo, "run_module", lambda *command: commands.append(command))
    monkeypatch.setattr(demo, "run_dbt", lambda *command: commands.append(("dbt", *command)))
    return commands


@pytest.fixture
def built(database_url):
    """A database that has loaded and built what `landing` holds."""
    query(
        database_url,
        "create schema raw; create schema monitoring;"
        " create table raw._loads (source text, table_name text, batch text, file text,"
        " sha256 text, status text, rows bigint);"
        " insert into raw._loads"
        " select 'shop', 'orders', batch, batch || '/orders/part-00000.csv.gz',"
        " 'sum of ' || batch, 'loaded', 5 from unnest(array['2025-12-31', '2026-01-01']) as batch;"
        " create table monitoring.load_counts as"
        " select 'shop' as source, 10 as ledger_rows, 1 as build;"
        " create table monitoring.run_results as"
        " select 'row_counts' as node, 'success' as status, 1 as build",
    )
    return database_url


@pytest.fixture
def real_landing(tmp_path, monkeypatch):
    """A history of the real generator, in a project of its own; steps run for real."""
    copy_project(tmp_path)
    project = Project(tmp_path, url="")
    flags = ("--scale", "0.001", "--days", "3", "--workers", "1")
    project.run_well("python", "-m", "generator", "--format", "csv", *flags)
    landing = tmp_path / "data" / "landing" / "shop"
    monkeypatch.setattr(programs, "PROJECT_DIR", tmp_path)
    monkeypatch.setattr(demo, "finished_batches", lambda: finished_batches(landing))
    return landing


def names(ran) -> list[str]:
    return [program for program, *_ in ran]


def test_what_is_loaded_and_built_is_left_alone(landing, ran, built):
    assert Demo(built, (), 1, START).run() is False
    assert ran == []


@pytest.mark.parametrize(
    "change",
    [
        "set sha256 = 'of another seed'",
        "set status = 'failed'",
        "set file = batch || '/orders/part-00001.csv.gz'",
    ],
)
@pytest.mark.parametrize("batch", ["2025-12-31", "2026-01-01"])
def test_a_file_that_the_ledger_has_not_in_these_bytes_goes_to_the_loader(
    landing, ran, built, change, batch
):
    query(built, f"update raw._loads {change} where batch = '{batch}'")
    Demo(built, (), 1, START).run()
    assert "loader" in names(ran)


def test_a_refusal_of_the_loader_ends_the_demo(landing, built, monkeypatch):
    def refuse(*command: str) -> None:
        raise StepFailed("loader failed")

    monkeypatch.setattr(demo, "run_module", refuse)
    query(built, "update raw._loads set sha256 = 'of another seed'")
    with pytest.raises(StepFailed, match="loader failed"):
        Demo(built, (), 1, START).run()


@pytest.mark.parametrize("other", ["2025-06-30", "2026-06-30"])
def test_two_histories_are_not_mixed(landing, ran, built, other):
    """Files of other days have other names: the loader would find nothing to refuse."""
    query(built, f"update raw._loads set batch = '{other}', file = '{other}/orders.csv'")
    with pytest.raises(WarehouseError, match=f"holds the history {other} of shop") as caught:
        Demo(built, (), 1, START).run()
    assert str(landing / "2025-12-31" / "manifest.json") in caught.value.message
    assert ran == []


@pytest.mark.parametrize(
    "flags",
    [
        ("--scale", "0.1"),
        ("--scale", "abc"),
        ("--start", "2025-01-04"),
        ("--start", "x"),
        ("--days", "90"),
        ("--days", "1"),
    ],
    ids=" ".join,
)
def test_flags_that_ask_for_another_history_are_refused(real_landing, flags, capfd):
    """Nothing is made: neither the next day, nor anything after it."""
    with pytest.raises(AnotherHistory, match="plain make demo goes on") as caught:
        Demo("postgresql:///unused", flags, 1, START).run()
    assert caught.value.exit_code == 2
    assert "\n" not in caught.value.message
    assert flags[0] in caught.value.message + capfd.readouterr().err
    assert [path.name for path in real_landing.iterdir()] == ["2025-01-03"]


def test_flags_that_ask_for_the_same_history_are_taken(landing, ran, built):
    Demo(built, ("--scale", "0.02"), 1, START).run()
    (command,) = ran
    assert command[-4:] == ("--start", "2025-01-01", "--scale", "0.02")


def test_steps_are_kept_and_replaced_by_name_and_database(tmp_path):
    path = tmp_path / "data" / STEPS_FILE.name
    assert read_steps(path) == []
    keep_steps([Step("load", 1.5, "a"), Step("build", 20.0, "a")], path)
    keep_steps([Step("build", 9.0, "a"), Step("build", 2.0, "b")], path)
    expected = [Step("load", 1.5, "a"), Step("build", 9.0, "a"), Step("build", 2.0, "b")]
    assert read_steps(path) == expected
    path.write_text("{")
    with pytest.raises(WarehouseError, match="is damaged"):
        read_steps(path)


def test_batches_without_a_manifest_are_not_finished(tmp_path):
    (tmp_path / "2025-12-31").mkdir()
    assert finished_batches(tmp_path) == []
