"""ci-slim: what has changed, built on the warehouse of the commit where a branch left main."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from project import Project, copy_project
from queries import query

from warehouse.errors import WarehouseError
from warehouse.settings import Settings
from warehouse.slim import build
from warehouse.slim.base import Base, find_base, folder_of, head, merge_base
from warehouse.slim.build import slim_build
from warehouse.slim.report import Node, Report, read_nodes
from warehouse.slim.small import DATABASE, inputs_of, small_database

CHANGED = "models/marts/aggregates/payment_method_mix.sql"


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com")
    return subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture(scope="module")
def project(postgres_server, tmp_path_factory) -> Iterator[Project]:
    """The project in a repository of its own, on a branch, with the base of main made."""
    folder = tmp_path_factory.mktemp("slim")
    copy_project(folder)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "main")
    git(folder, "switch", "--quiet", "--create", "change")
    project = Project(folder, postgres_server)
    made = project.run_well("python", "-m", "warehouse", "ci-base")
    assert made.stdout.strip() == str(folder_of(folder, head(folder)))
    yield project
    assert not databases(postgres_server)


def databases(url: str) -> list[tuple[str]]:
    return query(url, f"select datname::text from pg_database where datname = '{DATABASE}'")


def test_a_changed_model_is_built_and_nothing_before_it(project, tmp_path):
    path = project.folder / CHANGED
    before = path.read_text()
    path.write_text(f"{before.rstrip()}\nlimit 1\n")
    summary = tmp_path / "summary.md"
    summary.write_text("what stood there\n")
    try:
        done = project.run_well("python", "-m", "warehouse", "ci-slim", "--summary", str(summary))
    finally:
        path.write_text(before)
    said = done.stdout[done.stdout.index("Compared with") :]
    assert "marts.payment_method_mix" in said
    (line,) = (line for line in said.splitlines() if "marts.payment_method_mix" in line)
    was, now, difference = line.split()[1:]
    assert (now, int(difference)) == ("1", 1 - int(was))
    assert "production.orders" not in said
    markdown = summary.read_text()
    assert markdown.startswith("what stood there\n### ci-slim passed\n")
    assert f"| marts.payment_method_mix | {was} | 1 | {difference} |" in markdown


def test_where_nothing_has_changed_nothing_is_built(project):
    readme = project.folder / "README.md"
    readme.write_text(f"{readme.read_text()}\nMore.\n")
    done = project.run_well("python", "-m", "warehouse", "ci-slim")
    assert done.stdout.rstrip().endswith("Nothing that dbt builds or tests has changed.")


def test_a_test_that_fails_is_named_and_fails_the_command(project):
    path = project.folder / "tests/assert_slim_fails.sql"
    path.write_text('select 1 from {{ ref("payment_method_mix") }} limit 1\n')
    try:
        done = project.run("python", "-m", "warehouse", "ci-slim")
    finally:
        path.unlink()
    assert done.returncode == 1
    assert "0 of 1 tests passed; 1 failed" in done.stdout
    assert "test assert_slim_fails: fail: Got 1 result" in done.stdout


@pytest.fixture
def dbt(monkeypatch, tmp_path) -> Path:
    """A file that gets the arguments of dbt, in whose place another program stands."""
    seen = tmp_path / "seen.json"
    program = f"import json, sys; json.dump(sys.argv[1:], open({str(seen)!r}, 'w')); sys.exit(3)"
    monkeypatch.setattr(build, "dbt_command", lambda: [sys.executable, "-c", program])
    return seen


def settings() -> Settings:
    return Settings(_env_file=None)


def test_without_a_commit_everything_is_built(project, dbt):
    code, report = slim_build(project.folder, project.url, None, settings())
    assert code == 3
    assert report.against == "No commit to compare with: everything is built, from nothing."
    assert "--select" not in json.loads(dbt.read_text())
    assert not (project.folder / "data/landing").exists()  # that is the user's


def test_where_the_loader_has_changed_everything_is_built(project, dbt):
    commit = head(project.folder)
    base = find_base(project.folder, commit)
    assert base is not None
    path = project.folder / "loader/sources.yml"
    before = path.read_text()
    path.write_text(f"{before}\n# changed\n")
    try:
        _, report = slim_build(project.folder, project.url, base, settings())
    finally:
        path.write_text(before)
    assert report.against.endswith(
        "the generator or the loader has changed: everything is built, from nothing."
    )
    assert "--select" not in json.loads(dbt.read_text())


def test_the_commit_where_a_branch_left_main(project, tmp_path):
    folder = project.folder
    commit = head(folder)
    assert merge_base(folder, "main") == commit
    assert merge_base(folder, "nowhere") is None
    assert merge_base(tmp_path, "main") is None  # no repository
    with pytest.raises(WarehouseError, match="not a git repository"):
        head(tmp_path)


def test_a_damaged_base_is_named(tmp_path):
    folder = folder_of(tmp_path, "abc")
    assert find_base(tmp_path, "abc") is None
    folder.mkdir(parents=True)
    with pytest.raises(WarehouseError, match=r"is damaged .*: remove it"):
        find_base(tmp_path, "abc")
    (folder / "base.json").write_text('{"inputs": "x"}')
    with pytest.raises(WarehouseError, match=r"no manifest.json, warehouse.sql"):
        find_base(tmp_path, "abc")
    for name in ("manifest.json", "warehouse.sql"):
        (folder / name).touch()
    assert find_base(tmp_path, "abc") == Base("abc", folder, "x")


def test_what_is_no_input_does_not_count_as_one(project):
    before = inputs_of(project.folder)
    (project.folder / "loader/NOTES.md").write_text("a note")
    assert inputs_of(project.folder) == before


def test_one_at_a_time_and_what_a_killed_one_left_is_dropped(postgres_server):
    with (
        small_database(postgres_server),
        pytest.raises(WarehouseError, match="another ci-slim is at work"),
        small_database(postgres_server),
    ):
        pass
    with closing(psycopg2.connect(postgres_server)) as conn:
        conn.autocommit = True
        with conn.cursor() as cur:
            cur.execute(f"create database {DATABASE}")
    with small_database(postgres_server) as url:
        assert query(url, "select current_database()::text") == [(DATABASE,)]
    assert not databases(postgres_server)


def test_a_user_who_may_not_make_databases_is_told(postgres_server):
    query(postgres_server, "create role slim_plain login password 'plain'")
    host = postgres_server.rpartition("@")[2]
    try:
        with (
            pytest.raises(WarehouseError, match="give the user CREATEDB"),
            small_database(f"postgresql://slim_plain:plain@{host}"),
        ):
            pass
    finally:
        query(postgres_server, "drop role slim_plain")


def node(name: str, kind: str = "model", status: str = "success", message: str = "") -> Node:
    table = f"marts.{name}" if kind == "model" else ""
    return Node(name, kind, table, status, 0.5, message)


def test_the_report_compares_rows():
    nodes = [node("old"), node("same"), node("new"), node("one", "test", "pass")]
    before = {"marts.old": 1200, "marts.same": 3, "marts.other": 5}
    after = {"marts.old": 1000, "marts.same": 3, "marts.other": 5, "marts.new": 7}
    report = Report("Compared with abc.", nodes, before, after)
    assert report.text() == (
        "Compared with abc.\n"
        "Built 3 models; 1 of 1 tests passed; 0 failed or skipped; 2.0 s in nodes.\n"
        "  table       rows before  rows now  difference\n"
        "  marts.new           new         7\n"
        "  marts.old         1,200     1,000        -200\n"
        "  marts.same            3         3"
    )
    assert "| marts.old | 1,200 | 1,000 | -200 |" in report.markdown()


def test_the_report_names_what_failed():
    nodes = [
        node("bad", "test", "fail", "<b>5</b> rows | of `x`"),
        node("late", "model", "skipped"),
    ]
    report = Report("All.", nodes, None, {})
    assert "0 of 1 tests passed; 2 failed or skipped" in report.text()
    assert "test bad: fail: <b>5</b> rows | of `x`" in report.text()
    markdown = report.markdown()
    assert markdown.startswith("### ci-slim failed\n")
    assert r"- test bad: fail: \<b\>5\</b\> rows \| of \`x\`" in markdown


def test_dbt_that_did_not_begin_has_run_nothing(tmp_path):
    assert read_nodes(tmp_path) == []
