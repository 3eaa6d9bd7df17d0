"""Checks the tables of a batch, one after the other, part by part."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from generator.engine.randomness.mix import Bits, Bools, Ints
from generator.errors import ContractBroken
from generator.spec.graph import table_order
from generator.spec.model import Model
from generator.spec.paths import leads_to
from generator.spec.values import Operation
from generator.validation.contract import Contract, Violation
from generator.validation.keys import KeySet, hashes
from generator.validation.reading import Marks, Part, TableFiles, read_ledger, read_manifest

_BATCH = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class _Batch:
    """A batch's folder, manifest and ledger."""

    folder: Path
    manifest: Mapping[str, Any]
    marks: Mapping[str, Marks]

    @classmethod
    def read(cls, folder: Path, manifest: Mapping[str, Any] | None = None) -> _Batch:
        content = read_manifest(folder) if manifest is None else manifest
        return cls(folder, content, read_ledger(folder, content))


@dataclass
class _Rows:
    """The readable records of a file, and which of them are not lost."""

    part: Part
    sound: Bools


class BatchCheck:
    """Checks batches of a source.

    Args:
        model: what the files were made from; its names must be sound.
        source: the source's folder.
        pools: texts of the pools that Faker fills.
    """

    def __init__(self, model: Model, source: Path, pools: Mapping[str, Sequence[str]]) -> None:
        self._model, self._source, self._pools = model, source, pools
        self._known: dict[str, KeySet] = {}

    def run(self, folder: Path, manifest: Mapping[str, Any] | None) -> int:
        """Check a batch and return the number of its sound records.

        Raises:
            ContractBroken: a table breaks its contract.
            LandingZoneError: a file cannot be read.
        """
        batch = _Batch.read(folder, manifest)
        name = batch.manifest["batch"]
        earlier = [
            _Batch.read(path)
            for path in sorted(self._source.iterdir())
            if _BATCH.fullmatch(path.name)
            and path.name < name
            and (path / "manifest.json").exists()
        ]
        order = [n for n in table_order(self._model) if self._is_delivered(n)]
        if set(order) != set(batch.manifest["tables"]):
            odd = ", ".join(sorted(set(order) ^ set(batch.manifest["tables"])))
            raise ContractBroken(
                f"batch {name}: its tables are not those that the model delivers: {odd}"
            )
        is_late = bool(batch.manifest["generator"].get("late"))
        count = 0
        for place, table in enumerate(order):
            count += _TableCheck(self, table, batch, earlier, is_late).run()
            needed = {
                t for other in order[place + 1 :] for t in self.targets(other, is_late).values()
            }
            self._known = {n: keys for n, keys in self._known.items() if n in needed}
        return count

    @property
    def model(self) -> Model:
        """The model."""
        return self._model

    @property
    def pools(self) -> Mapping[str, Sequence[str]]:
        """Texts of the pools that Faker fills."""
        return self._pools

    def known(self, table: str) -> KeySet:
        """Return the keys of a table, to look at or to fill."""
        return self._known.setdefault(table, KeySet())

    def _is_delivered(self, table: str) -> bool:
        return self._model.tables[table].delivery != "internal"

    def targets(self, table: str, is_late: bool) -> dict[str, str]:
        """Return the columns that hold keys of tables whose keys are all in the landing zone.

        Not all are there of tables without files, of full extracts from which deleted rows are
        gone, and of others where versions come late.
        """
        found = {}
        for name, column in self._model.tables[table].columns.items():
            target = None if column.hidden else leads_to(self._model, table, name)
            if target is None or not self._is_delivered(target):
                continue
            spec = self._model.tables[target]
            is_extract = spec.delivery == "full_extract"
            is_deleted = spec.ends is not None and spec.ends.how == "deleted"
            if len(spec.key) == 1 and not (is_deleted if is_extract else is_late):
                found[name] = target
        return found


