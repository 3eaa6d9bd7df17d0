"""Freshness: the age of each source against its promise, and how far each layer has come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from monitor.check import Check, Group, Severity, Status
from monitor.checks.context import SAMPLES, Context, about_source, as_text, listed
from monitor.manifest import Node, Source
from warehouse.console import counted

# A load that a layer has not consumed for longer is not on its way: something is stuck.
LAG_HOURS = 24.0

# How many batches before the newest one say what a source usually delivers, and in which share of
# them a table must be: so one that no longer comes is missed for some days, and not for one.
_BEFORE = 30
_LEAST = 3
_USUAL = 0.8

_NEWEST = """
select max(loaded_at), max(batch)
from raw._loads
where source = %(source)s and table_name = any(%(tables)s) and status = 'loaded'
"""

_SHOW_NEWEST = """
select table_name, max(batch) as newest_batch, max(loaded_at) as loaded_at
from raw._loads
where source = %(source)s and status = 'loaded'
group by table_name
order by loaded_at
"""

_BATCHES = """
select batch, array_agg(distinct table_name)
from raw._loads
where source = %(source)s and table_name = any(%(tables)s) and status = 'loaded'
group by batch
order by batch desc
limit %(most)s
"""

_LOADS = """
select loads.load_id, loads.source, loads.table_name, loads.file, loads.loaded_at, counts.build
from raw._loads as loads
left join monitoring.load_counts as counts using (load_id)
inner join unnest(%(sources)s::text[], %(tables)s::text[]) as delivered (source, table_name)
    on loads.source = delivered.source and loads.table_name = delivered.table_name
where loads.status = 'loaded' and loads.rows > 0
    and (counts.load_id is null or counts.build > %(consumed)s)
order by loads.loaded_at
"""

_SHOW_MARKS = """
select model, build
from quality._high_water_marks
where model = any(%(models)s)
order by build, model
"""


def freshness_checks(context: Context) -> Iterator[Check]:
    """Judge the age of sources and tables, and the lag of layers."""
    if not context.lacking("raw._loads"):
        for source, tables in sorted(context.manifest.delivered().items()):
            yield _age(context, source, tables)
            yield from _tables(context, source, tables)
    yield from _layers(context)


def told(age: timedelta) -> str:
    """Write an age as people say it: 40 minutes, 5 hours, 3 days."""
    seconds = max(age.total_seconds(), 0)
    if seconds < 5400:
        return counted(round(seconds / 60), "minute")
    if seconds < 2 * 86400:
        return counted(round(seconds / 3600), "hour")
    return counted(round(seconds / 86400), "day")


def _age(context: Context, source: str, tables: Sequence[Source]) -> Check:
    """Compare the last load with the promise.

    The load and not the day that the data speak of: a history of last year that was loaded this
    morning is as fresh as it was promised to be.
    """
    names = [table.table for table in tables]
    ((loaded_at, batch),) = context.rows(_NEWEST, {"source": source, "tables": names})
    warn = min((one.warn_after for one in tables if one.warn_after), default=None)
    error = min((one.error_after for one in tables if one.error_after), default=None)
    if loaded_at is None:
        status, message = Status.SKIP, f"nothing was loaded yet: make load SOURCE={source}"
    else:
        age = context.now - loaded_at
        seconds = age.total_seconds()
        message = f"loaded {told(age)} ago, up to batch {batch}"
        if warn is None and error is None:
            status = Status.SKIP
            message += f"; {tables[0].path} promises nothing (freshness)"
        else:
            late = error is not None and seconds > error
            status = Status.FAIL if late else Status.PASS
            if not late and warn is not None and seconds > warn:
                status = Status.WARN
            promised = told(timedelta(seconds=warn or error or 0))
            message += f"; promised within {promised}"
    return Check(
        key=f"freshness:{source}",
        group=Group.FRESHNESS,
        name=f"{source} is as fresh as promised",
        status=status,
        message=message,
        source=source,
        sql=context.shown(_SHOW_NEWEST, {"source": source}),
        **about_source(tables, "raw._loads"),
    )


def _tables(context: Context, source: str, tables: Sequence[Source]) -> Iterator[Check]:
    """See that what came with every batch before came with the newest one too."""
    names = [table.table for table in tables]
    batches = context.rows(_BATCHES, {"source": source, "tables": names, "most": _BEFORE + 1})
    if len(batches) <= _LEAST or len(tables) < 2:
        return
    (newest, present), *before = batches
    for table in sorted(tables, key=lambda one: one.table):
        had_it = sum(table.table in delivered for _, delivered in before)
        is_missing = table.table not in present and had_it >= _USUAL * len(before)
        came = "came with it" if table.table in present else "does not come with every batch"
        yield Check(
            key=f"freshness:{source}.{table.table}",
            group=Group.FRESHNESS,
            name=f"{table.table} came with the newest batch",
            status=Status.FAIL if is_missing else Status.PASS,
            message=f"batch {newest} came without it; {had_it} of the {len(before)} before had it"
            if is_missing
            else f"batch {newest}: it {came}",
            source=source,
            sql=context.shown(_SHOW_NEWEST, {"source": source}),
            **about_source([table], f"raw.{table.relation}"),
        )


def _layers(context: Context) -> Iterator[Check]:
    """See how many loads each layer has not consumed, by the builds that its models have seen."""
    if context.lacking("quality._high_water_marks", "raw._loads", "monitoring.load_counts"):
        return
    marks: dict[str, int] = dict(context.rows("select model, build from quality._high_water_marks"))
    layers: dict[str, list[Node]] = defaultdict(list)
    for node in context.manifest.relations():
        if node.name in marks:
            layers[node.schema].append(node)
    tables = [table for of_source in context.manifest.delivered().values() for table in of_source]
    delivered = {
        "sources": [table.source for table in tables],
        "tables": [table.table for table in tables],
    }
    for layer, nodes in layers.items():
        consumed = min(marks[node.name] for node in nodes)
        loads = context.dicts(_LOADS, {**delivered, "consumed": consumed})
        behind = sorted(node.name for node in nodes if marks[node.name] == consumed)
        limit = min(float(node.meta.get("lag_hours", LAG_HOURS)) for node in nodes)
        oldest: datetime | None = loads[0]["loaded_at"] if loads else None
        lag = context.now - oldest if oldest else timedelta()
        is_stuck = lag > timedelta(hours=limit)
        yield Check(
            key=f"lag:{layer}",
            group=Group.FRESHNESS,
            name=f"{layer} has consumed every load",
            status=Status.FAIL if is_stuck else Status.WARN if loads else Status.PASS,
            message=f"{counted(len(loads), 'load')} not consumed, the first for {told(lag)} "
            f"({listed(behind, 3)}): make build"
            if loads
            else f"all {counted(len(nodes), 'model')} have come up to the last load",
            subject=layer,
            owner=next((node.owner for node in nodes if node.owner), None),
            severity=max((node.severity for node in nodes), key=list(Severity).index),
            failed=len(loads),
            sql=context.shown(_SHOW_MARKS, {"models": sorted(node.name for node in nodes)}),
            samples=tuple(
                as_text({name: load[name] for name in ("source", "file", "loaded_at")})
                for load in loads[:SAMPLES]
            ),
        )
