"""The ledger of broken records: where each stands, what was changed, what must become of it."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from generator.spec.faults import Fault

LEDGER_COLUMNS = (
    "table_name",
    "record_key",
    "file",
    "row_number",
    "column_name",
    "original_value",
    "new_value",
    "fault",
    "rule",
    "outcome",
)


@dataclass(slots=True)
class Entry:
    """A broken record.

    Args:
        record: its number; in the chunk from 0, in the ledger from 1 in its file.
        key: its key as it stands in the file, composite ones joined by `/`.
        column: the column that was changed, empty where the whole line is meant.
        old: the value before; None: none.
        new: the value that stands there now. A damaged line's is known once it is rendered.
        fault: what was done.
        file: the file's path, as in the manifest.
    """

    record: int
    key: str
    column: str
    old: str | None
    new: str | None
    fault: Fault
    file: str = ""


class Ledger:
    """The broken records of one table.

    Args:
        table: the table's name.
    """

    def __init__(self, table: str) -> None:
        self._table = table
        self._entries: list[Entry] = []
        self.counts: Counter[str] = Counter()

    def note(self, entries: Iterable[Entry], file: str, first_row: int) -> None:
        """Take a chunk's entries, whose first record is number `first_row` in `file`."""
        for entry in sorted(entries, key=lambda entry: entry.record):
            entry.record += first_row
            entry.file = file
            self._entries.append(entry)
            self.counts[entry.fault.make] += 1

    def render(self) -> bytes:
        """Return the records as CSV without header; call it when the chunks are rendered."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows(
            (
                self._table,
                entry.key,
                entry.file,
                entry.record,
                entry.column,
                entry.old,
                entry.new,
                entry.fault.make,
                entry.fault.rule,
                entry.fault.outcome,
            )
            for entry in self._entries
        )
        return text.getvalue().encode()
