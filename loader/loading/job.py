"""A file on its way into its raw table, and what all steps need to know of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from psycopg2.extensions import connection

from loader.errors import CountError, FileError
from loader.finding.discovery import LandedFile
from loader.loading.budget import Budget, Rejects
from loader.loading.outcome import Loaded, RejectCounts
from loader.raw.ledger import LoadFacts
from loader.raw.tables import RawTables
from loader.reading.json_lines import UnknownColumns
from loader.reading.records import Reject
from loader.reading.streams import FileStream, Meter
from loader.sources import Table, column_fault, raw_name
from warehouse.console import counted


@dataclass(frozen=True)
class Terms:
    """What holds for every file of a run.

    Attributes:
        tables: the raw tables; they grow when a file has columns that its table has not.
        budget: how many records of a file may be set aside.
        meter: counts the bytes read.
        run_id: of the run, for the ledger.
    """

    tables: RawTables
    budget: Budget
    meter: Meter
    run_id: str | None = None


@dataclass
class Job:
    """One file, its declaration and the terms of the run."""

    file: LandedFile
    declared: Table
    terms: Terms
    added: list[str] = field(default_factory=list)

    @property
    def table(self) -> str:
        """The raw table."""
        return raw_name(self.file.source, self.file.table)

    def open(self) -> FileStream:
        """Open the file's content."""
        # In a source of batches a table may have a dialect and a file of it be JSON all the same.
        dialect = self.declared.dialect if self.file.format == "csv" else None
        return FileStream(self.file, self.terms.meter, dialect=dialect)

    def rejects(self) -> Rejects:
        """Make the keeper of the records that are set aside."""
        return Rejects(self.file.path, self.terms.budget, self.file.rows)

    def settle_columns(self, columns: Sequence[str]) -> None:
        """Compare a file's columns, named as in raw, with what is declared and with the raw table.

        Raises:
            FileError: they cannot be a raw table's, or the declaration is strict and they differ.
            UnknownColumns: the raw table has to grow first.
        """
        fault = column_fault(list(columns))
        if fault:
            raise FileError(f"{self.file.path}: {fault}: rename it where the file is made")
        if self.declared.schema_ == "strict":
            self._refuse_differences(columns)
        present = set(self.terms.tables.columns(self.table))
        new = [name for name in columns if name not in present]
        if new:
            raise UnknownColumns(new)

    def _refuse_differences(self, columns: Sequence[str]) -> None:
        declared = set(self.declared.columns)
        more = [name for name in columns if name not in declared]
        missing = [name for name in self.declared.columns if name not in set(columns)]
        if more or missing:
            what = [f"has columns that are not declared: {', '.join(more)}"] if more else []
            what += [f"lacks columns: {', '.join(missing)}"] if missing else []
            raise FileError(
                f"{self.file.path}: {' and '.join(what)}; {self.file.table} is declared with "
                "schema: strict in loader/sources.yml: correct the file or the declaration"
            )

    def extend(self, conn: connection, names: Sequence[str]) -> None:
        """Give the raw table columns that the file has and it has not.

        Raises:
            FileError: the declaration is strict, or they cannot be a raw table's.
        """
        fault = column_fault(list(names))
        if fault:
            raise FileError(f"{self.file.path}: {fault}: rename it where the file is made")
        if self.declared.schema_ == "strict":
            self._refuse_differences([*self.declared.columns, *names])
        self.terms.tables.extend(conn, self.table, names)
        self.added += names

    def finish(self, content: Content, seconds: float) -> tuple[Loaded, LoadFacts]:
        """Judge a file that was read to its end, and say what came of it.

        Raises:
            CountError: it holds more or fewer records than its manifest promises, or than COPY
                and the rejects have together.
        """
        found, promised = content.read, self.file.rows
        if content.rows + len(content.rejects) != found:
            raise CountError(
                f"{self.file.path}: of {found:,} records {content.rows:,} went into raw and "
                f"{len(content.rejects):,} were set aside: a fault of the loader, please report "
                "it; nothing of the file was loaded",
                found=found,
            )
        if promised is not None and found != promised:
            raise CountError(
                f"{self.file.path}: holds {counted(found, 'record')}, its manifest promises "
                f"{promised:,}: deliver the batch again",
                found=found,
            )
        facts = LoadFacts(
            rows=content.rows,
            bytes=content.bytes,
            sha256=content.sha256,
            seconds=seconds,
            columns=content.columns,
            rejects=content.rejects,
            encoding=content.encoding,
            run_id=self.terms.run_id,
        )
        loaded = Loaded(
            rows=content.rows,
            bytes=content.bytes,
            seconds=seconds,
            rejects=RejectCounts.of(content.rejects),
            added=self.added,
            missing=_missing(self.declared.columns, content.columns),
            read=content.read,
        )
        return loaded, facts


def _missing(declared: Sequence[str], found: Collection[str]) -> list[str]:
    return [name for name in declared if name not in set(found)]


@dataclass(frozen=True)
class Content:
    """What was found in a file.

    Attributes:
        rows: that COPY took.
        read: records that the reader counted.
        bytes: read from disk.
        sha256: of these bytes.
        columns: in the file's order, as raw names them.
        rejects: the records set aside.
        encoding: of a text file itself, by Python's name.
    """

    rows: int
    read: int
    bytes: int
    sha256: str
    columns: Sequence[str]
    rejects: Sequence[Reject] = ()
    encoding: str | None = None
