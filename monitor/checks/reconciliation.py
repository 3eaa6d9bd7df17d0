"""Reconciliation: the same figures in every layer, no row lost, and the marts as reconciled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import psycopg2

from monitor.check import Check, Group, Status
from monitor.checks.context import SAMPLES, Context, about, about_named, as_text, listed
from monitor.manifest import Node
from warehouse.console import counted

_MEASURES = """
select
    source,
    currency,
    measure,
    count(*) as days,
    count(*) filter (where difference <> 0) as differing,
    coalesce(sum(difference), 0) as difference,
    sum(production) as figure
from monitoring.reconciliation
group by source, currency, measure
order by source, currency, measure
"""

_DAYS = """
select order_date, raw, valid, production, fact, aggregated, difference
from monitoring.reconciliation
where source = %(source)s and currency is not distinct from %(currency)s
    and measure = %(measure)s and difference <> 0
order by order_date
"""

_LOADS = """
select
    source,
    count(*) as loads,
    count(*) filter (where difference <> 0) as differing,
    coalesce(sum(difference), 0)::bigint as difference,
    coalesce(sum(ledger_rows), 0)::bigint as rows
from monitoring.load_counts
group by source
order by source
"""

_LOST = """
select table_name, batch, file, ledger_rows, raw_rows, judged_rows, difference
from monitoring.load_counts
where source = %(source)s and difference <> 0
order by load_id
"""

_FIGURES = """
select measure, source, currency, sum({layer}) as figure
from monitoring.reconciliation
where measure = any(%(measures)s)
group by measure, source, currency
"""


def reconciliation_checks(context: Context) -> Iterator[Check]:
    """Judge what the layers' figures and the loads' counts say, and add the marts up anew."""
    yield from _measures(context)
    yield from _loads(context)
    node = context.manifest.named("reconciliation")
    if node is not None and context.is_there(node.place):
        for name, declared in node.meta.get("adds_up", {}).items():
            mart = context.manifest.named(name)
            if mart is not None and context.is_there(mart.place):
                yield _attempt(context, mart, declared)


def _measures(context: Context) -> Iterator[Check]:
    told = about_named(context, "reconciliation", "monitoring.reconciliation")
    lacking = context.lacking("monitoring.reconciliation")
    measured = [] if lacking else context.dicts(_MEASURES)
    if not measured:
        yield Check(
            key="reconciliation",
            group=Group.RECONCILIATION,
            name="all layers agree",
            status=Status.SKIP,
            message=lacking or "nothing is reconciled yet: make build",
            **told,
        )
    for row in measured:
        of_row = {name: row[name] for name in ("source", "currency", "measure")}
        differing = row["differing"]
        days = context.dicts(f"{_DAYS}limit {SAMPLES}", of_row) if differing else []
        yield Check(
            key=f"reconciliation:{row['source']}:{row['currency']}:{row['measure']}",
            group=Group.RECONCILIATION,
            name=f"{row['measure'].replace('_', ' ')} in {row['currency'] or 'no currency'}",
            status=Status.FAIL if differing else Status.PASS,
            message=f"{counted(differing, 'day')} of {row['days']:,} differ, by "
            f"{row['difference']:,} in all"
            if differing
            else f"all layers hold {row['figure']:,} over {counted(row['days'], 'day')}",
            source=row["source"],
            checked=row["days"],
            failed=differing,
            sql=context.shown(_DAYS, of_row),
            samples=tuple(as_text(day) for day in days),
            **told,
        )


def _loads(context: Context) -> Iterator[Check]:
    told = about_named(context, "load_counts", "monitoring.load_counts")
    for row in [] if context.lacking("monitoring.load_counts") else context.dicts(_LOADS):
        of_source = {"source": row["source"]}
        differing = row["differing"]
        lost = context.dicts(f"{_LOST}limit {SAMPLES}", of_source) if differing else []
        yield Check(
            key=f"load_counts:{row['source']}",
            group=Group.RECONCILIATION,
            name="no row lost between file, raw and quality",
            status=Status.FAIL if differing else Status.PASS,
            message=f"{differing:,} of {counted(row['loads'], 'load')} differ, by "
            f"{counted(row['difference'], 'row')}"
            if differing
            else f"{counted(row['rows'], 'row')} of {counted(row['loads'], 'load')} all there",
            source=row["source"],
            checked=row["loads"],
            failed=differing,
            sql=context.shown(_LOST, of_source),
            samples=tuple(as_text(load) for load in lost),
            **told,
        )


def _attempt(context: Context, mart: Node, declared: Mapping[str, Any]) -> Check:
    """Add a mart up, or say why it cannot be: a column that is gone is another check's failure."""
    context.cur.execute("savepoint adding_up")
    try:
        check = _adds_up(context, mart, declared)
    except psycopg2.errors.UndefinedColumn as error:
        context.cur.execute("rollback to savepoint adding_up")
        reason = " ".join(str(error).split())
        return Check(
            key=f"adds_up:{mart.place}",
            group=Group.RECONCILIATION,
            name=_holds(mart),
            status=Status.SKIP,
            message=f"it cannot be added up: {reason}",
            **about(mart),
        )
    context.cur.execute("release savepoint adding_up")
    return check


def _holds(mart: Node) -> str:
    return f"{mart.name} still holds what was reconciled"


def _adds_up(context: Context, mart: Node, declared: Mapping[str, Any]) -> Check:
    """Add a mart up as it is now, and compare it with what was reconciled.

    The reconciliation is as old as the last build; a hand that wrote to a mart since shows here.
    While a build is at work, a mart may be ahead of it.
    """
    sums: Mapping[str, str] = declared["sums"]
    columns = ",\n    ".join(f"{sum_} as {measure}" for measure, sum_ in sums.items())
    statement = (
        f"select\n    source,\n    currency,\n    {columns}\nfrom "
        f"{context.quoted(mart.schema, mart.relation)}\ngroup by source, currency"
    )
    measures = list(sums)
    then = {
        (row["measure"], row["source"], row["currency"]): row["figure"] or 0
        for row in context.dicts(
            _FIGURES.format(layer=context.quoted(declared["layer"])), {"measures": measures}
        )
    }
    sources = {source for _, source, _ in then}
    now: dict[tuple[str, str, str | None], Decimal | int] = {
        (measure, row["source"], row["currency"]): row[measure] or 0
        for row in context.dicts(statement)
        if row["source"] in sources
        for measure in measures
    }
    wrong = [key for key in sorted({*then, *now}, key=str) if then.get(key, 0) != now.get(key, 0)]
    said = [
        f"{measure} of {source} in {currency} is {now.get((measure, source, currency), 0):,}, was "
        f"{then.get((measure, source, currency), 0):,}"
        for measure, source, currency in wrong
    ]
    is_ahead = bool(wrong) and context.is_dbt_at_work()
    return Check(
        key=f"adds_up:{mart.place}",
        group=Group.RECONCILIATION,
        name=_holds(mart),
        status=Status.PASS if not wrong else Status.WARN if is_ahead else Status.FAIL,
        message=(listed(said, 2) or f"{counted(len({*then, *now}), 'figure')} as reconciled")
        + ("; a build is at work" if is_ahead else ""),
        checked=len({*then, *now}),
        failed=len(wrong),
        sql=statement,
        samples=tuple(
            {
                "measure": key[0],
                "source": key[1],
                "currency": key[2],
                "reconciled": str(then.get(key, 0)),
                "now": str(now.get(key, 0)),
            }
            for key in wrong[:20]
        ),
        **about(mart),
    )
