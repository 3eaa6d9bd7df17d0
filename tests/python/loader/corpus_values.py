"""Values that something on the way could take for more than values; all of them must arrive."""

from __future__ import annotations

from corpus_case import ONE, TWO, Case, Row, rows

HEADER = b"a,b,c\n"

# Each must arrive as it is, quoted or not; none holds a comma, a quote or a line end.
PLAIN = {
    "sql": "'); drop table raw._loads; --",
    "dollar quotes": "$$;select pg_sleep(9);$$",
    "parameters of a driver": "%s %(a)s %% {} {0} :name ?",
    "formula": "=cmd|' /C calc'!A0",
    "formula by at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "formula by sign": "+1-1",
    "markup": "<script>alert('1')</script>&amp;",
    "shell": "$(rm -rf /) `id` ; | && ../../etc/passwd",
    "backslashes": r"C:\new\table\000 \N \. \\ \x41 \u0041",
    "copy's null": r"\N",
    "copy's end": r"\.",
    "word null": "NULL",
    "blanks around": "  two before  and after   ",
    "tab within": "a\tb\t",
    "vertical tab, form feed": "a\x0bb\x0cc",
    "control characters": "".join(map(chr, range(1, 9))) + "\x0e\x1b[31m\x7f",
    "line ends of unicode": "a\x85b\u2028c\u2029d",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈🧾",
    "right to left": "שלום עולם \u202eabc\u202c مرحبا",
    "combining characters": "e\u0301\u0327 Z" + "\u0335\u0336" * 20,
    "not normalised": "\u212b A\u030a \u00c5",
    "beyond the basic plane": "𐍈😀\U0010fffd",
    "noncharacters": "\ufffe\uffff\ufdd0",
    "private use and replacement": "\ue000\ufffd",
    "zero width": "\u200b\u200d\ufeffx",
    "number with decimal comma": "1.234.567;89",
    "number that is none": "1e400",
    "number with leading zeros": "007",
    "date of no calendar": "2025-02-30T25:61:61+99",
    "array": "{1;2;{NULL}}",
    "json": "{'a': [1; null]}",
    "long word": "x" * 5_000,
}


def _plain(name: str, value: str) -> Case:
    text = f'a,b,c\n1,{value},2\n2,"{value}",\n3,,{value}\n'
    expected: list[Row] = [("1", value, "2"), ("2", value, None), ("3", None, value)]
    return Case(f"value: {name}", text.encode(), rows(*expected))


def _huge(megabytes: int) -> Case:
    """Quoted, with a comma, a quote and a line end near every possible border of blocks."""
    line = "0123456789abcdef,\n" * (megabytes * 2**20 // 18)
    content = f'a,b,c\n1,rye,2\n2,"{line}",9\n3,"{line}""",\n2,oat,3\n'.encode()
    return Case(
        f"huge field of {megabytes} MB",
        content,
        rows(ONE, ("2", line, "9"), ("3", line + '"', None), TWO),
    )


def _many_columns(number: int, value: str) -> tuple[list[str], str]:
    names = [f"c{n}" for n in range(number)]
    return names, ",".join(names) + "\n" + ",".join([value] * number) + "\n"


def _wide(number: int) -> Case:
    names, text = _many_columns(number, "7")
    return Case(f"{number} columns", text.encode(), rows(("7",) * number), columns=names)


def _too_wide(number: int) -> Case:
    _, text = _many_columns(number, "7")
    return Case(f"{number} columns", text.encode(), refused="1,598", columns=("c0",))


VALUES = [
    *(_plain(name, value) for name, value in PLAIN.items()),
    Case(
        "line ends within quotes",
        b'a,b,c\n1,"x\ny\r\nz\rq",2\n"\n","\r\n","\r"\n2,oat,3\n',
        rows(("1", "x\ny\r\nz\rq", "2"), ("\n", "\r\n", "\r"), TWO),
    ),
    Case(
        "quotes within quotes",
        b'a,b,c\n"""","""""",""""""""\n"""x","x""","x""y"\n1,"a,""b"",c",2\n',
        rows(('"', '""', '"""'), ('"x', 'x"', 'x"y'), ("1", 'a,"b",c', "2")),
    ),
    Case(
        "null beside empty text",
        b'a,b,c\n1,,""\n,"",\n"","",""\n,,\n',
        rows(("1", None, ""), (None, "", None), ("", "", ""), (None, None, None)),
    ),
    Case(
        "lines of backslash and dot",
        b'a,b,c\n1,rye,2\n"\n\\.\n",oat,3\n2,oat,3\n',
        rows(ONE, ("\n\\.\n", "oat", "3"), TWO),
    ),
    Case(
        "a line of only backslash and dot",
        b"a\n1\n\\.\n3\n",
        rows(("1",), ("\\.",), ("3",)),
        columns=("a",),
    ),
    Case(
        "blank lines of one column",
        b"a\n1\n\n\n4\n\n",
        rows(("1",), (None,), (None,), ("4",), (None,)),
        columns=("a",),
    ),
    Case(
        "blank lines of one column, crlf",
        b'a\r\n1\r\n\r\n""\r\n4\r\n',
        rows(("1",), (None,), ("",), ("4",)),
        columns=("a",),
    ),
    Case("every value quoted", b'"a","b","c"\n"1","rye","2"\n"2","oat","3"\n', rows(ONE, TWO)),
    Case(
        "a million bytes in one line of short fields",
        b"a,b,c\n" + b"1,rye,2\n" * 3 + b",".join([b"x" * 333_333] * 3) + b"\n2,oat,3\n",
        rows(ONE, ONE, ONE, ("x" * 333_333,) * 3, TWO),
    ),
    Case(
        "records of one byte's fields",
        HEADER + b"1,2,3\n" * 3000,
        rows(*[("1", "2", "3")] * 3000),
    ),
    Case(
        "quoted line ends everywhere",
        HEADER + b'"\n","\n","\n"\n' * 3000,
        rows(*[("\n", "\n", "\n")] * 3000),
    ),
    Case(
        "quotes everywhere",
        HEADER + b'"""","""""",","\n' * 3000,
        rows(*[('"', '""', ",")] * 3000),
    ),
    _huge(1),
    _huge(10),
    _wide(1_000),
    _wide(1_598),
    _too_wide(1_599),
    _too_wide(1_600),
    _too_wide(2_000),
    Case(
        "a row wider than a page",
        _many_columns(1_500, "a longer value")[1].encode(),
        refused="row is too big",
        columns=_many_columns(1_500, "")[0],
    ),
]
