"""A build without news leaves every row as it was; keys stand after every kind of build."""

from __future__ import annotations

import json
from typing import Any

import yaml
from contents import contents
from project import Project

PRODUCTION = "models/production/_production__models.yml"


def written_rows(project: Project) -> dict[str, Any]:
    """Give, for each table that is built incrementally, which transactions wrote its rows."""
    nodes = json.loads((project.folder / "target/manifest.json").read_text())["nodes"].values()
    tables = [
        f"{node['schema']}.{node['alias']}"
        for node in nodes
        if node["resource_type"] == "model" and node["config"]["materialized"] == "incremental"
    ]
    assert len(tables) > 40
    return {
        name: project.query(f"select xmin::text, count(*) from {name} group by 1 order by 1")
        for name in tables
    }


def keys_in_postgres(project: Project) -> set[tuple[str, str, str]]:
    """Give (table, p or f, columns) of the keys that PostgreSQL enforces in production."""
    return set(
        project.query(
            """
            select conrelid::regclass::text, contype::text, string_agg(attname, ',' order by place)
            from pg_constraint
            cross join lateral unnest(conkey) with ordinality as keys (number, place)
            join pg_attribute on attrelid = conrelid and attnum = number
            where contype in ('p', 'f') and convalidated
                and connamespace = 'production'::regnamespace
            group by pg_constraint.oid, conrelid, contype
            """,
        )
    )


def declared_keys(project: Project) -> set[tuple[str, str, str]]:
    """Read the same from the YAML, without dbt."""
    letters = {"primary_key": "p", "foreign_key": "f"}
    keys = set()
    for model in yaml.safe_load((project.folder / PRODUCTION).read_text())["models"]:
        table = f"production.{model['name']}"
        for constraint in model.get("constraints", []):
            keys.add((table, letters[constraint["type"]], ",".join(constraint["columns"])))
        for column in model["columns"]:
            for constraint in column.get("constraints", []):
                if constraint["type"] in letters:
                    keys.add((table, letters[constraint["type"]], column["name"]))
    return keys


def test_second_build_writes_no_row_and_keys_survive_a_rebuilt_parent(
    small_warehouse: Project,
) -> None:
    project = small_warehouse
    project.run_well("dbt", "build")
    rows, writers = contents(project), written_rows(project)
    declared = declared_keys(project)
    assert len(declared) == 38
    assert keys_in_postgres(project) == declared

    project.run_well("dbt", "build")
    assert contents(project) == rows
    assert written_rows(project) == writers
    assert keys_in_postgres(project) == declared

    project.run_well("dbt", "build", "--full-refresh", "-s", "customers")
    assert contents(project) == rows
    assert keys_in_postgres(project) == declared
