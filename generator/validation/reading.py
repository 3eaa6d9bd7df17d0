"""A batch's files as Arrow tables, and what the ledger says about their records."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from generator.engine.faults.ledger import LEDGER_COLUMNS
from generator.engine.output.arrow_columns import TYPES
from generator.engine.randomness.mix import Ints
from generator.errors import ContractBroken, LandingZoneError
from generator.spec.values import Type

_COMPRESSIONS = {"gz": "gzip", "zst": "zstd"}
_NUMBERS = ("integer", "bigint", "decimal")


class _Number(str):
    """A number of a JSON file, as it is written there."""

    __slots__ = ()


@dataclass
class Marks:
    """What the ledger says about the records of a file, by record number from 1.

    Args:
        rejected: records that no reader can take.
        lost: records that break a rule, the rejected ones too.
        cleaned: original values by column, for records that are to be cleaned.
    """

    rejected: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)
    cleaned: dict[str, dict[int, str]] = field(default_factory=dict)


@dataclass
class Part:
    """The readable records of a file.

    Args:
        file: its path, as in the manifest.
        table: the columns: texts out of CSV and JSON, typed out of Parquet.
        records: each row's number in the file, from 1.
        misfits: records whose JSON value is of another kind than the column, by column.
    """

    file: str
    table: pa.Table
    records: Ints
    misfits: dict[str, list[int]] = field(default_factory=dict)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return a batch's manifest.

    Raises:
        LandingZoneError: it cannot be read.
    """
    path = folder / "manifest.json"
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LandingZoneError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise LandingZoneError(f"{path}: is no JSON ({error}); remove its batch") from error
    return content


def read_ledger(folder: Path, manifest: Mapping[str, Any]) -> dict[str, Marks]:
    """Return what a batch's ledger says, by file.

    Raises:
        LandingZoneError: the ledger cannot be read.
    """
    marks: dict[str, Marks] = {}
    for entry in manifest["truth"].get("defects", {"files": []})["files"]:
        text = _bytes(folder / entry["path"], "csv").decode()
        reader = csv.DictReader(io.StringIO(text, newline=""))
        if tuple(reader.fieldnames or ()) != LEDGER_COLUMNS:
            raise LandingZoneError(
                f"{folder / entry['path']}: is no ledger of this generator; its columns must be"
                f" {', '.join(LEDGER_COLUMNS)}"
            )
        for row in reader:
            mark, record = marks.setdefault(row["file"], Marks()), int(row["row_number"])
            if row["outcome"] == "clean":
                mark.cleaned.setdefault(row["column_name"], {})[record] = row["original_value"]
                continue
            mark.lost.add(record)
            if row["outcome"] == "reject":
                mark.rejected.add(record)
    return marks


def _bytes(path: Path, fmt: str) -> bytes:
    compression = _COMPRESSIONS.get(fmt.partition(".")[2])
    try:
        with path.open("rb") as file, pa.input_stream(file, compression=compression) as stream:
            content: bytes = stream.read()
    except OSError as error:
        reason = error.strerror or f"it is no {fmt} file ({error})"
        raise LandingZoneError(f"{path}: cannot be read: {reason}") from error
    return content


