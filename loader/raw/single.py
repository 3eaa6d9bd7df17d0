"""One record by itself, judged as one of its file would be, and turned into CSV for COPY."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from loader.errors import LedgerError
from loader.raw.rejects import Original
from loader.reading.blocks import Shape, Splitter
from loader.reading.dialect import Dialect
from loader.reading.encoding import utf8_of
from loader.reading.json_lines import UnknownColumns, json_to_csv
from loader.reading.records import Fault, Reject, text_fault
from loader.sources import Table


class Line(NamedTuple):
    """What shall be loaded in a reject's place, without line end.

    Attributes:
        content: text, or bytes in the encoding of the file.
    """

    record_number: int
    content: str | bytes


class RecordReader(Protocol):
    """Reads records of one file's kind.

    Attributes:
        columns: of the raw table that its CSV fills, after the record's number.
        dialect: of that CSV.
        codec: encoding, by Python's name, in which the bytes of rejects are kept.
    """

    columns: Sequence[str]
    dialect: Dialect
    codec: str

    def read(self, lines: Sequence[Line]) -> list[bytes | Fault]:
        """Turn each into a line of CSV with its number before it, or say what is wrong with it."""


class CsvReader:
    """Reads records of CSV files.

    Args:
        table: their declaration.
        columns: of the file in its order, as raw names them.
        end_marker: see `Shape`.
        noted: encoding of the file, as the ledger has it.
    """

    def __init__(
        self,
        table: Table,
        columns: Sequence[str],
        *,
        end_marker: bool,
        noted: str | None = None,
    ) -> None:
        self.columns = columns
        self.codec = table.dialect.codec_of_rejects(noted)
        self._encoding = table.dialect.encoding
        # Corrections are text, whatever the encoding of the file was. A comment behind a record
        # would be passed over without a word: it is no part of it.
        self._comment = table.dialect.comment_byte
        self.dialect = table.dialect.model_copy(update={"encoding": "utf-8", "comment": None})
        self._line_end = b"\r" if table.dialect.line_ends == "cr" else b"\n"
        self._shape = Shape(self.dialect, len(columns), self._line_end, end_marker=end_marker)

    def read(self, lines: Sequence[Line]) -> list[bytes | Fault]:
        """See `RecordReader`."""
        read = [self._as_utf8(line.content) for line in lines]
        sound = {n: body for n, body in enumerate(read) if isinstance(body, bytes)}
        plain = {n: body for n, body in sound.items() if self._is_plain(body)}
        judged = {n: self._alone(body) for n, body in sound.items() if n not in plain}
        judged |= zip(plain, self._together(list(plain.values())), strict=True)
        for n, one in judged.items():
            number = b"%d" % lines[n].record_number
            read[n] = one if isinstance(one, Fault) else number + one
        return read

    def _as_utf8(self, content: str | bytes) -> bytes | Fault:
        body = _as_utf8(content, self._encoding, self.codec)
        if self._comment and isinstance(body, bytes) and body.startswith(self._comment):
            return Fault("not_one_record", "is a comment")
        return body

    def _is_plain(self, body: bytes) -> bool:
        """Whether a record can be judged with others, as it seems to end with its line."""
        quote = self.dialect.quote_byte
        return b"\n" not in body and b"\r" not in body and not (quote and body.count(quote) % 2)

    def _together(self, bodies: list[bytes]) -> list[bytes | Fault]:
        """Judge plain records, which takes a hundredth of the time.

        If there are as many as lines, each line is one; if not, an odd quote has joined some.
        """
        if len(bodies) < 2:
            return [self._alone(body) for body in bodies]
        records, rows, rejects = self._judged(bodies)
        if records != len(bodies):
            middle = len(bodies) // 2
            return self._together(bodies[:middle]) + self._together(bodies[middle:])
        faults = {reject.record_number: Fault(reject.reason, reject.message) for reject in rejects}
        good = iter(rows.splitlines(keepends=True))
        return [faults[n] if n in faults else self._unnumbered(next(good)) for n in range(records)]

    def _alone(self, body: bytes) -> bytes | Fault:
        records, rows, rejects = self._judged([body])
        if rejects:
            return Fault(rejects[0].reason, rejects[0].message)
        if records != 1:
            return Fault("not_one_record", f"is {records:,} records and not one")
        return self._unnumbered(rows)

    def _judged(self, bodies: list[bytes]) -> tuple[int, bytes, list[Reject]]:
        """Count the records, and tell the good ones, numbered from 0, from the others."""
        rows: list[bytes] = []
        rejects: list[Reject] = []
        records = 0
        content = b"".join(body + self._line_end for body in bodies)
        for block in Splitter(io.BytesIO(content), self._shape):
            for _ in block.pieces():
                pass  # read and kept, so that it can be judged
            rows += block.judged(records, rejects.append)
            assert block.records is not None  # all of it has been judged
            records += block.records
        return records, b"".join(rows), rejects

    def _unnumbered(self, row: bytes) -> bytes:
        return row[row.index(self.dialect.delimiter_byte) :]


class JsonReader:
    """Reads JSON lines, and rejects of Parquet files, which are kept as JSON.

    Args:
        table: their declaration.
        columns: of the raw table.
    """

    dialect = Dialect()
    codec = "utf-8"

    def __init__(self, table: Table, columns: Sequence[str]) -> None:
        self.columns, self._rename = columns, table.rename

    def read(self, lines: Sequence[Line]) -> list[bytes | Fault]:
        """See `RecordReader`."""
        return [self._read(*line) for line in lines]

    def _read(self, number: int, content: str | bytes) -> bytes | Fault:
        line = _as_utf8(content, "utf-8", self.codec)
        if isinstance(line, Fault):
            return line
        rejects: list[Reject] = []
        try:
            rows = list(
                json_to_csv([line], self.columns, self._rename, rejects.append, set(), first=number)
            )
        except UnknownColumns as unknown:
            return Fault(
                "unknown_columns",
                f"names columns that its raw table does not have: {', '.join(unknown.names)}; "
                "declare them in loader/sources.yml, or leave them out",
            )
        return Fault(rejects[0].reason, rejects[0].message) if rejects else b"".join(rows)


def _as_utf8(content: str | bytes, encoding: str, codec: str) -> bytes | Fault:
    if isinstance(content, bytes):
        if codec.startswith("utf-16"):
            content, codec = utf8_of(content, codec), "utf-8"
        return text_fault(content, encoding) or content.decode(codec).encode()
    try:
        return content.encode()
    except UnicodeEncodeError:
        return Fault("invalid_utf8", "holds half of a surrogate pair")


def reader_of(
    original: Original, table: Table, raw_columns: Sequence[str], *, end_marker: bool
) -> RecordReader:
    """Make the reader for rejects of a load.

    Args:
        original: the load.
        table: its declaration.
        raw_columns: of the raw table.
        end_marker: see `Shape`.

    Raises:
        LedgerError: the ledger does not know the columns of the file.
    """
    if original.format != "csv":
        return JsonReader(table, raw_columns)
    if original.columns is None:
        raise LedgerError(
            f"load {original.load_id} ({original.file}) was made by an earlier version of the "
            "loader, which did not note the columns of its file: deliver its corrected records in "
            "a file of their own"
        )
    return CsvReader(table, original.columns, end_marker=end_marker, noted=original.encoding)
