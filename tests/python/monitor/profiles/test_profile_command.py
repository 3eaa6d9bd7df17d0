"""The command: page, JSON, its schema, and what it says when it cannot."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from monitor.__main__ import main
from monitor.profiles import command
from warehouse.connections import connect, transaction

SCHEMA = Path(command.__file__).with_name("profile.schema.json")

Profiled = Callable[..., Result]


@pytest.fixture
def profiled(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Profiled:
    """Run the command on a table of unpleasant values; further arguments are its own."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    column = {"name": "email", "config": {"meta": {"pii": True}}}
    node = {
        "unique_id": "model.x.people",
        "name": "people",
        "resource_type": "model",
        "schema": "marts",
        "alias": "people",
        "original_file_path": "people.sql",
        "config": {"materialized": "table"},
        "columns": {"email": column},
    }
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"nodes": {"model.x.people": node}, "sources": {}}))
    with closing(connect(database_url)) as conn, transaction(conn) as cur:
        cur.execute(
            "create schema marts; create table marts.people (email text, said text, n numeric, "
            "f float8, day date, flag boolean, document json)"
        )
        for said in ("<script>alert(1)</script>", "=cmd()", "x" * 10_000, "\u202eright", None):
            cur.execute(
                "insert into marts.people values ('ada@example.com', %s, 'NaN', 'Infinity', "
                "'0044-03-15 BC', null, '{\"who\": \"Ada\"}'), ('b@example.com', %s, 1.50, 2, "
                "'2025-02-28', true, null)",
                (said, said),
            )

    def run(*arguments: str) -> Result:
        arguments = ("profile", "--manifest", str(manifest), "--out", str(tmp_path), *arguments)
        return CliRunner().invoke(main, arguments)

    return run


def test_page_and_json_are_written(profiled: Profiled, tmp_path: Path) -> None:
    done = profiled()
    assert done.exit_code == 0, done.output
    assert "profiled 1 table (0 by a sample) with 7 columns" in done.stderr
    document = json.loads((tmp_path / "profile.json").read_text())
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(document)
    again = profiled()
    assert again.exit_code == 0
    document = json.loads((tmp_path / "profile.json").read_text())
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(document)
    assert document["tables"][0]["columns"][1]["drift"]["psi"] == 0
    page = (tmp_path / "profile.html").read_text()
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page
    assert "x" * 201 not in page and "\u202e" not in page
    assert "http://" not in page and "https://" not in page
    for kept in (page, json.dumps(document)):
        assert "ada@" not in kept and "Ada" not in kept
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_the_schema_refuses_values_of_personal_data(profiled: Profiled, tmp_path: Path) -> None:
    profiled("--no-store")
    document = json.loads((tmp_path / "profile.json").read_text())
    document["tables"][0]["columns"][0]["top"] = [{"value": "ada@example.com", "rows": 1}]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(document)


def test_an_unknown_table_is_told_with_the_nearest_name(profiled: Profiled) -> None:
    done = profiled("peopel")
    assert done.exit_code == 1
    assert "no table peopel: is it people?" in done.stderr


def test_without_a_manifest_nothing_is_shown(profiled: Profiled, tmp_path: Path) -> None:
    done = profiled("--manifest", str(tmp_path / "none.json"))
    assert done.exit_code == 1
    assert "dbt parse writes it" in done.stderr
    assert not (tmp_path / "profile.html").exists()


def test_a_schema_without_tables_is_told(profiled: Profiled) -> None:
    done = profiled("--schema", "nowhere")
    assert done.exit_code == 1
    assert "no tables in nowhere" in done.stderr
