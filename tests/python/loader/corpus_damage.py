"""Every kind of damage: the record that has it is set aside, and no other."""

from __future__ import annotations

from corpus_case import ONE, THREE, TWO, Case, Row, rows

HEADER = b"a,b,c\n"
FILLER = b"1,rye,2\n"


def _one_bad(name: str, reason: str, line: bytes) -> Case:
    """Put the record between good ones, and once more at the end."""
    return Case(
        name,
        b"a,b,c\n1,rye,2\n" + line + b"\n2,oat,3\n" + line + b"\n",
        {1: ONE, 3: TWO},
        {2: (reason, line), 4: (reason, line)},
    )


FEW, MANY, QUOTING = "too_few_fields", "too_many_fields", "broken_quoting"
UTF8, NUL, RETURN = "invalid_utf8", "nul_byte", "stray_carriage_return"

ALONE = [
    _one_bad("one field", FEW, b"2"),
    _one_bad("two fields", FEW, b"2,oat"),
    _one_bad("blank line", FEW, b""),
    _one_bad("line of blanks", FEW, b"   "),
    _one_bad("two quoted fields, one with line ends", FEW, b'"2\n\n",oat'),
    _one_bad("four fields", MANY, b"2,oat,3,4"),
    _one_bad("a delimiter at the end", MANY, b"2,oat,3,"),
    _one_bad("delimiters only", MANY, b",,,,,,"),
    _one_bad("four fields, one with line ends", MANY, b'2,"o\na\nt",3,4'),
    _one_bad("inches", QUOTING, b'2,5" pipe,3'),
    _one_bad("inches by inches in one field", QUOTING, b'2,5" x 7",3'),
    _one_bad("inches in two fields", QUOTING, b'5","7",3'),
    _one_bad("a pair that swallows a delimiter", QUOTING, b'a"b,c"d,2,3'),
    _one_bad("text after a closing quote", QUOTING, b'2,"oat"x,3'),
    _one_bad("a blank after a closing quote", QUOTING, b'2,"oat" ,3'),
    _one_bad("a blank before an opening quote", QUOTING, b'2, "oat",3'),
    _one_bad("a quoted part of a field", QUOTING, b'2,o"a"t,3'),
    _one_bad("a quote not doubled", QUOTING, b'2,"say "yes" now",3'),
    _one_bad("a quote at the end of a record", QUOTING, b'2,oat,3"'),
    _one_bad("two quotes at the end of a field", QUOTING, b'2,oat"",3'),
    _one_bad("a backslash before a quote", QUOTING, b'2,"5\\" pipe",3'),
    _one_bad("bytes of latin-1", UTF8, b"2,\xfcber,3"),
    _one_bad("a letter cut off", UTF8, b"2,oat,\xe2\x82"),
    _one_bad("a letter spelled too long", UTF8, b"2,\xc0\xafetc,3"),
    _one_bad("half a surrogate pair", UTF8, b"2,\xed\xa0\xbd,3"),
    _one_bad("a surrogate pair", UTF8, b"2,\xed\xa0\xbd\xed\xb8\x80,3"),
    _one_bad("beyond unicode", UTF8, b"2,\xf4\x90\x80\x80,3"),
    _one_bad("bytes that never occur", UTF8, b"2,\xfe\xff,3"),
    _one_bad("a continuation alone", UTF8, b"\x80,oat,3"),
    _one_bad("invalid within quotes and lines", UTF8, b'2,"o\n\xff\nt",3'),
    _one_bad("a NUL byte", NUL, b"2,o\0t,3"),
    _one_bad("a NUL byte within quotes", NUL, b'2,"o\n\0t",3'),
    _one_bad("a NUL byte for a field", NUL, b"2,\0,3"),
    _one_bad("a carriage return in a field", RETURN, b"2,o\rt,3"),
    _one_bad("a carriage return before a delimiter", RETURN, b"2\r,oat,3"),
    _one_bad("a carriage return at the start", RETURN, b"\r2,oat,3"),
]

