"""What the warehouse holds, counted: the numbers of the summary. Only reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from psycopg2 import sql
from psycopg2.extensions import cursor

from warehouse.composed import qualified


@dataclass(frozen=True)
class RawTable:
    """What was loaded into one raw table; pruned are those of its rows that raw has no more."""

    name: str
    rows: int
    pruned: int
    rejects: int


@dataclass(frozen=True)
class Entity:
    """Rows of one entity; quarantined rows are those that are held now."""

    name: str
    valid: int
    quarantined: int
    production: int | None


@dataclass(frozen=True)
class Rule:
    """Rows held for one rule; what the generator injected is None where its truth is not known."""

    entity: str
    name: str
    held: int
    injected: int | None
    missed: int | None
    wrongly_held: int | None


@dataclass(frozen=True)
class Reconciled:
    """One measure of one source, compared over all layers, its days added up."""

    label: tuple[str, ...]
    figure: object
    difference: object
    agrees: bool


@dataclass(frozen=True)
class Figures:
    """Everything that the summary shows; empty lists for layers that are not built yet."""

    raw: list[RawTable] = field(default_factory=list)
    entities: list[Entity] = field(default_factory=list)
    production_only: list[tuple[str, int]] = field(default_factory=list)
    marts: list[tuple[str, int]] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    reconciled: list[Reconciled] = field(default_factory=list)
    last_batches: list[tuple[str, str]] = field(default_factory=list)  # source, batch


def read_figures(cur: cursor) -> Figures:
    """Count the rows of every layer, exactly, in one snapshot of the database."""
    cur.execute("set transaction isolation level repeatable read, read only")
    tables = _tables(cur)
    entities = _entities(cur, tables)
    named = {entity.name for entity in entities}
    return Figures(
        raw=_raw(cur, tables),
        entities=entities,
        production_only=[
            (name, _count(cur, "production", name))
            for schema, name in tables
            if schema == "production" and name not in named
        ],
        marts=[(name, _count(cur, schema, name)) for schema, name in tables if schema == "marts"],
        rules=_rules(cur, tables),
        reconciled=_reconciled(cur, tables),
        last_batches=_last_batches(cur, tables),
    )


_Tables = Sequence[tuple[str, str]]


def _tables(cur: cursor) -> _Tables:
    cur.execute(
        "select n.nspname, c.relname from pg_class as c"
        " join pg_namespace as n on n.oid = c.relnamespace"
        " where c.relkind in ('r', 'p', 'v', 'm')"
        " and n.nspname in ('raw', 'quality', 'production', 'marts', 'monitoring')"
        " order by n.nspname, c.relname"
    )
    return cur.fetchall()


def _count(cur: cursor, schema: str, table: str) -> int:
    cur.execute(sql.SQL("select count(*) from {}").format(qualified(schema, table)))
    (count,) = cur.fetchone() or (0,)
    return int(count)


def _raw(cur: cursor, tables: _Tables) -> list[RawTable]:
    """Rows of each source table, and the lines of its files that COPY could not take.

    By the ledger, which is committed with the rows: rows that were pruned since are counted too,
    for the layers after raw hold them still.
    """
    if ("raw", "_loads") not in tables:
        return []
    # A leading underscore marks the generator's truth, which is no data of the shop.
    cur.execute(
        "select source || '_' || table_name, sum(rows)::bigint,"
        " coalesce(sum(rows) filter (where pruned_at is not null), 0)::bigint,"
        " sum(rejects)::bigint from raw._loads"
        " where status = 'loaded' and not starts_with(table_name, '_')"
        " group by 1 having sum(rows) + sum(rejects) > 0 order by 1"
    )
    return [RawTable(*row) for row in cur.fetchall()]


def _entities(cur: cursor, tables: _Tables) -> list[Entity]:
    found = []
    for schema, name in tables:
        if schema != "quality" or not name.startswith("checked_"):
            continue
        cur.execute(
            sql.SQL("select count(*), count(failed_rules) from {}").format(qualified(schema, name))
        )
        rows, failed = cur.fetchone() or (0, 0)
        entity = name.removeprefix("checked_")
        built = ("production", entity) in tables
        production = _count(cur, "production", entity) if built else None
        found.append(Entity(entity, rows - failed, failed, production))
    return found


def _rules(cur: cursor, tables: _Tables) -> list[Rule]:
    if ("quality", "quarantine") not in tables:
        return []
    cur.execute(
        "select entity, rule, count(*) from quality.quarantine"
        " cross join lateral string_to_table(failed_rules, ',') as failed (rule)"
        " where resolution is distinct from 'released' group by entity, rule"
    )
    held = {(entity, rule): int(count) for entity, rule, count in cur.fetchall()}
    truth: dict[tuple[str, str], tuple[int, int, int]] = {}
    if ("monitoring", "defect_score") in tables:
        cur.execute(
            "select entity, rule, sum(injected)::bigint, sum(missed)::bigint,"
            " sum(wrongly_held)::bigint, sum(caught + wrongly_held)::bigint"
            " from monitoring.defect_score group by entity, rule"
        )
        for entity, rule, injected, missed, wrongly_held, found in cur.fetchall():
            truth[entity, rule] = injected, missed, wrongly_held
            # What the loader set aside is in no quarantine, and counts as held here.
            held.setdefault((entity, rule), found)
    rules = []
    for entity, name in sorted(held.keys() | truth.keys()):
        injected, missed, wrongly_held = truth.get((entity, name), (None, None, None))
        rules.append(
            Rule(entity, name, held.get((entity, name), 0), injected, missed, wrongly_held)
        )
    return rules


def _reconciled(cur: cursor, tables: _Tables) -> list[Reconciled]:
    if ("monitoring", "reconciliation") not in tables:
        return []
    cur.execute(
        "select source, currency, measure, sum(production), sum(difference),"
        " bool_and(verdict = 'agrees') from monitoring.reconciliation"
        " group by source, currency, measure"
    )
    found = [
        Reconciled((source, str(currency or ""), measure), figure, difference, agrees)
        for source, currency, measure, figure, difference, agrees in cur.fetchall()
    ]
    return sorted(found, key=lambda one: (one.agrees, one.label))


def _last_batches(cur: cursor, tables: _Tables) -> list[tuple[str, str]]:
    if ("raw", "_loads") not in tables:
        return []
    cur.execute(
        "select source, max(batch) from raw._loads where status = 'loaded'"
        " group by source order by source"
    )
    return cur.fetchall()
