"""Rows of a source into their raw table: straight, or past those that raw holds already."""

from __future__ import annotations

import time
from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extensions import cursor

from loader.database.ledger import Brought, Target, loads_to_compare, record
from loader.database.pipe import Piped, pipe
from loader.database.reading import Snapshot
from loader.database.relation import OP, Relation
from loader.database.versions import Part, Versions
from loader.errors import TableError
from loader.names import LOAD_ID, ROW_ID, raw_name
from loader.raw.ledger import LoadFacts, begin_load, new_load
from loader.raw.tables import raw_table
from loader.reading.streams import Meter
from warehouse.composed import TEXT, create_table, identifiers, qualified
from warehouse.console import tell

# Where rows wait that may be in raw already.
ARRIVED = sql.Identifier("loader_arrived")


@dataclass(frozen=True)
class Way:
    """From where to where a table's rows go.

    Attributes:
        seen: the source.
        relation: the table there.
        versions: its updated_at; None where it is copied whole.
        warehouse: of the transaction that takes the rows.
        target: the table in the ledger.
        meter: counts the bytes.
    """

    seen: Snapshot
    relation: Relation
    versions: Versions | None
    warehouse: cursor
    target: Target
    meter: Meter

    @property
    def raw(self) -> sql.Identifier:
        """The raw table."""
        return raw_table(raw_name(self.target.source, self.target.table))

    @property
    def columns(self) -> list[str]:
        """Columns of the raw table that a load fills."""
        return [*self.relation.columns, OP]

    @property
    def origin(self) -> sql.Identifier:
        """The table in the source."""
        return qualified(self.relation.schema, self.relation.table)


@dataclass(frozen=True)
class Arrived:
    """A load: its number, rows in raw, and bytes that came for it."""

    load_id: int
    rows: int
    bytes: int


def take(way: Way, part: Part) -> Arrived | None:
    """Load a part of a table's rows, those that raw does not hold yet, with its ledger row.

    Returns:
        The load; None where there was nothing new, unless the table is copied whole: that it is
        empty is news.

    Raises:
        TableError: two rows have the same key.
        psycopg2.Error: of either server.
    """
    started = time.monotonic()
    cur = way.warehouse
    _check_key(way, part)
    load_id = new_load(cur)
    begin_load(cur, load_id)
    versions: str | None = None
    if part.kind == "whole":
        piped = receive(way, _query(way, part), way.raw)
        rows = piped.rows
    else:
        compared = loads_to_compare(cur, way.target, part)
        if part.kind == "dated" and part.high is not None and not compared:
            piped = receive(way, _query(way, part), way.raw)
            rows, versions = piped.rows, _range(cur, part)
        else:
            piped = _receive_apart(way, part)
            if part.kind == "undated" and piped.rows:
                _tell_undated(way, piped.rows)
            rows, versions = _keep_new(way, part, compared)
    if not rows and part.kind != "whole":
        return None
    facts = LoadFacts(
        rows,
        piped.bytes,
        None,
        time.monotonic() - started,
        way.columns,
        run_id=way.target.run_id,
    )
    brought = Brought(part.kind, _what(part), way.seen.clock, versions)
    record(cur, load_id, way.target, brought, facts)
    return Arrived(load_id, rows, piped.bytes)


def receive(way: Way, query: sql.Composable, table: sql.Identifier) -> Piped:
    """Pipe the rows of a query, of all columns that a load fills, into a table."""
    return pipe(way.seen.cur.connection, query, way.warehouse, table, way.columns, way.meter)


def key_of(way: Way, alias: str) -> sql.Composed:
    """Write the columns of a row's key, to stand in parentheses beside those of another row.

    Where no index of the source keeps nulls out of them, they are written as one array: two are
    equal also when both hold nulls. That takes half as long again to compare.
    """
    listed = sql.SQL(", ").join(sql.Identifier(alias, name) for name in way.relation.key)
    return listed if way.relation.key_is_unique else sql.SQL("array[{}]").format(listed)


