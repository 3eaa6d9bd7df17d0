"""Every rule has a unit test with a row that breaks it, and one that just passes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from project import Project


@pytest.fixture(scope="module")
def manifest(small_warehouse: Project) -> dict[str, Any]:
    small_warehouse.run_well("dbt", "parse")
    read: dict[str, Any] = json.loads((small_warehouse.folder / "target/manifest.json").read_text())
    return read


def rules(manifest: dict[str, Any]) -> dict[str, set[str]]:
    """Give the names of the rules of each checked model."""
    return {
        node["name"]: {rule["name"] for rule in node["config"]["meta"]["rules"]}
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["name"].startswith("checked_")
    }


def expected(manifest: dict[str, Any]) -> dict[str, list[str | None]]:
    """Give what the unit tests of each checked model expect of `failed_rules`."""
    found: dict[str, list[str | None]] = {}
    for test in manifest["unit_tests"].values():
        for row in test["expect"]["rows"] or []:
            if "failed_rules" in row:
                found.setdefault(test["model"], []).append(row["failed_rules"])
    return found


def test_every_rule_is_broken_in_a_unit_test(manifest: dict[str, Any]) -> None:
    verdicts = expected(manifest)
    untested = {
        f"{model}: {rule}"
        for model, names in rules(manifest).items()
        for rule in names - {r for v in verdicts.get(model, []) if v for r in v.split(",")}
    }
    assert len(rules(manifest)) == 12
    assert untested == set()


def test_every_checked_model_has_a_row_that_just_passes(manifest: dict[str, Any]) -> None:
    verdicts = expected(manifest)
    assert {model for model in rules(manifest) if None not in verdicts.get(model, [])} == set()


def test_no_entity_has_two_rules_of_one_name(manifest: dict[str, Any]) -> None:
    for node in manifest["nodes"].values():
        names = [rule["name"] for rule in node["config"].get("meta", {}).get("rules", [])]
        assert len(names) == len(set(names)), node["name"]
