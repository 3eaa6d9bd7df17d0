"""Rows that are gone from the source: found by comparing keys, appended to raw as rows D."""

from __future__ import annotations

import time

from psycopg2 import sql

from loader.database.arrival import Arrived, Way, key_of
from loader.database.ledger import Brought, record
from loader.database.pipe import pipe
from loader.database.relation import OP
from loader.names import LOAD_ID, ROW_ID
from loader.raw.ledger import LoadFacts, begin_load, new_load
from warehouse.composed import TEXT, create_table, identifiers

KEYS = sql.Identifier("loader_keys")


def take_deletions(way: Way) -> Arrived | None:
    """Append a row D for each key that is live in raw and not in the source any more.

    A key is live when its last row in raw is not a D. The new row has the values of that last one,
    but the time of the comparison as updated_at.

    Returns:
        The load; None where nothing is gone.

    Raises:
        psycopg2.Error: of either server.
    """
    assert way.versions is not None
    started = time.monotonic()
    cur, key = way.warehouse, way.relation.key
    cur.execute(
        sql.SQL("{} on commit drop").format(
            create_table(KEYS, dict.fromkeys(key, TEXT), temporary=True)
        )
    )
    query = sql.SQL("select {} from {}").format(identifiers(key), way.origin)
    piped = pipe(way.seen.cur.connection, query, cur, KEYS, key, way.meter)
    load_id = new_load(cur)
    begin_load(cur, load_id)
    rows = _append(way, way.versions.as_written(way.seen.cur, way.seen.clock))
    if not rows:
        return None
    facts = LoadFacts(
        rows, piped.bytes, None, time.monotonic() - started, way.columns, run_id=way.target.run_id
    )
    record(cur, load_id, way.target, Brought("deleted", "deleted", way.seen.clock), facts)
    return Arrived(load_id, rows, piped.bytes)


def _append(way: Way, at: str) -> int:
    """Append the rows D and count them.

    The keys that are gone come first: they are few, and only their rows need sorting.
    """
    assert way.versions is not None
    changed = {way.versions.name: sql.Literal(at), OP: sql.Literal("D")}
    values = [changed.get(name, sql.Identifier("last", name)) for name in way.columns]
    way.warehouse.execute(
        sql.SQL(
            "with gone as (select distinct {live_key} from {raw} as live "
            "where not exists (select from {keys} as there where ({there_key}) = ({live_key}))), "
            "last as (select distinct on ({live_key}) live.* from {raw} as live "
            "where ({live_key}) in (select * from gone) "
            "order by {live_key}, live.{load_id} desc, live.{row_id} desc) "
            "insert into {raw} ({columns}) select {values} from last where last.{op} <> 'D'"
        ).format(
            live_key=key_of(way, "live"),
            there_key=key_of(way, "there"),
            raw=way.raw,
            keys=KEYS,
            load_id=sql.Identifier(LOAD_ID),
            row_id=sql.Identifier(ROW_ID),
            columns=identifiers(way.columns),
            values=sql.SQL(", ").join(values),
            op=sql.Identifier(OP),
        )
    )
    return way.warehouse.rowcount
