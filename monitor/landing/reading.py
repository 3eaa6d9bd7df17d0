"""The records of a landing file as the loader would read them, as columns of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.csv

from loader.finding.discovery import LandedFile
from loader.reading.blocks import Shape, Splitter
from loader.reading.dialect import NO_QUOTE, Dialect
from loader.reading.header import read_header
from loader.reading.json_lines import UnknownColumns, json_to_csv
from loader.reading.parquet import parquet_columns, parquet_rows, parquet_to_csv
from loader.reading.records import Reject
from loader.reading.streams import FileStream, Meter, file_sha256
from loader.sources import Table

# Of records handed on at a time.
_PIECE_BYTES = 1024**2


@dataclass
class Content:
    """What a file holds; known as far as it was read.

    Attributes:
        columns: in the file's order, as raw names them.
        names: the same, as the file names them.
        records: read, those that no reader can take included.
        sha256: of the file's own bytes; known at its end.
    """

    columns: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    records: int = 0
    sha256: str = ""


Aside = Callable[[Reject], None]


def read(
    file: LandedFile, declared: Table, meter: Meter, content: Content, aside: Aside
) -> Iterator[pa.RecordBatch]:
    """Read a file to its end: good records as texts, the others to `aside`.

    The memory does not grow with the file.

    Args:
        file: its promised SHA-256 is not looked at.
        declared: its table.
        meter: counts its bytes.
        content: filled while it is read.
        aside: takes records that the loader would set aside.

    Raises:
        FileError: the loader could not load the file at all.
    """
    if file.format == "csv":
        yield from _csv(file, declared, meter, content, aside)
    elif file.format == "json":
        yield from _json(file, declared, meter, content, aside)
    else:
        yield from _parquet(file, declared, meter, content, aside)


def _csv(
    file: LandedFile, declared: Table, meter: Meter, content: Content, aside: Aside
) -> Iterator[pa.RecordBatch]:
    dialect = declared.dialect
    with FileStream(file, meter, dialect=dialect) as stream:
        header = read_header(stream, declared, file.path)
        stream.settle_line_end(header.line_end)
        content.columns, content.names = header.columns, header.names
        shape = Shape(dialect, len(header.columns), header.line_end)
        parse = _Parser(dialect, header.columns)
        number = 1
        for block in Splitter(stream, shape, offset=header.offset):
            for _ in block.pieces():
                pass
            yield from parse.all(block.judged(number, aside))
            number += block.records
            content.records = number - 1
        content.sha256 = stream.sha256


def _json(
    file: LandedFile, declared: Table, meter: Meter, content: Content, aside: Aside
) -> Iterator[pa.RecordBatch]:
    columns = [*declared.columns, *_further_columns(file, declared)]
    content.columns, seen = columns, set[str]()
    with FileStream(file, meter) as stream:
        lines = _Counted(stream, content)
        parse = _Parser(Dialect(), columns)
        records = json_to_csv(lines, columns, declared.rename, aside, seen)
        yield from parse.all(records)
        content.columns = [name for name in columns if name in seen]
        content.names = content.columns
        content.sha256 = stream.sha256


def _further_columns(file: LandedFile, declared: Table) -> list[str]:
    """Find the columns that a JSON file has beyond the declared ones, by reading it once before.

    Any record may bring a new one, and those before it have to say that they have none.
    """
    found: list[str] = []
    while True:
        with FileStream(file) as stream:
            try:
                for _ in json_to_csv(
                    stream, [*declared.columns, *found], declared.rename, _nothing, set()
                ):
                    pass
            except UnknownColumns as more:
                found += more.names
            else:
                return found


def _nothing(_reject: Reject) -> None:
    pass


class _Counted:
    def __init__(self, stream: FileStream, content: Content) -> None:
        self._stream, self._content = stream, content

    def __iter__(self) -> Iterator[bytes]:
        for line in self._stream:
            self._content.records += 1
            yield line


def _parquet(
    file: LandedFile, declared: Table, meter: Meter, content: Content, aside: Aside
) -> Iterator[pa.RecordBatch]:
    content.sha256 = file_sha256(file, meter)
    content.names = parquet_columns(file)
    content.columns = declared.raw_columns(content.names)
    yield from _Parser(Dialect(), content.columns).all(parquet_to_csv(file, aside))
    content.records = parquet_rows(file)


class _Parser:
    """Reads the CSV that the loader gives to COPY: a number before each record, LF after it.

    Args:
        dialect: it is written in.
        columns: behind the number.
    """

    def __init__(self, dialect: Dialect, columns: Sequence[str]) -> None:
        quote = dialect.quote or NO_QUOTE.decode()
        escape = dialect.escape if dialect.escape != dialect.quote else None
        # Names may be anything, and may come twice over the number's.
        self._places = [str(place) for place in range(len(columns) + 1)]
        self._codec = dialect.codec
        self._parse = pyarrow.csv.ParseOptions(
            delimiter=dialect.delimiter,
            quote_char=quote,
            double_quote=escape is None,
            escape_char=escape or False,
            newlines_in_values=True,
        )
        self._read = pyarrow.csv.ReadOptions(
            column_names=self._places, block_size=64 * 1024**2, use_threads=False
        )
        self._convert = pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(self._places, pa.string()),
            null_values=list(dialect.nulls[:1]),
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        )

    def all(self, chunks: Iterator[bytes]) -> Iterator[pa.RecordBatch]:
        waiting: list[bytes] = []
        size = 0
        for chunk in chunks:
            waiting.append(chunk)
            size += len(chunk)
            if size >= _PIECE_BYTES:
                yield from self._one(b"".join(waiting))
                waiting, size = [], 0
        if waiting:
            yield from self._one(b"".join(waiting))

    def _one(self, data: bytes) -> Iterator[pa.RecordBatch]:
        if self._codec != "utf-8":
            data = data.decode(self._codec).encode()
        table = pyarrow.csv.read_csv(pa.BufferReader(data), self._read, self._parse, self._convert)
        yield from table.to_batches()
