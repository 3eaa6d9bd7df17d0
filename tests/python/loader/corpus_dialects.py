"""Every key and value of a dialect, each with what its neighbours could be taken for."""

from __future__ import annotations

import codecs

from corpus_case import ONE, TWO, Case, rows

DELIMITERS = {"semicolon": ";", "tab": "\t", "pipe": "|", "blank": " ", "caret": "^", "colon": ":"}


def _delimiter(name: str, character: str) -> Case:
    lines = [("a", "b", "c"), ("1", "x,y", "2"), ("2", f'"x{character}y"', ""), ("3", '""', "z")]
    text = "".join(character.join(line) + "\n" for line in lines)
    return Case(
        f"delimiter {name}",
        text.encode(),
        rows(("1", "x,y", "2"), ("2", f"x{character}y", None), ("3", "", "z")),
        dialect={"delimiter": character},
    )


DIALECTS = [
    *(_delimiter(name, character) for name, character in DELIMITERS.items()),
    Case(
        "quote: apostrophe",
        b"a,b,c\n1,'it''s, \"so\"',2\n2,'two\nlines','\"'\n3,5\",x\n",
        rows(("1", 'it\'s, "so"', "2"), ("2", "two\nlines", '"'), ("3", '5"', "x")),
        dialect={"quote": "'"},
    ),
    Case(
        "line ends: LF, the first of the file is a CR in quotes",
        b'"1\rx",rye,2\n2,oat,3\n',
        rows(("1\rx", "rye", "2"), TWO),
        dialect={"header": False},
    ),
    Case(
        "line ends: CR, the first of the file is a LF in quotes",
        b'"1\nx",rye,2\r2,oat,3\r',
        rows(("1\nx", "rye", "2"), TWO),
        dialect={"header": False},
    ),
    Case(
        "quote: none",
        b'a,b,c\n1,5" x 7",2\n"2",","\n3,"",\'\n',
        rows(("1", '5" x 7"', "2"), ('"2"', '"', '"'), ("3", '""', "'")),
        dialect={"quote": None},
    ),
    Case(
        "quote: none, and the byte that stands for it",
        b"a,b,c\n1,\x01x\x01,2\n2,\x01,3\n",
        rows(("1", "\x01x\x01", "2"), ("2", "\x01", "3")),
        dialect={"quote": None},
    ),
    Case(
        "escape: backslash",
        b'a,b,c\n1,"5\\" x 7\\"",2\n2,"\\\\",\\\n3,"a\\nb","\\"\n"\n',
        rows(("1", '5" x 7"', "2"), ("2", "\\", "\\"), ("3", "a\\nb", '"\n')),
        dialect={"escape": "\\"},
    ),
    Case(
        "escape: backslash, and a doubled quote",
        b'a,b,c\n1,"x""y",2\n2,oat,3\n',
        {2: TWO},
        {1: ("broken_quoting", b'1,"x""y",2')},
        dialect={"escape": "\\"},
    ),
    Case(
        "escape: a letter",
        b'a,b,c\n1,"5e" e7ee",e\n2,oat,3\n',
        rows(("1", '5" e7e', "e"), TWO),
        dialect={"escape": "e"},
    ),
    Case(
        "header: none",
        b"1,rye,2\n2,oat,3\n",
        rows(ONE, TWO),
        dialect={"header": False},
    ),
    Case(
        "header: none, and a byte order mark",
        codecs.BOM_UTF8 + b"1,rye,2\n2,oat,3\n",
        rows(ONE, TWO),
        dialect={"header": False},
    ),
    Case(
        "header: none, the first record is bad",
        b"1,rye\n2,oat,3\n",
        {2: TWO},
        {1: ("too_few_fields", b"1,rye")},
        dialect={"header": False},
    ),
    Case("header: none, an empty file", b"", {}, dialect={"header": False}),
    Case(
        "skip_lines: three, with a quote in them",
        b'Report "of\n\n2025-01-01,"\na,b,c\n1,rye,2\n2,oat,3\n',
        rows(ONE, TWO),
        dialect={"skip_lines": 3},
    ),
    Case(
        "skip_lines: without a header",
        b"Report\n1,rye,2\n2,oat,3\n",
        rows(ONE, TWO),
        dialect={"skip_lines": 1, "header": False},
    ),
    Case(
        "skip_lines: more than there are",
        b"a,b,c\n1,rye,2\n",
        refused="skip_lines",
        dialect={"skip_lines": 9},
    ),
    Case(
        "comment: before, between and after",
        b'# by hand\n# "\na,b,c\n#1,no,data\n1,rye,2\n#,\n#"\n2,oat,3\n3,#no,"\n#no"\n#end\n',
        rows(ONE, TWO, ("3", "#no", "\n#no")),
        dialect={"comment": "#"},
    ),
    Case(
        "comment: beside bad records",
        b"a,b,c\n#\n1,rye,2\n#x\n2,oat\n#\n3,x,y\n",
        {1: ONE, 3: ("3", "x", "y")},
        {2: ("too_few_fields", b"2,oat")},
        dialect={"comment": "#"},
    ),
    Case(
        "comment: an unquoted number sign is data without it",
        b"a,b,c\n#1,rye,2\n",
        rows(("#1", "rye", "2")),
    ),
    Case(
        "comment: in the middle of a file of nothing else",
        b"a,b,c\n" + b"# nothing, but, this\n" * 2000 + b"1,rye,2\n" + b"#\n" * 2000,
        rows(ONE),
        dialect={"comment": "#"},
    ),
    Case("line ends: crlf", b"a,b,c\r\n1,rye,2\r\n2,oat,3\r\n", rows(ONE, TWO)),
    Case(
        "line ends: crlf, declared",
        b"a,b,c\r\n1,rye,2\r\n2,oat,3\r\n",
        rows(ONE, TWO),
        dialect={"line_ends": "crlf"},
    ),
    Case(
        "line ends: lf, declared",
        b'a,b,c\n1,rye,2\n2,oat,3\n4,"\r\n",\n',
        rows(ONE, TWO, ("4", "\r\n", None)),
        dialect={"line_ends": "lf"},
    ),
    Case("line ends: cr", b"a,b,c\r1,rye,2\r2,oat,3\r", rows(ONE, TWO)),
    Case(
        "line ends: cr, declared, with quoted ones of all kinds",
        b'a,b,c\r1,"x\ny\rz\r\n",2\r2,oat,3\r',
        rows(("1", "x\ny\rz\r\n", "2"), TWO),
        dialect={"line_ends": "cr"},
    ),
    Case(
        "line ends: cr, bad records",
        b"a,b,c\r1,rye,2\r2,oat\r3,x,y,z\r2,oat,3\r",
        {1: ONE, 4: TWO},
        {2: ("too_few_fields", b"2,oat"), 3: ("too_many_fields", b"3,x,y,z")},
    ),
    Case(
        "line ends: mixed, lf first",
        b"a,b,c\n1,rye,2\r\n2,oat,3\n1,rye,2\r\n",
        rows(ONE, TWO, ONE),
    ),
    Case(
        "line ends: mixed, crlf first",
        b"a,b,c\r\n1,rye,2\n2,oat,3\r\n1,rye,2\n",
        rows(ONE, TWO, ONE),
    ),
    Case(
        "nulls: one marker",
        b'a,b,c\nNULL,"NULL",2\n2,,""\n3,null,NULL \n',
        rows((None, "NULL", "2"), ("2", "", ""), ("3", "null", "NULL ")),
        dialect={"nulls": ["NULL"]},
    ),
    Case(
        "nulls: backslash N",
        b'a,b,c\n\\N,"\\N",2\n2,,\\n\n',
        rows((None, "\\N", "2"), ("2", "", "\\n")),
        dialect={"nulls": ["\\N"]},
    ),
    Case(
        "nulls: several markers",
        b'a,b,c\nNULL,"NULL",\n-,"-",n/a\n"",N/A,--\n',
        rows((None, "NULL", None), (None, "-", None), ("", "N/A", "--")),
        dialect={"nulls": ["", "NULL", "-", "n/a"]},
    ),
    Case(
        "nulls: several markers beside bad records",
        b"a,b,c\nNULL,-,2\n-\n1,rye,2\n",
        {1: (None, None, "2"), 3: ONE},
        {2: ("too_few_fields", b"-")},
        dialect={"nulls": ["NULL", "-"]},
    ),
    Case(
        "all at once: latin-1, tab, apostrophe, comments, preamble, cr, nulls",
        "Auszug\rvom Käse\r! x\ra\tb\tc\r1\t'Öl\t''a''\rb'\tk. A.\r! nein\r2\toat\r3\t\t-\r".encode(
            "latin-1"
        ),
        {1: ("1", "Öl\t'a'\rb", None), 3: ("3", "", None)},
        {2: ("too_few_fields", b"2\toat")},
        dialect={
            "encoding": "latin-1",
            "delimiter": "\t",
            "quote": "'",
            "comment": "!",
            "skip_lines": 2,
            "line_ends": "cr",
            "nulls": ["k. A.", "-"],
        },
    ),
    Case(
        "decimal commas between semicolons",
        b'a;b;c\n1;"1.234,50";2,5\n2;-0,1;\n',
        rows(("1", "1.234,50", "2,5"), ("2", "-0,1", None)),
        dialect={"delimiter": ";"},
    ),
    Case(
        "columns in another order, renamed",
        b"C,Name of b,a\n2,rye,1\n3,oat,2\n",
        rows(ONE, TWO),
        table={"rename": {"C": "c", "Name of b": "b"}},
    ),
    Case(
        "another column under schema strict",
        b"a,b,c,d\n1,rye,2,x\n",
        refused="schema: strict",
        table={"schema": "strict"},
    ),
    Case(
        "a column missing under schema strict",
        b"a,b\n1,rye\n",
        refused="schema: strict",
        table={"schema": "strict"},
    ),
]
