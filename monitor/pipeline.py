"""The pipeline's own history: how long builds took, how many nodes did well, what costs most."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import connection

from monitor.tables import is_there
from warehouse.connections import transaction

COSTLIEST = 15

# What runs later without a build of its own, such as `dbt test`, bears the number of the last one:
# so the time is that in which something ran, and not from the first begin to the last end.
_BUILDS = """
with results as (
    select
        *,
        started_at + make_interval(secs => seconds) as ended_at,
        max(started_at + make_interval(secs => seconds)) over (
            partition by build order by started_at rows between unbounded preceding and 1 preceding
        ) as busy_until
    from monitoring._run_results
    where build in (
        select distinct build from monitoring._run_results order by build desc limit %(runs)s
    )
)

select
    build,
    min(started_at) as started_at,
    coalesce(
        sum(extract(epoch from ended_at - greatest(started_at, busy_until)))
        filter (where ended_at > coalesce(busy_until, started_at)),
        0
    )::float8 as seconds,
    count(*)::int as nodes,
    (count(*) filter (where status in ('success', 'pass', 'warn')))::int as succeeded,
    coalesce(sum(rows_affected) filter (where resource_type <> 'test'), 0)::bigint as rows
from results
group by build
order by build
"""

_NODES = """
with results as (
    select build, node, resource_type, sum(seconds)::float8 as seconds
    from monitoring._run_results
    where build in (
        select distinct build from monitoring._run_results order by build desc limit %(runs)s
    )
    group by build, node, resource_type
),

costly as (
    select
        node,
        sum(seconds) as total,
        sum(sum(seconds)) over () as of_all
    from results
    group by node
    order by total desc
    limit %(most)s
)

select results.node, results.resource_type, costly.total, costly.of_all, results.build,
    results.seconds
from costly
inner join results using (node)
order by costly.total desc, results.node, results.build
"""


@dataclass(frozen=True)
class BuildRun:
    """One run of dbt that has ended.

    Args:
        build: its number.
        started_at: when its first node began; none where no node came so far.
        seconds: in which at least one node ran.
        nodes: models, seeds, snapshots and tests that it was to run.
        succeeded: of these, those that did well.
        rows: that it wrote.
    """

    build: int
    started_at: datetime | None
    seconds: float
    nodes: int
    succeeded: int
    rows: int


@dataclass(frozen=True)
class NodeCost:
    """What one node cost over the last builds.

    Args:
        node: its name.
        kind: model, seed, snapshot or test.
        total: seconds over all builds.
        share: of the seconds of all nodes.
        by_build: seconds of each build, oldest first; none where it did not run.
    """

    node: str
    kind: str
    total: float
    share: float
    by_build: tuple[float | None, ...]


@dataclass(frozen=True)
class Pipeline:
    """The last builds, oldest first, and their costliest nodes."""

    builds: tuple[BuildRun, ...] = ()
    nodes: tuple[NodeCost, ...] = ()


def read_pipeline(conn: connection, runs: int = 30) -> Pipeline:
    """Read the last builds; none before the first.

    Args:
        conn: no transaction is open on it.
        runs: how many builds at most.
    """
    with transaction(conn) as cur:
        if not is_there(cur, "monitoring._run_results"):
            return Pipeline()
        cur.execute(_BUILDS, {"runs": runs})
        builds = tuple(BuildRun(*row) for row in cur.fetchall())
        cur.execute(_NODES, {"runs": runs, "most": COSTLIEST})
        seconds: dict[str, dict[int, float]] = defaultdict(dict)
        costs: dict[str, tuple[str, float, float]] = {}
        for node, kind, total, of_all, build, took in cur.fetchall():
            costs[node] = kind, total, total / of_all if of_all else 0.0
            seconds[node][build] = took
    nodes = tuple(
        NodeCost(node, *cost, tuple(seconds[node].get(one.build) for one in builds))
        for node, cost in costs.items()
    )
    return Pipeline(builds, nodes)
