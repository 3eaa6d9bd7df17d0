"""A large CSV file over several connections: its blocks are COPYed side by side, as one load.

PostgreSQL gives a COPY one processor. So one thread reads the file and cuts it into blocks, and
each connection, in a transaction of its own, takes the next block as soon as it is free. All bear
the number of the same load and the record numbers that they would have had from one connection.

The transactions are committed one after the other when all of the file is in and was found right;
the one that finishes the ledger row comes last. A two-phase commit would close the moment in
between, but servers come with max_prepared_transactions = 0. So the ledger announces the load as
`loading` first, and `loader.raw.recovery` takes out what a kill within that moment has left.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress

import psycopg2
from psycopg2.extensions import connection

from loader.finding.discovery import LandedFile
from loader.loading.budget import Rejects
from loader.loading.copying import BlockCopier
from loader.loading.job import Content, Job, Terms
from loader.loading.load_file import located, open_csv, shape_of
from loader.loading.outcome import Loaded
from loader.raw.ledger import LoadFacts, begin_load, new_load, record_finished, record_started
from loader.raw.recovery import hold, undo
from loader.reading.blocks import Block, Splitter
from loader.reading.header import Header
from loader.reading.json_lines import UnknownColumns
from loader.reading.streams import FileStream, Stopped
from loader.sources import Table
from warehouse.connections import ConnectionPool, transaction

# A smaller file is in before several connections have come into step.
CUT_BYTES = 32 * 1024**2

_POLL_SECONDS = 0.1

# A block with its first record's number, and its CSV if it had to be judged on the way.
_Item = tuple[Block, int, list[bytes] | None]


def worth_cutting(file: LandedFile, remaining: int, connections: int) -> bool:
    """Whether a file would keep one connection at work when all others are done.

    Args:
        file: to be loaded.
        remaining: bytes of all files to be loaded, its own included.
        connections: that share the work.
    """
    return (
        connections > 1
        and file.format == "csv"
        and file.bytes >= CUT_BYTES
        and file.bytes * connections > remaining
    )


def load_cut(
    pool: ConnectionPool, connections: int, file: LandedFile, declared: Table, terms: Terms
) -> Loaded:
    """Load a CSV file over several connections; on any error nothing of it is left.

    Args:
        pool: lends the connections; nobody else uses it meanwhile.
        connections: how many.
        file: what to load.
        declared: its table in sources.yml.
        terms: those of the run.

    Raises:
        FileError, psycopg2.Error: as those of `load_file`.
    """
    started = time.monotonic()
    job = Job(file, declared, terms)
    while True:
        try:
            return _attempt(pool, connections, job, started)
        except UnknownColumns as grown:
            with pool.connection() as conn:
                job.extend(conn, grown.names)


def _attempt(pool: ConnectionPool, connections: int, job: Job, started: float) -> Loaded:
    with job.open() as stream, ExitStack() as lent:
        header = open_csv(stream, job)
        conns = [lent.enter_context(pool.connection()) for _ in range(connections)]
        with transaction(conns[0]) as cur:
            load_id = new_load(cur)
        record_started(conns[0], load_id, job.file, job.terms.run_id)
        try:
            content = _Lanes(conns, job, header, load_id).load(stream)
            loaded, facts = job.finish(content, time.monotonic() - started)
            _commit(conns, load_id, facts)
        except BaseException:
            _withdraw(conns, job, load_id)
            raise
    loaded.connections = connections
    return loaded


def _commit(conns: Sequence[connection], load_id: int, facts: LoadFacts) -> None:
    with conns[0].cursor() as cur:
        record_finished(cur, load_id, facts)
    for conn in reversed(conns):
        conn.commit()


def _withdraw(conns: Sequence[connection], job: Job, load_id: int) -> None:
    """Leave nothing of the load; what a lost connection keeps from us is the next attempt's."""
    with suppress(psycopg2.Error):
        for conn in conns:
            if not conn.closed:
                conn.rollback()
        undo(conns[0], job.file.source, load_id, job.file.table)


class _Lanes:
    """The connections of one load, each with a thread that takes blocks from a common queue."""

    def __init__(self, conns: Sequence[connection], job: Job, header: Header, load_id: int) -> None:
        self._conns, self._job, self._header, self._load_id = conns, job, header, load_id
        self._rejects: Rejects = job.rejects()
        # One block waits for each connection: more would only take memory.
        self._items: queue.Queue[_Item | None] = queue.Queue(len(conns))
        self._errors: list[BaseException] = []
        self._rows = 0
        self._lock = threading.Lock()

    def load(self, stream: FileStream) -> Content:
        """Bring the blocks of the file in, uncommitted.

        Raises:
            BaseException: the first error of any connection, or of the reading.
        """
        lanes = [
            threading.Thread(target=self._lane, args=(conn,), name="loader lane")
            for conn in self._conns
        ]
        for lane in lanes:
            lane.start()
        try:
            records = self._read(stream)
        except BaseException as error:
            self._errors.append(error)
        finally:
            for _ in lanes:
                self._put(None)
            for lane in lanes:
                lane.join()
        if self._errors:
            # One who stopped because another failed has nothing to tell.
            raise next((e for e in self._errors if not isinstance(e, Stopped)), self._errors[0])
        set_aside = sorted(self._rejects.settle(records), key=lambda reject: reject.record_number)
        return Content(
            self._rows,
            records,
            stream.disk_bytes,
            stream.verify(),
            self._header.columns,
            located(self._job, self._header, set_aside),
            stream.encoding,
        )

    def _read(self, stream: FileStream) -> int:
        """Cut the file into blocks; returns the number of its records."""
        shape = shape_of(self._job, self._header, self._conns[0].server_version)
        number = 1
        for block in Splitter(stream, shape, offset=self._header.offset):
            for _ in block.pieces():
                pass  # read and kept, so that another thread can send it
            judged = None
            if not block.sound:
                # Where it ends is known only now that its records have been told apart.
                judged = list(block.judged(number, self._rejects.add))
            self._put((block, number, judged))
            number += block.records
        return number - 1

    def _put(self, item: _Item | None) -> None:
        while True:
            if item is not None and (self._errors or self._job.terms.meter.stopped):
                raise Stopped
            with suppress(queue.Full):
                return self._items.put(item, timeout=_POLL_SECONDS)

    def _lane(self, conn: connection) -> None:
        try:
            with conn.cursor() as cur:
                begin_load(cur, self._load_id)
                hold(cur, self._load_id)
                copier = BlockCopier(
                    cur, self._job.table, self._header.columns, self._job.declared.dialect
                )
                while (item := self._items.get()) is not None:
                    block, number, judged = item
                    if judged is None:
                        rows = copier.copy(block, number, self._rejects.add)
                    else:
                        rows = copier.copy_judged(iter(judged))
                    with self._lock:
                        self._rows += rows
        except BaseException as error:
            self._errors.append(error)
            # Others may wait for a place in the queue.
            while self._items.get() is not None:
                pass
