"""What stands before a CSV file's records: names, line ends, and what is refused."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.errors import FileError
from loader.reading.dialect import Dialect
from loader.reading.first_lines import MAX_HEADER_BYTES
from loader.reading.header import Header, read_header
from loader.sources import Table


class Trickle(io.RawIOBase):
    """Bytes that come a few at a time, as from a decompressor."""

    def __init__(self, content: bytes, size: int) -> None:
        self._content, self._size = io.BytesIO(content), size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._content.read(min(len(buffer), self._size))
        buffer[: len(found)] = found
        return len(found)


def table(columns: list[str] | None = None, **keys: Any) -> Table:
    dialect = Dialect(**keys.pop("dialect", {}))
    return Table(columns=columns or ["id", "grain"], format="csv", dialect=dialect, **keys)


def read(content: bytes, declared: Table, *, size: int = 1 << 16) -> tuple[Header, bytes]:
    """Header of a file, and what is left of it."""
    stream = io.BufferedReader(Trickle(content, size))
    header = read_header(stream, declared, "sacks.csv")
    rest = stream.read()
    assert content[header.offset :] == rest
    assert header.lines == content[: header.offset].count(header.line_end)
    return header, rest


def refusal(content: bytes, declared: Table) -> str:
    with pytest.raises(FileError) as caught:
        read(content, declared)
    assert caught.value.message.startswith("sacks.csv: ")
    return caught.value.message


@pytest.mark.parametrize("size", [3, 4, 5, 7, 1 << 16])
@pytest.mark.parametrize(
    ("content", "dialect", "names", "line_end", "rest"),
    [
        (b"id,grain\n1,rye\n", {}, ["id", "grain"], b"\n", b"1,rye\n"),
        (b"id,grain\r\n1,rye\r\n", {}, ["id", "grain"], b"\n", b"1,rye\r\n"),
        (b"id,grain\r1,rye\r", {}, ["id", "grain"], b"\r", b"1,rye\r"),
        (b"id,grain\r1,rye\r", {"line_ends": "cr"}, ["id", "grain"], b"\r", b"1,rye\r"),
        (b"id,grain", {}, ["id", "grain"], b"\n", b""),
        (b"id,grain\r", {}, ["id", "grain"], b"\r", b""),
        (b"\xef\xbb\xbfid,grain\n1,rye\n", {}, ["id", "grain"], b"\n", b"1,rye\n"),
        (b'\xef\xbb\xbf"id","grain"\n', {}, ["id", "grain"], b"\n", b""),
        (b"\xef\xbb\xbfid\n", {"encoding": "utf-16"}, ["id"], b"\n", b""),
        (b"grain,id\n", {}, ["grain", "id"], b"\n", b""),
        (b'id,"say ""ah""; a,b"\n', {}, ["id", 'say "ah"; a,b'], b"\n", b""),
        (b'id,"a\\"b\\\\c\\d"\n', {"escape": "\\"}, ["id", 'a"b\\c\\d'], b"\n", b""),
        (b"id;'it''s'\n", {"delimiter": ";", "quote": "'"}, ["id", "it's"], b"\n", b""),
        (b'id\t5" x\n', {"delimiter": "\t", "quote": None}, ["id", '5" x'], b"\n", b""),
        ("id|größe\n".encode(), {"delimiter": "|"}, ["id", "größe"], b"\n", b""),
        (b"id,gr\xf6\xdfe\n", {"encoding": "latin-1"}, ["id", "größe"], b"\n", b""),
        (b"id,\x80\n", {"encoding": "cp1252"}, ["id", "€"], b"\n", b""),
        ("id,اسم,🌾\n".encode(), {}, ["id", "اسم", "🌾"], b"\n", b""),
        (b'Sacks\n"of 2025\nid,grain\n1', {"skip_lines": 2}, ["id", "grain"], b"\n", b"1"),
        (b'a"\rb\rid,grain\r1', {"skip_lines": 2}, ["id", "grain"], b"\r", b"1"),
        (b"# it's\n# \"\nid,grain\n#1", {"comment": "#"}, ["id", "grain"], b"\n", b"#1"),
        (b"x\n#y\nid\n1", {"comment": "#", "skip_lines": 1}, ["id"], b"\n", b"1"),
    ],
)
def test_names_and_the_first_record(
    *, content: bytes, dialect: dict[str, Any], names: list[str], line_end: bytes, rest: bytes, size
) -> None:
    header, left = read(content, table(dialect=dialect), size=size)
    assert (header.names, header.columns) == (names, names)
    assert (header.line_end, left) == (line_end, rest)


@pytest.mark.parametrize("size", [3, 1 << 16])
@pytest.mark.parametrize("inside", [b"\n", b"\r", b"\r\n", b"\n\r"])
@pytest.mark.parametrize(("end", "line_end"), [(b"\n", b"\n"), (b"\r\n", b"\n"), (b"\r", b"\r")])
def test_a_line_end_in_quotes_is_part_of_a_name(
    inside: bytes, end: bytes, line_end: bytes, size: int
) -> None:
    content = b'id,"to' + inside + b'tal"' + end + b"1,2" + end
    name = f"to{inside.decode()}tal"
    header, rest = read(content, table(["id", "total"], rename={name: "total"}), size=size)
    assert (header.names, header.columns) == (["id", name], ["id", "total"])
    assert (header.line_end, rest) == (line_end, b"1,2" + end)
    assert "control character" in refusal(content, table(["id", "total"]))


def test_columns_are_renamed() -> None:
    declared = table(["id", "grain", "n"], rename={"": "n", "Korn; drop": "grain", "x" * 80: "id"})
    header, _ = read(b",Korn; drop," + b"x" * 80 + b",new\n", declared)
    assert header.names == ["", "Korn; drop", "x" * 80, "new"]
    assert header.columns == ["n", "grain", "id", "new"]


@pytest.mark.parametrize(
    ("content", "dialect", "line_end", "rest"),
    [
        (b"1,rye\n2,oat\n", {}, b"\n", b"1,rye\n2,oat\n"),
        (b"1,rye\r\n", {}, b"\n", b"1,rye\r\n"),
        (b"1,rye\r2,oat\r", {}, b"\r", b"1,rye\r2,oat\r"),
        (b'1,"r\rye"\n2', {}, b"\n", b'1,"r\rye"\n2'),
        (b'1,"r\nye"\r2', {}, b"\r", b'1,"r\nye"\r2'),
        (b'1,r"ye\r2', {}, b"\r", b'1,r"ye\r2'),
        (b'1,"rye\r2,oat', {}, b"\n", b'1,"rye\r2,oat'),
        (b"", {}, b"\n", b""),
        (b"1,rye", {"line_ends": "cr"}, b"\r", b"1,rye"),
        (b"\xef\xbb\xbf1,rye\r2", {}, b"\r", b"1,rye\r2"),
        (b"made by\r1,rye", {"skip_lines": 1}, b"\r", b"1,rye"),
        (b"#\r\n1,rye", {"comment": "#"}, b"\n", b"1,rye"),
    ],
)
def test_files_without_a_header(
    content: bytes, dialect: dict[str, Any], line_end: bytes, rest: bytes
) -> None:
    header, left = read(content, table(dialect={"header": False, **dialect}))
    assert (header.names, header.columns) == (["id", "grain"], ["id", "grain"])
    assert (header.line_end, left) == (line_end, rest)


@pytest.mark.parametrize(
    ("content", "dialect", "message"),
    [
        (b"", {}, "no header: its first line is missing, there is nothing in the file"),
        (b"\n1,rye\n", {}, "no header: its first line is empty"),
        (b"1,rye\n", {}, "no header: its first line names none of the columns id, grain; put"),
        (b"x\n1,rye\n", {"skip_lines": 1}, "no header: line 2 names none of the columns id"),
        (b"id;grain\n", {}, "python -m loader sniff shows how the file is written"),
        (b"a\nb\n", {"skip_lines": 3}, "has 2 lines, the table's dialect says skip_lines: 3"),
        (b"id,grain,grain\n", {}, "column 'grain' is named twice: rename it where the file is"),
        (b"id,\n", {}, "a column has no name: give it another name with rename"),
        (b"id,,\n", {}, "a column has no name: rename it where the file is made; or pass over"),
        (b"id,_row_id\n", {}, "column _row_id has a name that the loader keeps for itself: give"),
        (b"id," + b"x" * 64, {}, "longer than PostgreSQL's 63 bytes: give it another name"),
        ("id," + "ä" * 32, {}, "longer than PostgreSQL's 63 bytes: give it another name"),
        (b'id,"a\x1b[31mb"\n', {}, r"'a\x1b[31mb' has a control character in its name: give"),
        (b"id,gr\xf6\xdfe\n", {}, "is not UTF-8: byte 0xf6 in its field 2; set encoding"),
        (b"id,\x81\n", {"encoding": "cp1252"}, "is not CP1252: byte 0x81 in its field 2"),
        ("id,grain\n".encode("utf-16"), {}, "mark of UTF-16: set encoding: utf-16"),
        (b"\xfe\xff\0i\0d", {"encoding": "latin-1"}, "mark of UTF-16: set encoding: utf-16"),
        ("id,grain\n".encode("utf-16-le"), {}, "holds NUL bytes and looks like UTF-16"),
        (b"\xef\xbb\xbfid\n", {"encoding": "cp1252"}, "mark of UTF-8, the table's dialect says"),
        (b'id,5" x\n', {}, "line 1 has a quote within a field"),
        (b'id,"a" b\n', {}, "line 1 has a quote within a field, or text after a closing quote"),
        (b'x\nid,"a"b"\n', {"skip_lines": 1}, "line 2 has a quote within a field"),
        (b'id,"grain\n1,rye\n', {}, "a quote that is opened in line 1 is never closed"),
        (b'id,"grain\\"', {"escape": "\\"}, "a quote that is opened in line 1 is never closed"),
        (b'id,"' + b'""\n' * 300_000, {}, "a quote that is opened in line 1 is never closed"),
        (b"id,grain\r1,rye\r", {"line_ends": "lf"}, "has a control character in its name"),
        (b"id," + b"x" * MAX_HEADER_BYTES, {}, "no end within its first 1,048,576 bytes"),
        (b'id,"' + b"x\n" * MAX_HEADER_BYTES, {}, "no end within its first 1,048,576 bytes"),
        (b"x" * (MAX_HEADER_BYTES + 9), {"skip_lines": 1}, "no end within its first 1,048,576"),
    ],
)
def test_what_cannot_be_a_header(content: bytes | str, dialect: dict[str, Any], message) -> None:
    raw = content.encode() if isinstance(content, str) else content
    assert message in refusal(raw, table(dialect=dialect))


@pytest.mark.parametrize("count", [1598, 1599, 2000])
def test_a_table_has_room_for_so_many_columns(count: int) -> None:
    content = ",".join(["id", *(f"c{n}" for n in range(1, count))]).encode()
    if count == 1598:
        assert len(read(content, table())[0].columns) == count
    else:
        message = refusal(content, table())
        assert f"names {count:,} columns, a raw table can have 1,598: deliver it in" in message


def test_two_names_of_a_column_in_one_file_are_refused() -> None:
    declared = table(rename={"Korn": "grain", "Getreide": "grain"})
    assert read(b"id,Getreide\n", declared)[0].columns == ["id", "grain"]
    assert "'grain' is named twice" in refusal(b"id,Korn,Getreide\n", declared)


def test_a_long_list_of_columns_is_cut_in_the_message() -> None:
    message = refusal(b"x\n", table([f"c{n}" for n in range(500)]))
    assert "c8, c9, …; put" in message
    assert "c10" not in message


# Names that a header can hold, with all that needs care in them.
NAMES = st.text(st.sampled_from("ab,;'\"\\ ä🌾#|\t"), min_size=1, max_size=8).filter(
    lambda name: "\t" not in name
)


@given(
    names=st.lists(NAMES, min_size=1, max_size=6, unique=True),
    delimiter=st.sampled_from(",;|\t"),
    quote=st.sampled_from("\"'"),
    escape=st.sampled_from([None, "\\", '"', "'"]),
    end=st.sampled_from([b"\n", b"\r\n", b"\r"]),
    size=st.integers(3, 40),
)
def test_what_is_written_is_read(*, names, delimiter, quote, escape, end, size) -> None:
    sign = escape or quote
    written = (
        quote
        + name.replace(sign, sign * 2).replace(quote, sign + quote if sign != quote else quote)
        + quote
        for name in names
    )
    content = delimiter.join(written).encode() + end + b"1"
    declared = table(names, dialect={"delimiter": delimiter, "quote": quote, "escape": escape})
    header, rest = read(content, declared, size=size)
    assert (header.names, rest) == (names, b"1")
    assert header.line_end == end[-1:]
