"""The rules of reading, written down byte by byte: slow, and easy to see through.

`judge` says what a file's records are, `copy_csv` what PostgreSQL's COPY makes of some bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from loader.reading.dialect import NO_QUOTE, Dialect
from loader.reading.scanning import Shape


@dataclass
class Limits:
    """What the package has as constants, small enough for tests."""

    record: int = 64 * 1024**2
    long_bytes: int = 64 * 1024
    long_lines: int = 100
    kept: int = 64 * 1024


@dataclass
class Record:
    """A record as it is read from a position on."""

    end: int
    fields: list[bytes] = field(default_factory=list)
    broken: str = ""
    at: int = -1
    has_stray_end: bool = False


class Found(NamedTuple):
    """A record, or a comment (which has neither reason nor fields)."""

    start: int
    end: int
    reason: str
    fields: list[bytes]
    line: bytes


def read(data: bytes, start: int, shape: Shape) -> Record:  # noqa: PLR0912 - a state machine
    """Read a record strictly."""
    dialect, line_end = shape.dialect, shape.line_end
    delimiter, quote, escape = dialect.delimiter_byte, dialect.quote_byte, dialect.escape_byte
    other_end = b"\r" if line_end == b"\n" else b"\n"
    pair = {escape, quote}
    record, state, begin, opened = Record(len(data)), "start", start, -1
    position = start
    while position < len(data):
        byte, following = data[position : position + 1], data[position + 1 : position + 2]
        if state == "quoted":
            is_escape = byte == escape and following in ({quote} if escape == quote else pair)
            if is_escape:
                position += 1
            elif byte == quote:
                state = "after"
        elif byte in (delimiter, line_end):
            record.fields.append(data[begin:position])
            state, begin = "start", position + 1
            if byte == line_end:
                record.end = position + 1
                return record
        elif byte == quote and state == "start":
            state, opened = "quoted", position
        elif state == "after" and byte != other_end:
            record.broken, record.at = "after", position - 1
            return record
        elif byte == quote:
            record.broken, record.at = "stray", position
            return record
        else:
            state = "plain"
            if byte == other_end and not (line_end == b"\n" and following == b"\n"):
                record.has_stray_end = True
        position += 1
    if state == "quoted":
        record.broken, record.at = "unclosed", opened
    else:
        record.fields.append(data[begin:])
    return record


def judge(data: bytes, shape: Shape, limits: Limits) -> Iterator[Found]:
    """Give the records and comments of a file."""
    start = 0
    while start < len(data):
        end, reason, fields = _judge_one(data, start, shape, limits)
        line = _without_end(data[start:end], shape.line_end)
        if reason == "too_long":
            line = data[start : start + limits.kept]
        if fields and shape.line_end == b"\n" and data[start:end].endswith(b"\r\n"):
            fields = [*fields[:-1], fields[-1].removesuffix(b"\r")]
        yield Found(start, end, reason, fields, line)
        start = end


def _judge_one(  # noqa: PLR0911 - one rule after the other
    data: bytes, start: int, shape: Shape, limits: Limits
) -> tuple[int, str, list[bytes]]:
    second = _line_end(data, start, shape)
    if _is_comment(data, start, shape):
        return second, "", []
    has_second = data[second - 1 : second] == shape.line_end
    record = read(data, start, shape)
    reached = {"": record.end, "unclosed": len(data)}.get(record.broken, record.at + 1)
    if has_second and reached - start > limits.long_bytes and shape.fields > 1:
        lines = data[start : start + limits.long_bytes].split(shape.line_end)[1:-1]
        lines = lines[: limits.long_lines]
        if len(lines) == limits.long_lines and all(_is_whole(x, 0, shape) for x in lines):
            return second, "broken_quoting", []
    end = record.end
    if record.broken and record.broken != "unclosed":
        end = _line_end(data, record.at, shape)
    if (
        (record.broken and record.at >= second)
        or record.broken == "unclosed"
        or (end - start > limits.record)
    ):
        line = second
        while has_second and line < min(end, start + limits.record) and line > start:
            if _is_whole(data, line, shape, start + limits.record):
                return second, "broken_quoting", []
            following = _line_end(data, line, shape)
            line = following if data[following - 1 : following] == shape.line_end else len(data)
    if end - start > limits.record:
        return _line_end(data, start + limits.record, shape), "too_long", []
    if record.broken:
        return end, "broken_quoting", []
    if len(record.fields) != shape.fields:
        if second < end and _is_whole(data, second, shape, start + limits.record):
            return second, "broken_quoting", []
        few = len(record.fields) < shape.fields
        return end, "too_few_fields" if few else "too_many_fields", []
    if record.has_stray_end:
        lf = shape.line_end == b"\n"
        return end, "stray_carriage_return" if lf else "stray_line_feed", []
    return end, text_reason(data[start:end], shape.dialect), record.fields


def text_reason(line: bytes, dialect: Dialect) -> str:
    if b"\0" in line:
        return "nul_byte"
    try:
        line.decode(dialect.codec)
    except UnicodeDecodeError:
        return "invalid_utf8" if dialect.encoding == "utf-8" else "invalid_encoding"
    return ""


def _is_comment(data: bytes, start: int, shape: Shape) -> bool:
    comment = shape.dialect.comment_byte
    return comment is not None and data[start : start + 1] == comment


def _is_whole(data: bytes, start: int, shape: Shape, limit: int | None = None) -> bool:
    record = read(data, start, shape)
    return (
        not _is_comment(data, start, shape)
        and not record.broken
        and len(record.fields) == shape.fields
        and (limit is None or record.end <= limit)
    )


def _line_end(data: bytes, start: int, shape: Shape) -> int:
    return data.find(shape.line_end, start) + 1 or len(data)


def _without_end(line: bytes, line_end: bytes) -> bytes:
    if line_end == b"\n" and line.endswith(b"\r\n"):
        return line[:-2]
    return line.removesuffix(line_end)


def value(raw: bytes, dialect: Dialect) -> bytes | None:
    """What a field of a sound record says."""
    quote, escape = dialect.quote_byte, dialect.escape_byte
    if quote is None or not raw.startswith(quote):
        return None if raw in [null.encode(dialect.codec) for null in dialect.nulls] else raw
    found, position = b"", 1
    while position < len(raw) - 1:
        if raw[position : position + 1] == escape and raw[position + 1 : position + 2] in (
            escape,
            quote,
        ):
            position += 1
        found += raw[position : position + 1]
        position += 1
    return found


class RefusedError(Exception):
    """COPY does not take the bytes."""


def copy_csv(
    data: bytes, dialect: Dialect, columns: int, *, end_marker: bool
) -> list[list[bytes | None]]:
    """Read bytes as COPY does.

    After CopyReadLineText and CopyReadAttributesCSV of PostgreSQL's copyfromparse.c.
    """
    if reason := text_reason(data, dialect):
        raise RefusedError(reason)
    quote = dialect.quote_byte or NO_QUOTE
    escape = dialect.escape_byte or NO_QUOTE
    null = dialect.nulls[0].encode(dialect.codec)
    rows = []
    for line in _copy_lines(data, quote, escape):
        if end_marker and line == b"\\.":
            break
        row = _copy_fields(line, dialect.delimiter_byte, quote, escape, null)
        if len(row) != columns:
            raise RefusedError(f"{len(row)} columns")
        rows.append(row)
    return rows


def _copy_lines(  # noqa: PLR0912 - a state machine
    data: bytes, quote: bytes, escape: bytes
) -> Iterator[bytes]:
    kind, start, position = b"", 0, 0
    in_quote = last_was_escape = False
    while position < len(data):
        byte = data[position : position + 1]
        if in_quote and byte == escape != quote:
            last_was_escape = not last_was_escape
        if byte == quote and not last_was_escape:
            in_quote = not in_quote
        if byte != escape:
            last_was_escape = False
        size = 0
        if not in_quote and byte == b"\r":
            size = 1
            if kind in (b"", b"\r\n"):
                if data[position + 1 : position + 2] == b"\n":
                    kind, size = b"\r\n", 2
                elif kind == b"\r\n":
                    raise RefusedError("carriage return")
                else:
                    kind = b"\r"
            elif kind == b"\n":
                raise RefusedError("carriage return")
        elif not in_quote and byte == b"\n":
            if kind in (b"\r", b"\r\n"):
                raise RefusedError("newline")
            kind, size = b"\n", 1
        if size:
            yield data[start:position]
            start = position + size
            last_was_escape = False
        position += size or 1
    if start < len(data):
        yield data[start:]


def _copy_fields(
    line: bytes, delimiter: bytes, quote: bytes, escape: bytes, null: bytes
) -> list[bytes | None]:
    row: list[bytes | None] = []
    out, begin, quoted, in_quote, position = b"", 0, False, False, 0
    while position < len(line):
        byte, following = line[position : position + 1], line[position + 1 : position + 2]
        if in_quote:
            if byte == escape and following in (escape, quote) and following:
                out += following
                position += 1
            elif byte == quote:
                in_quote = False
            else:
                out += byte
        elif byte == delimiter:
            row.append(None if not quoted and line[begin:position] == null else out)
            out, begin, quoted = b"", position + 1, False
        elif byte == quote:
            in_quote = quoted = True
        else:
            out += byte
        position += 1
    if in_quote:
        raise RefusedError("unterminated")
    row.append(None if not quoted and line[begin:] == null else out)
    return row
