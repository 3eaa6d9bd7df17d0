"""What a project's warehouse holds, and how batches come into it."""

from __future__ import annotations

import shutil
from pathlib import Path

from project import Project

from bench.convergence import checksums
from bench.convergence.checksums import Contents


def add_batch(project: Project, batch: Path) -> None:
    """Put a finished batch into a project's landing zone."""
    shutil.copytree(batch, project.folder / "data/landing" / batch.parent.name / batch.name)


def load_and_build(project: Project, source: str = "shop") -> None:
    """Load what is new in the landing zone and build."""
    project.run_well("python", "-m", "loader", source)
    project.run_well("dbt", "build")


def contents(project: Project) -> Contents:
    """Give a count and a checksum over the rows of every table that must be the same."""
    return checksums.contents(project.url)
