"""Business rules, and rows that wait for their parents: what quality holds, rule by rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.check import Check, Group, Status
from monitor.checks.context import SAMPLES, Context, about
from monitor.checks.shares import Held, judge, limits
from monitor.manifest import Node
from monitor.masking import mask_addresses, mask_record
from warehouse.console import counted

_VALID = "valid_"

_HELD = """
select held.entity, rule.name, held.source, held.load_id, count(*) as held
from quality.quarantine as held
cross join lateral string_to_table(held.failed_rules, ',') as rule (name)
where held.resolved_at is null
group by held.entity, rule.name, held.source, held.load_id
"""

# The newest first: they are what somebody will look into.
_SAMPLES = """
select
    numbered.rule,
    held.entity,
    held.source,
    held.file,
    held.line_number,
    held.record_key,
    held.record
from (
    select
        held.entity,
        held.load_id,
        held.row_id,
        rule.name as rule,
        row_number() over (
            partition by held.entity, rule.name order by held.load_id desc, held.row_id
        ) as place
    from quality.quarantine as held
    cross join lateral string_to_table(held.failed_rules, ',') as rule (name)
    where held.resolved_at is null
) as numbered
inner join quality.quarantine as held using (entity, load_id, row_id)
where numbered.place <= %(samples)s
order by numbered.rule, numbered.place
"""

_ALL_ROWS = """
select source, file, line_number, record_key, record, first_seen_at
from quality.quarantine
where entity = %(entity)s and resolved_at is null
    and %(rule)s = any(string_to_array(failed_rules, ','))
