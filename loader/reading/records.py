"""Records that COPY cannot take: what is wrong with them, and how many of them a file may have.

A CSV file that COPY refuses is read again in records, by COPY's own rules (every quote opens or
closes; only a line end outside quotes ends a record). So what is found sound here is what COPY
takes.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from loader.errors import RejectsError
from loader.loading.budget import Budget
from loader.reading.streams import BLOCK

# A record longer than this is taken for one whose quote was never closed: it bounds the memory.
MAX_RECORD_BYTES = 64 * 1024**2

_QUOTED = re.compile(rb'"[^"]*"')


class Reject(NamedTuple):
    """A record set aside: its number in the file, why, and its bytes without the line end."""

    line_number: int
    reason: str
    message: str
    line: bytes


class Fault(NamedTuple):
    """What is wrong with a record."""

    reason: str
    message: str


class Rejects:
    """The records of one file that are set aside, as far as the budget goes.

    Args:
        path: the file, for the message.
        budget: how many are allowed; one more fails the file.
        promised: the number of records that the manifest gives; None where there is none. With it
            a share is known from the start, and a file beyond repair is not read to its end.
    """

    def __init__(self, path: Path, budget: Budget, promised: int | None = None) -> None:
        self._path, self._budget = path, budget
        self._limit = budget.allowed(promised)
        self.found: list[Reject] = []

    def add(self, number: int, fault: Fault, line: bytes) -> None:
        """Set a record aside.

        Raises:
            RejectsError: there are more than the budget allows.
        """
        self.found.append(Reject(number, *fault, line))
        self._judge(self._limit)

    def settle(self, records: int) -> None:
        """Judge a file that has been read to its end.

        Args:
            records: that it has, those set aside included.

        Raises:
            RejectsError: more of them are set aside than the budget allows.
        """
        self._judge(self._budget.allowed(records))

    def _judge(self, limit: int | None) -> None:
        if limit is None or len(self.found) <= limit:
            return
        first = self.found[0]
        if limit:
            share = f" ({self._budget} of the file)" if self._budget.is_share else ""
            what = f"more than {limit:,} records{share} cannot be loaded; the first is record"
            fix = "a higher --max-rejects sets more of them aside"
        else:
            what = "record"
            fix = "correct it, or set such records aside with --max-rejects N"
        raise RejectsError(
            f"{self._path}: {what} {first.line_number:,}: {first.message}; "
            f"nothing of the file was loaded; {fix}"
        )


def text_fault(line: bytes) -> Fault | None:
    """Say why PostgreSQL would not take these bytes as text; None when it would."""
    if b"\0" in line:
        return Fault("nul_byte", f"holds a NUL byte at byte {line.index(0) + 1}")
    try:
        line.decode()
    except UnicodeDecodeError as error:
        byte = line[error.start]
        return Fault("invalid_utf8", f"is not UTF-8: byte 0x{byte:02x} at byte {error.start + 1}")
    return None


def _count_fields(body: bytes) -> int:
    """Fields of a record: commas outside quotes, and one."""
    if b'"' in body:
        body = b"".join(body.split(b'"')[::2])
    return body.count(b",") + 1


def _csv_fault(body: bytes, fields: int) -> Fault | None:
    """Say why COPY would not take a record, given without its line end; None when it would."""
    if body.count(b'"') % 2:
        return Fault("unclosed_quote", "opens a quote that is never closed")
    found = _count_fields(body)
    if found != fields:
        reason = "too_few_fields" if found < fields else "too_many_fields"
        return Fault(reason, f"has {found} fields, the header names {fields}")
    if b"\r" in body and b"\r" in _QUOTED.sub(b"", body):
        return Fault("stray_carriage_return", "holds a carriage return outside quotes")
    return text_fault(body)


def _without_line_end(record: bytes) -> bytes:
    if record.endswith(b"\r\n"):
        return record[:-2]
    return record[:-1] if record.endswith(b"\n") else record


class _Lines:
    """Lines that can be given back."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self._back: deque[bytes] = deque()

    def take(self) -> bytes | None:
        return self._back.popleft() if self._back else next(self._lines, None)

    def give_back(self, lines: Sequence[bytes]) -> None:
        self._back.extendleft(reversed(lines))

    def record(self, first: bytes) -> list[bytes]:
        """Take the lines that belong to the first one: up to the one that closes its last quote."""
        parts, size, is_open = [first], len(first), first.count(b'"') % 2 == 1
        while is_open and size < MAX_RECORD_BYTES and (line := self.take()) is not None:
            parts.append(line)
            size += len(line)
            is_open = line.count(b'"') % 2 == 0
        return parts


def _is_whole(parts: list[bytes], fields: int) -> bool:
    body = _without_line_end(b"".join(parts))
    return body.count(b'"') % 2 == 0 and _count_fields(body) == fields


def _records(source: Iterable[bytes], fields: int) -> Iterator[bytes]:
    """Join lines to records: a line end inside quotes is part of its field.

    A quote that should not be there would swallow all that follows it, up to the next quote. So a
    faulty record of several lines is taken apart where a whole record begins in its second line:
    then only the first line is the bad one.
    """
    lines = _Lines(source)
    while (line := lines.take()) is not None:
        parts = lines.record(line)
        if len(parts) > 1 and not _is_whole(parts, fields):
            rest = parts[1:]
            lines.give_back(rest[1:])
            following = lines.record(rest[0])
            if _is_whole(following, fields):
                lines.give_back(following)
                parts = [line]
            else:
                lines.give_back(following[len(rest) :])
                for _ in range(len(rest) - len(following)):
                    lines.take()
        yield b"".join(parts)


def sound_csv(lines: Iterable[bytes], fields: int, rejects: Rejects) -> Iterator[bytes]:
    """Give the sound records of a CSV file, each with its record number as a first field before it.

    Args:
        lines: the file's lines after its header.
        fields: number of fields that a record must have.
        rejects: takes the other records.

    Yields:
        Blocks of CSV for COPY.

    Raises:
        RejectsError: out of `rejects`.
    """
    block: list[bytes] = []
    size = 0
    for number, record in enumerate(_records(lines, fields), start=1):
        body = _without_line_end(record)
        fault = _csv_fault(body, fields)
        if fault:
            rejects.add(number, fault, body)
            continue
        block.append(b"%d,%b\n" % (number, body))
        size += len(body)
        if size >= BLOCK:
            yield b"".join(block)
            block, size = [], 0
    if block:
        yield b"".join(block)
