"""CSV lines that no reader can take, made from sound ones."""

from __future__ import annotations

from collections.abc import Callable

from generator.spec.faults import Make

# (random number, the line, places of the fields that may be harmed) -> the damaged line.
Damage = Callable[[int, bytes, tuple[int, ...]], bytes]


def fields(line: bytes) -> list[bytes]:
    """Split a sound line at its commas; a comma inside quotes belongs to its field."""
    found: list[bytes] = []
    for part in line.split(b","):
        if found and found[-1].count(b'"') % 2:
            found[-1] += b"," + part
        else:
            found.append(part)
    return found


def _too_few_fields(number: int, line: bytes, places: tuple[int, ...]) -> bytes:
    found = fields(line)
    # Half of them lose the last field, as a line that was cut off does.
    place = places[-1] if number & 1 else places[(number >> 1) % len(places)]
    del found[place]
    return b",".join(found)


def _too_many_fields(number: int, line: bytes, places: tuple[int, ...]) -> bytes:
    found = fields(line)
    place = places[(number >> 3) % len(places)]
    variants = (
        [*found, b""],
        [*found, b"n/a"],
        [*found, found[-1]],
        [*found[:place], found[place], *found[place:]],
        [*found[:place], b"", *found[place:]],
    )
    return b",".join(variants[number % len(variants)])


def _broken_quote(number: int, line: bytes, places: tuple[int, ...]) -> bytes:
    # The quote opens in a field too many: so the line can never make up a sound record together
    # with what follows it, up to the next quote, and no reader loses lines without a word.
    last = fields(line)[-1].strip(b'"').replace(b'"', b"")
    return line + (b',"', b',"' + last, b', "' + last, b',"n/a')[number % 4]


def _invalid_utf8(number: int, line: bytes, places: tuple[int, ...]) -> bytes:
    found = fields(line)
    filled = [place for place in places if found[place].strip(b'"')] or list(places)
    place = filled[(number >> 3) % len(filled)]
    # 0xff is in no text; an e with an acute accent in Latin-1; the first half of one in UTF-8, the
    # first two thirds of a euro sign.
    bad = (b"\xff", b"\xe9", b"\xc3", b"\xe2\x82")[number % 4]
    field = found[place]
    found[place] = field[:-1] + bad + b'"' if field.endswith(b'"') else field + bad
    return b",".join(found)


DAMAGES: dict[Make, Damage] = {
    "too_few_fields": _too_few_fields,
    "too_many_fields": _too_many_fields,
    "broken_quote": _broken_quote,
    "invalid_utf8": _invalid_utf8,
}


def printable(line: bytes) -> str:
    r"""Return a line as text; bytes that are none stand there as \xff."""
    return line.decode("utf-8", "backslashreplace")
