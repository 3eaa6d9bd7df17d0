"""Schema and references: what dbt declares of tables, columns and keys, and what is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from monitor.check import Check, Group, Status
from monitor.checks.context import Context, about, listed
from monitor.manifest import Constraint, Node
from warehouse.console import counted

_COLUMNS = """
select
    namespace.nspname,
    relation.relname,
    attribute.attname,
    attribute.atttypid::regtype::text,
    attribute.attnotnull
from pg_class as relation
inner join pg_namespace as namespace on relation.relnamespace = namespace.oid
left join pg_attribute as attribute
    on relation.oid = attribute.attrelid and attribute.attnum > 0 and not attribute.attisdropped
where namespace.nspname = any(%(schemas)s) and relation.relkind in ('r', 'p', 'v', 'm', 'f')
order by attribute.attnum
"""

_CONSTRAINTS = """
select
    namespace.nspname,
    relation.relname,
    found.contype::text,
    (
        select array_agg(attribute.attname::text order by keys.position)
        from unnest(found.conkey) with ordinality as keys (attnum, position)
        inner join pg_attribute as attribute
            on attribute.attrelid = found.conrelid and attribute.attnum = keys.attnum
    ),
    parent.relname
from pg_constraint as found
inner join pg_class as relation on found.conrelid = relation.oid
inner join pg_namespace as namespace on relation.relnamespace = namespace.oid
left join pg_class as parent on found.confrelid = parent.oid
where namespace.nspname = any(%(schemas)s) and found.contype in ('p', 'u', 'f', 'c')
    and found.convalidated
