"""Personal data in what is shown, sent or kept: masked in a fixed form, never hashed.

A hash of an address can be found again by hashing all addresses; a mask holds nothing but the first
letter. Which columns are personal stands in dbt (`pii: true` in their meta). Records are shown
under the names that the source gives its columns, and a line that was cut wrongly has values in
columns that are not theirs; so where a record may hold personal data, only values are shown whose
column is known to hold none, and whatever looks like an address is masked everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

_DOTS = "•••"

_EMAIL = re.compile(r"[^\s@<>\"',;:]+@[^\s@<>\"',;:]+")


def mask(text: str) -> str:
    """Mask a value: `ada@example.com` becomes `a•••@•••`, `Lovelace` `L•••`, `+49 30 1` `•••`."""
    if not text:
        return text
    first = text[0] if text[0].isalpha() else ""
    return f"{first}{_DOTS}@{_DOTS}" if "@" in text else f"{first}{_DOTS}"


def mask_addresses(text: str) -> str:
    """Mask whatever looks like an e-mail address within a text."""
    return _EMAIL.sub(lambda found: mask(found[0]), text)


def mask_record(
    record: Mapping[str, object], personal: Collection[str], harmless: Collection[str] | None = None
) -> dict[str, str | None]:
    """Mask the personal data of a record; its values come back as text.

    Args:
        record: values by the name of their column.
        personal: names of columns with personal data, however they are written.
        harmless: of a record that may hold personal data under other names, the only columns
            whose values are shown; none: every column that is not personal.
    """
    masked = {_plain(name) for name in personal}
    shown = None if harmless is None else {_plain(name) for name in harmless}
    found: dict[str, str | None] = {}
    for name, value in record.items():
        plain = _plain(name)
        if value is None:
            found[name] = None
        elif plain in masked or (shown is not None and plain not in shown):
            found[name] = mask(str(value))
        else:
            found[name] = mask_addresses(str(value))
    return found


def _plain(name: str) -> str:
    """Write a column's name as any source might: `E-Mail`, `e_mail` and `EMAIL` are one."""
    return re.sub(r"[^0-9a-z]", "", name.lower())
