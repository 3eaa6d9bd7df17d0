"""What a value looks like: the pieces of a column's text, and what all sheets of records can do.

Every value is integers until it is written; a piece says how one becomes characters. The same
pieces serve lines of text (`rows.py`) and Arrow columns (`columnar.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
import numpy.typing as npt

from generator.engine.randomness.mix import Ints
from generator.spec.values import Type

if TYPE_CHECKING:
    import pyarrow as pa

    from generator.engine.output.files import Disk, Encoder

LineFormat = Literal["csv", "json"]

_NEEDS_QUOTES = re.compile(r'[,"\r\n]')
_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
# JSON writes these without quotes.
_BARE_TYPES: frozenset[Type] = frozenset({"integer", "bigint", "decimal", "boolean"})


def _limit(what: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise ValueError(f"{what} is {value}: use {least} to {most}")


@dataclass(frozen=True)
class Digits:
    """A number of exactly `width` digits, zero-padded."""

    width: int

    def __post_init__(self) -> None:
        _limit("width", self.width, 1, 12)


@dataclass(frozen=True)
class Number:
    """A number without padding, of up to `digits` digits; negative ones only where `signed`."""

    digits: int = 8
    signed: bool = False

    def __post_init__(self) -> None:
        _limit("digits", self.digits, 1, 16)


@dataclass(frozen=True)
class Money:
    """Hundredths with two decimals: 1234 is `12.34`; up to `digits` digits before the point."""

    digits: int = 8
    signed: bool = False

    def __post_init__(self) -> None:
        _limit("digits", self.digits, 1, 14)


@lru_cache(maxsize=8)
def _days(start: date, first_day: int, last_day: int) -> list[str]:
    """Return dates, counted from `start`; the columns of a model share one list."""
    days = np.datetime64(start, "D") + np.arange(first_day, last_day + 1)
    names: list[str] = np.datetime_as_string(days).tolist()
    return names


@dataclass(frozen=True)
class Day:
    """A date, `YYYY-MM-DD`; values are days since `start`.

    Args:
        start: day 0.
        first_day: first day that can occur, counted from `start` (negative: before it).
        last_day: last day that can occur.
    """

    start: date
    first_day: int
    last_day: int

    def __post_init__(self) -> None:
        _limit("last_day", self.last_day, self.first_day, self.first_day + 500_000)

    def days(self) -> list[str]:
        """Return all dates that can occur."""
        return _days(self.start, self.first_day, self.last_day)


@dataclass(frozen=True)
class Stamp(Day):
    """A time, `YYYY-MM-DD HH:MM:SS+00`; values are seconds since midnight UTC of `start`."""


@dataclass(frozen=True)
class Flag:
    """0 is `false`, 1 is `true`."""


@dataclass(frozen=True)
class Texts:
    """One of some texts, by its index."""

    values: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("no texts to choose from: give at least one")
        if any("\0" in text for text in self.values):
            raise ValueError("a text holds the character NUL: take it out, no database stores it")


@dataclass(frozen=True, eq=False)
class Keys:
    """One of many keys, by its index: plain ASCII that no format quotes or escapes."""

    values: npt.NDArray[np.bytes_]


@dataclass(frozen=True)
class Uuid:
    """A UUID from two arrays, its high and its low 64 bits; the bits that say "version 4" are set
    here. Its letters are small or, with `upper`, large.
    """  # noqa: D205 (one sentence)

    upper: bool = False


Piece = Digits | Number | Money | Day | Stamp | Flag | Texts | Keys | Uuid
Parts = tuple[bytes | Piece, ...]


@dataclass(frozen=True)
class Column:
    """A column: its name, its type and the parts that make up its text.

    Args:
        name: its name.
        type: its type; decides on JSON's quotes and on Parquet's type.
        parts: constants (raw UTF-8, neither quoted nor escaped) and pieces.
        nullable: values can be missing.
    """

    name: str
    type: Type
    parts: Parts
    nullable: bool = False
    pieces: tuple[Piece, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        pieces = tuple(part for part in self.parts if not isinstance(part, bytes))
        object.__setattr__(self, "pieces", pieces)

    @property
    def arrays(self) -> int:
        """Arrays of values that the pieces take."""
        return sum(2 if isinstance(piece, Uuid) else 1 for piece in self.pieces)

    def check(self, values: Sequence[Ints], count: int) -> None:
        """Refuse arrays that are not one for each that the pieces take, `count` values each.

        Raises:
            ValueError: they are not.
        """
        if [value.shape for value in values] != [(count,)] * self.arrays:
            got = ", ".join(str(value.shape) for value in values)
            raise ValueError(
                f"{self.name}: takes {self.arrays} arrays of {count} values, got {got}"
            )

    @property
    def bare(self) -> bool:
        """JSON writes the values without quotes."""
        return self.type in _BARE_TYPES

    @property
    def needs_quotes(self) -> bool:
        """CSV has to quote the values: one can hold a comma, a quote or a line end, or be empty."""
        return bool(_NEEDS_QUOTES.search("".join(self._samples()))) or self._can_be_empty()

    def _samples(self) -> list[str]:
        samples: list[str] = []
        for part in self.parts:
            if isinstance(part, bytes):
                samples.append(part.decode())
            elif isinstance(part, Texts):
                samples.extend(part.values)
        return samples

    def _can_be_empty(self) -> bool:
        return all(
            part == b""
            if isinstance(part, bytes)
            else isinstance(part, Texts) and "" in part.values
            for part in self.parts
        )


class Sheet(Protocol):
    """The records of a chunk, in one format.

    The order of calls for a chunk is `begin`, `put` for each column with pieces, perhaps `expand`
    and further `put`s, then `repeat`, `overwrite` and `damage`, then `render`.
    """

    names: list[str]
    count: int
    header: bytes

    @property
    def encoder(self) -> Callable[[Disk], Encoder] | None:
        """What `PartFile` needs to make a file of what `render` returns; None for bytes."""

    def begin(self, count: int) -> None:
        """Start a chunk of `count` records."""

    def put(self, column: str, *values: Ints) -> None:
        """Fill a column: `count` values for each array that its pieces take.

        NULL in the first array means that the value is missing (only where nullable).

        Raises:
            OverflowError: a value does not fit into its piece.
        """

    def expand(self, records: Ints) -> None:
        """Replace the chunk by copies of some of its records, in the given order."""

    def repeat(self, records: Ints) -> Ints:
        """Append copies of some records and return the copies' positions."""

    def texts(self, column: str, records: Ints) -> list[str | None]:
        """Return values as text, without quotes and escapes; None where missing."""

    def overwrite(self, column: str, records: Ints, texts: Sequence[str | None]) -> None:
        """Replace values of a column by texts; None makes them missing."""

    def damage(self, record: int, change: Callable[[bytes], bytes]) -> None:
        """Change a whole line (without its line end) when it is rendered; CSV only."""

    def render(self) -> Iterable[bytes | bytearray | pa.RecordBatch]:
        """Return the chunk block by block, for `PartFile.write`; each while it is in the cache."""


def csv_text(text: str | None, *, quoted: bool = False) -> bytes:
    """Return a value as CSV (RFC 4180): quoted where it must be, or always if `quoted`."""
    if text is None:
        return b""
    if quoted or text == "" or _NEEDS_QUOTES.search(text):
        return b'"' + text.replace('"', '""').encode() + b'"'
    return text.encode()


def json_text(text: str | None, *, bare: bool = False) -> bytes:
    """Return a value as JSON; `bare` ones without quotes if they are numbers or booleans."""
    if text is None:
        return b"null"
    if bare and (text in ("true", "false") or _JSON_NUMBER.fullmatch(text)):
        return text.encode()
    return json.dumps(text, ensure_ascii=False).encode()


def escape_csv(text: str) -> bytes:
    """Return what stands between the quotes in CSV."""
    return text.replace('"', '""').encode()


def escape_json(text: str) -> bytes:
    """Return what stands between the quotes in JSON."""
    return json.dumps(text, ensure_ascii=False)[1:-1].encode()
