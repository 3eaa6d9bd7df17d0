"""What a project's warehouse holds, and how batches come into it."""

from __future__ import annotations

import shutil
from pathlib import Path

from project import Project


def add_batch(project: Project, batch: Path) -> None:
    """Put a finished batch into a project's landing zone."""
    shutil.copytree(batch, project.folder / "data/landing" / batch.parent.name / batch.name)


def load_and_build(project: Project, source: str = "shop") -> None:
    """Load what is new in the landing zone and build."""
    project.run_well("python", "-m", "loader", source)
    project.run_well("dbt", "build")


def contents(project: Project) -> dict[str, str]:
    """Give a checksum over the rows of every table, whatever their order."""
    tables = project.query(
        "select schemaname, tablename from pg_tables"
        " where schemaname in ('production', 'marts') order by 1, 2",
    )
    assert tables
    return {
        f"{schema}.{table}": project.query(
            f"select md5(coalesce(string_agg(t::text, chr(10) order by t::text), ''))"
            f" from {schema}.{table} as t",
        )[0][0]
        for schema, table in tables
    }
