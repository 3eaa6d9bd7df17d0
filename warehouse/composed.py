"""SQL for the patterns that the packages share: tables, COPY, upsert, swap, advisory locks.

Everything is composed with psycopg2.sql, so that a name or a value can hold anything at all. What
it may not be is an empty name, one with a NUL, or one longer than PostgreSQL keeps: those are
refused here with a ValueError, as the server would cut the long ones off without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from psycopg2 import sql
from psycopg2.extensions import cursor

# NAMEDATALEN - 1 of every server that was not built otherwise.
MAX_NAME_BYTES = 63

TEXT = sql.SQL("text")

# What COPY can be told. Their values are literals: COPY takes all of them in quotes.
_COPY_OPTIONS = {
    "format": sql.SQL("format"),
    "header": sql.SQL("header"),
    "delimiter": sql.SQL("delimiter"),
    "quote": sql.SQL("quote"),
    "escape": sql.SQL("escape"),
    "null": sql.SQL("null"),
    "encoding": sql.SQL("encoding"),
}

_COMMA = sql.SQL(", ")


def _checked(name: str) -> str:
    if not name or "\0" in name:
        raise ValueError(f"{name!r} cannot be a name in PostgreSQL")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise ValueError(f"{name!r} is longer than the {MAX_NAME_BYTES} bytes of a name")
    return name


def qualified(schema: str, table: str) -> sql.Identifier:
    """Write the quoted name of a table (or another relation) with its schema.

    Raises:
        ValueError: it cannot be a name.
    """
    return sql.Identifier(_checked(schema), _checked(table))


def identifiers(names: Iterable[str]) -> sql.Composed:
    """Write quoted names with commas between them.

    Raises:
        ValueError: one cannot be a name.
    """
    return _COMMA.join([sql.Identifier(_checked(name)) for name in names])


def create_table(
    table: sql.Identifier,
    columns: Mapping[str, sql.Composable],
    *,
    temporary: bool = False,
) -> sql.Composed:
    """Write `create table`.

    Args:
        table: its name; of a temporary one without a schema.
        columns: the definition of each, such as TEXT, by name.
        temporary: the table lives as long as the session.

    Raises:
        ValueError: a column's name cannot be one.
    """
    verb = sql.SQL("create temporary table" if temporary else "create table")
    return sql.SQL("{} {} ({})").format(verb, table, _COMMA.join(_definitions(columns)))


def add_columns(table: sql.Identifier, columns: Mapping[str, sql.Composable]) -> sql.Composed:
    """Write `alter table` that adds those of the columns that the table does not have.

    Raises:
        ValueError: a column's name cannot be one, or there are none.
    """
    if not columns:
        raise ValueError("no columns to add")
    added = [sql.SQL("add column if not exists {}").format(one) for one in _definitions(columns)]
    return sql.SQL("alter table {} {}").format(table, _COMMA.join(added))


def _definitions(columns: Mapping[str, sql.Composable]) -> list[sql.Composed]:
    return [
        sql.SQL("{} {}").format(sql.Identifier(_checked(name)), definition)
        for name, definition in columns.items()
    ]


def copy_in(
    table: sql.Identifier, columns: Sequence[str], options: Mapping[str, str]
) -> sql.Composed:
    """Write `copy … from stdin`, for `cursor.copy_expert`.

    Args:
        table: into which table.
        columns: those that the data holds, in its order.
        options: of COPY, such as {"format": "csv", "delimiter": ";"}.

    Raises:
        ValueError: an option is none of COPY's, or a column's name cannot be one.
    """
    return sql.SQL("copy {} ({}) from stdin{}").format(
        table, identifiers(columns), _copy_options(options)
    )


def copy_out(query: sql.Composable, options: Mapping[str, str]) -> sql.Composed:
    """Write `copy (query) to stdout`, for `cursor.copy_expert`; options as those of `copy_in`.

    Raises:
        ValueError: an option is none of COPY's.
    """
    return sql.SQL("copy ({}) to stdout{}").format(query, _copy_options(options))


def _copy_options(options: Mapping[str, str]) -> sql.Composable:
    if unknown := options.keys() - _COPY_OPTIONS.keys():
        raise ValueError(f"COPY has no option {', '.join(sorted(unknown))}")
    if not options:
        return sql.SQL("")
    written = [
        sql.SQL("{} {}").format(_COPY_OPTIONS[name], sql.Literal(value))
        for name, value in options.items()
    ]
    return sql.SQL(" with ({})").format(_COMMA.join(written))


def insert(table: sql.Identifier, columns: Sequence[str]) -> sql.Composed:
    """Write `insert` of one row, to be executed with one parameter for each column.

    Raises:
        ValueError: a column's name cannot be one.
    """
    return sql.SQL("insert into {} ({}) values ({})").format(
        _beside_parameters(table),
        _COMMA.join(_name_beside_parameters(name) for name in columns),
        _COMMA.join(sql.Placeholder() for _ in columns),
    )


def upsert(table: sql.Identifier, columns: Sequence[str], key: Sequence[str]) -> sql.Composed:
    """Write `insert` of one row that takes the place of the row with the same key.

    To be executed with one parameter for each column.

    Args:
        table: it has a unique index on the key.
        columns: all that are written, the key among them.
        key: the columns that tell rows apart.

    Raises:
        ValueError: a column's name cannot be one, or the key is not among the columns.
    """
    if not key or not set(key) <= set(columns):
        raise ValueError(f"the key {key!r} is not among the columns {columns!r}")
    updated = [_name_beside_parameters(name) for name in columns if name not in key]
    action: sql.Composable = sql.SQL("nothing")
    if updated:
        assigned = [sql.SQL("{0} = excluded.{0}").format(name) for name in updated]
        action = sql.SQL("update set {}").format(_COMMA.join(assigned))
    return sql.SQL("{} on conflict ({}) do {}").format(
        insert(table, columns),
        _COMMA.join(_name_beside_parameters(name) for name in key),
        action,
    )


def _beside_parameters(name: sql.Identifier) -> sql.Identifier:
    """Double a name's percent signs: in a statement with parameters, psycopg2 reads them."""
    return sql.Identifier(*(part.replace("%", "%%") for part in name.strings))


