"""Where a CSV file's records begin and what its columns are called."""

from __future__ import annotations

import io
from dataclasses import dataclass

from loader.errors import FileError
from loader.names import MAX_COLUMNS, column_fault
from loader.reading.dialect import Dialect
from loader.reading.first_lines import FirstLines
from loader.sources import Table

_SNIFF = "python -m loader sniff shows how the file is written"

# Names listed in a message.
_SHOWN = 10


@dataclass(frozen=True)
class Header:
    """What stands before a file's records.

    Attributes:
        names: of the columns in the file's order, as the file has them; where it has no header,
            as they are declared.
        columns: the same, as the raw table has them.
        line_end: LF, which stands for CRLF as well, or CR.
        offset: of the first record, in bytes from 0 in the content.
        lines: before the first record.
    """

    names: list[str]
    columns: list[str]
    line_end: bytes
    offset: int
    lines: int


def read_header(stream: io.BufferedReader, table: Table, path: object) -> Header:
    """Read what stands before the first record, which is left to be read next.

    The line end that `auto` takes is the first one outside quotes. In a file without a header it
    is looked for in what the stream has at hand: one that is not found there is taken for LF.

    Args:
        stream: the file's content, at its first byte.
        table: its declaration.
        path: of the file, for the messages.

    Raises:
        FileError: there is no header that could be the table's; it says where and what to do.
    """
    lines = FirstLines(stream, table.dialect, path)
    lines.skip_preamble()
    if table.dialect.header:
        place = "its first line" if lines.count == 0 else f"line {lines.count + 1:,}"
        names = _names(lines.take_record(), table.dialect, f"{path}: no header: {place}")
        columns = table.raw_columns(names)
        _check(columns, table, f"{path}: no header: {place}", path)
    else:
        lines.look_ahead()
        names, columns = list(table.columns), list(table.columns)
    return Header(names, columns, lines.line_end, lines.offset, lines.count)


def _names(record: list[bytes], dialect: Dialect, place: str) -> list[str]:
    """Decode the fields of the header.

    Raises:
        FileError: there are none, or they are in another encoding.
    """
    if not record:
        raise FileError(f"{place} is missing, there is nothing in the file: deliver it again")
    if not any(record):
        raise FileError(
            f"{place} is empty: deliver the file again, or set skip_lines in the "
            f"table's dialect ({_SNIFF})"
        )
    names = []
    for number, value in enumerate(record, start=1):
        try:
            names.append(value.decode(dialect.codec))
        except UnicodeDecodeError as error:
            raise FileError(
                f"{place} is not {dialect.encoding.upper()}: byte 0x{value[error.start]:02x} in "
                f"its field {number:,}; set encoding in the table's dialect ({_SNIFF})"
            ) from None
    if any("\0" in name for name in names):
        raise FileError(
            f"{place} holds NUL bytes and looks like UTF-16: set encoding: utf-16 in the table's "
            "dialect"
        )
    return names


def _check(columns: list[str], table: Table, place: str, path: object) -> None:
    """Hold a header's columns, named as in raw, to what a raw table can have.

    Raises:
        FileError: they cannot be the table's.
    """
    if set(columns).isdisjoint(table.columns):
        shown = ", ".join(table.columns[:_SHOWN]) + (", …" if len(table.columns) > _SHOWN else "")
        raise FileError(
            f"{place} names none of the columns {shown}; put a line with the columns' names "
            f"first, or declare in the table's dialect what differs ({_SNIFF})"
        )
    if len(columns) > MAX_COLUMNS:
        raise FileError(
            f"{path}: names {len(columns):,} columns, a raw table can have {MAX_COLUMNS:,}: "
            "deliver it in several files, each with the key"
        )
    fault = column_fault(columns)
    if fault and len(set(columns)) < len(columns):
        raise FileError(
            f"{path}: {fault}: rename it where the file is made; or pass over the header with "
            "header: false and skip_lines in the table's dialect, and declare all its columns in "
            "the file's order"
        )
    if fault:
        raise FileError(
            f"{path}: {fault}: give it another name with rename in loader/sources.yml, or where "
            "the file is made"
        )
