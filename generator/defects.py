"""Rows broken on purpose, and the ledger that says which, where and how.

The faults are written as a shop's staff and programs make them; nothing here is shared with the
warehouse's rules, so that the ledger can judge them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from generator.mix import Bools, Ints, Keys, below, chance
from generator.rows import Rows

LEDGER_COLUMNS = (
    "table_name",
    "record_key",
    "file",
    "row_number",
    "column_name",
    "original_value",
    "new_value",
    "rule",
    "outcome",
)
OUTCOME = "quarantine"
DUPLICATE = "duplicate_key"

# What a fault makes of a value: (64 random bits, the value) -> the broken value.
Breaker = Callable[[int, str], str]


@dataclass(frozen=True)
class Fault:
    """A kind of defect.

    Args:
        rule: name of the rule that the row must break.
        column: the column that is changed; for a repeated row its key.
        breaker: makes the broken value; None repeats the row.
    """

    rule: str
    column: str
    breaker: Breaker | None = None


def _one_of(*texts: str) -> Breaker:
    return lambda bits, _: texts[bits % len(texts)]


def _zero_or_negative(zero: str) -> Breaker:
    return lambda bits, value: zero if bits % 2 else f"-{value}"


def _broken_email(bits: int, value: str) -> str:
    name, _, domain = value.partition("@")
    return (f"{name}{domain}", f"{name}@", f"{name}@@{domain}", f"@{domain}")[bits % 4]


def _other_uuid(bits: int, _: str) -> str:
    tail = (bits * 0x9E3779B97F4A7C15) % 2**64
    text = f"{bits:016x}{tail:016x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"


def _other_order(bits: int, value: str) -> str:
    # No order's number has a letter in it, so none can ever have this one.
    return f"{value[:4]}X{bits % 10**7:07d}"


FAULTS: dict[str, tuple[Fault, ...]] = {
    "customers": (Fault("email_malformed", "email", _broken_email),),
    "orders": (Fault("status_unknown", "status", _one_of("on_hold", "lost", "returned", "open")),),
    "order_items": (
        Fault("price_not_positive", "unit_price", _zero_or_negative("0.00")),
        Fault("quantity_not_positive", "quantity", _zero_or_negative("0")),
        Fault("quantity_not_a_number", "quantity", _one_of("two", "n/a", "1 pc", "?")),
        Fault("product_unknown", "product_id", _other_uuid),
        Fault(DUPLICATE, "order_item_id"),
    ),
    "payments": (
        Fault("amount_not_positive", "amount", _zero_or_negative("0.00")),
        Fault("amount_not_a_number", "amount", _one_of("n/a", "USD", "pending", "12.5O")),
        Fault("order_unknown", "order_id", _other_order),
        Fault(DUPLICATE, "payment_id"),
    ),
}


class Defects:
    """Breaks rows of one table and keeps its ledger.

    Args:
        seed: the run's seed.
        table: the table.
        share: share of rows to break, among those that may be broken.
        rows: the table's buffer.
    """

    def __init__(self, seed: int, table: str, share: float, rows: Rows) -> None:
        self._table, self._share, self._rows = table, share, rows
        self._keys = Keys(seed, f"{table}/defects")
        self._text = io.StringIO()
        self._ledger = csv.writer(self._text, lineterminator="\n")

    def apply(self, counters: Ints, may_break: Bools | None, file: str, first_row: int) -> Bools:
        """Break some of the chunk in the buffer.

        Args:
            counters: a unique number for each record of the chunk.
            may_break: which records may be broken; None for all.
            file: path of the file the chunk goes to, as in the manifest.
            first_row: number of the chunk's first record in that file, from 1.

        Returns:
            Which records are broken (a record that is merely repeated is not).
        """
        broken = np.zeros(len(counters), dtype=np.bool_)
        if not self._share:
            return broken
        chosen = chance(self._keys.draw("chosen", counters), self._share)
        records = np.flatnonzero(chosen if may_break is None else chosen & may_break)
        faults = FAULTS[self._table]
        kinds = below(self._keys.draw("fault", counters[records]), len(faults))
        bits = self._keys.draw("value", counters[records])
        for number, fault in enumerate(faults):
            of_kind = kinds == number
            at, place = records[of_kind], (file, first_row)
            if fault.breaker is None:
                self._repeat(fault, at, place)
            else:
                self._break(fault, fault.breaker, at, bits[of_kind].tolist(), place)
                broken[at] = True
        return broken

    def _break(
        self, fault: Fault, breaker: Breaker, at: Ints, bits: list[int], place: tuple[str, int]
    ) -> None:
        before = self._rows.texts(fault.column, at)
        after = [breaker(b, value) for b, value in zip(bits, before, strict=True)]
        self._note(fault, at, place, before, after)
        self._rows.overwrite(fault.column, at, after)

    def _repeat(self, fault: Fault, at: Ints, place: tuple[str, int]) -> None:
        copies = self._rows.repeat(at)
        keys = self._rows.texts(fault.column, copies)
        self._note(fault, copies, place, keys, keys)

    def _note(
        self, fault: Fault, at: Ints, place: tuple[str, int], before: list[str], after: list[str]
    ) -> None:
        file, first_row = place
        keys = self._rows.texts(self._rows.names[0], at)
        for key, row, old, new in zip(keys, at.tolist(), before, after, strict=True):
            where = (self._table, key, file, first_row + row)
            self._ledger.writerow((*where, fault.column, old, new, fault.rule, OUTCOME))

    @property
    def ledger(self) -> bytes:
        """The ledger's records, as CSV without header."""
        return self._text.getvalue().encode()
