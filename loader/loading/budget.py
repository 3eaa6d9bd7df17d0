"""How many records of a file may be set aside before the file is given up."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

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
