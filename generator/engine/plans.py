"""Which class carries out which kind of column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.engine.values import children, draws, keys, links, sums, texts, times

if TYPE_CHECKING:
    from generator.engine.columns import ColumnPlan
    from generator.engine.tables import Table
    from generator.spec.values import Column

PLANS: dict[str, type[ColumnPlan]] = {
    kind: plan
    for module in (children, draws, keys, links, sums, texts, times)
    for plan in module.PLANS
    for kind in plan.kinds
}


def plan_column(table: Table, name: str, spec: Column) -> ColumnPlan:
    """Return the column of a table that carries out a specification."""
    return PLANS[spec.kind](table, name, spec)
