"""The published SHA-256 list of a small shop: what is made here is what everybody else makes."""

from __future__ import annotations

from pathlib import Path

import pytest

PUBLISHED = Path(__file__).parents[3] / "docs" / "checksums" / "shop-0.01.sha256"
FLAGS = "--scale 0.01 --start 2025-01-01 --days 365 --seed 42 --defects 0.01"


@pytest.fixture(scope="module")
def made(tmp_path_factory, generate, landing) -> dict[str, str]:
    out = tmp_path_factory.mktemp("checksums")
    result = generate(out, *FLAGS.split())
    assert result.exit_code == 0, result.output
    return landing.hashes(out / "shop" / "2025-12-31")


def published() -> dict[str, str]:
    lines = [line.split("  ", 1) for line in PUBLISHED.read_text().splitlines()]
    return {path: sha256 for sha256, path in lines}


def test_every_file_is_the_published_one(made):
    """After a wanted change of model or engine, make the list anew: docs/generator.md says how."""
    differ = sorted(set(made.items()) ^ set(published().items()))
    assert not differ, f"{PUBLISHED.name} is not what is made: {sorted({p for p, _ in differ})}"


def test_the_list_has_a_file_of_each_table(made):
    assert {path.split("/")[0] for path in made} >= {"orders", "inventory", "_truth"}
    assert "manifest.json" in published()
