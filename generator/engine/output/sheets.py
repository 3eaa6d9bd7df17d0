"""The sheet for a format."""

from __future__ import annotations

from collections.abc import Sequence

from generator.engine.output.rows import Rows
from generator.engine.output.text import Column, Sheet
from generator.spec.model import FileFormat


def new_sheet(columns: Sequence[Column], fmt: FileFormat) -> Sheet:
    """Return a sheet for a table's records.

    Args:
        columns: its columns.
        fmt: the format of its files.
    """
    if fmt == "parquet":
        # Only here: pyarrow takes a tenth of a second to import.
        from generator.engine.output.columnar import Columnar  # noqa: PLC0415

        return Columnar(columns)
    return Rows(columns, "csv" if fmt.startswith("csv") else "json")
