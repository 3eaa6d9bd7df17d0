"""Semantic models and metrics: every expression runs, and the figures are those of the marts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from project import Project

AGGREGATIONS = {"sum": "sum({})", "count": "count({})", "count_distinct": "count(distinct {})"}


@pytest.fixture(scope="module")
def semantics(demo_warehouse: Project) -> dict[str, Any]:
    """Give what dbt has made of the YAML, and validated."""
    demo_warehouse.run_well("dbt", "--warn-error", "parse")
    manifest: dict[str, Any] = json.loads(
        (demo_warehouse.folder / "target/semantic_manifest.json").read_text()
    )
    assert manifest["semantic_models"]
    return manifest


def figure(project: Project, semantics: dict[str, Any], metric: str) -> Any:
    """Compute a metric over all time as a tool would: from the YAML alone."""
    (about,) = [m for m in semantics["metrics"] if m["name"] == metric]
    parts = about["type_params"]
    if about["type"] == "ratio":
        return figure(project, semantics, parts["numerator"]["name"]) / figure(
            project, semantics, parts["denominator"]["name"]
        )
    if about["type"] == "derived":
        assert parts["expr"] == "revenue - refunds"
        return figure(project, semantics, "revenue") - figure(project, semantics, "refunds")
    assert about["type"] == "simple"
    ((relation, measure),) = [
        (model["node_relation"]["relation_name"], measure)
        for model in semantics["semantic_models"]
        for measure in model["measures"]
        if measure["name"] == parts["measure"]["name"]
    ]
    value = AGGREGATIONS[measure["agg"]].format(measure["expr"] or measure["name"])
    return project.query(f"select {value} from {relation}")[0][0]


def test_every_column_of_a_semantic_model_exists(
    demo_warehouse: Project, semantics: dict[str, Any]
) -> None:
    for model in semantics["semantic_models"]:
        parts = [*model["entities"], *model["dimensions"], *model["measures"]]
        expressions = ", ".join(part["expr"] or part["name"] for part in parts)
        relation = model["node_relation"]["relation_name"]
        demo_warehouse.query(f"select {expressions} from {relation} limit 0")


def test_every_metric_has_a_figure(demo_warehouse: Project, semantics: dict[str, Any]) -> None:
    figures = {
        m["name"]: figure(demo_warehouse, semantics, m["name"]) for m in semantics["metrics"]
    }
    assert all(value > 0 for value in figures.values()), figures


def test_metrics_are_what_the_aggregates_say(
    demo_warehouse: Project, semantics: dict[str, Any]
) -> None:
    """The demo has one source and one currency, so that totals may be compared."""
    names = ("gross_revenue", "discounts", "refunds", "net_revenue", "order_count", "units_sold")
    names += ("return_count",)
    ((*totals,),) = demo_warehouse.query(
        """
        select
            sum(gross_amount), sum(discount_amount), sum(refund_amount), sum(net_amount),
            sum(orders), sum(units), sum(returns)
        from marts.daily_revenue
        """
    )
    assert [figure(demo_warehouse, semantics, name) for name in names] == totals
    ((active, new),) = demo_warehouse.query(
        """
        select (select count(*) from marts.customer_lifetime_value),
            (select sum(new_customers) from marts.monthly_active_customers)
        """
    )
    assert figure(demo_warehouse, semantics, "active_customers") == active
    assert figure(demo_warehouse, semantics, "new_customers") == new


def test_the_time_spine_has_every_day_of_every_fact(
    demo_warehouse: Project, semantics: dict[str, Any]
) -> None:
    (spine,) = semantics["project_configuration"]["time_spines"]
    relation = spine["node_relation"]["relation_name"]
    day = spine["primary_column"]["name"]
    for model in semantics["semantic_models"]:
        if time := (model["defaults"] or {}).get("agg_time_dimension"):
            outside = demo_warehouse.query(
                f"select count(*) from {model['node_relation']['relation_name']}"
                f" where {time} is not null and {time} not in (select {day} from {relation})"
            )
            assert outside == [(0,)], model["name"]
