"""Records as Arrow columns, for Parquet.

Values stay integers until `render`, which makes typed columns of them without touching a value
alone: decimals and times are buffers of integers, single texts are dictionaries, keys of fixed
width are one buffer with evenly spaced offsets. Other texts are squeezed out of an image as in
`rows.py`. Only what `overwrite` changed is handled one value at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from generator.engine.output.arrow_columns import Maker, maker
from generator.engine.output.files import Disk
from generator.engine.output.parquet import ParquetEncoder
from generator.engine.output.rows import Rows
from generator.engine.output.text import Column
from generator.engine.randomness.mix import Ints


class Columnar:
    """Records of one table as record batches; see `Sheet` in text.py for the order of calls.

    Args:
        columns: the columns, in the order of the file.

    Raises:
        ValueError: a column's layout cannot be made into its type.
    """

    header = b""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.names = [column.name for column in columns]
        self.count = 0
        self._makers: dict[str, Maker] = {column.name: maker(column) for column in columns}
        self._spelling: dict[str, Rows] = {}
        self.schema = pa.schema([(n, self._makers[n].type) for n in self.names])
        self._values: dict[str, tuple[Ints, ...]] = {}
        self._texts: dict[str, dict[int, str | None]] = {}

    def begin(self, count: int) -> None:
        """Start a chunk."""
        self.count = count
        self._texts.clear()
        # Only columns without pieces need no `put`.
        self._values = {n: () for n in self.names if not self._makers[n].column.arrays}

    def put(self, column: str, *values: Ints) -> None:
        """Keep a column's values; they are checked when rendered."""
        self._makers[column].column.check(values, self.count)
        self._values[column] = values

    def expand(self, records: Ints) -> None:
        """Replace the chunk by copies of some of its records; before any fault."""
        self.count = len(records)
        for column, values in self._values.items():
            self._values[column] = tuple(array.take(records) for array in values)

    def repeat(self, records: Ints) -> Ints:
        """Append copies of some records and return the copies' positions."""
        first, self.count = self.count, self.count + len(records)
        for column, values in self._values.items():
            self._values[column] = tuple(np.append(array, array[records]) for array in values)
        for texts in self._texts.values():
            for copy, record in enumerate(records.tolist(), first):
                if record in texts:
                    texts[copy] = texts[record]
        return np.arange(first, self.count)

    def texts(self, column: str, records: Ints) -> list[str | None]:
        """Return values as CSV would spell them; None is missing."""
        if column not in self._spelling:
            # A line of one column spells single values.
            self._spelling[column] = Rows([self._makers[column].column], "csv")
        spelling, changed = self._spelling[column], self._texts.get(column, {})
        spelling.begin(len(records))
        values = self._values[column]
        if values:
            spelling.put(column, *(array[records] for array in values))
        spelled = spelling.texts(column, np.arange(len(records)))
        return [
            changed.get(record, text)
            for record, text in zip(records.tolist(), spelled, strict=True)
        ]

    def overwrite(self, column: str, records: Ints, texts: Sequence[str | None]) -> None:
        """Replace values of a column.

        Raises:
            ValueError: the column's type cannot hold a text.
        """
        for text in texts:
            self._makers[column].value(text)
        changed = self._texts.setdefault(column, {})
        changed.update(zip(records.tolist(), texts, strict=True))

    def damage(self, record: int, change: Callable[[bytes], bytes]) -> None:
        """Refuse: Parquet has no lines.

        Raises:
            ValueError: always.
        """
        raise ValueError(
            f"record {record}: only lines of CSV can be damaged, this table is parquet"
        )

    def render(self) -> Sequence[pa.RecordBatch]:
        """Return the chunk, in one batch.

        Raises:
            OverflowError: a value does not fit into its piece or its type.
        """
        arrays: list[pa.Array] = []
        for name in self.names:
            array = self._makers[name].make(self.count, self._values[name])
            if self._texts.get(name):
                array = self._makers[name].change(array, self._texts[name])
            arrays.append(array)
        return (pa.RecordBatch.from_arrays(arrays, schema=self.schema),)

    @property
    def encoder(self) -> Callable[[Disk], ParquetEncoder]:
        """What writes this sheet's batches into a file."""
        words = {name: maker.words for name, maker in self._makers.items() if maker.words}
        return lambda disk: ParquetEncoder(disk, self.schema, words)
