"""Records that were set aside: counted, listed, and shown without harm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from psycopg2 import sql
from psycopg2.extensions import connection, cursor

from loader.errors import SelectionError
from loader.raw.readable import names_in_ledger, readable_ledger
from loader.sources import FilesSource, Sources
from warehouse.connections import transaction

# Its first bytes are all that raw has of a record with this reason.
TOO_LONG = "too_long"

# As many characters of a record are shown; no more bytes are fetched than these and one can take.
EXCERPT = 100
_EXCERPT_BYTES = 4 * (EXCERPT + 1)

# Fetched at a time: a record can have many MB.
_FETCHED = 50


@dataclass(frozen=True)
class Selection:
    """Which rejects; None for any.

    Attributes:
        load: number of a load.
        is_open: True for those not resolved, False for those that are.
    """

    source: str | None = None
    table: str | None = None
    reason: str | None = None
    load: int | None = None
    is_open: bool | None = None

    def condition(self) -> sql.Composable:
        """Write the condition on raw._rejects `r` and raw._loads `l`."""
        wanted = {"l.source": self.source, "l.table_name": self.table, "r.reason": self.reason}
        parts: list[sql.Composable] = [
            sql.SQL("{} = {}").format(sql.Identifier(*column.split(".")), sql.Literal(value))
            for column, value in {**wanted, "r.load_id": self.load}.items()
            if value is not None
        ]
        if self.is_open is not None:
            parts.append(
                sql.SQL("r.resolved_at is null" if self.is_open else "r.resolved_at is not null")
            )
        return sql.SQL(" and ").join(parts) if parts else sql.SQL("true")


class Count(NamedTuple):
    """How many records of a table were set aside for a reason, and are so still."""

    source: str
    table: str
    reason: str
    open: int
    resolved: int


class SetAside(NamedTuple):
    """A record that was set aside; of a listed one, `line` is only its beginning."""

    load_id: int
    record_number: int
    line_number: int
    byte_offset: int | None
    reason: str
    message: str
    line: bytes
    bytes: int
    source: str
    table: str
    file: str
    format: str
    encoding: str | None
    resolved_by: int | None


class Original(NamedTuple):
    """A load that set records aside.

    Attributes:
        columns: of its file in their order, as raw names them; None where it was not noted.
        encoding: of its file itself; None where it was not noted.
    """

    load_id: int
    source: str
    table: str
    file: str
    format: str
    columns: list[str] | None
    encoding: str | None


_ORIGINAL = sql.SQL(
    "select l.load_id, l.source, l.table_name, l.file, l.format, l.columns, l.encoding "
)

_ASIDE = sql.SQL(
    "select r.load_id, r.record_number, r.line_number, r.byte_offset, r.reason, r.message, "
    "{}, octet_length(r.line), l.source, l.table_name, l.file, l.format, "
    "l.encoding, r.resolved_by "
    "from raw._rejects r join raw._loads l using (load_id) where {} "
    "order by r.load_id, r.record_number"
)


@contextmanager
def reading(conn: connection) -> Iterator[cursor]:
    """Open a transaction in which rejects are read; nothing is written.

    Args:
        conn: no transaction is open on it.

    Raises:
        LedgerError: nothing was ever loaded, or the ledger cannot be read.
    """
    with readable_ledger(), transaction(conn) as cur:
        yield cur


def check_selection(
    cur: cursor, sources: Sources, names: Sequence[str], selection: Selection
) -> None:
    """Make sure that what is asked for can be there at all, so that "no rejects" is good news.

    Args:
        cur: of a transaction that `reading` has opened.
        sources: all that are declared.
        names: of the sources that are asked for; none for all of them.
        selection: its table and its load are checked.

    Raises:
        UnknownSource: a source is neither declared nor in the ledger.
        SelectionError: no such source has the table, or the load is none of theirs.
    """
    known = names_in_ledger(cur)
    for name in names:
        if name not in known:
            sources[name]  # raises where it is not declared
    asked = set(names) or {*sources.root, *known}
    whose = " or ".join(names) or "any source"
    if selection.table is not None:
        tables = {table for name in asked & sources.root.keys() for table in sources[name].tables}
        cur.execute(
            "select distinct table_name from raw._loads where source = any(%s)", (list(asked),)
        )
        tables.update(table for (table,) in cur.fetchall())
        if selection.table not in tables:
            raise SelectionError(
                f"--table {selection.table}: is no table of {whose}; "
                f"there is {', '.join(sorted(tables)) or 'none'}"
            )
    if selection.load is not None:
        cur.execute("select source from raw._loads where load_id = %s", (selection.load,))
        ((owner,),) = cur.fetchall() or ((None,),)
        if owner not in asked:
            there = f"it is of {owner}" if owner else "the ledger (raw._loads) does not have it"
            raise SelectionError(f"--load {selection.load}: is no load of {whose}: {there}")


def counts(cur: cursor, selection: Selection) -> list[Count]:
    """Count rejects by source, table and reason."""
    cur.execute(
        sql.SQL(
            "select l.source, l.table_name, r.reason, "
            "count(*) filter (where r.resolved_at is null), count(r.resolved_at) "
            "from raw._rejects r join raw._loads l using (load_id) where {} "
            "group by 1, 2, 3 order by 1, 2, 3"
        ).format(selection.condition())
    )
    return [Count(*row) for row in cur.fetchall()]


def first_rejects(cur: cursor, selection: Selection, limit: int) -> list[SetAside]:
    """List the first rejects, with the beginning of each record."""
    line = sql.SQL("substring(r.line for {})").format(sql.Literal(_EXCERPT_BYTES))
    statement = _ASIDE.format(line, selection.condition())
    cur.execute(sql.SQL("{} limit {}").format(statement, sql.Literal(limit)))
    return [_set_aside(row) for row in cur.fetchall()]


def all_rejects(conn: connection, selection: Selection) -> Iterator[SetAside]:
    """Go through rejects as a whole, in the order of their loads; needs an open transaction."""
    with conn.cursor(name="rejects") as cur:
        cur.itersize = _FETCHED
        cur.execute(_ASIDE.format(sql.SQL("r.line"), selection.condition()))
        for row in cur:
            yield _set_aside(row)


def _set_aside(row: tuple[Any, ...]) -> SetAside:
    found = SetAside(*row)
    return found._replace(line=bytes(found.line))


def loads_with(cur: cursor, selection: Selection) -> list[Original]:
    """List the loads that have such rejects."""
    cur.execute(
        _ORIGINAL
        + sql.SQL(
            "from raw._loads l where exists (select from raw._rejects r "
            "where r.load_id = l.load_id and {}) order by l.load_id"
        ).format(selection.condition())
    )
    return [Original(*row) for row in cur.fetchall()]


def original_load(cur: cursor, load_id: int) -> Original | None:
    """Find a load that is in raw."""
    cur.execute(
        _ORIGINAL
        + sql.SQL("from raw._loads l where l.status = 'loaded' and l.load_id = {}").format(
            sql.Literal(load_id)
        )
    )
    row = cur.fetchone()
    return Original(*row) if row else None


def codec_of(sources: Sources, reject: SetAside) -> str:
    """Give the encoding, by Python's name, of a reject's bytes."""
    declared = sources.root.get(reject.source)
    if reject.format == "csv" and isinstance(declared, FilesSource):
        table = declared.tables.get(reject.table)
        if table:
            return table.dialect.codec_of_rejects(reject.encoding)
    return "utf-8"


def text_of(line: bytes, codec: str) -> str | None:
    """Give a line as text; None where it is none in this encoding."""
    try:
        return line.decode(codec)
    except UnicodeDecodeError:
        return None


def excerpt(line: bytes, codec: str) -> str:
    r"""Show a record's beginning in one line that cannot move a cursor or turn text around.

    What cannot be printed is shown as an escape, such as \x1b.
    """
    text = line[:_EXCERPT_BYTES].decode(codec, "backslashreplace")
    shown = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in text[:EXCERPT]
    )
    return shown if len(text) <= EXCERPT else shown + "…"
