"""What is wrong with the file as a whole: its packing, its header, its end."""

from __future__ import annotations

import gzip
import zlib

import pyarrow as pa
from corpus_case import ONE, TWO, Case, rows

CONTENT = b"a,b,c\n1,rye,2\n2,oat,3\n"
LARGER = b"a,b,c\n" + b"1,rye,2\n" * 5000
DIRTY = b"a,b,c\n1,rye,2\n2,oat\n2,oat,3\n"


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def _members(content: bytes) -> bytes:
    """One member a line, an empty one in the middle."""
    lines = content.splitlines(keepends=True)
    return b"".join(map(_gzip, [lines[0], b"", *lines[1:], b""]))


def _zstd(content: bytes) -> bytes:
    packed: bytes = pa.Codec("zstd").compress(content, asbytes=True)
    return packed


def _frames(content: bytes) -> bytes:
    return b"".join(map(_zstd, content.splitlines(keepends=True)))


def _cut(packed: bytes) -> bytes:
    return packed[: len(packed) * 2 // 3]


def _spoilt(packed: bytes) -> bytes:
    """Change one bit of the sum at the end of a gzip member."""
    return packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:]


def _refused(name: str, content: bytes, message: str, **more: object) -> Case:
    return Case(name, content, refused=message, **more)  # type: ignore[arg-type]


OPTIONAL = {"last_line_end": "optional"}

FILES = [
    Case("gzip", CONTENT, rows(ONE, TWO), suffix="csv.gz", packed=_gzip),
    Case("gzip of several members", CONTENT, rows(ONE, TWO), suffix="csv.gz", packed=_members),
    Case(
        "gzip with bad records",
        DIRTY,
        {1: ONE, 3: TWO},
        {2: ("too_few_fields", b"2,oat")},
        suffix="csv.gz",
        packed=_gzip,
    ),
    Case("zstd", CONTENT, rows(ONE, TWO), suffix="csv.zst", packed=_zstd),
    Case("zstd of several frames", CONTENT, rows(ONE, TWO), suffix="csv.zst", packed=_frames),
    Case(
        "zstd with bad records",
        DIRTY,
        {1: ONE, 3: TWO},
        {2: ("too_few_fields", b"2,oat")},
        suffix="csv.zst",
        packed=_zstd,
    ),
    Case(
        "gzip of utf-16",
        "a,b,c\n1,rye,2\n2,oat,3\n".encode("utf-16"),
        rows(ONE, TWO),
        suffix="csv.gz",
        packed=_gzip,
        dialect={"encoding": "utf-16"},
    ),
    _refused(
        "gzip cut off",
        LARGER,
        "cut off",
        suffix="csv.gz",
        packed=lambda content: _cut(_gzip(content)),
        table=OPTIONAL,
    ),
    _refused(
        "gzip cut off in its last bytes",
        CONTENT,
        "cut off",
        suffix="csv.gz",
        packed=lambda content: _gzip(content)[:-3],
        table=OPTIONAL,
    ),
    _refused(
        "gzip with another sum",
        CONTENT,
        "is not sound gzip",
        suffix="csv.gz",
        packed=lambda content: _spoilt(_gzip(content)),
        table=OPTIONAL,
    ),
    _refused("plain bytes named gzip", CONTENT, "is not sound gzip", suffix="csv.gz"),
    _refused(
        "deflate named gzip",
        CONTENT,
        "is not sound gzip",
        suffix="csv.gz",
        packed=zlib.compress,
    ),
    _refused(
        "gzip with something behind it",
        CONTENT,
        "is not sound gzip",
        suffix="csv.gz",
        packed=lambda content: _gzip(content) + b"garbage",
    ),
    _refused(
        "zstd cut off",
        LARGER,
        "zst",
        suffix="csv.zst",
        packed=lambda content: _cut(_zstd(content)),
        table=OPTIONAL,
    ),
    _refused(
        "zstd cut off between two frames' bytes",
        CONTENT,
        "zst",
        suffix="csv.zst",
        packed=lambda content: _frames(content)[:-4],
        table=OPTIONAL,
    ),
    _refused("plain bytes named zstd", CONTENT, "is not sound zstd", suffix="csv.zst"),
    _refused("gzip named csv", _gzip(CONTENT), "header", table=OPTIONAL),
    Case("header only", b"a,b,c\n"),
    Case("header only, crlf", b"a,b,c\r\n"),
    _refused("header only, without a line end", b"a,b,c", "has no end"),
    Case("header only, a line end not needed", b"a,b,c", table=OPTIONAL),
    _refused("empty", b"", "header"),
    _refused("empty, a line end not needed", b"", "header", table=OPTIONAL),
    _refused("one line end", b"\n", "header"),
    _refused("a byte order mark and nothing else", b"\xef\xbb\xbf", "header", table=OPTIONAL),
    _refused("blanks", b"    \n   \n", "header"),
    _refused("NUL bytes", b"\0" * 4096 + b"\n", "header"),
    _refused("no final line end", CONTENT[:-1], "line 3 has no end"),
    Case("no final line end, none needed", CONTENT[:-1], rows(ONE, TWO), table=OPTIONAL),
    Case(
        "no final line end, none needed, the last value quoted",
        b'a,b,c\n1,rye,2\n2,oat,"3"',
        rows(ONE, TWO),
        table=OPTIONAL,
    ),
    Case(
        "no final line end, none needed, a bad record",
        b"a,b,c\n1,rye,2\n2,oat",
        {1: ONE},
        {2: ("too_few_fields", b"2,oat")},
        table=OPTIONAL,
    ),
    Case(
        "a carriage return for the last line end",
        b"a,b,c\r1,rye,2\r2,oat,3",
        rows(ONE, TWO),
        table=OPTIONAL,
    ),
    _refused("a column named twice", b"a,b,b\n1,2,3\n", "'b' is named twice"),
    _refused("a column without a name", b"a,,c\n1,2,3\n", "no name"),
    _refused("a delimiter after the header", b"a,b,c,\n1,2,3,\n", "no name"),
    _refused("a column of the loader's", b"a,_load_id,c\n1,2,3\n", "_load_id"),
    _refused("a column's name of 64 bytes", b"a,b," + b"x" * 64 + b"\n1,2,3\n", "63 bytes"),
    _refused(
        "a control character in a column's name", b'a,b,"c\n\x1b[31m"\n1,2,3\n', "control character"
    ),
    _refused("a header in another encoding", b"a,b,gr\xf6\xdfe\n1,2,3\n", "is not UTF-8"),
    _refused("a header of another table", b"x,y,z\n1,2,3\n", "names none of the columns"),
    _refused("a header with a quote never closed", b'a,"b,c\n1,2,3\n', "never closed"),
    _refused("a header with a stray quote", b'a,b"x",c\n1,2,3\n', "quote"),
    _refused("another delimiter", b"a;b;c\n1;2;3\n", "names none of the columns"),
    _refused("a first line of two megabytes", b"a" * 2**21 + b"\n", "no end within"),
    Case(
        "columns with hostile names",
        b'a,"b""; drop table x; --",%s %(c)s,\xc3\xb6\xe2\x82\xac,'
        + "👩‍👧".encode()
        + b',"c,d",'
        + b"n" * 63
        + b"\n1,rye,2,3,4,5,6\n",
        rows(("1", "rye", "2", "3", "4", "5", "6")),
        columns=(
            "a",
            'b"; drop table x; --',
            "%s %(c)s",
            "ö€",
            "👩‍👧",
            "c,d",
            "n" * 63,
        ),
    ),
]
