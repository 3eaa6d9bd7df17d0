"""COPY out of one database piped into COPY in of another, the bytes unparsed.

Two threads and the operating system's pipe between them: it holds 64 KB, and whichever end is ahead
waits for the other. So memory stays flat, and neither database is asked for more than the other
takes.
"""

from __future__ import annotations

import io
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection, cursor

from loader.errors import TableError
from loader.reading.streams import BLOCK, Meter
from warehouse.composed import copy_in, copy_out

# COPY's own text format: it tells null from an empty text and is the cheapest to write and read.
_OPTIONS = {"format": "text", "encoding": "UTF8"}


@dataclass(frozen=True)
class Piped:
    """What went through: rows and bytes."""

    rows: int
    bytes: int


class _Sender(threading.Thread):
    """Writes the rows of a query into a pipe until there are no more, or nobody reads them."""

    def __init__(self, cur: cursor, query: sql.Composed, sink: BinaryIO) -> None:
        super().__init__(name="source reader", daemon=True)
        self._cur, self._query, self._sink = cur, query, sink
        self.rows = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            with self._sink:
                self._cur.copy_expert(self._query, self._sink)
            self.rows = self._cur.rowcount
        except BaseException as error:
            self.error = error

    def finish(self) -> None:
        """Wait for its end; raises what ended it early."""
        self.join()
        if self.error is not None:
            raise self.error


class _Receiver(io.RawIOBase):
    """The file that COPY in reads: the pipe's other end.

    The end of the pipe is the end of the rows only when the sender says so: a source that fails
    must fail the COPY, which would otherwise commit what has come.
    """

    def __init__(self, pipe: BinaryIO, sender: _Sender, meter: Meter) -> None:
        self._pipe, self._sender, self._meter = pipe, sender, meter
        self.bytes = 0
        self.error: BaseException | None = None

    def read(self, size: int = -1, /) -> bytes:
        try:
            data = self._pipe.read(size)
            self._meter.add(len(data))
            if not data:
                self._sender.finish()
        except BaseException as error:
            self.error = error
            raise
        self.bytes += len(data)
        return data


def pipe(  # noqa: PLR0913, PLR0917 - two ends and what goes between them
    source: connection,
    query: sql.Composable,
    warehouse: cursor,
    table: sql.Identifier,
    columns: list[str],
    meter: Meter,
) -> Piped:
    """Copy the rows of a query into a table of another database.

    Args:
        source: to be read; the query runs in the transaction that is open on it.
        query: without parameters.
        warehouse: of the transaction that takes the rows.
        table: of the warehouse.
        columns: its columns that the query's fill, in its order.
        meter: counts the bytes.

    Raises:
        psycopg2.Error: of whichever end failed first; the source's connection may be unusable.
        TableError: not all rows have arrived.
        Stopped: the run is being ended.
    """
    out, into = os.pipe()
    with source.cursor() as cur, os.fdopen(out, "rb", buffering=BLOCK) as rows:
        sender = _Sender(cur, copy_out(query, _OPTIONS), os.fdopen(into, "wb", buffering=BLOCK))
        receiver = _Receiver(rows, sender, meter)
        sender.start()
        try:
            warehouse.copy_expert(copy_in(table, columns, _OPTIONS), receiver, BLOCK)
        except BaseException as error:
            rows.close()  # so that a sender that waits for room fails
            _end(source, sender)
            if receiver.error is not None and isinstance(error, psycopg2.Error):
                raise receiver.error from None
            raise
        sender.join()
    if warehouse.rowcount != sender.rows:
        raise TableError(
            f"the source sent {sender.rows:,} rows and {warehouse.rowcount:,} arrived: run again"
        )
    return Piped(sender.rows, receiver.bytes)


def _end(source: connection, sender: _Sender) -> None:
    """Have a sender end that may be waiting for its server."""
    if sender.is_alive():
        with suppress(psycopg2.Error):
            source.cancel()
    sender.join()
    # Of a COPY that was broken off no transaction is left in order.
    source.close()