def _name_beside_parameters(name: str) -> sql.Identifier:
    return _beside_parameters(sql.Identifier(_checked(name)))


def swap(cur: cursor, schema: str, table: str, replacement: str) -> None:
    """Give a table's name to another one and drop the first, in the transaction of `cur`.

    Sessions that read or write the table wait for the end of the transaction and go on with the
    replacement. Its indexes, privileges and comments are its own.

    Args:
        cur: its transaction is the caller's to commit.
        schema: of both.
        table: its name stays, its rows go.
        replacement: its rows stay, its name goes.

    Raises:
        ValueError: one of the three cannot be a name.
        psycopg2.Error: a view reads the table (DependentObjectsStillExist), or one is not there.
    """
    cur.execute(sql.SQL("drop table {}").format(qualified(schema, table)))
    cur.execute(
        sql.SQL("alter table {} rename to {}").format(
            qualified(schema, replacement), identifiers([table])
        )
    )


Until = Literal["transaction", "session"]

_LOCKS = {
    ("transaction", False): sql.SQL("advisory_xact_lock"),
    ("transaction", True): sql.SQL("advisory_xact_lock_shared"),
    ("session", False): sql.SQL("advisory_lock"),
    ("session", True): sql.SQL("advisory_lock_shared"),
}


def lock(cur: cursor, key: str, *, until: Until = "transaction", shared: bool = False) -> None:
    """Wait for an advisory lock and take it.

    Args:
        cur: its session holds the lock.
        key: what is locked; any text, the same in every program that shares the lock.
        until: the end of the transaction, or of the session (or `unlock`).
        shared: others may hold it too, as long as all of them share it.
    """
    call = sql.SQL("select pg_{}(hashtextextended(%s, 0))")
    cur.execute(call.format(_LOCKS[until, shared]), (key,))


def try_lock(cur: cursor, key: str, *, until: Until = "transaction", shared: bool = False) -> bool:
    """Take an advisory lock if nobody is in the way; arguments as those of `lock`.

    Returns:
        Whether it was taken.
    """
    call = sql.SQL("select pg_try_{}(hashtextextended(%s, 0))")
    cur.execute(call.format(_LOCKS[until, shared]), (key,))
    return cur.fetchall() == [(True,)]


def unlock(cur: cursor, key: str, *, shared: bool = False) -> None:
    """Give an advisory lock back that was taken until the end of the session."""
    call = sql.SQL("select pg_{}(hashtextextended(%s, 0))")
    name = "advisory_unlock_shared" if shared else "advisory_unlock"
    cur.execute(call.format(sql.SQL(name)), (key,))