class TableFiles:
    """Reads files of one table.

    Args:
        name: the table's name.
        types: the columns of its files, in order, with their types.
        fmt: the format of its files.
    """

    def __init__(self, name: str, types: Mapping[str, Type], fmt: str) -> None:
        self._name, self._types, self._format = name, types, fmt

    def read(self, folder: Path, file: str, marks: Marks, columns: Sequence[str]) -> Part:
        """Read columns of a file; the records that the ledger rejects are left out.

        Raises:
            ContractBroken: the file has other columns, or a record that is none.
            LandingZoneError: it cannot be read.
        """
        if self._format == "parquet":
            return self._parquet(folder / file, file, columns)
        content = _bytes(folder / file, self._format)
        if self._format.startswith("csv"):
            return self._csv(content, file, marks, columns)
        return self._json(content, file, columns)

    def _csv(self, content: bytes, file: str, marks: Marks, columns: Sequence[str]) -> Part:
        if marks.rejected:
            content = _without(content, marks.rejected)
        self._compare(file, content.partition(b"\n")[0].decode().split(","))
        try:
            table = pa.csv.read_csv(
                io.BytesIO(content),
                parse_options=pa.csv.ParseOptions(newlines_in_values=True),
                convert_options=pa.csv.ConvertOptions(
                    column_types=dict.fromkeys(self._types, pa.string()),
                    include_columns=list(columns),
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid as error:
            raise ContractBroken(
                f"{self._name}: {file}: holds what is no CSV ({error}); every line that cannot be"
                " read must stand in the ledger"
            ) from error
        numbers = np.arange(1, len(table) + len(marks.rejected) + 1)
        rejected = np.fromiter(marks.rejected, dtype=np.int64, count=len(marks.rejected))
        return Part(file, table.combine_chunks(), numbers[~np.isin(numbers, rejected)])

    def _json(self, content: bytes, file: str, columns: Sequence[str]) -> Part:
        texts: dict[str, list[str | None]] = {name: [] for name in columns}
        misfits: dict[str, list[int]] = {}
        for number, line in enumerate(content.splitlines(), 1):
            try:
                record = json.loads(line, parse_int=_Number, parse_float=_Number)
                self._compare(file, list(record), number)
            except (ValueError, TypeError) as error:
                raise ContractBroken(
                    f"{self._name}: {file}, record {number}: is no JSON object ({error});"
                    " a JSON file holds one in each line"
                ) from error
            for name in columns:
                text, fits = _json_text(record[name], self._types[name])
                texts[name].append(text)
                if not fits:
                    misfits.setdefault(name, []).append(number)
        table = pa.table({name: pa.array(found, pa.string()) for name, found in texts.items()})
        return Part(file, table, np.arange(1, len(table) + 1), misfits)

    def _parquet(self, path: Path, file: str, columns: Sequence[str]) -> Part:
        try:
            with path.open("rb") as source:
                schema = pq.read_schema(source)
                self._compare(file, schema.names)
                table = pq.read_table(source, columns=list(columns)).combine_chunks()
        except OSError as error:
            reason = error.strerror or str(error)
            raise LandingZoneError(f"{path}: cannot be read: {reason}") from error
        except pa.ArrowInvalid as error:
            raise ContractBroken(f"{self._name}: {file}: is no Parquet file ({error})") from error
        for name, kind in self._types.items():
            found, wanted = schema.field(name).type, TYPES[kind]
            if found != wanted:
                raise ContractBroken(
                    f"{self._name}.{name}: {file}: holds {found}, but a column of type {kind} is"
                    f" {wanted}; write it in that type"
                )
        return Part(file, table, np.arange(1, len(table) + 1))

    def _compare(self, file: str, names: Sequence[str], record: int | None = None) -> None:
        if list(names) != list(self._types):
            place = file if record is None else f"{file}, record {record}"
            raise ContractBroken(
                f"{self._name}: {place}: has the columns {', '.join(names)}; the model says"
                f" {', '.join(self._types)}"
            )


def _without(content: bytes, rejected: set[int]) -> bytes:
    """Take the rejected records out of a CSV file; each is a line of its own."""
    header, *lines = content.split(b"\n")
    kept, record, is_open = [header], 0, False
    for line in lines:
        if not is_open:
            record += 1
            if record in rejected:
                continue
        kept.append(line)
        is_open ^= line.count(b'"') % 2 == 1
    return b"\n".join(kept)


def _json_text(value: object, kind: Type) -> tuple[str | None, bool]:
    """Return a JSON value as text, and whether it is of its column's kind."""
    if value is None:
        return None, True
    if isinstance(value, bool):
        return str(value).lower(), kind == "boolean"
    if isinstance(value, _Number):
        return str(value), kind in _NUMBERS
    return str(value), isinstance(value, str) and kind not in (*_NUMBERS, "boolean")
