"""Record batches become a Parquet file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from generator.engine.output.files import Disk, Sink

# Records of a row group: small enough for little memory, large enough for readers.
_GROUP = 131_072


class ParquetEncoder:
    """Collects batches to row groups and writes them.

    Args:
        disk: where to.
        schema: of the batches; dictionaries are written as such.
        words: how many words each column's dictionaries share; those behind them are a batch's own.
    """

    def __init__(self, disk: Disk, schema: pa.Schema, words: Mapping[str, int]) -> None:
        self._schema, self._words, self._rows = schema, words, 0
        self._batches: list[pa.RecordBatch] = []
        # Dictionaries and statistics of keys and amounts would take most of the time: measured,
        # 12 to 40 ns a value without them and 30 to 70 ns with them.
        cheap = (pa.types.is_temporal, pa.types.is_integer)
        self._writer = pq.ParquetWriter(
            pa.PythonFile(Sink(disk), "w"),
            schema,
            compression="snappy",
            use_dictionary=list(words),
            write_statistics=[f.name for f in schema if any(kind(f.type) for kind in cheap)],
            store_schema=False,
        )

    def write(self, records: pa.RecordBatch) -> None:
        """Take a batch; write a row group when there are enough."""
        self._batches.append(records)
        self._rows += len(records)
        if self._rows >= _GROUP:
            self._write_group()

    def _write_group(self) -> None:
        table = pa.Table.from_batches(self._batches, schema=self._schema)
        for name, words in self._words.items():
            chunks = table[name].chunks
            if any(len(chunk.dictionary) > words for chunk in chunks):
                at, unified = self._schema.get_field_index(name), _unified(chunks, words)
                table = table.set_column(at, self._schema.field(at), unified)
        self._writer.write_table(table, row_group_size=len(table))
        self._batches, self._rows = [], 0

    def finish(self) -> None:
        """Write what is left and the footer."""
        if self._batches:
            self._write_group()
        self._writer.close()


def _unified(chunks: Sequence[pa.DictionaryArray], count: int) -> pa.ChunkedArray:
    """Give chunks one dictionary, whose first `count` words they share already.

    pyarrow writes a column whose dictionaries differ as plain texts, not always as the same bytes;
    its own way to unify them looks at every word of every chunk.
    """
    shared = chunks[0].dictionary.slice(0, count)
    words: dict[str, int] = {}
    codes: list[pa.Array] = []
    for chunk in chunks:
        own = chunk.dictionary.slice(len(shared)).to_pylist()
        new = [words.setdefault(word, len(shared) + len(words)) for word in own]
        missing = chunk.indices.is_null().to_numpy(zero_copy_only=False)
        old = chunk.indices.fill_null(0).to_numpy().copy()
        late = old >= len(shared)
        old[late] = np.array(new, dtype=np.int32)[old[late] - len(shared)]
        codes.append(pa.array(old, pa.int32(), mask=missing))
    dictionary = pa.concat_arrays([shared, pa.array(list(words), pa.string())])
    return pa.chunked_array([pa.DictionaryArray.from_arrays(c, dictionary) for c in codes])
