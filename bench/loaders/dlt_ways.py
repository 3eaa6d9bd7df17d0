"""dlt's ways from a CSV file to PostgreSQL: by its defaults, and the faster ones it has."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

# dlt's own advice for pages of rows.
_PAGE = 5_000
# Of 1, 8 and 16 MB the middle one was the fastest on the way over Parquet.
_ARROW_BLOCK = 8_000_000

# Two processes normalise, on files of about this many rows.
_PARALLEL = {"NORMALIZE__WORKERS": "2", "DATA_WRITER__FILE_MAX_ITEMS": "100000"}


@dataclass(frozen=True)
class Settings:
    """How dlt is told to load.

    Args:
        yields: what its resource gives: rows as dicts, Arrow tables, or the file as it lies.
        format: its `loader_file_format`; None for its default.
        variables: of the environment.
    """

    yields: Literal["dicts", "arrow", "file"]
    format: Literal["insert_values", "csv", "parquet"] | None
    variables: Mapping[str, str] = field(default_factory=dict)


# Name, rows it is measured on (None: all of the file), settings; the fastest first.
WAYS: tuple[tuple[str, int | None, Settings], ...] = (
    ("CSV file imported unread", None, Settings("file", "csv")),
    ("Arrow, Parquet over ADBC", None, Settings("arrow", "parquet")),
    (
        "Arrow, CSV uncompressed",
        None,
        Settings(
            "arrow", "csv", {**_PARALLEL, "NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION": "true"}
        ),
    ),
    ("Arrow, CSV gzipped", 750_000, Settings("arrow", "csv", _PARALLEL)),
    ("dicts, its defaults", 150_000, Settings("dicts", None)),
)


def prepare(  # noqa: PLR0913 - where from, where to
    settings: Settings, file: Path, url: str, folder: Path, *, dataset: str, table: str
) -> Callable[[], None]:
    """Make a pipeline ready.

    Args:
        settings: the way.
        file: CSV with a header.
        url: of the database.
        folder: for all that dlt writes.
        dataset: schema that it makes.
        table: that it makes, with all columns as texts.
    """
    # dlt reads its settings from the environment, most of them when it is imported.
    os.environ.update(
        {
            "DLT_DATA_DIR": str(folder),
            "DLT_PROJECT_DIR": str(folder),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "RUNTIME__LOG_LEVEL": "ERROR",
            **settings.variables,
        }
    )
    import dlt  # noqa: PLC0415 - after its settings, and only in a process that needs it

    pipeline = dlt.pipeline(
        "bench",
        destination=dlt.destinations.postgres(url, create_indexes=False),
        dataset_name=dataset,
        pipelines_dir=str(folder),
    )
    content = {"dicts": _dicts, "arrow": _arrow, "file": _as_it_lies}[settings.yields]
    resource = dlt.resource(content(file), name=table)

    def go() -> None:
        pipeline.run(resource, loader_file_format=settings.format).raise_on_failed_jobs()

    return go


def _dicts(file: Path) -> Iterator[list[dict[str, str]]]:
    with file.open(newline="", encoding="utf-8") as lines:
        rows = csv.DictReader(lines)
        while page := list(islice(rows, _PAGE)):
            yield page


def _arrow(file: Path) -> Iterator[Any]:
    import pyarrow as pa  # noqa: PLC0415 - only the processes of two ways need it
    from pyarrow import csv as arrow_csv  # noqa: PLC0415

    texts = arrow_csv.ConvertOptions(column_types=dict.fromkeys(_header(file), pa.string()))
    blocks = arrow_csv.ReadOptions(block_size=_ARROW_BLOCK)
    with arrow_csv.open_csv(file, blocks, convert_options=texts) as batches:
        for batch in batches:
            yield pa.Table.from_batches([batch])


def _as_it_lies(file: Path) -> Iterator[Any]:
    """Have dlt take the file over without a look into it; the table's columns are told to it."""
    import dlt  # noqa: PLC0415 - see prepare
    import pyarrow as pa  # noqa: PLC0415

    columns = pa.table({name: pa.array([], pa.string()) for name in _header(file)})
    yield dlt.mark.with_file_import(str(file), "csv", 0, columns)


def _header(file: Path) -> list[str]:
    with file.open(newline="", encoding="utf-8") as lines:
        return next(csv.reader(lines))
