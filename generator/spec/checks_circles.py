"""Checks of circles: no table, column or pool needs itself to be made first."""

from __future__ import annotations

from generator.spec import templates
from generator.spec.graph import column_dependencies, sort, table_dependencies
from generator.spec.model import Model
from generator.spec.paths import parent_of
from generator.spec.problems import Problems, place


def check_circles(model: Model, problems: Problems) -> None:
    """Note each circle as a chain; columns only where tables are in order."""

    def tables(table: str) -> list[str]:
        own = parent_of(model.tables[table])
        return [n for n in table_dependencies(model, table) if n != table or n == own]

    for chain in sort(model.tables, tables)[1]:
        problems.add(
            place(chain[0]),
            f"tables need each other in a circle: {' -> '.join(chain)};"
            " take one parent or reference out",
        )
    for pools in sort(model.pools, lambda pool: _pools(model, pool))[1]:
        problems.add(f"pool {pools[0]}", f"pools need each other: {' -> '.join(pools)}")
    if problems:
        return
    columns = [(name, column) for name, table in model.tables.items() for column in table.columns]
    for circle in sort(columns, lambda at: column_dependencies(model, *at))[1]:
        chain = [f"{table}.{column}" for table, column in circle]
        problems.add(
            place(*circle[0]),
            f"columns need each other in a circle: {' -> '.join(chain)};"
            " make one of them of something else",
        )


def _pools(model: Model, pool: str) -> list[str]:
    found = model.pools[pool].templates or ()
    return [field.name for template in found for field in templates.fields(template)]
