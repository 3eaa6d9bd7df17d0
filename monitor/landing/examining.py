"""Files read to their end, each once, and what was found in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc

from loader.errors import FileError
from loader.reading.records import Reject
from loader.reading.streams import Meter
from loader.sources import Table
from monitor.landing.delivery import Delivery, NamedFile
from monitor.landing.keys import Keys
from monitor.landing.reading import Content, read
from monitor.landing.types import uncastable

# Of each kind of fault, examples that are kept of a file.
KEPT = 5


@dataclass(frozen=True)
class Example:
    """A record with a fault; of its values there is the pattern at most."""

    file: str
    record: int
    what: str


@dataclass
class FileFindings:
    """What was found in a file.

    Args:
        named: the file.
        content: what was read of it.
        rows: records that can be loaded.
        rejects: number of the others, by reason.
        rejected: some of them.
        nulls: of each column, rows without a value.
        wrong: of each column with a type, rows whose text is none of it.
        wrongly_typed: some of them.
        fault: why the loader could not load the file at all; empty where it could.
    """

    named: NamedFile
    content: Content = field(default_factory=Content)
    rows: int = 0
    rejects: Counter[str] = field(default_factory=Counter)
    rejected: list[Example] = field(default_factory=list)
    nulls: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    wrongly_typed: list[Example] = field(default_factory=list)
    fault: str = ""


@dataclass
class TableFindings:
    """What was found in a table's files of one batch.

    Args:
        table, batch: whose.
        files: those that are there.
        repeated: records whose key an earlier one of the batch has; none where no key is declared.
        keyless: records of which a part of the key is missing.
    """

    table: str
    batch: str
    files: list[FileFindings]
    repeated: int | None = None
    keyless: int = 0

    @property
    def rows(self) -> int:
        """Records that can be loaded."""
        return sum(file.rows for file in self.files)


def examine(delivery: Delivery, meter: Meter) -> Iterator[TableFindings]:
    """Read the files of the chosen batches, a table of a batch at a time.

    Args:
        delivery: what lies there.
        meter: counts the bytes read.

    Raises:
        FileError: the keys find no room in the folder of temporary files.
    """
    ordered = sorted(delivery.checked, key=lambda one: (one.table, one.batch))
    for (table, batch), files in groupby(ordered, key=lambda one: (one.table, one.batch)):
        declared = delivery.declared.tables[table]
        with Keys() as keys:
            found = [
                _file(named, declared, meter, keys) for named in files if named.file is not None
            ]
            has_key = any(_key_places(one.named.key, one.content.columns) for one in found)
            repeated = keys.repeated() if has_key else None
            yield TableFindings(table, batch, found, repeated, keys.missing)


def _file(named: NamedFile, declared: Table, meter: Meter, keys: Keys) -> FileFindings:
    found = FileFindings(named)
    assert named.file is not None

    def aside(reject: Reject) -> None:
        found.rejects[reject.reason] += 1
        if len(found.rejected) < KEPT:
            found.rejected.append(Example(named.name, reject.record_number, reject.message))

    try:
        for batch in read(named.file, declared, meter, found.content, aside):
            _look(found, batch, keys)
    except FileError as error:
        found.fault = error.message
    return found


def _look(found: FileFindings, batch: pa.RecordBatch, keys: Keys) -> None:
    """Count what a part of a file shows; its first column is the record's number."""
    named = found.named
    found.rows += batch.num_rows
    numbers, *values = batch.columns
    columns = found.content.columns or list(named.types)
    for name, texts in zip(columns, values, strict=False):
        found.nulls[name] += texts.null_count
        type_ = named.types.get(name)
        wrong = uncastable(texts, type_) if type_ else None
        if wrong is None:
            continue
        count = pc.sum(wrong).as_py() or 0
        if count:
            found.wrong[name] += count
            _keep_examples(found, name, numbers.filter(wrong), texts.filter(wrong))
    places = _key_places(named.key, columns)
    if places:
        keys.add([values[place] for place in places])


def _key_places(key: Sequence[str], columns: Sequence[str]) -> list[int]:
    """Find the key's columns; none where one of them is missing, which is a fault of its own."""
    if not key or not set(key) <= set(columns):
        return []
    return [list(columns).index(name) for name in key]


def _keep_examples(
    found: FileFindings, column: str, numbers: pa.StringArray, texts: pa.StringArray
) -> None:
    room = KEPT - len(found.wrongly_typed)
    type_ = found.named.types[column]
    for number, text in zip(
        numbers.slice(0, room).to_pylist(), texts.slice(0, room).to_pylist(), strict=True
    ):
        what = f"{column}: {pattern(text)} is no {type_}"
        found.wrongly_typed.append(Example(found.named.name, int(number), what))


def pattern(text: str) -> str:
    """Write a value with each letter as A and each digit as 9: it may be somebody's."""
    shown = "".join(
        "A" if one.isalpha() or not one.isascii() else "9" if one.isdigit() else one
        for one in text[:40]
    )
    return shown + ("…" if len(text) > 40 else "")
