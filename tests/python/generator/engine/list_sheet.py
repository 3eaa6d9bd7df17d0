"""A sheet of Python lists, as simple as can be, and a table to break."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence

import numpy as np


class ListSheet:
    """Records as lists of texts."""

    def __init__(self, columns: dict[str, Sequence[str | None]]) -> None:
        self.names = list(columns)
        self.columns = {name: list(values) for name, values in columns.items()}
        self.changes: dict[int, Callable[[bytes], bytes]] = {}

    @property
    def count(self) -> int:
        return len(self.columns[self.names[0]])

    def texts(self, column, records):
        return [self.columns[column][i] for i in records.tolist()]

    def overwrite(self, column, records, texts):
        for i, text in zip(records.tolist(), texts, strict=True):
            self.columns[column][i] = text

    def repeat(self, records):
        first = self.count
        for values in self.columns.values():
            values += [values[i] for i in records.tolist()]
        return np.arange(first, self.count)

    def damage(self, record, change):
        self.changes[record] = change

    def lines(self) -> list[bytes]:
        """CSV lines without their ends, damaged where asked for."""
        lines = []
        for number, values in enumerate(zip(*self.columns.values(), strict=True)):
            text = io.StringIO()
            csv.writer(text, lineterminator="").writerow(values)
            line = text.getvalue().encode()
            lines.append(self.changes[number](line) if number in self.changes else line)
        return lines
