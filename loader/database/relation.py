"""A table as it is in the source: its columns, the type of updated_at, its key."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg2.extensions import cursor

from loader.database.declared import PostgresTable
from loader.errors import TableError
from loader.names import LOAD_ID, ROW_ID

# Column that the loader adds to the raw tables of databases: U for a row as it is, D for one that
# is there no more.
OP = "_op"

_READABLE_KINDS = ("r", "p", "v", "m", "f")

# The type below a domain; whether a null can be in the column.
_COLUMNS = """
select a.attname, coalesce(nullif(t.typbasetype, 0), t.oid)::regtype::text
from pg_attribute a join pg_type t on t.oid = a.atttypid
where a.attrelid = %s and a.attnum > 0 and not a.attisdropped order by a.attnum
"""

# Indexes that keep rows apart: those of some rows, of expressions or with nulls do not. Nor do
# those of a table whose rows are partly in tables that inherit from it.
_UNIQUE = """
select i.indisprimary, array_agg(a.attname::text order by k.place)
from pg_index i
join pg_class c on c.oid = i.indrelid
cross join unnest(i.indkey::smallint[]) with ordinality k (attnum, place)
join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
where i.indrelid = %s and i.indisunique and i.indisvalid and i.indpred is null
and i.indexprs is null and k.place <= i.indnkeyatts and not (c.relkind = 'r' and c.relhassubclass)
group by i.indexrelid, i.indisprimary having bool_and(a.attnotnull)
"""


@dataclass(frozen=True)
class Relation:
    """A table of the source, as far as it is copied.

    Attributes:
        columns: those to copy, in the order of the table.
        missing: declared ones that it does not have.
        key: columns that together name a row: those of a unique index without nulls that lies
            within the declared key, or else the declared ones; empty where none is declared and
            there is no primary key.
        key_is_unique: whether there is such an index.
        version_type: of updated_at; None without one.
    """

    schema: str
    table: str
    columns: list[str]
    missing: list[str]
    key: list[str]
    key_is_unique: bool
    version_type: str | None

    def __str__(self) -> str:
        return f"{self.schema}.{self.table}"


def look_up(cur: cursor, name: str, declared: PostgresTable) -> Relation:
    """Find out what a declared table is in the source.

    Raises:
        TableError: it is not there, or not what its declaration needs.
    """
    schema, table = declared.relation(name)
    where = f"{schema}.{table}"
    cur.execute(
        "select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        'where n.nspname = %s and c.relname = %s and c.relkind = any(%s::"char"[])',
        (schema, table, list(_READABLE_KINDS)),
    )
    found = cur.fetchall()
    if not found:
        raise TableError(f"{where}: no such table in the source: correct `from` in sources.yml")
    (oid,) = found[0]
    cur.execute(_COLUMNS, (oid,))
    types: dict[str, str] = dict(cur.fetchall())
    cur.execute(_UNIQUE, (oid,))
    unique: list[tuple[bool, list[str]]] = cur.fetchall()
    primary = next((columns for is_primary, columns in unique if is_primary), [])
    key = declared.key or primary
    copied = [column for column in types if declared.columns is None or column in declared.columns]
    _check(where, declared, copied, key)
    proven = next((columns for _, columns in unique if set(columns) <= set(key)), [])
    return Relation(
        schema,
        table,
        copied,
        [column for column in declared.columns or [] if column not in types],
        proven or key,
        bool(proven),
        types[declared.updated_at] if declared.updated_at is not None else None,
    )


def _check(where: str, declared: PostgresTable, copied: list[str], key: list[str]) -> None:
    if not copied:
        raise TableError(f"{where}: has none of the declared columns")
    if declared.updated_at is not None and not key:
        raise TableError(
            f"{where}: has no primary key, and without a key its versions cannot be told apart: "
            "name its columns as `key` in sources.yml, or remove updated_at to copy it whole"
        )
    needed = [*key, *([declared.updated_at] if declared.updated_at is not None else [])]
    for column in needed:
        if column not in copied:
            raise TableError(
                f"{where}: column {column!r}, which its key or updated_at needs, is not there or "
                "not among the declared columns: correct sources.yml"
            )
    for column in (OP, LOAD_ID, ROW_ID):
        if column in copied:
            raise TableError(
                f"{where}: column {column} has a name that the loader keeps for itself: list the "
                "other ones as `columns` in sources.yml"
            )
