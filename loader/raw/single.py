"""One record by itself, judged as one of its file would be, and turned into CSV for COPY."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Protocol

from loader.errors import LedgerError
from loader.raw.rejects import Original
from loader.reading.blocks import Shape, Splitter
from loader.reading.dialect import Dialect
from loader.reading.json_lines import UnknownColumns, json_to_csv
from loader.reading.records import Fault, Reject, text_fault
from loader.sources import Table


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

    def read(self, number: int, content: str | bytes) -> bytes | Fault:
        """Turn a record into a line of CSV with its number before it, or say what is wrong.

        Args:
            number: of the record.
            content: without line end; text, or bytes in the encoding of its file.
        """


class CsvReader:
    """Reads records of CSV files.

    Args:
        table: their declaration.
        columns: of the file in its order, as raw names them.
        end_marker: see `Shape`.
    """

    def __init__(self, table: Table, columns: Sequence[str], *, end_marker: bool) -> None:
        self.columns = columns
        self.codec = table.dialect.codec
        self._encoding = table.dialect.encoding
        # Corrections are text, whatever the encoding of the file was.
        self.dialect = table.dialect.model_copy(update={"encoding": "utf-8"})
        self._line_end = b"\r" if table.dialect.line_ends == "cr" else b"\n"
        self._shape = Shape(self.dialect, len(columns), self._line_end, end_marker=end_marker)

    def read(self, number: int, content: str | bytes) -> bytes | Fault:
        """See `RecordReader`."""
        line = _as_utf8(content, self._encoding, self.codec)
        if isinstance(line, Fault):
            return line
        rejects: list[Reject] = []
        rows: list[bytes] = []
        records = 0
        for block in Splitter(io.BytesIO(line + self._line_end), self._shape):
            for _ in block.pieces():
                pass  # read and kept, so that it can be judged
            rows += block.judged(number + records, rejects.append)
            assert block.records is not None  # all of it has been judged
            records += block.records
        if rejects:
            return Fault(rejects[0].reason, rejects[0].message)
        if records != 1:
            return Fault("not_one_record", f"is {records:,} records and not one")
        return b"".join(rows)


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

    def read(self, number: int, content: str | bytes) -> bytes | Fault:
        """See `RecordReader`."""
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
    return CsvReader(table, original.columns, end_marker=end_marker)
