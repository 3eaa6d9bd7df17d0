"""A hostile file, and what must come of it, said by hand: not worked out by any code of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Row = tuple[str | None, ...]
Bad = tuple[str, bytes]  # reason, the record's bytes without its line end


@dataclass(frozen=True)
class Case:
    """One file.

    Attributes:
        name: what is hostile about it.
        content: its bytes, before they are packed.
        good: the rows that must arrive, by their record numbers.
        bad: the records that must be set aside, by theirs.
        refused: a part of the message with which the whole file must be refused, if it must be.
        columns: declared in sources.yml.
        dialect: as in sources.yml; every other key of the table is in `table`.
        suffix: of its name, which says how it is packed.
        packed: makes the bytes on disk of the content.
    """

    name: str
    content: bytes
    good: Mapping[int, Row] = field(default_factory=dict)
    bad: Mapping[int, Bad] = field(default_factory=dict)
    refused: str = ""
    columns: Sequence[str] = ("a", "b", "c")
    dialect: Mapping[str, object] = field(default_factory=dict)
    table: Mapping[str, object] = field(default_factory=dict)
    suffix: str = "csv"
    packed: Callable[[bytes], bytes] = bytes

    @property
    def records(self) -> int:
        """Records in the file."""
        return len(self.good) + len(self.bad)


def rows(*values: Row) -> dict[int, Row]:
    """Number rows from 1: for files without bad records."""
    return dict(enumerate(values, start=1))


ONE: Row = ("1", "rye", "2")
TWO: Row = ("2", "oat", "3")
THREE: Row = ("3", "wheat", "4")
