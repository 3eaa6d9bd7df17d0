"""How many records of a file may be set aside before the file is given up."""

from __future__ import annotations

import marshal
import math
import re
import threading
import weakref
from dataclasses import dataclass
from fractions import Fraction
from tempfile import SpooledTemporaryFile, gettempdir
from typing import Self

from loader.errors import FileError, RejectsError
from loader.reading.records import Reject
from warehouse.console import counted

# Bytes of a file's rejects that are kept in memory until all of it is read.
_IN_MEMORY = 8 * 1024**2

_COUNT = re.compile(r"[0-9]{1,18}")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,9})?)%")


@dataclass(frozen=True)
class Budget:
    """A count of records, or a share of those that the file has.

    A share is rounded up: one bad record in a short file is no reason to do without the others.
    But it never allows all of them: what has no sound record is a file of another kind.

    Attributes:
        amount: a whole number of records, or a share from 0 to 1.
        is_share: which of the two.
    """

    amount: Fraction
    is_share: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a count such as `100` or a share such as `2.5%`.

        Raises:
            ValueError: it is neither.
        """
        if _COUNT.fullmatch(text):
            return cls(Fraction(text))
        share = _SHARE.fullmatch(text)
        if share and Fraction(share[1]) <= 100:
            return cls(Fraction(share[1]) / 100, is_share=True)
        raise ValueError(f"{text!r} is neither a count such as 100 nor a share such as 5%")

    def allowed(self, records: int | None) -> int | None:
        """Give the number of records that may be set aside, of a file with so many.

        None: a share of a number that is not known.
        """
        if not self.is_share:
            return int(self.amount)
        if records is None:
            return None
        return max(min(math.ceil(self.amount * records), records - 1), 0)

    def __str__(self) -> str:
        return f"{float(self.amount * 100):g}%" if self.is_share else f"{int(self.amount):,}"


DEFAULT_BUDGET = Budget.parse("5%")


class Rejects:
    """The records of one file that are set aside, as far as the budget goes.

    What a share allows is often known only at the end of the file, and all of it may be bad. So
    until then the records are in a temporary file, from a size on at which memory would tell.

    Args:
        path: the file, for the message.
        budget: how many are allowed; one more fails the file.
        promised: the number of records that the manifest gives; None where there is none. With it
            a share is known from the start, and a file beyond repair is not read to its end.
    """

    def __init__(self, path: object, budget: Budget, promised: int | None = None) -> None:
        self._path, self._budget = path, budget
        self._limit = budget.allowed(promised)
        self._count = 0
        self._first: tuple[int, str] | None = None
        self._lock = threading.Lock()
        self._kept = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - lives as long as this does
        weakref.finalize(self, self._kept.close)

    def add(self, reject: Reject) -> None:
        """Set a record aside; from any thread.

        Raises:
            RejectsError: there are more than the budget allows.
            FileError: the disk of the temporary files is full.
        """
        with self._lock:
            self._count += 1
            this = (reject.record_number, reject.message)
            self._first = min(self._first or this, this)
            try:
                marshal.dump(tuple(reject), self._kept)
            except OSError as error:
                raise FileError(
                    f"{self._path}: its rejects cannot be written to {gettempdir()}: "
                    f"{error.strerror}: make room there, or set TMPDIR to another folder"
                ) from None
            self._judge(self._limit)

    def __len__(self) -> int:
        """Count the records that were set aside."""
        return self._count

    def settle(self, records: int) -> list[Reject]:
        """Judge a file that has been read to its end.

        Args:
            records: that it has, those set aside included.

        Returns:
            Those set aside, in the order in which they were added.

        Raises:
            RejectsError: more of them are set aside than the budget allows.
        """
        self._judge(self._budget.allowed(records))
        self._kept.seek(0)
        return [Reject._make(marshal.load(self._kept)) for _ in range(self._count)]

    def _judge(self, limit: int | None) -> None:
        if limit is None or self._count <= limit:
            return
        assert self._first is not None
        number, message = self._first
        if limit:
            share = f" ({self._budget} of the file)" if self._budget.is_share else ""
            what = (
                f"more than {counted(limit, 'record')}{share} cannot be loaded; the first is record"
            )
            fix = "a higher --max-rejects sets more of them aside"
        else:
            what = "record"
            fix = "correct it, or set such records aside with --max-rejects N"
        raise RejectsError(
            f"{self._path}: {what} {number:,}: {message}; nothing of the file was loaded; {fix}"
        )
