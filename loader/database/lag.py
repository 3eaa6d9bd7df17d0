"""How far the raw tables of a source database are behind it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from psycopg2.extensions import cursor

from loader.database.declared import PostgresSource
from loader.database.ledger import read_mark
from loader.database.reading import open_source, snapshot
from loader.database.relation import look_up
from loader.database.versions import Versions
from warehouse.composed import qualified

# Rows behind are counted no further: a table that was never copied may have any number.
COUNTED = 100_000


@dataclass(frozen=True)
class Lag:
    """How far a raw table is behind its table in the source.

    Attributes:
        table: in the declaration of the source.
        column: updated_at.
        mark: up to here raw holds everything; None before the first copy.
        newest: time of the newest row there that is not in the future; None without one.
        behind: rows there that are newer than the mark, counted up to COUNTED.
        more: whether there are more.
    """

    table: str
    column: str
    mark: str | None
    newest: str | None
    behind: int
    more: bool


def lags(cur: cursor, name: str, source: PostgresSource, url: str) -> list[Lag]:
    """Compare the marks with the source, for its tables that have an updated_at.

    Args:
        cur: of the warehouse.
        name: of the source.
        source: as declared.
        url: of the source.

    Raises:
        WarehouseError: the source does not let us in.
        TableError: a table is not there, or not as declared.
        psycopg2.Error: of either server.
    """
    found = []
    with closing(open_source(url, source.url_env)) as conn, snapshot(conn) as seen:
        for table, declared in source.tables.items():
            if declared.updated_at is None:
                continue
            relation = look_up(seen.cur, table, declared)
            assert relation.version_type is not None
            versions = Versions(
                str(relation),
                qualified(relation.schema, relation.table),
                declared.updated_at,
                relation.version_type,
            )
            mark = read_mark(cur, name, table, declared.updated_at)
            behind = versions.count_after(seen.cur, mark, COUNTED)
            found.append(
                Lag(
                    table,
                    declared.updated_at,
                    mark,
                    versions.newest(seen),
                    min(behind, COUNTED),
                    behind > COUNTED,
                )
            )
    return found