def _query(way: Way, part: Part) -> sql.Composed:
    condition = way.versions.condition(part) if way.versions else sql.SQL("true")
    return sql.SQL("select {}, 'U' from {} where {}").format(
        identifiers(way.relation.columns), way.origin, condition
    )


def _check_key(way: Way, part: Part) -> None:
    """Make sure, where no index of the source does, that a key is one row's.

    Raises:
        TableError: it is not.
    """
    relation = way.relation
    if relation.key_is_unique or part.kind == "whole":
        return
    assert way.versions is not None
    way.seen.cur.execute(
        sql.SQL("select from {} where {} group by {} having count(*) > 1 limit 1").format(
            way.origin, way.versions.condition(part), identifiers(relation.key)
        )
    )
    if way.seen.cur.rowcount:
        raise TableError(
            f"{relation}: several rows have the same {', '.join(relation.key)}: name columns that "
            "tell all rows apart as `key` in sources.yml"
        )


def _receive_apart(way: Way, part: Part) -> Piped:
    """Receive a part's rows in a temporary table."""
    definitions = dict.fromkeys(way.columns, TEXT)
    way.warehouse.execute(sql.SQL("drop table if exists pg_temp.{}").format(ARRIVED))
    way.warehouse.execute(
        sql.SQL("{} on commit drop").format(create_table(ARRIVED, definitions, temporary=True))
    )
    return receive(way, _query(way, part), ARRIVED)


def _tell_undated(way: Way, rows: int) -> None:
    assert way.versions is not None
    tell(
        "undated",
        f"{way.relation}: {rows:,} rows without {way.versions.name}: read again each time, for "
        "nothing else shows whether they have changed",
        level="warning",
        table=way.target.table,
        rows=rows,
    )


def _keep_new(way: Way, part: Part, compared: list[int]) -> tuple[int, str | None]:
    """Insert the rows that arrived and are not, as they are, the last of their key in raw.

    Args:
        way: of the rows.
        part: which they are.
        compared: loads among whose rows that last one is, if raw holds it.

    Returns:
        Number of rows and, of dated ones, the range of their updated_at.
    """
    assert way.versions is not None
    columns = identifiers(way.columns)
    version = way.versions.column if part.kind == "dated" else sql.SQL("null")
    way.warehouse.execute(
        sql.SQL(
            "with held as ("
            "select distinct on ({held_key}) {columns} from {raw} as held "
            "where {load_id} = any({compared}::bigint[]) "
            "and ({held_key}) in (select {arrived_key} from {arrived} as arrived) "
            "order by {held_key}, {load_id} desc, {row_id} desc), "
            "kept as ("
            "insert into {raw} ({columns}) select {columns} from {arrived} as arrived "
            "where not exists (select from held where ({held_key}) = ({arrived_key}) "
            "and row({held_values}) is not distinct from row({arrived_values})) "
            "returning {version}::timestamptz as version) "
            "select count(*), tstzrange(min(version), max(version), '[]')::text from kept"
        ).format(
            columns=columns,
            raw=way.raw,
            arrived=ARRIVED,
            load_id=sql.Identifier(LOAD_ID),
            row_id=sql.Identifier(ROW_ID),
            compared=sql.Literal(compared),
            held_key=key_of(way, "held"),
            arrived_key=key_of(way, "arrived"),
            held_values=_values(way, "held"),
            arrived_values=_values(way, "arrived"),
            version=version,
        )
    )
    ((rows, versions),) = way.warehouse.fetchall()
    return int(rows), versions if part.kind == "dated" else None


def _values(way: Way, alias: str) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(alias, name) for name in way.columns)


def _range(cur: cursor, part: Part) -> str:
    cur.execute("select tstzrange(%s, %s)::text", (part.low, part.high))
    ((text,),) = cur.fetchall()
    return str(text)


def _what(part: Part) -> str:
    if part.kind != "dated":
        return part.kind
    return f"{part.low or ''}..{part.high or ''}"
