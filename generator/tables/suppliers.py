"""suppliers: companies in several countries whose phone number changes now and then."""

from __future__ import annotations

import numpy as np

from generator.calendar import SECONDS_A_DAY
from generator.mix import Choice, Ints, Keys, below, between
from generator.pools import Pools
from generator.rows import Rows
from generator.text import Column, Digits, Stamp, Text, encode

COUNTRIES = ("US", "CN", "DE", "GB", "IT", "JP", "MX", "IN")
_COUNTRY = Choice((52, 18, 8, 6, 5, 4, 4, 3))
# Country calling codes (ITU E.164).
CALLING_CODES = {
    "US": "1",
    "CN": "86",
    "DE": "49",
    "GB": "44",
    "IT": "39",
    "JP": "81",
    "MX": "52",
    "IN": "91",
}
ENDINGS = ("Inc", "LLC", "Group", "Trading", "Industries", "Ltd")

# A supplier keeps a phone number for 300 to 700 days, the first one from before day 0.
SHORTEST_PHONE, LONGEST_PHONE = 300, 700


def supplier_columns(stamp: Stamp) -> list[Column]:
    """Return the layout."""
    return [
        Column("supplier_id", (b"SUP-", Digits(4))),
        Column("supplier_name", (Text(64),), quoted=False),
        Column("contact_email", (b"sales", Digits(4), b"@", Text(24), b".example.com")),
        Column("phone", (b"+", Text(2), b"-", Digits(3), b"-", Digits(4), b"-", Digits(3))),
        Column("country", (Text(2),)),
        Column("updated_at", (stamp,)),
    ]


def fill_suppliers(rows: Rows, keys: Keys, pools: Pools, numbers: Ints, day: int) -> None:
    """Fill the records of some suppliers as they are at the end of a day."""
    names = [below(keys.draw(f"name_{i}", numbers), len(pools.last_names)) for i in range(3)]
    ending = below(keys.draw("ending", numbers), len(ENDINGS) + 2)
    family = [[pools.last_names[i] for i in picked.tolist()] for picked in names]
    company = [
        f"{a} {ENDINGS[e]}" if e < len(ENDINGS) else f"{a}, {b} and {c}"
        for a, b, c, e in zip(*family, ending.tolist(), strict=True)
    ]
    period = between(keys.draw("phone_period", numbers), SHORTEST_PHONE, LONGEST_PHONE)
    phase = below(keys.draw("phone_phase", numbers), period)
    turn = (day + phase) // period
    country = _COUNTRY(keys.draw("country", numbers))
    code = np.array([CALLING_CODES[c].encode() for c in COUNTRIES])
    phone = keys.draw("phone", numbers * 64 + turn)
    rows.begin(len(numbers))
    rows.put("supplier_id", numbers + 1)
    rows.put("supplier_name", encode(company, rows.format))
    rows.put("contact_email", numbers + 1, np.array([name.lower().encode() for name in family[0]]))
    rows.put("phone", code[country], *_phone_digits(phone))
    rows.put("country", np.array([c.encode() for c in COUNTRIES])[country])
    rows.put("updated_at", (turn * period - phase) * SECONDS_A_DAY)


def _phone_digits(
    bits: np.ndarray[tuple[int, ...], np.dtype[np.uint64]],
) -> tuple[Ints, Ints, Ints]:
    number = below(bits, 900_0000_000) + 100_0000_000
    return number // 10_000_000, number // 1000 % 10_000, number % 1000
