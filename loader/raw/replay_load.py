"""The rejects of one load into its raw table: rows, ledger row and marks in one transaction."""

from __future__ import annotations

import io
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import psycopg2
from psycopg2.extensions import connection, cursor

from loader.raw.ledger import begin_load, new_load
from loader.raw.rejects import TOO_LONG, Original, text_of
from loader.raw.single import Line, RecordReader
from loader.raw.tables import raw_table
from loader.reading.options import copy_options
from loader.reading.records import Fault
from loader.sources import ROW_ID, raw_name
from warehouse.composed import copy_in
from warehouse.connections import transaction

# Records that are judged and sent at a time; they are kept in memory.
_BATCH_RECORDS = 10_000
_BATCH_BYTES = 8 * 1024**2

_NO_WHOLE = (
    "only its first 64 KB were kept: write the whole record into a file of corrections "
    "(python -m loader rejects export) and replay that"
)

_Row = tuple[int, bytes]  # record number, CSV


@dataclass
class Replayed:
    """What came of the rejects of one load.

    Attributes:
        load_id: of the replay; None where nothing could be loaded.
        before: records that an earlier replay had brought in.
        remaining: why the others are still set aside, by their numbers.
    """

    source: str
    table: str
    file: str
    load_id: int | None = None
    rows: int = 0
    before: int = 0
    remaining: dict[int, str] = field(default_factory=dict)


def replay_load(
    conn: connection,
    original: Original,
    reader: RecordReader,
    lines: Iterable[Line],
    uri: str | None = None,
) -> Replayed:
    """Load what can be loaded of the lines; the others stay set aside.

    Args:
        conn: no transaction is open on it.
        original: the load that set the records aside.
        reader: for records of its file.
        lines: may be read from `conn` while the transaction is open.
        uri: where they are from, if not from the ledger.

    Raises:
        psycopg2.Error: what the server said; nothing was loaded.
    """
    started = time.monotonic()
    with transaction(conn) as cur:
        load_id = new_load(cur)
        begin_load(cur, load_id)
        attempt = _Attempt(cur, original, reader)
        for batch in _batches(lines):
            attempt.load(batch)
        if attempt.loaded:
            attempt.record(load_id, uri, time.monotonic() - started)
    return attempt.result


def _batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    batch: list[Line] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line.content)
        if len(batch) == _BATCH_RECORDS or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class _Kept(NamedTuple):
    """A reject: whether it is open; if it is too long, its beginning, as it can be written."""

    is_open: bool
    beginning: tuple[str | bytes | None, ...]


class _Attempt:
    """Brings lines in, in the transaction of its cursor.

    Attributes:
        loaded: numbers of the records that are in.
    """

    def __init__(self, cur: cursor, original: Original, reader: RecordReader) -> None:
        self._cur, self._original, self._reader = cur, original, reader
        self._statement = copy_in(
            raw_table(raw_name(original.source, original.table)),
            [ROW_ID, *reader.columns],
            copy_options(reader.dialect),
        )
        self._bytes = 0
        self.loaded: list[int] = []
        self.result = Replayed(original.source, original.table, original.file)

    def load(self, batch: Sequence[Line]) -> None:
        """Load those of the lines that can be loaded and whose rejects are open."""
        kept = self._locked([line.record_number for line in batch])
        wanted: list[Line] = []
        for line in batch:
            found = kept.get(line.record_number)
            if found is None:
                self.result.remaining[line.record_number] = "is no reject of this load"
            elif not found.is_open:
                self.result.before += 1
            elif line.content in found.beginning:
                self.result.remaining[line.record_number] = _NO_WHOLE
            else:
                wanted.append(line)
        rows: list[_Row] = []
        for line, read in zip(wanted, self._reader.read(wanted), strict=True):
            if isinstance(read, Fault):
                self.result.remaining[line.record_number] = read.message
            else:
                rows.append((line.record_number, read))
        self._copy(rows)

    def _locked(self, numbers: list[int]) -> dict[int, _Kept]:
        """Keep the rejects from others until the transaction ends."""
        self._cur.execute(
            "select record_number, resolved_at is null, case when reason = %s then line end "
            "from raw._rejects where load_id = %s and record_number = any(%s) for update",
            (TOO_LONG, self._original.load_id, numbers),
        )
        return {
            number: _Kept(is_open, self._ways_to_write(beginning))
            for number, is_open, beginning in self._cur.fetchall()
        }

    def _ways_to_write(self, beginning: memoryview | None) -> tuple[str | bytes | None, ...]:
        if beginning is None:
            return ()
        line = bytes(beginning)
        return (line, text_of(line, self._reader.codec))

    def _copy(self, rows: Sequence[_Row]) -> None:
        """Send rows; of those that the server refuses, only these stay set aside."""
        if not rows:
            return
        data = b"".join(row for _, row in rows)
        self._cur.execute("savepoint lines")
        try:
            self._cur.copy_expert(self._statement, io.BytesIO(data))
        except (psycopg2.DataError, psycopg2.IntegrityError) as error:
            self._cur.execute("rollback to savepoint lines")
            if len(rows) == 1:
                self.result.remaining[rows[0][0]] = " ".join(str(error).split())
            else:
                middle = len(rows) // 2
                self._copy(rows[:middle])
                self._copy(rows[middle:])
            return
        self._cur.execute("release savepoint lines")
        self.loaded += [number for number, _ in rows]
        self._bytes += len(data)

    def record(self, load_id: int, uri: str | None, seconds: float) -> None:
        """Write the replay's ledger row and mark the rejects that it has brought in."""
        self._cur.execute(
            "insert into raw._loads (load_id, source, table_name, batch, file, uri, format, "
            "header_lines, bytes, rows, seconds, status, columns, replay_of) "
            "select %(load_id)s, source, table_name, batch, file || '#replay-' || %(load_id)s, "
            "coalesce(%(uri)s, uri), format, header_lines, %(bytes)s, %(rows)s, %(seconds)s, "
            "'loaded', columns, load_id from raw._loads where load_id = %(original)s",
            {
                "load_id": load_id,
                "uri": uri,
                "bytes": self._bytes,
                "rows": len(self.loaded),
                "seconds": seconds,
                "original": self._original.load_id,
            },
        )
        self._cur.execute(
            "update raw._rejects set resolved_at = clock_timestamp(), resolved_by = %s "
            "where load_id = %s and record_number = any(%s)",
            (load_id, self._original.load_id, self.loaded),
        )
        self.result.load_id, self.result.rows = load_id, len(self.loaded)
