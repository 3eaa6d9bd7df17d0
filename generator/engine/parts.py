"""The parts a batch is made of.

A part is a block of rows of a root table, with all rows that belong to them; its border and its
bytes hang on the parameters alone, so parts can be made in any order by any number of workers.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from generator.engine.faults.breaking import Faults
from generator.engine.frames import Frame
from generator.engine.output.files import FileEntry, PartFile
from generator.engine.output.sheets import new_sheet
from generator.engine.randomness.mix import Bools
from generator.engine.records import Records, records_of, touched
from generator.engine.tables import Table
from generator.engine.totals import DayTotals, Totals
from generator.engine.world import World, family
from generator.errors import ModelError
from generator.spec.delays import SECONDS_A_DAY

# Rows of one pass: enough for numpy's calls to cost little beside their work; and rows whose
# records are written at once, few enough for the processor's cache (measured: see README.md).
CHUNK, BLOCK = 16_384, 8_192
# Rows of a part of a history: large enough for COPY, small enough to share among workers; a small
# history is cut into four parts as long as they are worth a file.
PART, SMALLEST_PART, FEWEST_PARTS = 65_536, 4_096, 4
# A day looks at many rows and writes few, so it is cut far less.
DAY_PART = 1_048_576


@dataclass(frozen=True)
class Part:
    """A block of rows of a root table.

    Args:
        table: the root table.
        number: number of the part.
        first: first row.
        stop: row after the last.
    """

    table: str
    number: int
    first: int
    stop: int


@dataclass(frozen=True)
class Made:
    """What came of a part.

    Args:
        files: finished files by table.
        ledger: records of the ledger of faults, as CSV.
        ledger_rows: how many they are.
        totals: true totals.
    """

    files: dict[str, list[FileEntry]]
    ledger: bytes
    ledger_rows: int
    totals: DayTotals


def plan(world: World) -> list[Part]:
    """Return all parts of a batch, in the order of their records in the ledger."""
    parts: list[Part] = []
    for root in world.roots:
        if any(table.spec.delivery != "internal" for table in family(root)):
            parts += _cut(world, root)
    return parts


def _cut(world: World, root: Table) -> Iterator[Part]:
    first, stop = 0, root.size
    if world.window.is_history:
        size = min(PART, max(SMALLEST_PART, -(-stop // FEWEST_PARTS)))
    else:
        size = DAY_PART
        wait = world.longest_wait(root) if root.calendar is not None else None
        if wait is not None and root.calendar is not None:
            earliest = (world.window.begin - wait) // SECONDS_A_DAY
            first = int(root.calendar.before[earliest]) if earliest > 0 else 0
    for number, begin in enumerate(range(first, stop, size)):
        yield Part(root.name, number, begin, min(begin + size, stop))


class _Output:
    """One table's file in one part: chunks go from the sheet through the faults into the file."""

    def __init__(self, maker: Maker, table: Table, number: int) -> None:
        self._table = table
        self.sheet = maker.sheets[table.name]
        world = table.world
        fmt = world.format_of(table)
        self._faults = Faults(
            world.parameters.seed, table.name, table.spec, world.parameters.defects,
            self.sheet, table.spec.key, fmt,
        )  # fmt: skip
        self.file = PartFile(
            maker.folder,
            f"{table.name}/part-{number:05d}.{fmt}",
            self.sheet.header,
            encoder=self.sheet.encoder,
        )

    def write(self, records: Records) -> Bools:
        """Fill, break, render and write records; return which are sound.

        Raises:
            ModelError: a value does not fit its column.
        """
        sound: list[Bools] = []
        try:
            for block in self._filled(records):
                first = self.file.rows + 1
                broken = self._faults.apply(
                    records.counters[block],
                    _part(records.may_lose, block),
                    _part(records.may_touch, block),
                    self.file.path,
                    first,
                )
                sound.append(~broken)
                self.file.write(self.sheet.render(), self.sheet.count)
        except OverflowError as error:
            raise ModelError(f"table {self._table.name}, column {error}") from error
        return np.concatenate(sound)

    def _filled(self, records: Records) -> Iterator[slice]:
        """Fill the sheet block by block, and say which records each block holds."""
        table, sheet = self._table, self.sheet
        repeats = records.at is not None
        late = [name for name in table.visible if repeats and name in table.versioned]
        early = [name for name in table.visible if name not in late]
        fixed = {name: records.rows.values(name) for name in early}
        moving = {name: records.frame.values(name) for name in late}
        for first in range(0, len(records.rows), BLOCK):
            stop = min(first + BLOCK, len(records.rows))
            block = slice(first, stop)
            sheet.begin(stop - first)
            for name, values in fixed.items():
                sheet.put(name, *(value[block] for value in values))
            if records.at is not None:
                # What all versions share is written once a row and copied: a fifth less time.
                block = slice(*np.searchsorted(records.at, (first, stop)).tolist())
                sheet.expand(records.at[block] - first)
                for name, values in moving.items():
                    sheet.put(name, *(value[block] for value in values))
            yield block

    @property
    def ledger(self) -> bytes:
        """Records of the ledger."""
        return self._faults.ledger

    @property
    def ledger_rows(self) -> int:
        """How many records the ledger has."""
        return sum(self._faults.counts.values())


def _part(mask: Bools | None, block: slice) -> Bools | None:
    return None if mask is None else mask[block]


class Maker:
    """Makes parts of a batch.

    Args:
        world: the run.
        folder: the folder the files go to.
    """

    def __init__(self, world: World, folder: Path) -> None:
        self._world, self.folder = world, folder
        self._totals = Totals(world)
        self.sheets = {
            table.name: new_sheet(
                [table.layout(name) for name in table.visible], world.format_of(table)
            )
            for table in world.delivered
        }

    def __reduce__(self) -> tuple[type[Maker], tuple[World, Path]]:
        """Send the ingredients to a worker that was not forked; it makes its own."""
        return Maker, (self._world, self.folder)

    def make(self, part: Part) -> Made:
        """Make a part's files.

        Raises:
            GeneratorError: a value does not fit its column.
            OSError: the disk is full or the folder cannot be written.
        """
        root = self._world.tables[part.table]
        outputs = {
            table.name: _Output(self, table, part.number)
            for table in family(root)
            if table.spec.delivery != "internal"
        }
        try:
            for first in range(part.first, part.stop, CHUNK):
                frame = Frame(root, np.arange(first, min(first + CHUNK, part.stop)))
                if not self._world.window.is_history:
                    chosen = np.flatnonzero(touched(frame))
                    # Anew: what was found of the others is not needed again.
                    frame = Frame(root, frame.rows[chosen])
                if len(frame):
                    self._write(frame, outputs)
                # Frames refer to each other; without this, those of several passes would lie
                # about, and the next pass would not find its memory in the cache.
                del frame
                gc.collect()
            files = {name: output.file.finish() for name, output in outputs.items()}
        finally:
            for output in outputs.values():
                output.file.close()
        ledger = b"".join(output.ledger for output in outputs.values())
        ledger_rows = sum(output.ledger_rows for output in outputs.values())
        return Made(files, ledger, ledger_rows, self._totals.take())

    def _write(self, frame: Frame, outputs: dict[str, _Output]) -> None:
        table = frame.table
        if table.name in outputs:
            records = records_of(frame)
            if len(records.frame):
                sound = outputs[table.name].write(records)
                if records.counted is not None:
                    sound &= records.counted
                self._totals.add(table.name, records.frame, sound)
        for child in table.children:
            children = frame.children(child)
            if len(children):
                self._write(children, outputs)
