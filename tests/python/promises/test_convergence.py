"""Promises 2 and 3: any order of arrival, any interruption, the same warehouse.

At any other scale: `python -m bench converge`.
"""

from __future__ import annotations

import pytest

from bench.convergence.proof import Plan, Verdict, prove
from bench.convergence.ways import AT_ONCE, HISTORY, WAYS
from bench.workplace import Workplace

SMALL = Plan(
    scale=0.003,
    history=30,
    days=2,
    defects=0.05,
    late=0.05,
    seed=42,
    ways=tuple(name for name in WAYS if name != HISTORY),
    jobs=2,
)


@pytest.fixture(scope="module")
def verdict(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    """Take every way once; each build on them is a plain `dbt build` with its tests."""
    return prove(Workplace(tmp_path_factory.mktemp("converge"), postgres_server), SMALL)


@pytest.mark.parametrize("way", SMALL.ways)
def test_every_way_leads_to_the_same_warehouse(verdict: Verdict, way: str) -> None:
    """Every table of production and marts, and what is held, row for row."""
    assert verdict.failures.get(way) is None
    (ending,) = [ending for ending in verdict.endings if ending.way.name == way]
    assert ending.differences == ()


@pytest.mark.parametrize("way", SMALL.ways)
def test_every_way_leads_to_the_truth(verdict: Verdict, way: str) -> None:
    (ending,) = [ending for ending in verdict.endings if ending.way.name == way]
    truth = ending.truth
    assert (truth.missed, truth.wrongly_held, truth.apart) == (0, 0, 0)
    assert truth.injected == truth.caught > 100
    assert truth.figures > 100


def test_all_that_must_be_the_same_is_compared(verdict: Verdict) -> None:
    compared = {name.partition(".")[2] for name in verdict.contents}
    assert {"customer_history", "product_history", "dim_products", "fct_sales"} <= compared
    assert len(verdict.contents) > 30
    empty = [name for name, found in verdict.contents.items() if not found.rows]
    assert empty == []
    assert verdict.endings[0].way.name == AT_ONCE
