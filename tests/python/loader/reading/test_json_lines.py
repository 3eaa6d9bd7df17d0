"""JSON lines as CSV: which lines are objects, and every value as it was written."""

from __future__ import annotations

import io

import pytest

from loader.reading.json_lines import json_to_csv
from loader.reading.records import Reject


def read(content: bytes, rename: dict[str, str] | None = None) -> tuple[bytes, list[Reject]]:
    rejects: list[Reject] = []
    lines = io.BytesIO(content)
    chunks = json_to_csv(lines, ["a", "b"], rename or {}, rejects.append, set())
    return b"".join(chunks), rejects


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        (b"{}", b","),
        (b'{"a": null, "b": ""}', b',""'),
        (b'{"a": 1, "a": 2}', b'"2",'),  # as every JSON reader has it
        (b'{"a": %s}' % (b"9" * 5000), b'"%s",' % (b"9" * 5000)),
        (b'{"a": 1e400, "b": -0}', b'"1e400","-0"'),
        (b'{"a": [1.50, {"x": 1E5}]}', b'"[1.50, {""x"": 1E5}]",'),
        (b'{"a": "\\ud83d\\ude00"}', '"😀",'.encode()),
        (b'{"a": {"x": "\\u0000"}}', b'"{""x"": ""\\u0000""}",'),
        (b' {"a": "x"}\t\r', b'"x",'),
    ],
)
def test_values(line: bytes, fields: bytes) -> None:
    assert read(line + b"\n") == (b"1," + fields + b"\n", [])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "not_json"),
        (b"[]", "not_json"),
        (b'"x"', "not_json"),
        (b'{"a": -Infinity}', "not_json"),
        (b'{"a": 1}{"b": 2}', "not_json"),
        (b'{"a": "\x01"}', "not_json"),
        (b'\xef\xbb\xbf{"a": 1}', "not_json"),  # a byte order mark stands only at the beginning
        (b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}", "not_json"),
        (b'{"a": "\\udc00"}', "invalid_utf8"),
    ],
)
def test_what_is_set_aside(line: bytes, reason: str) -> None:
    first = b'\xef\xbb\xbf{"b": 7}\n'
    rows, (reject,) = read(first + line + b'\n{"b": 9}')
    assert rows == b'1,,"7"\n3,,"9"\n'
    assert (reject.record_number, reject.byte_offset) == (2, len(first))
    assert (reject.reason, reject.line) == (reason, line)


def test_two_keys_of_one_column_are_not_loaded_as_one() -> None:
    rows, (reject,) = read(b'{"B": 1, "a": 2}\n{"B": 1, "b": 2, "a": 3}\n', {"B": "b"})
    assert rows == b'1,"2","1"\n'
    assert reject.reason == "named_twice"
    assert reject.message == "holds column 'b' under several names"
