"""Everything that users see is described, and the descriptions reach PostgreSQL."""

from __future__ import annotations

import json
from typing import Any

import pytest
from project import Project

DESCRIBED = {"model", "seed", "snapshot"}

# What dbt runs costs 60 ms each.
RUN = {*DESCRIBED, "test", "unit_test"}
MOST_NODES = 250


@pytest.fixture(scope="module")
def documented(small_warehouse: Project) -> Project:
    """Give a warehouse whose documentation has been written."""
    small_warehouse.run_well("dbt", "docs", "generate")
    return small_warehouse


def test_every_model_and_column_is_described(documented: Project) -> None:
    target = documented.folder / "target"
    nodes = json.loads((target / "manifest.json").read_text())["nodes"]
    catalog = json.loads((target / "catalog.json").read_text())["nodes"]
    checked = 0
    for name, node in nodes.items():
        if node["resource_type"] in DESCRIBED and name in catalog:
            columns = {column.lower() for column in catalog[name]["columns"]}
            described = {c.lower() for c, about in node["columns"].items() if about["description"]}
            assert node["description"], name
            assert columns == described, name
            checked += 1
    assert checked == sum(node["resource_type"] in DESCRIBED for node in nodes.values())


def test_nodes_are_counted(documented: Project) -> None:
    manifest = json.loads((documented.folder / "target/manifest.json").read_text())
    nodes = [*manifest["nodes"].values(), *manifest["unit_tests"].values()]
    assert 100 < sum(node["resource_type"] in RUN for node in nodes) <= MOST_NODES


def test_what_postgres_enforces_is_not_tested_again(documented: Project) -> None:
    """A generic test that says the same as a constraint of its column would never fail."""
    nodes = json.loads((documented.folder / "target/manifest.json").read_text())["nodes"]
    enforcing = {
        "unique": {"primary_key"},
        "not_null": {"primary_key", "not_null"},
        "relationships": {"foreign_key"},
    }
    repeated = [
        name
        for name, node in nodes.items()
        if (kinds := enforcing.get((node.get("test_metadata") or {}).get("name"), set()))
        and kinds & constraints_of(nodes[node["attached_node"]], node["column_name"])
    ]
    assert repeated == []


def constraints_of(node: dict[str, Any], column: str) -> set[str]:
    """Give the kinds of constraints on a column, its own and those of the table."""
    own = node["columns"][column]["constraints"]
    of_table = [c for c in node["constraints"] if c["columns"] == [column]]
    return {constraint["type"] for constraint in [*own, *of_table]}


def test_every_macro_is_described(documented: Project) -> None:
    macros = json.loads((documented.folder / "target/manifest.json").read_text())["macros"]
    ours = [macro for macro in macros.values() if macro["package_name"] == "counting_house"]
    assert ours
    generic_tests = ("test_",)
    silent = [
        m["name"] for m in ours if not m["description"] and m["name"][:5] not in generic_tests
    ]
    assert silent == []


def test_descriptions_reach_postgres(documented: Project) -> None:
    undescribed = documented.query(
        """
        select attrelid::regclass::text, attname
        from pg_attribute
        join pg_class on pg_class.oid = attrelid and relkind in ('r', 'v')
        where relnamespace in ('production'::regnamespace, 'marts'::regnamespace)
            and attnum > 0 and not attisdropped
            and (col_description(attrelid, attnum) is null or obj_description(attrelid) is null)
        """
    )
    assert undescribed == []


def test_sources_are_fresh(documented: Project) -> None:
    """Freshness is asked of the ledger, for the source that was loaded just now."""
    documented.run_well("dbt", "source", "freshness", "-s", "source:shop")
    results = json.loads((documented.folder / "target/sources.json").read_text())["results"]
    assert {result["status"] for result in results} == {"pass"}
    assert len(results) == 14
