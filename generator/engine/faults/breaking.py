"""Rows broken on purpose, and the ledger that says which, where and how.

The faults are written as a shop's staff and programs make them; nothing here is shared with the
warehouse's rules, so that the ledger can judge them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import accumulate

import numpy as np

from generator.engine.faults.breakers import BREAKERS, Cell
from generator.engine.faults.ledger import Entry, Ledger
from generator.engine.faults.lines import DAMAGES, printable
from generator.engine.faults.shares import Shares
from generator.engine.limits import limits
from generator.engine.output.text import Sheet
from generator.engine.randomness.mix import Bits, Bools, Ints, Keys
from generator.errors import BadParameter
from generator.spec.faults import CLEAN, COPIES, REJECT, Fault
from generator.spec.holding import typed_values
from generator.spec.model import FileFormat, Table
from generator.spec.values import Lookup

# After a quote that was never closed, a reader goes on at the next line that is a whole record. So
# that line is given none of these: two bad lines would be taken for one.
_NO_RECORD = ("too_few_fields", "too_many_fields", "broken_quote")


class Faults:
    """Breaks records of one table and keeps its ledger.

    Args:
        seed: the run's seed.
        name: the table's name.
        table: the table.
        shares: how much is to be broken.
        sheet: the table's buffer of records.
        key: the columns of its key.
        fmt: format of its files.

    Raises:
        BadParameter: the shares are too much for the table, or a fault looks at a column that its
            files do not hold.
    """

    def __init__(  # noqa: PLR0913, PLR0917 (what a worker knows of a table)
        self,
        seed: int,
        name: str,
        table: Table,
        shares: Shares,
        sheet: Sheet,
        key: Sequence[str],
        fmt: FileFormat,
    ) -> None:
        self._name, self._table, self._sheet, self._key = name, table, sheet, tuple(key)
        self._keys = Keys(seed, f"{name}/faults")
        chosen = shares.of(name, table, fmt)
        self._faults = [fault for fault, _ in chosen]
        self._others = [other_column(name, table, fault) for fault in self._faults]
        self._values = [self._writable(fault, fmt) for fault in self._faults]
        self._zero_is_sound = [self._takes_zero(fault) for fault in self._faults]
        ends = accumulate(share for _, share in chosen)
        self._ends: Bits = np.array([_threshold(end) for end in ends], dtype=np.uint64)
        # A line loses other fields than its key, so that it can still be named, and never its only
        # one: an empty line is none.
        count = len(sheet.names)
        places = tuple(i for i in range(count) if sheet.names[i] not in self._key)
        self._places = places or (count - 1,)
        self._opens: Bools = np.array([f.make == "broken_quote" for f in self._faults], np.bool_)
        self._no_record: Bools = np.array([f.make in _NO_RECORD for f in self._faults], np.bool_)
        self._left_open: str | None = None
        self._ledger = Ledger(name)

    def _writable(self, fault: Fault, fmt: FileFormat) -> tuple[str, ...]:
        if fault.column is not None and fmt == "parquet":
            return typed_values(fault, self._table.columns[fault.column].type)
        return fault.values or ()

    def _takes_zero(self, fault: Fault) -> bool:
        if fault.make != "not_positive" or fault.column is None:
            return True
        low = limits(self._table, fault.column)[0]
        return low is None or low <= 0

    def apply(
        self,
        counters: Ints,
        may_lose: Bools | None,
        may_touch: Bools | None,
        file: str,
        first_row: int,
    ) -> Bools:
        """Break some records of the chunk in the sheet.

        Args:
            counters: a unique number for each record of the chunk.
            may_lose: which records may be lost to quarantine or rejects; None for all.
            may_touch: which records may be copied or soiled; None for all.
            file: path of the file the chunk goes to, as in the manifest.
            first_row: number of the chunk's first record in that file, from 1.

        Returns:
            Which of the records are to be lost (one that is merely copied or soiled is not).
        """
        broken = np.zeros(len(counters), dtype=np.bool_)
        if not self._faults:
            return broken
        bits = self._keys.draw("fault", counters)
        records = np.flatnonzero(bits < self._ends[-1])
        kinds = np.searchsorted(self._ends, bits[records], side="right")
        apart = self._apart(records, kinds, len(counters), file)
        records, kinds = records[apart], kinds[apart]
        variants = self._keys.draw("variant", counters[records])
        entries: list[Entry] = []
        for number, fault in enumerate(self._faults):
            allowed = may_lose if _is_lost(fault) else may_touch
            of_kind = kinds == number
            if allowed is not None:
                of_kind &= allowed[records]
            at, drawn = records[of_kind], variants[of_kind].tolist()
            if not len(at):
                continue
            if fault.make in REJECT:
                made = self._damage(fault, at, drawn)
            elif fault.make in COPIES:
                made = self._repeat(number, fault, at, drawn)
            else:
                made = self._break(number, fault, at, drawn)
            entries += made
            if _is_lost(fault):
                broken[[entry.record for entry in made]] = True
        self._name_records(entries)
        self._ledger.note(entries, file, first_row)
        return broken

    def _name_records(self, entries: list[Entry]) -> None:
        """Give all entries of a chunk their keys, as these stand in the file now."""
        at = np.array([entry.record for entry in entries], dtype=np.int64)
        keys = zip(*(self._sheet.texts(name, at) for name in self._key), strict=True)
        for entry, key in zip(entries, keys, strict=True):
            entry.key = "/".join(part or "" for part in key)

    def _apart(self, records: Ints, kinds: Ints, count: int, file: str) -> Bools:
        """Return which faults stay when no two lines in a row are unreadable (see _NO_RECORD)."""
        is_open_before = np.zeros(count + 1, dtype=np.bool_)
        is_open_before[0] = self._left_open == file
        is_open_before[records + 1] = self._opens[kinds]
        self._left_open = file if is_open_before[-1] else None
        stays: Bools = ~(is_open_before[records] & self._no_record[kinds])
        return stays

    def _broken_values(
        self, number: int, column: str, at: Ints, bits: list[int]
    ) -> tuple[list[int], list[str], list[str | None]]:
        """Return positions in `at` of the values that can be broken, old values and new ones."""
        fault, other = self._faults[number], self._others[number]
        old = self._sheet.texts(column, at)
        others = self._sheet.texts(other, at) if other else [None] * len(at)
        places: list[int] = []
        before: list[str] = []
        after: list[str | None] = []
        for place, text in enumerate(old):
            if text is None:
                continue
            new: str | None = None
            if fault.make != "missing":
                cell = Cell(
                    bits[place],
                    text,
                    self._table.columns[column].type,
                    others[place],
                    self._values[number],
                    self._zero_is_sound[number],
                )
                new = BREAKERS[fault.make](cell)
                if new is None or new == text:
                    continue
            places.append(place)
            before.append(text)
            after.append(new)
        return places, before, after

    def _break(self, number: int, fault: Fault, at: Ints, bits: list[int]) -> list[Entry]:
        column = fault.column or ""
        places, before, after = self._broken_values(number, column, at, bits)
        if places:
            self._sheet.overwrite(column, at[places], after)
        return self._entries_of(fault, at[places], column, before, after)

    def _repeat(self, number: int, fault: Fault, at: Ints, bits: list[int]) -> list[Entry]:
        if fault.column is None:
            nothing = [None] * len(at)
            return self._entries_of(fault, self._sheet.repeat(at), "", nothing, nothing)
        places, before, after = self._broken_values(number, fault.column, at, bits)
        if not places:
            return []
        copies = self._sheet.repeat(at[places])
        self._sheet.overwrite(fault.column, copies, after)
        return self._entries_of(fault, copies, fault.column, before, after)

    def _damage(self, fault: Fault, at: Ints, bits: list[int]) -> list[Entry]:
        if fault.make == "too_few_fields" and len(self._sheet.names) < 2:
            return []
        several_lines = np.zeros(len(at), dtype=np.bool_)
        for name in self._sheet.names:
            several_lines |= ["\n" in (text or "") for text in self._sheet.texts(name, at)]
        at = at[~several_lines]
        drawn = [number for number, no in zip(bits, several_lines, strict=True) if not no]
        nothing = [None] * len(at)
        entries = self._entries_of(fault, at, "", nothing, nothing)
        for entry, number in zip(entries, drawn, strict=True):
            self._sheet.damage(entry.record, self._change(entry, number))
        return entries

    def _change(self, entry: Entry, number: int) -> Callable[[bytes], bytes]:
        def change(line: bytes) -> bytes:
            damaged = DAMAGES[entry.fault.make](number, line, self._places)
            entry.old, entry.new = printable(line), printable(damaged)
            return damaged

        return change

    def _entries_of(
        self,
        fault: Fault,
        at: Ints,
        column: str,
        before: Sequence[str | None],
        after: Sequence[str | None],
    ) -> list[Entry]:
        return [
            Entry(row, "", column, old, new, fault)
            for row, old, new in zip(at.tolist(), before, after, strict=True)
        ]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many records were broken, by fault."""
        return self._ledger.counts

    @property
    def ledger(self) -> bytes:
        """The ledger's records, as CSV without header; read it when the chunks are rendered."""
        return self._ledger.render()


def _threshold(end: Fraction) -> int:
    return min(round(end * 2**64), 2**64 - 1)


def _is_lost(fault: Fault) -> bool:
    return fault.make not in COPIES and fault.make not in CLEAN


def other_column(name: str, table: Table, fault: Fault) -> str | None:
    """Return the column of the same record that too_early and not_below look at.

    A path to another row (`product_id.list_price`) stands for the column that looks it up.

    Raises:
        BadParameter: the table's files hold no such column.
    """
    if fault.other is None:
        return None
    shown = {n: column for n, column in table.columns.items() if not column.hidden}
    if fault.other in shown:
        return fault.other
    for own, column in shown.items():
        if isinstance(column, Lookup) and column.column == fault.other:
            return own
    raise BadParameter(
        f"table {name}, fault {fault.make} of {fault.column}: the files hold no {fault.other};"
        f" add a column of kind lookup for it, or choose another in `other`"
    )
