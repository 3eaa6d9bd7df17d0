"""COPY into a raw table: chunks as they are, and the blocks of a CSV file one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor

from loader.raw.ledger import number_from
from loader.raw.tables import raw_table
from loader.reading.blocks import Block
from loader.reading.dialect import Dialect
from loader.reading.options import copy_options
from loader.reading.records import Reject
from loader.reading.streams import BLOCK, ChunkReader
from loader.sources import ROW_ID
from warehouse.composed import copy_in

# PostgreSQL's class "data exception": the block's fault, so a closer look at its records can help.
DATA_EXCEPTION = "22"


class Unsound(Exception):  # noqa: N818 - a change of ways, not a fault
    """The block on its way to COPY holds what COPY would misread."""


def copy(cur: cursor, statement: sql.Composable, chunks: Iterator[bytes]) -> int:
    """Run a COPY from standard input.

    Returns:
        Number of rows.

    Raises:
        psycopg2.Error: what the server said.
        Exception: whatever `chunks` raised.
    """
    reader = ChunkReader(chunks)
    try:
        cur.copy_expert(statement, reader, BLOCK)
    except psycopg2.Error:
        if reader.error is not None:
            raise reader.error from None
        raise
    return cur.rowcount


class BlockCopier:
    """Copies the blocks of one CSV file on one connection.

    The transaction is the caller's; a block that is refused costs only its own savepoint. Before
    the first block the session numbers its rows from the file's first record on.

    Args:
        cur: of the connection.
        table: raw table.
        columns: of the file, in its order, as raw names them.
        dialect: of the file.
    """

    def __init__(self, cur: cursor, table: str, columns: Sequence[str], dialect: Dialect) -> None:
        self._cur = cur
        self._as_it_is = copy_in(raw_table(table), columns, copy_options(dialect))
        self._judged = copy_in(raw_table(table), [ROW_ID, *columns], copy_options(dialect))
        self._next = 1

    def copy(self, block: Block, first: int, aside: Callable[[Reject], None]) -> int:
        """Load a block.

        Args:
            block: of the file.
            first: number of its first record.
            aside: takes the records that COPY would refuse.

        Returns:
            Number of rows; `block.records` says how many records there were.
        """
        self._cur.execute("savepoint block")
        if self._next != first:
            number_from(self._cur, first)
        rows = self._unparsed(block)
        if rows is None:
            self._cur.execute("rollback to savepoint block")
            rows = copy(self._cur, self._judged, block.judged(first, aside))
            # The rows brought their numbers along: the session's own stand where they stood.
            self._next = 0
        else:
            self._next = first + rows
        self._cur.execute("release savepoint block")
        return rows

    def copy_judged(self, chunks: Iterator[bytes]) -> int:
        """Load what was judged already; returns the number of rows."""
        self._next = 0
        return copy(self._cur, self._judged, chunks)

    def _unparsed(self, block: Block) -> int | None:
        """Send a block as it is; None when it has to be judged."""
        try:
            rows = copy(self._cur, self._as_it_is, _while_sound(block))
        except Unsound:
            return None
        except psycopg2.Error as error:
            if (error.pgcode or "")[:2] != DATA_EXCEPTION:
                raise
            return None
        # COPY must have seen the records that the splitter has counted.
        return rows if rows == block.records else None


def _while_sound(block: Block) -> Iterator[bytes]:
    for piece in block.pieces():
        if not block.sound:
            raise Unsound
        yield piece
    if not block.sound:
        raise Unsound
