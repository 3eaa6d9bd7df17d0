"""What a fault makes of a value: the slips of people and programs, none of which can be sound."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from generator.spec.faults import Make
from generator.spec.values import Type

_SECONDS_AN_HOUR, _SECONDS_30_DAYS = 3_600, 30 * 86_400
# A date in the future must also lie ahead of whoever reads it, however old the history is.
_FUTURE_YEAR = 2_100
# Beyond the numbers that keys of integers reach; within 32 bits.
_FIRST_UNKNOWN_KEY, _UNKNOWN_KEYS = 900_000_001, 99_999_999
# Letters that are taken for digits, each in its digit's place; no E, which makes an exponent.
_LOOKALIKES = "OlZBASGTBg"
_SHORT_MONTHS = ("02", "04", "06", "09", "11")


@dataclass(slots=True)
class Cell:
    """A value to break.

    Args:
        bits: 64 random bits.
        text: the value, as it stands in the file.
        type: its column's type.
        other: value of the column that too_early and not_below look at.
        values: what unknown_value can write.
        zero_is_sound: the column may hold 0.
    """

    bits: int
    text: str
    type: Type
    other: str | None = None
    values: tuple[str, ...] = ()
    zero_is_sound: bool = True

    @property
    def is_decimal(self) -> bool:
        """Whether numbers have two places."""
        return self.type == "decimal"

    @property
    def number(self) -> int:
        """A random number that does not depend on the variant: the upper 48 bits."""
        return self.bits >> 16

    def one_of(self, variants: Sequence[str]) -> str:
        """Choose a variant by the lower 16 bits."""
        return variants[(self.bits & 0xFFFF) % len(variants)]


# Returns the broken value, or None where this value cannot be broken in that way.
Breaker = Callable[[Cell], str | None]


def _written(cell: Cell, units: int) -> str:
    """Write whole numbers, or hundredths with two places."""
    return f"{Decimal(units).scaleb(-2):.2f}" if cell.is_decimal else str(units)


def _units(cell: Cell, text: str) -> int:
    return int(Decimal(text) * 100) if cell.is_decimal else int(text)


def _not_positive(cell: Cell) -> str | None:
    units = _units(cell, cell.text)
    if units < 0:
        return None
    one = 100 if cell.is_decimal else 1
    negative = [_written(cell, -units or -one), _written(cell, -one)]
    return cell.one_of(negative if cell.zero_is_sound else [*negative, _written(cell, 0)])


def _malformed_email(cell: Cell) -> str | None:
    name, at, domain = cell.text.partition("@")
    if not at:
        return None
    return cell.one_of(
        (
            f"{name}{domain}",
            f"{name}@",
            f"@{domain}",
            f"{name}@@{domain}",
            f"{name}(at){domain}",
            f"{name} @ {domain}",
            name,
            "none",
        )
    )


def _malformed_phone(cell: Cell) -> str | None:
    digits = [place for place, letter in enumerate(cell.text) if letter.isdigit()]
    if len(digits) < 7:
        return None
    place = digits[-1 - cell.number % 4]
    with_letter = _with_lookalike(cell.text, place)
    with_question = cell.text[:place] + "?" + cell.text[place + 1 :]
    # E.164 has 15 digits at most, and four are no one's number.
    too_long = cell.text + "".join(cell.text[p] for p in digits) * 2
    too_short = cell.text[: digits[3] + 1]
    return cell.one_of(
        (with_letter, with_letter, too_short, too_long, with_question, "n/a", "unknown")
    )


def _with_lookalike(text: str, place: int) -> str:
    return text[:place] + _LOOKALIKES[int(text[place])] + text[place + 1 :]


def _malformed_date(cell: Cell) -> str | None:
    text = cell.text
    year, month, day, clock = text[:4], text[5:7], text[8:10], text[10:]
    short_month = _SHORT_MONTHS[cell.number % len(_SHORT_MONTHS)]
    variants = [
        f"{year}-02-30{clock}",
        f"{year}-{short_month}-31{clock}",
        f"{year}-13-{day}{clock}",
        f"{year}-{month}-32{clock}",
        f"{year}-00-{day}{clock}",
        # The 31st of a short month: no date, whether days or months are read first.
        f"31/{short_month}/{year}{clock[:6]}",
        f"31.{short_month}.{year}",
        f"{_with_lookalike(year, cell.number % 4)}{text[4:]}",
        f"0000-00-00{clock}",
        "n/a",
        "unknown",
    ]
    if clock:
        variants += [f"{text[:10]} 25:{clock[4:]}", f"{text[:10]} {clock[1:4]}61{clock[6:]}"]
    return cell.one_of(variants)


def _text_for_number(cell: Cell) -> str | None:
    text = cell.text
    digits = [place for place, letter in enumerate(text) if letter.isdigit()]
    with_letter = _with_lookalike(text, digits[cell.number % len(digits)])
    common = [with_letter, _with_separator(cell), "n/a", "unknown", "?", "#REF!"]
    if cell.is_decimal:
        return cell.one_of([*common, f"${text}", f"{text} USD", "free", "pending"])
    return cell.one_of([*common, f"{text} pcs", f"{text}x", "two", "none"])


def _with_separator(cell: Cell) -> str:
    if abs(Decimal(cell.text)) >= 1_000:
        return f"{Decimal(cell.text):,}"
    return cell.text.replace(".", ",") if "." in cell.text else f"{cell.text},0"


def _unknown_reference(cell: Cell) -> str | None:
    if cell.type == "uuid":
        return _random_uuid(cell)
    if cell.type in ("integer", "bigint"):
        return str(_FIRST_UNKNOWN_KEY + cell.number % _UNKNOWN_KEYS)
    found = re.search(r"\d+", cell.text[::-1])
    if found is None:
        return f"{cell.text}-X{cell.number % 10**7:07d}"
    # Numbered keys have digits there and nothing else.
    begin, end = len(cell.text) - found.end(), len(cell.text) - found.start()
    width = end - begin - 1
    number = f"{cell.number % 10**width:0{width}d}" if width else ""
    letter = cell.one_of("XZQO")
    changed = cell.one_of([f"{letter}{number}", f"{number}{letter}"])
    return cell.text[:begin] + changed + cell.text[end:]


def _random_uuid(cell: Cell) -> str:
    tail = (cell.bits * 0x9E3779B97F4A7C15) % 2**64
    text = f"{cell.bits:016x}{tail:016x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"


def _wrong_total(cell: Cell) -> str | None:
    units = _units(cell, cell.text)
    change = 1 + cell.number % (1_000 if cell.is_decimal else 10)
    if cell.bits & 1:
        change = -change
    # A total that changed its sign would break a second rule.
    if units * (units + change) <= 0:
        change = abs(change) if units >= 0 else -abs(change)
    return _written(cell, units + change)


def _future_date(cell: Cell) -> str | None:
    year, rest = int(cell.text[:4]) + 100, cell.text[4:]
    while year < _FUTURE_YEAR:
        year += 100
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if rest.startswith("-02-29") and not is_leap:
        rest = "-02-28" + rest[6:]
    return f"{year:04d}{rest}"


def _too_early(cell: Cell) -> str | None:
    if cell.other is None:
        return None
    if cell.type == "date":
        day = date.fromisoformat(cell.other[:10]) - timedelta(days=1 + cell.number % 30)
        return day.isoformat()
    clock = cell.other[10:] or " 00:00:00+00"
    span = _SECONDS_AN_HOUR + cell.number % (_SECONDS_30_DAYS - _SECONDS_AN_HOUR + 1)
    moment = datetime.fromisoformat(cell.other[:10] + clock) - timedelta(seconds=span)
    return moment.isoformat(" ")[:19] + clock[9:]


def _not_below(cell: Cell) -> str | None:
    limit = None if cell.other is None else _units(cell, cell.other)
    if limit is None or limit <= 0:
        return None
    # A quarter of them just reach it.
    more = cell.number % (limit // 5 + 1) if cell.bits & 3 else 0
    return _written(cell, limit + more)


def _unknown_value(cell: Cell) -> str | None:
    others = [value for value in cell.values if value != cell.text]
    return cell.one_of(others) if others else None


def _white_space(cell: Cell) -> str | None:
    text = cell.text
    if not text or text != text.strip():
        return None
    # Blanks only: SQL's trim takes no tabs.
    return cell.one_of((f" {text}", f"{text} ", f"  {text}", f"{text}   ", f" {text}  "))


def _wrong_case(cell: Cell) -> str | None:
    # Letters of ASCII only: a database with the C collation changes no others back.
    raw = cell.text.encode()
    variants = {raw.upper(), raw.lower(), raw.swapcase(), raw.title()} - {raw}
    return cell.one_of([variant.decode() for variant in sorted(variants)]) if variants else None


def _other_value(cell: Cell) -> str | None:
    """Return what a second record with the same key says instead."""
    if cell.type in ("integer", "bigint", "decimal"):
        one = 100 if cell.is_decimal else 1
        return _written(cell, _units(cell, cell.text) + one)
    if cell.type == "boolean":
        return "false" if cell.text == "true" else "true"
    if cell.type in ("date", "timestamp"):
        day = date.fromisoformat(cell.text[:10]) + timedelta(days=1)
        return f"{day.isoformat()}{cell.text[10:]}"
    return _random_uuid(cell) if cell.type == "uuid" else f"{cell.text} (copy)"


BREAKERS: dict[Make, Breaker] = {
    "not_positive": _not_positive,
    "malformed_email": _malformed_email,
    "malformed_phone": _malformed_phone,
    "malformed_date": _malformed_date,
    "text_for_number": _text_for_number,
    "unknown_reference": _unknown_reference,
    "duplicate_key": _other_value,
    "wrong_total": _wrong_total,
    "future_date": _future_date,
    "too_early": _too_early,
    "not_below": _not_below,
    "unknown_value": _unknown_value,
    "white_space": _white_space,
    "wrong_case": _wrong_case,
}