SPREAD = [
    Case(
        "two carriage returns before the line end",
        b"a,b,c\n1,rye,2\n2,oat,3\r\r\n2,oat,3\n",
        {1: ONE, 3: TWO},
        {2: (RETURN, b"2,oat,3\r")},
    ),
    Case(
        "a stray quote, closed two lines on by another",
        HEADER + b'1,rye,2\n1,a"b,c\n2,oat,3\n3,d"e,f\n3,wheat,4\n',
        {1: ONE, 3: TWO, 5: THREE},
        {2: (QUOTING, b'1,a"b,c'), 4: (QUOTING, b'3,d"e,f')},
    ),
    Case(
        "stray quotes on two lines, one after the other",
        HEADER + b'1,a"b,c\n2,d"e,f\n3,wheat,4\n',
        {3: THREE},
        {1: (QUOTING, b'1,a"b,c'), 2: (QUOTING, b'2,d"e,f')},
    ),
    Case(
        "stray quotes on two lines, so that the fields fit by chance",
        HEADER + b'1,a"b\nc"d,2\n3,wheat,4\n',
        {3: THREE},
        {1: (QUOTING, b'1,a"b'), 2: (QUOTING, b'c"d,2')},
    ),
    Case(
        "an opening quote never closed, at the start",
        HEADER + b'1,"rye,2\n' + FILLER * 500,
        dict.fromkeys(range(2, 502), ONE),
        {1: (QUOTING, b'1,"rye,2')},
    ),
    Case(
        "an opening quote never closed, in the middle",
        HEADER + FILLER * 300 + b'1,rye,"2\n' + FILLER * 300,
        dict.fromkeys((*range(1, 301), *range(302, 602)), ONE),
        {301: (QUOTING, b'1,rye,"2')},
    ),
    Case(
        "an opening quote never closed, in the last record",
        HEADER + FILLER * 300 + b'"1,rye,2\n',
        dict.fromkeys(range(1, 301), ONE),
        {301: (QUOTING, b'"1,rye,2')},
    ),
    Case(
        "an opening quote never closed, before records of several lines",
        HEADER + b'1,"rye,2\n' + b'1,"r\ny,\ne",2\n' * 100,
        dict.fromkeys(range(2, 102), ("1", "r\ny,\ne", "2")),
        {1: (QUOTING, b'1,"rye,2')},
    ),
    Case(
        "three quotes never closed, far from each other",
        HEADER + (FILLER * 200 + b'1,"rye,2\n') * 3 + FILLER,
        {n: ONE for n in range(1, 605) if n not in {201, 402, 603}},
        dict.fromkeys((201, 402, 603), (QUOTING, b'1,"rye,2')),
    ),
    Case(
        "a stray quote in the last record, without a line end",
        HEADER + b'1,rye,2\n2,5" pipe,3',
        {1: ONE},
        {2: (QUOTING, b'2,5" pipe,3')},
        table={"last_line_end": "optional"},
    ),
    Case(
        "the last record is cut off within quotes",
        HEADER + b'1,rye,2\n2,"oat',
        {1: ONE},
        {2: (QUOTING, b'2,"oat')},
        table={"last_line_end": "optional"},
    ),
    Case(
        "every kind of damage at once",
        HEADER
        + b'1,"ry\ne",2\n1,2\n1,2,3,4\n\xff,2,3\n\0,2,3\n1,a\rb,2\n\n'
        + b'5" x 7",b,c\n2,oat,3\n"",,"x"\n',
        {1: ("1", "ry\ne", "2"), 9: TWO, 10: ("", None, "x")},
        {
            2: (FEW, b"1,2"),
            3: (MANY, b"1,2,3,4"),
            4: (UTF8, b"\xff,2,3"),
            5: (NUL, b"\0,2,3"),
            6: (RETURN, b"1,a\rb,2"),
            7: (FEW, b""),
            8: (QUOTING, b'5" x 7",b,c'),
        },
    ),
    Case(
        "every second record is bad",
        HEADER + b"1,rye,2\n1,rye\n" * 1500,
        dict.fromkeys(range(1, 3001, 2), ONE),
        dict.fromkeys(range(2, 3001, 2), (FEW, b"1,rye")),
    ),
    Case(
        "all records are bad",
        HEADER + b"1,rye\n" * 50,
        {},
        dict.fromkeys(range(1, 51), (FEW, b"1,rye")),
    ),
    Case(
        "bad records of crlf lines",
        b'a,b,c\r\n1,rye,2\r\n2,oat\r\n3,5" x 7",4\r\n\r\n2,oat,3\r\n',
        {1: ONE, 5: TWO},
        {2: (FEW, b"2,oat"), 3: (QUOTING, b'3,5" x 7",4'), 4: (FEW, b"")},
    ),
    Case(
        "a huge bad record",
        HEADER + b"1,rye,2\n2," + b"o" * 2**20 + b"\n2,oat,3\n",
        {1: ONE, 3: TWO},
        {2: (FEW, b"2," + b"o" * 2**20)},
    ),
    Case(
        "blank lines at the end",
        HEADER + b"1,rye,2\n\n\n",
        {1: ONE},
        {2: (FEW, b""), 3: (FEW, b"")},
    ),
    Case(
        "quoted header over two lines, then a bad record",
        b'"a","b","c"\n1,rye\n2,oat,3\n',
        {2: TWO},
        {1: (FEW, b"1,rye")},
    ),
    Case(
        "sql and formulas in bad records",
        HEADER + b"'); drop schema raw cascade; --\n=cmd|' /C calc'!A0,2\n1,rye,2\n",
        {3: ONE},
        {1: (FEW, b"'); drop schema raw cascade; --"), 2: (FEW, b"=cmd|' /C calc'!A0,2")},
    ),
]


def _border(before: int) -> Case:
    """Let a record of several lines, a bad one and a doubled quote meet the border of a block."""
    filler = b"1," + b"x" * before + b",2\n"
    first: Row = ("1", "x" * before or None, "2")
    return Case(
        f"border of a block after a field of {before} bytes",
        HEADER + (filler + b'2,"o\n""a\r\nt",3\n2,oat\n"",,"x"\n') * 40,
        {
            number: row
            for start in range(0, 160, 4)
            for number, row in (
                (start + 1, first),
                (start + 2, ("2", 'o\n"a\r\nt', "3")),
                (start + 4, ("", None, "x")),
            )
        },
        {start + 3: (FEW, b"2,oat") for start in range(0, 160, 4)},
    )


BORDERS = [_border(before) for before in range(8)]

EXTRA = [
    Case("a sound file beside them", HEADER + FILLER * 10, rows(*[ONE] * 10)),
]

DAMAGE = [*ALONE, *SPREAD, *BORDERS, *EXTRA]
