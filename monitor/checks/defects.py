"""Defects against the truth: what the generator broke, and what the rules made of it."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.check import Check, Group, Status
from monitor.checks.context import SAMPLES, Context, about_named, as_text

_SCORE = """
select
    source,
    entity,
    sum(injected)::bigint as injected,
    sum(caught)::bigint as caught,
    sum(missed)::bigint as missed,
    sum(wrongly_held)::bigint as wrongly_held,
    sum(waiting)::bigint as waiting
from monitoring.defect_score
group by source, entity
order by source, entity
"""

_ROWS = """
select rule, verdict, outcome, file, row_number
from monitoring.scored_rows
where source = %(source)s and entity = %(entity)s and verdict in ('missed', 'wrongly_held')
order by file, row_number
"""


def defect_checks(context: Context) -> Iterator[Check]:
    """Judge the rules by the generator's ledger, entity by entity."""
    about = about_named(context, "defect_score", "monitoring.defect_score")
    lacking = context.lacking("monitoring.defect_score")
    scores = [] if lacking else context.dicts(_SCORE)
    if not scores:
        yield Check(
            key="defects",
            group=Group.DEFECTS,
            name="what was broken is held",
            status=Status.SKIP,
            message=lacking or "no batch has a ledger of defects: a real shop's files have none",
            **about,
        )
    for score in scores:
        of_entity = {"source": score["source"], "entity": score["entity"]}
        wrong = score["missed"] + score["wrongly_held"]
        rows = context.dicts(f"{_ROWS}limit {SAMPLES}", of_entity) if wrong else []
        yield Check(
            key=f"defects:{score['source']}:{score['entity']}",
            group=Group.DEFECTS,
            name=f"what was broken in {score['entity']} is held",
            status=Status.FAIL if wrong else Status.PASS,
            message=f"{score['caught']:,} of {score['injected']:,} injected defects caught, "
            f"{score['missed']:,} missed, {score['wrongly_held']:,} rows wrongly held, "
            f"{score['waiting']:,} waiting",
            source=score["source"],
            checked=score["injected"] + score["wrongly_held"],
            failed=wrong,
            sql=context.shown(_ROWS, of_entity),
            samples=tuple(as_text(row) for row in rows),
            **about,
        )
