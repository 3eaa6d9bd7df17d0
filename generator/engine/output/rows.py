"""Records as lines of text: a fixed-width image of each record, squeezed to CSV or JSON lines.

No object is made for a record, and texts are quoted and escaped once in their pool. Chunks of 4,000
to 16,000 records are fastest: their image stays in the cache. Measured on one core: 5 to 6 ns to
write a value, as much again to squeeze it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from generator.engine.output.image import Image, Place
from generator.engine.output.text import (
    Column,
    LineFormat,
    csv_text,
    escape_csv,
    escape_json,
    json_text,
)
from generator.engine.randomness.mix import Ints

# An image grows by this factor more than asked for, so that a few copies do not move it.
_SPARE = 1.125


class Rows:
    """Records of one table as CSV or JSON lines; see `Sheet` in text.py for the order of calls.

    Args:
        columns: the columns, in the order of the file.
        fmt: "csv" or "json".
    """

    encoder = None

    def __init__(self, columns: Sequence[Column], fmt: LineFormat) -> None:
        self.names = [column.name for column in columns]
        self.format, self.count = fmt, 0
        self.header = ",".join(self.names).encode() + b"\n" if fmt == "csv" else b""
        self._places: dict[str, Place] = {}
        self._template = b""
        for number, column in enumerate(columns):
            self._add(column, number, len(columns))
        self._image = Image(self._template, self._places, 1)
        self._other = self._image
        # What the next chunk has to undo or forget.
        self._marked: set[str] = set()
        self._long: dict[int, dict[str, bytes]] = {}
        self._changes: dict[int, list[Callable[[bytes], bytes]]] = {}

    def _add(self, column: Column, number: int, count: int) -> None:
        last = number == count - 1
        if self.format == "csv":
            before, after = b"", b"\n" if last else b","
            quote = b'"' if column.needs_quotes else b""
        else:
            before = (b"{" if number == 0 else b"") + b'"%s":' % column.name.encode()
            after = b"}\n" if last else b","
            quote = b"" if column.bare else b'"'
        self._template += before
        # Without quotes there is nothing to escape in CSV.
        escape, missing = (escape_csv, b"") if self.format == "csv" else (escape_json, b"null")
        place = Place(column, len(self._template), escape, quote, missing)
        self._template += place.template + after
        self._places[column.name] = place

    def begin(self, count: int) -> None:
        """Start a chunk; the image of the chunk before is used again."""
        for name in self._marked:
            template = np.void(self._places[name].template)
            for image in (self._image, self._other):
                image.spans[name][: image.used] = template
        for left in (self._marked, self._long, self._changes):
            left.clear()
        self._image.used = self._other.used = 0
        if count > self._image.capacity:
            self._image = self._new(count)
        self._use(count)

    def _new(self, count: int) -> Image:
        return Image(self._template, self._places, int(count * _SPARE))

    def _use(self, count: int) -> None:
        self.count = count
        self._image.used = max(self._image.used, count)

    def put(self, column: str, *values: Ints) -> None:
        """Fill a column; see `Sheet`."""
        place = self._places[column]
        place.column.check(values, self.count)
        if column in self._marked:
            self._image.spans[column][: self.count] = np.void(place.template)
        if self._image.fill(place, self.count, values) is not None:
            self._mark(place)

    def _mark(self, place: Place) -> None:
        # The words of pieces are always written anew, constants (and JSON's null) are not.
        if place.template.strip(b"\0") or self.format == "json":
            self._marked.add(place.column.name)

    def expand(self, records: Ints) -> None:
        """Replace the chunk by copies of some of its records; before any fault."""
        if self._other is self._image or len(records) > self._other.capacity:
            self._other = self._new(max(len(records), self._image.capacity))
        whole = self._image.records[: self.count]
        whole.take(records, out=self._other.records[: len(records)], mode="clip")
        self._image, self._other = self._other, self._image
        self._use(len(records))

    def repeat(self, records: Ints) -> Ints:
        """Append copies of some records and return the copies' positions."""
        first = self.count
        copies = self._image.records.take(records)
        if first + len(records) > self._image.capacity:
            grown = self._new(first + len(records))
            grown.records[:first] = self._image.records[:first]
            self._image = grown
        self._use(first + len(records))
        self._image.records[first : self.count] = copies
        for copy, record in enumerate(records.tolist(), first):
            if record in self._long:
                self._long[copy] = dict(self._long[record])
        return np.arange(first, self.count)

    def texts(self, column: str, records: Ints) -> list[str | None]:
        """Return values as they stand in the file, without quotes and escapes; None is missing."""
        place = self._places[column]
        image, width = self._image.bytes[records, place.begin : place.end].tobytes(), place.width
        cells = [image[width * number : width * (number + 1)] for number in range(len(records))]
        if self._long:
            for number, record in enumerate(records.tolist()):
                cells[number] = self._long.get(record, {}).get(column, cells[number])
        return [self._read(cell.replace(b"\0", b"").decode()) for cell in cells]

    def _read(self, cell: str) -> str | None:
        if self.format == "csv":
            if not cell:
                return None
            return cell[1:-1].replace('""', '"') if cell[0] == '"' else cell
        if cell == "null":
            return None
        return str(json.loads(cell)) if cell[0] == '"' else cell

    def overwrite(self, column: str, records: Ints, texts: Sequence[str | None]) -> None:
        """Replace values of a column; a text may be longer than any other of its column."""
        place = self._places[column]
        self._mark(place)
        cells = [self._cell(place, text) for text in texts]
        for number, record in enumerate(records.tolist()):
            if self._long:
                self._long.get(record, {}).pop(column, None)
            if len(cells[number]) > place.width:
                self._long.setdefault(record, {})[column] = cells[number]
                cells[number] = b""
        padded = np.frombuffer(b"".join(c.ljust(place.width, b"\0") for c in cells), np.uint8)
        image = padded.reshape(len(cells), place.width)
        self._image.bytes[records, place.begin : place.end] = image

    def _cell(self, place: Place, text: str | None) -> bytes:
        if self.format == "csv":
            return csv_text(text, quoted=place.quoted)
        return json_text(text, bare=place.column.bare)

    def damage(self, record: int, change: Callable[[bytes], bytes]) -> None:
        """Change a line, without its line end, when it is rendered.

        Raises:
            ValueError: the format is not CSV.
        """
        if self.format != "csv":
            raise ValueError(f"only lines of CSV can be damaged, this table is {self.format}")
        self._changes.setdefault(record, []).append(change)

    def render(self) -> Iterator[bytes | bytearray]:
        """Yield the chunk as the bytes of a file, block by block."""
        odd = sorted(record for record in {*self._long, *self._changes} if record < self.count)
        done = 0
        for record in odd:
            yield from self._image.squeeze(done, record)
            yield self._line(record)
            done = record + 1
        yield from self._image.squeeze(done, self.count)

    def _line(self, record: int) -> bytes:
        line: bytes = self._image.bytes[record].tobytes()
        for name in reversed(self.names):
            place, cell = self._places[name], self._long.get(record, {}).get(name)
            if cell is not None:
                line = line[: place.begin] + cell + line[place.end :]
        line = line.replace(b"\0", b"")[:-1]
        for change in self._changes.get(record, []):
            line = change(line)
        return line + b"\n"
