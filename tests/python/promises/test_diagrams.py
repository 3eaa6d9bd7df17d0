"""docs/diagrams.md shows the keys and the way of the marts as dbt knows them."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

import pytest
from project import Project

from warehouse.settings import PROJECT_DIR

PAGE = (PROJECT_DIR / "docs/diagrams.md").read_text()
DIAGRAMS = re.findall(r"```mermaid\n(.*?)```", PAGE, re.DOTALL)

RELATION = re.compile(r"^    (\w+) (?:\|\||\|o)--[o|]\{ (\w+) : \"?([^\"\n]*)\"?$", re.MULTILINE)


@pytest.fixture(scope="module")
def models(demo_warehouse: Project) -> dict[str, dict[str, Any]]:
    """Give the models of production and marts by their names."""
    manifest = json.loads((demo_warehouse.folder / "target/manifest.json").read_text())
    return {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] in ("production", "marts")
    }


def of_layer(models: dict[str, dict[str, Any]], schema: str) -> set[str]:
    return {name for name, model in models.items() if model["schema"] == schema}


def test_production_shows_every_table_and_every_foreign_key(
    demo_warehouse: Project, models: dict[str, dict[str, Any]]
) -> None:
    shown = {(parent, child) for parent, child, _ in RELATION.findall(DIAGRAMS[0])}
    enforced = demo_warehouse.query(
        """
        select parent.relname, child.relname
        from pg_constraint
        join pg_class as parent on parent.oid = confrelid
        join pg_class as child on child.oid = conrelid
        where contype = 'f' and connamespace = 'production'::regnamespace
        """
    )
    assert shown == set(enforced)
    tables = set(re.findall(r"^    (\w+) \{", DIAGRAMS[0], re.MULTILINE))
    assert tables == of_layer(models, "production")


def test_marts_join_as_they_are_shown(
    demo_warehouse: Project, models: dict[str, dict[str, Any]]
) -> None:
    keys = {
        "dim_customers": "customer_id, valid_from",
        "dim_products": "product_id, valid_from",
        "dim_dates": "date_day",
        "dim_payment_methods": "payment_method",
        "fct_orders": "order_id",
    }
    relations = RELATION.findall(DIAGRAMS[1])
    for parent, child, columns in relations:
        orphans = demo_warehouse.query(
            f"select count(*) from marts.{child} where row({columns}) is not null and"
            f" ({columns}) not in (select {keys[parent]} from marts.{parent})"
        )
        assert orphans == [(0,)], (parent, child)
    shown = {name for parent, child, _ in relations for name in (parent, child)}
    assert shown == {m for m in of_layer(models, "marts") if m.startswith(("dim_", "fct_"))}


def test_the_way_of_the_aggregates_is_shown(models: dict[str, dict[str, Any]]) -> None:
    """Every aggregate, with what its figures come from: these are models that it reads."""
    chains = [line.split(" --> ") for line in DIAGRAMS[2].splitlines() if "-->" in line]
    steps = {(a.strip(), b.strip()) for chain in chains for a, b in pairwise(chain)}
    for before, after in steps:
        assert f"model.counting_house.{before}" in models[after]["depends_on"]["nodes"]
    aggregates = {m for m in of_layer(models, "marts") if not m.startswith(("dim_", "fct_"))}
    assert {after for _, after in steps} == aggregates
