"""Encodings: every key, the bytes that none of them knows, and files declared as another."""

from __future__ import annotations

import codecs

from corpus_case import ONE, TWO, Case, rows

GERMAN = "a;b;c\n1;Öl & Käse €;2\n2;ß;\n"
GERMAN_ROWS = rows(("1", "Öl & Käse €", "2"), ("2", "ß", None))
FRENCH = "a,b,c\n1,déjà vu ÿ,2\n2,é,\n"
FRENCH_ROWS = rows(("1", "déjà vu ÿ", "2"), ("2", "é", None))


def _utf16(name: str, mark: bytes, codec: str) -> Case:
    text = 'a,b,c\r\n1,"größe, 😀\r\nzwei",2\r\n2,\u0a0d\u0d0a\u2c2c\u2222,\r\n'
    return Case(
        f"utf-16, {name}",
        mark + text.encode(codec),
        rows(("1", "größe, 😀\r\nzwei", "2"), ("2", "\u0a0d\u0d0a\u2c2c\u2222", None)),
        dialect={"encoding": "utf-16"},
    )


ENCODINGS = [
    Case(
        "encoding: latin-1",
        FRENCH.encode("latin-1"),
        FRENCH_ROWS,
        dialect={"encoding": "latin-1"},
    ),
    Case(
        "encoding: latin-1, every byte",
        b"a,b,c\n1,"
        + bytes([*range(1, 10), 11, 12, *range(14, 34), *range(35, 44), *range(45, 256)])
        + b",2\n",
        rows(
            (
                "1",
                "".join(
                    map(
                        chr,
                        [*range(1, 10), 11, 12, *range(14, 34), *range(35, 44), *range(45, 256)],
                    )
                ),
                "2",
            )
        ),
        dialect={"encoding": "latin-1"},
    ),
    Case(
        "encoding: cp1252",
        GERMAN.encode("cp1252"),
        GERMAN_ROWS,
        dialect={"encoding": "cp1252", "delimiter": ";"},
    ),
    Case(
        "encoding: cp1252, bytes that it has no letter for",
        b"a,b,c\n1,rye,2\n1,\x81,2\n1,\x8d,\x8f\n1,\x90\x9d,2\n2,oat,3\n",
        {1: ONE, 5: TWO},
        {
            2: ("invalid_encoding", b"1,\x81,2"),
            3: ("invalid_encoding", b"1,\x8d,\x8f"),
            4: ("invalid_encoding", b"1,\x90\x9d,2"),
        },
        dialect={"encoding": "cp1252"},
    ),
    Case("encoding: utf-8 with a mark", codecs.BOM_UTF8 + b"a,b,c\n1,rye,2\n", rows(ONE)),
    Case(
        "encoding: utf-8 with a mark, a quoted header and bad records",
        codecs.BOM_UTF8 + b'"a","b","c"\n1,rye,2\n1,2\n2,oat,3\n',
        {1: ONE, 3: TWO},
        {2: ("too_few_fields", b"1,2")},
    ),
    Case(
        "encoding: a mark in the middle is a character",
        b"a,b,c\n\xef\xbb\xbf1,rye,2\n",
        rows(("\ufeff1", "rye", "2")),
    ),
    _utf16("little-endian with a mark", codecs.BOM_UTF16_LE, "utf-16-le"),
    _utf16("big-endian with a mark", codecs.BOM_UTF16_BE, "utf-16-be"),
    _utf16("little-endian without a mark", b"", "utf-16-le"),
    Case(
        "utf-16, bad records",
        "a,b,c\n1,rye,2\nzwölf,2\n2,oat,3\n3,x,y,z\n".encode("utf-16-le"),
        {1: ONE, 3: TWO},
        {
            2: ("too_few_fields", "zwölf,2".encode("utf-16-le")),
            4: ("too_many_fields", "3,x,y,z".encode("utf-16-le")),
        },
        dialect={"encoding": "utf-16"},
    ),
    Case(
        "utf-16, bad records, big-endian with a mark, beside characters of four bytes",
        codecs.BOM_UTF16_BE + "a,b,c\n😀,€,ß\n😀,2\n2,oat,3\n".encode("utf-16-be"),
        {1: ("😀", "€", "ß"), 3: TWO},
        {2: ("too_few_fields", "😀,2".encode("utf-16-be"))},
        dialect={"encoding": "utf-16"},
    ),
    Case(
        "utf-16, not declared",
        "a,b,c\n1,rye,2\n".encode("utf-16"),
        refused="encoding: utf-16",
    ),
    Case(
        "utf-16 without a mark, not declared",
        "a,b,c\n1,rye,2\n".encode("utf-16-le"),
        refused="encoding: utf-16",
    ),
    Case(
        "utf-8, declared as utf-16",
        b"a,b,c\n1,rye,2\n2,oat,33\n",
        refused="is not UTF-16",
        dialect={"encoding": "utf-16"},
        table={"last_line_end": "optional"},
    ),
]
