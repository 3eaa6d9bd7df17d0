"""Which tables there are to be profiled, and what their columns are."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from psycopg2.extensions import cursor

from monitor.profiles.figures import Kind
from warehouse.errors import WarehouseError

_NUMBERS = {"int2", "int4", "int8", "numeric", "float4", "float8", "money"}
_TIMES = {"date", "timestamp", "timestamptz"}
_TEXTS = {"text", "varchar", "bpchar", "name", "char", "citext"}

# Their values may be whole rows of somebody's data, under no column's name.
_DOCUMENTS = {"json", "jsonb", "xml", "hstore", "bytea"}

_RELATIONS = """
select pg_class.oid, nspname, relname, relkind, greatest(reltuples, 0)::bigint
from pg_class
inner join pg_namespace on pg_namespace.oid = relnamespace
where relkind in ('r', 'p', 'm', 'v', 'f') and not relispartition
and nspname = any(%s)
order by nspname, relname
"""

# A domain is profiled as the type under it.
_COLUMNS = """
with recursive types as (
    select oid as type, oid as base from pg_type
    union all
    select types.type, pg_type.typbasetype
    from types
    inner join pg_type on pg_type.oid = types.base and pg_type.typtype = 'd'
)
select attname, format_type(atttypid, atttypmod), base_type.typname
from pg_attribute
inner join types on types.type = atttypid
inner join pg_type as base_type on base_type.oid = types.base and base_type.typtype <> 'd'
where attrelid = %s and attnum > 0 and not attisdropped
order by attnum
"""


class ProfileError(WarehouseError):
    """A profile cannot be made."""


@dataclass(frozen=True)
class Column:
    """A column to be profiled.

    Args:
        name: of the column.
        type: as PostgreSQL writes it.
        base: name of the type under it, where it is a domain.
        kind: how it is profiled.
        personal: whether no value of it may be shown.
    """

    name: str
    type: str
    base: str
    kind: Kind
    personal: bool


@dataclass(frozen=True)
class Relation:
    """A table or a view to be profiled.

    Args:
        schema, name: its name.
        has_blocks: whether a sample can be taken of its blocks.
        estimate: rows that it has, as PostgreSQL believes; 0 where it does not know.
        columns: in the table's order.
    """

    schema: str
    name: str
    has_blocks: bool
    estimate: int
    columns: Sequence[Column]


def find_relations(
    cur: cursor, schemas: Collection[str], names: Collection[str], personal: Collection[str]
) -> list[Relation]:
    """Find the tables to be profiled.

    Args:
        cur: of the database.
        schemas: to look in; for names without a schema too.
        names: tables, with or without their schema; none: all tables of the schemas.
        personal: names of columns with personal data. A column that bears the name of one elsewhere
            holds some, too: raw and quality have the same values, and declare them only where they
            end.

    Raises:
        ProfileError: there is no such table, or none at all.
    """
    looked = {*schemas, *(name.partition(".")[0] for name in names if "." in name)}
    cur.execute(_RELATIONS, (sorted(looked),))
    found = cur.fetchall()
    if names:
        found = _chosen(found, schemas, names)
    else:
        # Views are asked for by name: most of them are tables of another layer seen again.
        found = [row for row in found if row[1] in schemas and row[3] != "v"]
    if not found:
        raise ProfileError(
            f"no tables in {', '.join(sorted(schemas))}: build the warehouse (make build), or name "
            "another --schema"
        )
    masked = {plain(name) for name in personal}
    return [
        Relation(schema, name, kind in "rpm", rows, _columns(cur, oid, masked))
        for oid, schema, name, kind, rows in found
    ]


_Row = tuple[int, str, str, str, int]


def _chosen(found: Sequence[_Row], schemas: Collection[str], names: Collection[str]) -> list[_Row]:
    chosen: dict[int, _Row] = {}
    for wanted in names:
        fits = [
            row
            for row in found
            if f"{row[1]}.{row[2]}" == wanted or (row[2] == wanted and row[1] in schemas)
        ]
        if not fits:
            known = [*(f"{row[1]}.{row[2]}" for row in found), *(row[2] for row in found)]
            near = get_close_matches(wanted, known, 1)
            hint = f": is it {near[0]}?" if near else f" (looked in {', '.join(sorted(schemas))})"
            raise ProfileError(f"no table {wanted}{hint}")
        chosen |= {row[0]: row for row in fits}
    return list(chosen.values())


def _columns(cur: cursor, oid: int, personal: Collection[str]) -> list[Column]:
    cur.execute(_COLUMNS, (oid,))
    return [
        Column(
            name,
            type_,
            base,
            _kind(base),
            base in _DOCUMENTS or plain(name) in personal,
        )
        for name, type_, base in cur.fetchall()
    ]


def _kind(base: str) -> Kind:
    if base in _NUMBERS:
        return "number"
    if base in _TIMES:
        return "time"
    if base in _TEXTS:
        return "text"
    return "boolean" if base == "bool" else "other"


def plain(name: str) -> str:
    """Write a column's name as any source might: `E-Mail`, `e_mail` and `EMAIL` are one."""
    return re.sub(r"[^0-9a-z]", "", name.lower())
