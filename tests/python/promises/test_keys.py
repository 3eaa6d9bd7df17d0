"""Every table that users join has a key, which PostgreSQL enforces."""

from __future__ import annotations

from project import Project


def test_every_table_of_production_and_marts_has_a_primary_key(small_warehouse: Project) -> None:
    without = small_warehouse.query(
        """
        select relation.oid::regclass::text
        from pg_class as relation
        where relation.relkind = 'r'
            and relation.relnamespace in ('production'::regnamespace, 'marts'::regnamespace)
            and not exists (
                select from pg_constraint
                where conrelid = relation.oid and contype = 'p' and convalidated
            )
        """
    )
    assert without == []
