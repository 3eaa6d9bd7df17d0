"""A reusable buffer of records of one table: fill columns, break some, render bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from generator.mix import Ints
from generator.text import Column, Format, Piece, Record


class Rows:
    """Records of one table in one format.

    The order of calls for a chunk is `begin`, `put` for each column with pieces, perhaps `repeat`
    and `overwrite`, then `render`.

    Args:
        columns: the columns, in the order of the file.
        fmt: "csv" or "json".
    """

    def __init__(self, columns: Sequence[Column], fmt: Format) -> None:
        self.names = [column.name for column in columns]
        self.format = fmt
        self._quoted = {column.name for column in columns if column.quoted}
        self.count = 0
        self._constants: dict[str, bytes] = {}
        self._pieces: dict[str, list[tuple[Piece, list[str]]]] = {}
        self._spans: dict[str, tuple[int, int]] = {}
        self._dtype = self._layout(columns)
        self._buffer = bytearray()
        self._record: Record = np.empty(0, dtype=self._dtype)
        # The same records as plain bytes: numpy copies structured ones field by field, far slower.
        self._whole: Record = self._record.view(f"V{self._dtype.itemsize}")
        self._undo: list[tuple[slice, Ints, npt.NDArray[np.uint8]]] = []

    def _layout(self, columns: Sequence[Column]) -> np.dtype[np.void]:
        fields: list[tuple[str, str]] = []

        def constant(text: bytes) -> None:
            if text:
                fields.append((f"constant{len(fields)}", f"S{len(text)}"))
                self._constants[fields[-1][0]] = text

        def width() -> int:
            return sum(np.dtype(kind).itemsize for _, kind in fields)

        for number, column in enumerate(columns):
            before, after = self._around(column, number, len(columns))
            constant(before)
            begin = width()
            self._pieces[column.name] = []
            for part in column.parts:
                if isinstance(part, bytes):
                    constant(part)
                    continue
                names = [f"{column.name}.{len(fields) + i}" for i in range(len(part.fields()))]
                fields.extend(zip(names, part.fields(), strict=True))
                self._pieces[column.name].append((part, names))
            self._spans[column.name] = (begin, width())
            constant(after)
        return np.dtype(fields)

    def _around(self, column: Column, number: int, count: int) -> tuple[bytes, bytes]:
        last = number == count - 1
        if self.format == "csv":
            return b"", b"\n" if last else b","
        quote = b'"' if column.quoted else b""
        before = (b"{" if number == 0 else b"") + b'"%s":%s' % (column.name.encode(), quote)
        return before, quote + (b"}\n" if last else b",")

    @property
    def header(self) -> bytes:
        """The file's first line: column names in CSV, nothing in JSON lines."""
        return ",".join(self.names).encode() + b"\n" if self.format == "csv" else b""

    def begin(self, count: int) -> None:
        """Start a chunk of `count` records; the buffer of the chunk before is used again."""
        self._reserve(count)
        self.count = count

    def _reserve(self, count: int) -> None:
        if count <= len(self._record):
            return
        kept = bytes(self._buffer)
        self._buffer = bytearray((count + count // 8) * self._dtype.itemsize)
        self._buffer[: len(kept)] = kept
        self._record = np.frombuffer(self._buffer, dtype=self._dtype)
        self._whole = self._record.view(f"V{self._dtype.itemsize}")
        for name, text in self._constants.items():
            self._record[name] = text

    def put(self, column: str, *values: npt.NDArray[Any]) -> None:
        """Fill a column: one array of `count` values for each of its pieces."""
        for (piece, names), value in zip(self._pieces[column], values, strict=True):
            piece.fill([self._record[name][: self.count] for name in names], value)

    def _bytes(self, column: str) -> tuple[slice, npt.NDArray[np.uint8]]:
        image = np.frombuffer(self._buffer, dtype=np.uint8).reshape(-1, self._dtype.itemsize)
        span = slice(*self._spans[column])
        return span, image

    def texts(self, column: str, records: Ints) -> list[str]:
        """Return values of a column as they stand in the file, without outer quotes."""
        span, image = self._bytes(column)
        cells = (cell.tobytes().replace(b"\0", b"") for cell in image[records, span])
        return [cell.decode() for cell in cells]

    def overwrite(self, column: str, records: Ints, texts: Sequence[str]) -> None:
        """Replace values of a column; `render` brings the pieces' constants back.

        A text that JSON cannot hold without quotes (a word in a column of numbers) gets them.
        """
        span, image = self._bytes(column)
        width = span.stop - span.start
        if self.format == "json" and column not in self._quoted:
            texts = [text if _is_number(text) else json.dumps(text) for text in texts]
        encoded = [text.encode() for text in texts]
        if any(len(text) > width for text in encoded):
            raise OverflowError(f"a text does not fit into {width} bytes of {column}")
        self._undo.append((span, records, image[records, span]))
        padded = np.array(encoded, dtype=f"S{width}")
        image[records, span] = padded.view(np.uint8).reshape(-1, width)

    def expand(self, records: Ints) -> None:
        """Replace the chunk by copies of some of its records, in the given order."""
        copies = self._whole.take(records)
        self._reserve(len(copies))
        self.count = len(copies)
        self._whole[: self.count] = copies

    def repeat(self, records: Ints) -> Ints:
        """Append copies of some records to the chunk and return the copies' positions."""
        first = self.count
        self._reserve(first + len(records))
        self.count = first + len(records)
        self._whole[first : self.count] = self._whole.take(records)
        return np.arange(first, self.count)

    def render(self) -> bytes:
        """Return the chunk as the bytes of a file."""
        used = self.count * self._dtype.itemsize
        rendered = bytes(memoryview(self._buffer)[:used]).translate(None, b"\0")
        for span, records, before in reversed(self._undo):
            self._bytes(self.names[0])[1][records, span] = before
        self._undo.clear()
        return rendered


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdigit()