"""

_KINDS = {"primary_key": "p", "unique": "u", "foreign_key": "f", "check": "c"}

_SHOW_COLUMNS = """
select column_name, data_type, is_nullable
from information_schema.columns
where table_schema = %(schema)s and table_name = %(table)s
order by ordinal_position
"""

_SHOW_CONSTRAINTS = """
select conname, convalidated, pg_get_constraintdef(oid)
from pg_constraint
where conrelid = to_regclass(%(relation)s)
order by contype, conname
"""


@dataclass
class _Relation:
    """A relation as PostgreSQL knows it."""

    types: dict[str, str] = field(default_factory=dict)
    not_null: set[str] = field(default_factory=set)
    constraints: set[tuple[str, tuple[str, ...], str | None]] = field(default_factory=set)


def relation_checks(context: Context) -> Iterator[Check]:
    """Compare every relation that dbt declares with what is there."""
    nodes = list(context.manifest.relations())
    found = _catalog(context, sorted({node.schema for node in nodes}))
    declared = {column.data_type for node in nodes for column in node.columns.values()}
    types = _resolved(context, sorted(filter(None, declared)))
    for node in nodes:
        relation = found.get((node.schema, node.relation))
        yield _columns(context, node, relation)
        if relation is None:
            continue  # one red check for one fault
        if any(column.data_type for column in node.columns.values()):
            yield _types(context, node, relation, types)
        foreign = [one for one in node.constraints if one.kind == "foreign_key"]
        if len(foreign) < len(node.constraints):
            yield _constraints(context, node, relation)
        for constraint in foreign:
            yield _foreign_key(context, node, relation, constraint)


def _catalog(context: Context, schemas: list[str]) -> Mapping[tuple[str, str], _Relation]:
    found: dict[tuple[str, str], _Relation] = defaultdict(_Relation)
    for schema, name, column, kind, is_not_null in context.rows(_COLUMNS, {"schemas": schemas}):
        relation = found[schema, name]
        if column is not None:
            relation.types[column] = kind
            if is_not_null:
                relation.not_null.add(column)
    for schema, name, kind, columns, parent in context.rows(_CONSTRAINTS, {"schemas": schemas}):
        found[schema, name].constraints.add((kind, tuple(columns or ()), parent))
    return dict(found)


def _resolved(context: Context, declared: list[str]) -> dict[str, str | None]:
    """Give declared types the names that PostgreSQL has for them; none for what is no type."""
    return dict(
        context.rows(
            "select declared, to_regtype(declared)::text"
            " from unnest(%(types)s::text[]) as declared",
            {"types": declared},
        )
    )


def _columns(context: Context, node: Node, relation: _Relation | None) -> Check:
    declared = list(node.columns)
    gone, added = [], []
    if relation is None:
        status, message = Status.FAIL, f"{node.place} is not there: make build makes it"
    else:
        gone = [name for name in declared if name not in relation.types]
        # What dbt itself adds to a snapshot needs no line of YAML.
        own = "dbt_" if node.kind == "snapshot" else "\0"
        if declared:
            added = [n for n in relation.types if n not in declared and not n.startswith(own)]
        status = Status.FAIL if gone else Status.WARN if added else Status.PASS
        parts = [f"gone: {listed(gone)}"] * bool(gone) + [f"additional: {listed(added)}"] * bool(
            added
        )
        message = "; ".join(parts) or f"{counted(len(declared), 'column')} as declared"
    return Check(
        key=f"schema:columns:{node.place}",
        group=Group.SCHEMA,
        name="columns as declared",
        status=status,
        message=message,
        checked=len(declared),
        failed=len(declared) if relation is None else len(gone) + len(added),
        sql=context.shown(_SHOW_COLUMNS, {"schema": node.schema, "table": node.relation}),
        samples=tuple(
            {"column": name, "what": what}
            for what, names in (("gone", gone), ("additional", added))
            for name in names[:20]
        ),
        **about(node),
    )


def _types(
    context: Context, node: Node, relation: _Relation, types: Mapping[str, str | None]
) -> Check:
    declared = {
        column.name: column.data_type
        for column in node.columns.values()
        if column.data_type and column.name in relation.types
    }
    wrong = [
        {"column": name, "declared": kind, "found": relation.types[name]}
        for name, kind in declared.items()
        if types[kind] != relation.types[name]
    ]
    said = [f"{one['column']} is {one['found']}, not {one['declared']}" for one in wrong]
    return Check(
        key=f"schema:types:{node.place}",
        group=Group.SCHEMA,
        name="types as declared",
        status=Status.FAIL if wrong else Status.PASS,
        message=listed(said, 3) or f"{counted(len(declared), 'column')} of the declared type",
        checked=len(declared),
        failed=len(wrong),
        sql=context.shown(_SHOW_COLUMNS, {"schema": node.schema, "table": node.relation}),
        samples=tuple(wrong[:20]),
        **about(node),
    )


def _constraints(context: Context, node: Node, relation: _Relation) -> Check:
    declared = [one for one in node.constraints if one.kind != "foreign_key"]
    lacking = [one for one in declared if not _is_enforced(one, relation)]
    said = [f"{one.kind.replace('_', ' ')} ({', '.join(one.columns)})" for one in lacking]
    return Check(
        key=f"schema:constraints:{node.place}",
        group=Group.SCHEMA,
        name="not null and unique, enforced",
        status=Status.FAIL if lacking else Status.PASS,
        message=f"not enforced: {listed(said)}"
        if lacking
        else f"PostgreSQL enforces {counted(len(declared), 'declared constraint')}",
        checked=len(declared),
        failed=len(lacking),
        sql=context.shown(_SHOW_CONSTRAINTS, {"relation": node.place}),
        **about(node),
    )


def _is_enforced(constraint: Constraint, relation: _Relation) -> bool:
    if constraint.kind == "not_null":
        return set(constraint.columns) <= relation.not_null
    if constraint.kind == "check":
        return any(kind == "c" for kind, *_ in relation.constraints)
    return (_KINDS[constraint.kind], constraint.columns, None) in relation.constraints


def _foreign_key(
    context: Context, node: Node, relation: _Relation, constraint: Constraint
) -> Check:
    parent = context.manifest.named(constraint.parent or "")
    table = parent.relation if parent else constraint.parent
    columns = ", ".join(constraint.columns)
    is_enforced = ("f", constraint.columns, table) in relation.constraints
    return Check(
        key=f"references:key:{node.place}:{','.join(constraint.columns)}",
        group=Group.REFERENCES,
        name=f"{columns} refers to {constraint.parent}",
        status=Status.PASS if is_enforced else Status.FAIL,
        message="PostgreSQL enforces the foreign key"
        if is_enforced
        else f"no validated foreign key ({columns}) to {table} is there: "
        f"dbt build -s {node.name} adds it",
        sql=context.shown(_SHOW_CONSTRAINTS, {"relation": node.place}),
        **about(node),
    )
