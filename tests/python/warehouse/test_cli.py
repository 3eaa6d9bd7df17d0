"""The commands of `python -m warehouse`, in a project folder of their own."""

from __future__ import annotations

import stat

import pytest
import yaml
from click.testing import CliRunner, Result
from queries import query

from warehouse import cli, settings


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project folder that the commands take for their own."""
    monkeypatch.setattr(settings, "PROJECT_DIR", tmp_path)
    monkeypatch.setattr(cli, "PROJECT_DIR", tmp_path)
    return tmp_path


@pytest.fixture
def landed(project):
    """The project with all that `clean` deletes, and some of what it must not."""
    made = ("data/landing/shop", "data/runs/loader", "exports", "target", "logs", ".postgres/data")
    for name in made:
        (project / name).mkdir(parents=True)
        (project / name / "file").write_text("x" * 1000)
    for name in (
        ".postgres/lock",
        "profiles.yml",
        "data/steps.json",
        ".env",
        "Makefile",
        "data/own.csv",
    ):
        (project / name).write_text("[]")
    return project


def run(*arguments: str, answer: str | None = None, **environment: str) -> Result:
    return CliRunner().invoke(cli.main, arguments, input=answer, env=environment)


def test_life_of_an_embedded_warehouse(project):
    assert "run make up" in run("status").stderr
    try:
        up = run("up")
        assert up.exit_code == 0
        assert "environment dev, embedded" in up.stderr
        assert stat.S_IMODE((project / "profiles.yml").stat().st_mode) == 0o600
        url = run("url").stdout.strip()
        assert query(url, "select current_database()::text") == [("dev",)]
        assert "answers: database dev at 127.0.0.1" in run("status").stdout
        query(url, "create table numbers as select generate_series(1, 3) as n")
        dumped = run("dump")
        assert "1 tables" in dumped.stdout
        assert len(list((project / "exports").glob("dev-*.sql"))) == 1
        assert "The warehouse is empty" in run("summary").stdout
    finally:
        down = run("down")
    assert "is stopped" in down.stderr
    assert "did not run" in run("down").stderr
    status = run("status")
    assert (status.exit_code, "is not running" in status.stderr) == (1, True)
    cleaned = run("clean", "--yes")
    assert cleaned.exit_code == 0
    assert not (project / ".postgres").exists()


def test_a_server_of_ones_own_is_used_and_left_alone(project, database_url):
    up = run("up", DATABASE_URL=database_url, WAREHOUSE_ENV="staging")
    assert "environment staging, from DATABASE_URL" in up.stderr
    content = yaml.safe_load((project / "profiles.yml").read_text())
    target = content["counting_house"]["outputs"]["staging"]
    assert target["dbname"] == database_url.rpartition("/")[2]
    assert "answers" in run("status", DATABASE_URL=database_url).stdout
    assert "left as it is" in run("down", DATABASE_URL=database_url).stderr
    assert "left as it is" in run("clean", "--yes", DATABASE_URL=database_url).stderr
    assert query(database_url, "select 1") == [(1,)]
    assert not (project / ".postgres").exists()


def test_profiles_alone(project, database_url):
    assert run("profiles", DATABASE_URL=database_url).exit_code == 0
    assert (project / "profiles.yml").exists()


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_clean_asks_and_takes_anything_but_yes_for_no(landed, answer):
    before = sorted(landed.rglob("*"))
    done = run("clean", answer=answer)
    assert done.exit_code == 1
    assert "Delete all this?" in done.stderr
    assert str(landed / "exports") in done.stderr
    assert sorted(landed.rglob("*")) == before


@pytest.mark.parametrize(
    ("answer", "environment"), [("y\n", {}), (None, {"YES": "1"})], ids=["answered", "YES=1"]
)
def test_clean_deletes_what_the_programs_made_and_nothing_else(landed, answer, environment):
    done = run("clean", answer=answer, **environment)
    assert done.exit_code == 0, done.output
    left = sorted(str(path.relative_to(landed)) for path in landed.rglob("*"))
    assert left == [".env", "Makefile", "data", "data/own.csv"]
    assert "nothing to delete" in run("clean").stderr


def test_clean_leaves_what_lies_outside_and_says_so(landed, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "precious").touch()
    (outside / "lock").touch()
    (landed / "exports" / "file").unlink()
    (landed / "exports").rmdir()
    (landed / "exports").symlink_to(outside)
    done = run("clean", "--yes", POSTGRES_DIR=str(outside))
    assert done.exit_code == 0
    assert f"{outside}  (left: it is outside the project" in done.stderr
    assert f"{landed / 'exports'} -> {outside}  (left: it is outside" in done.stderr
    assert (outside / "precious").exists()
    assert (landed / "exports").is_symlink()
    assert not (landed / "target").exists()
    assert not (landed / "data" / "landing").exists()
    again = run("clean", "--yes", POSTGRES_DIR=str(outside))
    assert "nothing to delete" in again.stderr


@pytest.mark.parametrize("command", ["up", "status", "url", "psql", "dump", "profiles", "demo"])
def test_a_faulty_setting_ends_every_command_with_one_line(project, command):
    done = run(command, WAREHOUSE_ENV="production")
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("Error: WAREHOUSE_ENV: ")
