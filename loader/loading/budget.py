"""How many records of a file may be set aside before the file is given up."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Self

from loader.errors import RejectsError
from warehouse.console import counted

if TYPE_CHECKING:
    from loader.reading.records import Reject

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

    Args:
        path: the file, for the message.
        budget: how many are allowed; one more fails the file.
        promised: the number of records that the manifest gives; None where there is none. With it
            a share is known from the start, and a file beyond repair is not read to its end.

    Attributes:
        found: the records, in the order in which they were added.
    """

    def __init__(self, path: object, budget: Budget, promised: int | None = None) -> None:
        self._path, self._budget = path, budget
        self._limit = budget.allowed(promised)
        self.found: list[Reject] = []

    def add(self, reject: Reject) -> None:
        """Set a record aside.

        Raises:
            RejectsError: there are more than the budget allows.
        """
        self.found.append(reject)
        self._judge(self._limit)

    def settle(self, records: int) -> list[Reject]:
        """Judge a file that has been read to its end.

        Args:
            records: that it has, those set aside included.

        Returns:
            Those set aside.

        Raises:
            RejectsError: more of them are set aside than the budget allows.
        """
        self._judge(self._budget.allowed(records))
        return self.found

    def _judge(self, limit: int | None) -> None:
        if limit is None or len(self.found) <= limit:
            return
        first = min(self.found)
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
            f"{self._path}: {what} {first.record_number:,}: {first.message}; "
            f"nothing of the file was loaded; {fix}"
        )
