"""JSON lines to CSV for COPY, block by block, every value as the text that was delivered.

Each record carries its number in the file as a first field. The standard library's scanner hands
over numbers as they are written; Arrow's JSON reader turns 12.50 into 12.5, and refuses a number
in a column that is declared as text.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from loader.reading.records import Fault, Reject, text_fault
from loader.reading.streams import BLOCK


class UnknownColumns(Exception):  # noqa: N818 - not a fault: the raw table has to grow first
    """A record holds columns that the raw table does not have yet."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(*names)
        self.names = list(names)


class Number(str):
    """A number as it is written in JSON."""

    __slots__ = ()


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_decode: Callable[[str], Any] = json.JSONDecoder(
    parse_float=Number, parse_int=Number, parse_constant=_refuse_constant
).decode


def json_text(value: object) -> str:
    """Write a JSON value again, numbers as they were written."""
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(
                f"{json.dumps(k, ensure_ascii=False)}: {json_text(v)}" for k, v in value.items()
            )
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(json_text, value)) + "]"
    if isinstance(value, Number):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _csv_field(value: object) -> str:
    """Write a JSON value as a CSV field: null empty, everything else as quoted text."""
    if value is None:
        return ""
    if not isinstance(value, str):
        value = json_text(value)
    return '"' + value.replace('"', '""') + '"'


def _json_record(line: bytes) -> dict[str, Any] | Fault:
    """Read one line; a Fault when it is not a JSON object that PostgreSQL can hold as text."""
    fault = text_fault(line)
    if fault:
        return fault
    try:
        record = _decode(line.decode())
    except (ValueError, RecursionError) as error:
        return Fault("not_json", f"is not JSON: {error}")
    if not isinstance(record, dict):
        return Fault("not_json", "is not a JSON object")
    return record


def _renamed(record: dict[str, Any], rename: Mapping[str, str]) -> dict[str, Any] | Fault:
    renamed = {rename.get(name, name): value for name, value in record.items()}
    if len(renamed) < len(record):
        counted = Counter(rename.get(name, name) for name in record)
        column, _ = counted.most_common(1)[0]
        return Fault("named_twice", f"holds column {column!r} under several names")
    return renamed


def json_to_csv(  # noqa: PLR0913 - what a file and its table say
    lines: Iterable[bytes],
    columns: Sequence[str],
    rename: Mapping[str, str],
    aside: Callable[[Reject], None],
    seen: set[str],
    *,
    first: int = 1,
) -> Iterator[bytes]:
    """Turn JSON lines into CSV.

    Args:
        lines: the file's lines.
        columns: of the raw table; the fields of each CSV record after its number.
        rename: names in raw of keys that are called otherwise in the file.
        aside: takes lines that are no object, or hold what PostgreSQL's text cannot.
        seen: filled with the columns that occur.
        first: number of the first line.

    Raises:
        UnknownColumns: a record names a column that is not among `columns`.
    """
    known = set(columns)
    block: list[bytes] = []
    size = offset = 0
    for number, line in enumerate(lines, start=first):
        body = line.rstrip(b"\r\n")
        record = _json_record(body.removeprefix(b"\xef\xbb\xbf") if number == 1 else body)
        if rename and not isinstance(record, Fault):
            record = _renamed(record, rename)
        if not isinstance(record, Fault):
            if not record.keys() <= seen:
                if not record.keys() <= known:
                    raise UnknownColumns([name for name in record if name not in known])
                seen.update(record)
            fields = ",".join([_csv_field(record.get(name)) for name in columns])
            text = f"{number},{fields}\n"
            record = _escaped_fault(text) or record
        if isinstance(record, Fault):
            aside(Reject(number, number, offset, *record, body))
        else:
            block.append(text.encode())
            size += len(text)
            if size >= BLOCK:
                yield b"".join(block)
                block, size = [], 0
        offset += len(line)
    if block:
        yield b"".join(block)


def _escaped_fault(text: str) -> Fault | None:
    r"""Find what JSON can escape and PostgreSQL cannot hold: \u0000, half a surrogate pair."""
    if "\0" in text:
        return Fault("nul_byte", "holds a NUL character (\\u0000)")
    try:
        text.encode()
    except UnicodeEncodeError:
        return Fault("invalid_utf8", "holds half of a surrogate pair (\\ud800 to \\udfff)")
    return None
