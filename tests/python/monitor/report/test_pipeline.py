"""What the last builds took and cost, out of what dbt wrote of them."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

from queries import query

from monitor.pipeline import BuildRun, Pipeline, read_pipeline
from warehouse.connections import connect

TABLE = """
create schema monitoring;
create table monitoring._run_results (
    build bigint not null, node text not null, resource_type text not null, status text not null,
    rows_affected bigint, seconds numeric not null, started_at timestamptz, proven_build bigint
)
"""

ROWS = """
insert into monitoring._run_results values
    (1, 'orders', 'model', 'success', 100, 4, '2026-01-01 06:00:00+00', null),
    (1, 'items', 'model', 'success', 200, 4, '2026-01-01 06:00:02+00', null),
    (1, 'adds_up', 'test', 'pass', 7, 1, '2026-01-01 06:00:10+00', 1),
    -- Another test an hour later: no build of its own.
    (1, 'later', 'test', 'pass', 0, 2, '2026-01-01 07:00:00+00', 1),
    (2, 'orders', 'model', 'error', null, 1, '2026-01-02 06:00:00+00', null),
    (2, 'items', 'model', 'skipped', null, 0, null, null)
"""


def test_builds_and_their_costliest_nodes(database_url: str) -> None:
    with closing(connect(database_url)) as conn:
        assert read_pipeline(conn) == Pipeline()
        query(database_url, TABLE)
        assert read_pipeline(conn) == Pipeline()
        query(database_url, ROWS)
        found = read_pipeline(conn)
        last = read_pipeline(conn, runs=1)
    first_day, second_day = (datetime(2026, 1, day, 6, tzinfo=UTC) for day in (1, 2))
    assert found.builds == (
        BuildRun(1, first_day, 6 + 1 + 2, 4, 4, 300),
        BuildRun(2, second_day, 1, 2, 0, 0),
    )
    assert [(cost.node, cost.total, cost.by_build) for cost in found.nodes] == [
        ("orders", 5.0, (4.0, 1.0)),
        ("items", 4.0, (4.0, 0.0)),
        ("later", 2.0, (2.0, None)),
        ("adds_up", 1.0, (1.0, None)),
    ]
    assert sum(cost.share for cost in found.nodes) == 1
    assert last.builds == found.builds[1:]