class _TableCheck:
    """Checks one table of a batch."""

    def __init__(
        self, owner: BatchCheck, name: str, batch: _Batch, earlier: Sequence[_Batch], is_late: bool
    ) -> None:
        self._name, self._batch, self._earlier = name, batch, earlier
        self._spec = owner.model.tables[name]
        targets = owner.targets(name, is_late)
        self._keys = owner.known(name)
        # A row may point to one that stands further on in its own table.
        self._own_references = [column for column, target in targets.items() if target == name]
        others = {c: (t, owner.known(t)) for c, t in targets.items() if t != name}
        self._contract = Contract(owner.model, name, others, owner.pools)
        shown = self._contract.types
        # In a change log each key and each unique value comes again with every version.
        operations = [n for n in shown if isinstance(self._spec.columns[n], Operation)]
        self._operation = operations[0] if operations else None
        groups = [self._spec.key, *((n,) for n in shown if self._spec.columns[n].unique)]
        if self._spec.delivery == "change_log" and self._operation is None:
            groups = []
        self._unique = {
            group: KeySet() for group in dict.fromkeys(groups) if all(n in shown for n in group)
        }

    def run(self) -> int:
        if self._spec.delivery != "full_extract":
            self._remember()
        waiting: list[tuple[Part, dict[str, pa.Array], Ints]] = []
        count = 0
        for rows in self._files(self._batch, list(self._contract.types), check_rows=True):
            part, records = rows.part, rows.part.records[rows.sound]
            self._check_kinds(rows)
            table = self._cleaned(part, part.table.filter(pa.array(rows.sound)), records)
            try:
                self._contract.check(table, pd.Index(records))
            except Violation as found:
                value = table.column(found.column)[int(np.searchsorted(records, found.record))]
                raise self._broken(part, found.column, found.record, value, found.reason) from found
            self._check_unique(part, table, records)
            self._take_key(part)
            if self._own_references:
                columns = {name: table.column(name) for name in self._own_references}
                waiting.append((part, columns, records))
            count += len(records)
        for part, columns, records in waiting:
            self._check_own_references(part, columns, records)
        return count

    def _remember(self) -> None:
        """Take the keys of the earlier batches."""
        wanted = {*self._spec.key, *(name for group in self._unique for name in group)}
        if self._operation is not None:
            wanted.add(self._operation)
        columns = [name for name in self._contract.types if name in wanted]
        for batch in self._earlier:
            if self._name in batch.manifest["tables"]:
                for rows in self._files(batch, columns, check_rows=False):
                    self._take_key(rows.part)
                    table = rows.part.table.filter(pa.array(rows.sound))
                    for group, known in self._unique.items():
                        known.add(self._group(table, group)[0])

    def _files(self, batch: _Batch, columns: Sequence[str], *, check_rows: bool) -> Iterator[_Rows]:
        content = batch.manifest["tables"][self._name]
        files = TableFiles(self._name, self._contract.types, content["format"])
        for entry in content["files"]:
            marks = batch.marks.get(entry["path"], Marks())
            part = files.read(batch.folder, entry["path"], marks, columns)
            count = len(part.records) + len(marks.rejected)
            if check_rows and count != entry["rows"]:
                raise ContractBroken(
                    f"{self._name}: {entry['path']}: has {count:,} records, the manifest says"
                    f" {entry['rows']:,}"
                )
            lost = np.fromiter(marks.lost, dtype=np.int64, count=len(marks.lost))
            yield _Rows(part, ~np.isin(part.records, lost))

    def _take_key(self, part: Part) -> None:
        if len(self._spec.key) == 1 and self._spec.key[0] in part.table.column_names:
            self._keys.add(hashes([part.table.column(self._spec.key[0])]))

    def _check_kinds(self, rows: _Rows) -> None:
        sound = set(rows.part.records[rows.sound].tolist())
        for column, misfits in rows.part.misfits.items():
            for record in misfits:
                if record in sound:
                    value = rows.part.table.column(column)[record - 1]
                    kind = self._contract.types[column]
                    reason = f"is no JSON value of a column of type {kind}"
                    raise self._broken(rows.part, column, record, value, reason)

    def _cleaned(self, part: Part, table: pa.Table, records: Ints) -> pa.Table:
        """Put back what stood there before white space or case was changed."""
        for column, originals in self._batch.marks.get(part.file, Marks()).cleaned.items():
            at = np.flatnonzero(np.isin(records, list(originals)))
            values = [originals[record] for record in records[at].tolist()]
            found = table.column(column).take(at).to_pylist()
            for record, old, new in zip(records[at].tolist(), values, found, strict=True):
                if new is None or new.strip().lower() != old.strip().lower():
                    reason = f"differs from {old!r} in more than white space and case"
                    raise self._broken(part, column, record, new, reason)
            mask = np.zeros(len(table), dtype=np.bool_)
            mask[at] = True
            whole = table.column(column).combine_chunks()
            fixed = pc.replace_with_mask(whole, pa.array(mask), pa.array(values, whole.type))
            table = table.set_column(table.column_names.index(column), column, fixed)
        return table

    def _group(self, table: pa.Table, group: tuple[str, ...]) -> tuple[Bits, Ints]:
        """Return hashes of the rows that must differ in a group of columns, and their places."""
        counts = np.ones(len(table), dtype=np.bool_)
        for name in group:
            counts &= table.column(name).is_valid().to_numpy()
        if self._spec.delivery == "change_log":
            is_first = pc.equal(table.column(self._operation), "I")
            counts &= is_first.to_numpy(zero_copy_only=False)
        places = np.flatnonzero(counts)
        return hashes([table.column(name).take(places) for name in group]), places

    def _check_unique(self, part: Part, table: pa.Table, records: Ints) -> None:
        for group, known in self._unique.items():
            found, places = self._group(table, group)
            repeated = known.first_repeated(found)
            if len(repeated):
                at = int(places[repeated[0]])
                value = "/".join(str(table.column(name)[at].as_py()) for name in group)
                columns = ", ".join(group)
                raise self._broken(part, columns, int(records[at]), value, "is there already")
            known.add(found)

    def _check_own_references(
        self, part: Part, columns: Mapping[str, pa.Array], records: Ints
    ) -> None:
        for name, column in columns.items():
            wrong = ~self._keys.has(hashes([column])) & column.is_valid().to_numpy()
            if wrong.any():
                at = int(np.flatnonzero(wrong)[0])
                reason = f"points to no row of {self._name} in this or an earlier batch"
                raise self._broken(part, name, int(records[at]), column[at], reason)

    def _broken(
        self, part: Part, column: str, record: int, value: object, reason: str
    ) -> ContractBroken:
        plain = value.as_py() if isinstance(value, pa.Scalar) else value
        shown = "the value" if plain is None else f"{str(plain)!r}"
        return ContractBroken(
            f"{self._name}.{column}: {part.file}, record {record}: {shown} {reason}; what the model"
            " says of this column must fit how its values come about"
        )