order by load_id desc, row_id
"""


@dataclass
class _Counts:
    """Rows by load, and of held ones by rule and load."""

    sources: dict[int, str] = field(default_factory=dict)
    checked: dict[int, int] = field(default_factory=dict)
    held: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))


def rule_checks(context: Context) -> Iterator[Check]:
    """Judge every rule of every checked model by the rows that it holds."""
    entities = context.manifest.checked()
    lacking = context.lacking("quality.quarantine", "raw._loads")
    held = [] if lacking else context.dicts(_HELD)
    batches = {} if lacking else dict(context.rows("select load_id, batch from raw._loads"))
    samples = {} if lacking else _samples(context)
    for entity, node in entities.items():
        missing = lacking or context.lacking(node.place)
        counts = _Counts() if missing else _counts(context, node)
        for row in held:
            if row["entity"] == entity:
                counts.held[row["name"]][row["load_id"]] = row["held"]
        for rule in node.meta["rules"]:
            if missing:
                yield _check(context, node, rule, Status.SKIP, missing)
            else:
                found = _by_source(counts, counts.held[rule["name"]], batches)
                yield _judged(context, node, rule, found, samples.get((entity, rule["name"]), ()))


def _counts(context: Context, node: Node) -> _Counts:
    counts = _Counts()
    place = context.quoted(node.schema, node.relation)
    # By load alone: the index of loads and rows has all that is needed.
    by_load = dict(context.rows(f"select load_id, count(*) from {place} group by load_id"))
    of_loads = context.rows(
        "select load_id, source from raw._loads where load_id = any(%(ids)s)",
        {"ids": list(by_load)},
    )
    counts.sources = dict(of_loads)
    counts.checked = by_load
    return counts


def _by_source(counts: _Counts, held: Mapping[int, int], batches: Mapping[int, str]) -> list[Held]:
    loads: dict[str, list[int]] = defaultdict(list)
    for load_id, source in counts.sources.items():
        loads[source].append(load_id)
    found = []
    for source, ids in sorted(loads.items()):
        newest = max((batches[load_id] for load_id in ids), default=None)
        of_newest = [load_id for load_id in ids if batches[load_id] == newest]
        found.append(
            Held(
                source=source,
                checked=sum(counts.checked[load_id] for load_id in ids),
                held=sum(held.get(load_id, 0) for load_id in ids),
                batch=newest,
                batch_checked=sum(counts.checked[load_id] for load_id in of_newest),
                batch_held=sum(held.get(load_id, 0) for load_id in of_newest),
            )
        )
    return found


def _samples(context: Context) -> dict[tuple[str, str], tuple[dict[str, str | None], ...]]:
    samples: dict[tuple[str, str], list[dict[str, str | None]]] = defaultdict(list)
    for row in context.dicts(_SAMPLES, {"samples": SAMPLES}):
        samples[row["entity"], row["rule"]].append(_sample(context, row))
    return {key: tuple(rows) for key, rows in samples.items()}


def _sample(context: Context, row: Mapping[str, Any]) -> dict[str, str | None]:
    node = context.manifest.checked().get(row["entity"])
    columns = node.columns if node else {}
    personal = context.manifest.personal
    # Of an entity with personal data nothing is shown but what is known to be none: the source
    # may name its columns as it likes.
    holds_personal = any(name in personal for name in columns)
    harmless = [name for name in columns if name not in personal] if holds_personal else None
    record = row["record"] if isinstance(row["record"], dict) else {}
    key = row["record_key"]
    return {
        "file": row["file"],
        "line": str(row["line_number"]),
        "key": None if key is None else mask_addresses(str(key)),
        **mask_record(record, personal, harmless),
    }


def _judged(
    context: Context,
    node: Node,
    rule: Mapping[str, Any],
    found: list[Held],
    samples: tuple[dict[str, str | None], ...],
) -> Check:
    status, why = judge(found, limits(node.path, node.meta.get("held"), rule.get("held")))
    checked, held = sum(one.checked for one in found), sum(one.held for one in found)
    if not checked:
        return _check(context, node, rule, Status.SKIP, "no row was delivered yet", 0, 0)
    # What is held and was not counted is of a load that the ledger no longer has.
    verb = "wait for their parent" if _waits(rule) else "held"
    by_source = ", ".join(f"{one.held:,} of {one.source}" for one in found if one.held)
    several = f" ({by_source})" if len(found) > 1 else ""
    message = f"{held:,} of {counted(checked, 'row')} {verb}{several}"
    if not held:
        message = f"none of {counted(checked, 'row')} breaks it"
    of_source = found[0].source if len(found) == 1 else None
    return _check(
        context,
        node,
        rule,
        status,
        f"{message}; {why}" if why else message,
        checked,
        held,
        source=of_source,
        samples=samples,
    )


def _waits(rule: Mapping[str, Any]) -> bool:
    return str(rule.get("references", "")).startswith(_VALID)


def _check(  # noqa: PLR0913, PLR0917 - the parts of a check
    context: Context,
    node: Node,
    rule: Mapping[str, Any],
    status: Status,
    message: str,
    checked: int | None = None,
    held: int | None = None,
    *,
    source: str | None = None,
    samples: tuple[dict[str, str | None], ...] = (),
) -> Check:
    entity = node.name.removeprefix("checked_")
    statement = context.shown(_ALL_ROWS, {"entity": entity, "rule": rule["name"]})
    return Check(
        key=f"rule:{entity}:{rule['name']}",
        group=Group.REFERENCES if "references" in rule else Group.RULES,
        name=rule["name"].replace("_", " "),
        status=status,
        message=message,
        source=source,
        checked=checked,
        failed=held,
        sql=f"-- {_meaning(rule)}\n{statement}",
        samples=samples,
        **about(node),
    )


def _meaning(rule: Mapping[str, Any]) -> str:
    """Say in one line of SQL comment when a row is held."""
    if "fails_when" in rule:
        meaning = f"held when {rule['fails_when']}"
    elif "references" in rule:
        meaning = f"held while {rule['column']} is not in {rule['references']}"
    elif "unique" in rule:
        meaning = f"held when an earlier valid row has the same {', '.join(rule['unique'])}"
    else:
        meaning = "held when an earlier row is the same in every column"
    return " ".join(meaning.split())
