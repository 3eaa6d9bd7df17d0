"""What is wrong with a record, how far it reaches, and where it stands in its file."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.errors import RejectsError
from loader.loading.budget import Budget, Rejects
from loader.reading import records
from loader.reading.blocks import Shape, Splitter
from loader.reading.dialect import Dialect
from loader.reading.encoding import Utf16AsUtf8
from loader.reading.records import Reject, locate, text_fault


def judged(content: bytes, shape: Shape, first: int = 1) -> tuple[bytes, list[Reject]]:
    """Judge all of a file, whatever COPY would say."""
    out, rejects, number = b"", [], first
    for block in Splitter(io.BytesIO(content), shape):
        for _ in block.pieces():
            pass
        out += b"".join(block.judged(number, rejects.append))
        number += block.records or 0
    return out, rejects


DIRTY = (
    b'1,"quoted\nline",2\n'
    b"2,too few\n"
    b"3,too,many,fields\n"
    b"4,\xff\xfe,2\n"
    b"5,n\0l,2\n"
    b"6,stray\rreturn,2\n"
    b"7,rye,2\r\n"
    b"\n"
    b'9,5" pipe,2\n'
    b'10,"a" b,2\n'
    b'11,"never closed,2\n'
    b"12,oat,3\n"
)


def test_each_fault_has_a_reason_and_a_message() -> None:
    out, rejects = judged(DIRTY, Shape(Dialect(), 3, b"\n"))
    assert out == b'1,1,"quoted\nline",2\n7,7,rye,2\n12,12,oat,3\n'
    assert [(x.record_number, x.byte_offset, x.reason, x.message, x.line) for x in rejects] == [
        (2, 18, "too_few_fields", "has 2 fields, the header names 3", b"2,too few"),
        (3, 28, "too_many_fields", "has 4 fields, the header names 3", b"3,too,many,fields"),
        (4, 46, "invalid_utf8", "is not UTF-8: byte 0xff at byte 3", b"4,\xff\xfe,2"),
        (5, 53, "nul_byte", "holds a NUL byte at byte 4", b"5,n\0l,2"),
        (
            6,
            61,
            "stray_carriage_return",
            "holds a carriage return outside quotes",
            b"6,stray\rreturn,2",
        ),
        (8, 87, "too_few_fields", "has 1 fields, the header names 3", b""),
        (9, 88, "broken_quoting", "holds a quote within an unquoted field", b'9,5" pipe,2'),
        (10, 100, "broken_quoting", "holds text after a closing quote", b'10,"a" b,2'),
        (11, 111, "broken_quoting", "opens a quote that is never closed", b'11,"never closed,2'),
    ]


@pytest.mark.parametrize(
    ("lines", "good", "bad"),
    [
        # A stray quote costs its own line, whether a later quote closes it or none does.
        (b'1,a"b,c\n2,d,e\n3,f,g\n', [2, 3], [1]),
        (b'1,a,b"c\n2,d,e\n3,f"g,h\n4,i,j\n', [2, 4], [1, 3]),
        # So does one that is never closed, also when the next line is faulty, too.
        (b'1,a,"b\n2,d,e\n3,f,g\n', [2, 3], [1]),
        (b'1,a,"b\n2,d\n3,"f",g\n4,h,i\n', [3, 4], [1, 2]),
        # A quoted field that the end of the file cuts off: one record.
        (b'1,a,b\n2,c,"d\ne\nf', [1], [2]),
        # A sound record of several lines in between is left as it is.
        (b'1,a"b,c\n2,"d\n,,\n",e\n3,f,g\n', [2, 3], [1]),
        # So is a faulty one of which no line is a whole record.
        (b'1,"a\nb",c,d\n2,e,f\n', [2], [1]),
        (b'1,"a\nb ""c""\nd" e,f\n2,g,h\n', [2], [1]),
    ],
)
def test_a_stray_quote_does_not_swallow_the_file(
    lines: bytes, good: list[int], bad: list[int]
) -> None:
    out, rejects = judged(lines, Shape(Dialect(), 3, b"\n"))
    assert [reject.record_number for reject in rejects] == bad
    assert [int(line.split(b",")[0]) for line in out.splitlines() if line[:1].isdigit()] == good


def test_a_faulty_last_line_without_end_is_one_record() -> None:
    content = b'1,a,b\n2,c"d,e\n3,f"g,h\n4'
    out, rejects = judged(content, Shape(Dialect(), 3, b"\n"))
    assert out == b"1,1,a,b\n"
    assert [reject.line for reject in rejects] == [b'2,c"d,e', b'3,f"g,h', b"4"]


def test_a_quote_that_is_never_closed_costs_one_line_of_a_large_file() -> None:
    lines = [b"%d,a,b\n" % number for number in range(1, 600_001)]
    lines[4] = b'5,a,"b\n'
    out, rejects = judged(b"".join(lines), Shape(Dialect(), 3, b"\n"))
    assert [reject.line for reject in rejects] == [b'5,a,"b']
    assert out.count(b"\n") == 599_999


def test_a_value_of_many_lines_is_not_taken_for_a_quote_that_is_never_closed() -> None:
    text = b"\n".join(b"line %d, with a comma" % number for number in range(200_000))
    content = b'1,"%b",c\n2,d\n' % text
    out, rejects = judged(content, Shape(Dialect(), 3, b"\n"))
    assert out == b'1,1,"%b",c\n' % text
    assert [reject.line for reject in rejects] == [b"2,d"]


@pytest.mark.parametrize("lines", [False, True])
def test_a_record_over_64_mb_is_set_aside_and_what_follows_is_read(lines: bool) -> None:
    long = (b"x" * 999 + (b"\n" if lines else b"x")) * (68 * 1000)
    content = b'1,a,b\n2,"%bx",c\n3,d,e\n' % long
    out, rejects = judged(content, Shape(Dialect(), 3, b"\n"))
    assert out.startswith(b"1,1,a,b\n")
    assert out.endswith(b",3,d,e\n")
    assert rejects[0].reason == "too_long"
    assert rejects[0].message == "is longer than 64 MB; its first 64 KB are kept"
    assert rejects[0].line == content[6 : 6 + 64 * 1024]


def test_numbers_are_quoted_where_a_digit_means_something_else() -> None:
    content = b"a|7|\nb|c|d\n"
    shape = Shape(Dialect(delimiter="|", nulls=("7",)), 3, b"\n")
    assert judged(content, shape, first=6)[0] == b'"6"|a|7|\n"7"|b|c|d\n'
    shape = Shape(Dialect(delimiter="1", quote="2"), 2, b"\n")
    assert judged(b"a1b\nc1d\n", shape, first=21)[0] == b"222121a1b\n2222221c1d\n"


def test_other_null_markers_are_written_as_the_first() -> None:
    shape = Shape(Dialect(nulls=("NULL", "", "n/a")), 4, b"\n")
    out, _ = judged(b'NULL,,n/a,"n/a"\n"",x,"",\n', shape)
    assert out == b'1,NULL,NULL,NULL,"n/a"\n2,"",x,"",NULL\n'


def test_without_quotes_the_stand_in_for_one_arrives_as_it_is() -> None:
    shape = Shape(Dialect(quote=None), 2, b"\n")
    out, rejects = judged(b'a\x01b,"c\nd,e\n', shape)
    assert out == b'1,\x01a\x01\x01b\x01,"c\n2,d,e\n'
    assert rejects == []


def test_records_between_many_comments_are_numbered_one_by_one() -> None:
    shape = Shape(Dialect(comment="#"), 2, b"\n")
    content = b"".join(
        b"#\n" * (n % 7) + (b"bad\n" if n % 5 == 0 else b"a,b\n") for n in range(1, 90_001)
    )
    good, aside = judged(content, shape)
    assert good == b"".join(b"%d,a,b\n" % n for n in range(1, 90_001) if n % 5)
    assert [reject.record_number for reject in aside] == [*range(5, 90_001, 5)]


def test_comments_are_no_records_however_long() -> None:
    shape = Shape(Dialect(comment="#"), 2, b"\n")
    content = b'# "one\na,b\n#' + b"x" * 3_000_000 + b'\n"c\n# no comment",d\n# end'
    assert judged(content, shape) == (b'1,a,b\n2,"c\n# no comment",d\n', [])


@pytest.mark.parametrize(
    ("line", "encoding", "reason", "message"),
    [
        (b"a\xe9", "utf-8", "invalid_utf8", "is not UTF-8: byte 0xe9 at byte 2"),
        (
            b"\xed\xa0\x80",
            "utf-16",
            "invalid_encoding",
            "is not UTF-16: holds half a character",
        ),
        (b"ab\x9d", "cp1252", "invalid_encoding", "is not cp1252: byte 0x9d at byte 3"),
        (b"\0", "latin-1", "nul_byte", "holds a NUL byte at byte 1"),
    ],
)
def test_text_that_postgresql_would_refuse(
    line: bytes, encoding: str, reason: str, message: str
) -> None:
    assert text_fault(line, encoding) == (reason, message)


def test_text_that_postgresql_takes() -> None:
    assert text_fault("ä€😀".encode()) is None
    assert text_fault(b"\x81\xff", "latin-1") is None
    assert text_fault(b"\x80\xff", "cp1252") is None


@given(
    st.text(st.sampled_from(["a", "\n", "\r", "ä", "€", "😀", "\ud800"]), max_size=60),
    st.data(),
)
def test_rejects_are_located_in_their_file(text: str, data: st.DataObject) -> None:
    codec = data.draw(st.sampled_from(["utf-8", "utf-16-le", "utf-16-be"]))
    line_end = data.draw(st.sampled_from(["\n", "\r"]))
    file = ("\ufeff" + text).encode(codec, "surrogatepass")
    content = ("\ufeff" + text).encode("utf-8", "surrogatepass")
    places = data.draw(st.lists(st.integers(1, len(text) + 1), unique=True, max_size=5))
    rejects, expected = [], []
    line = data.draw(st.text(st.sampled_from(["a", "ä", "€", "😀", "\ud800"]), max_size=9))
    for number, place in enumerate(sorted(places), start=1):
        before = "\ufeff" + text[: place - 1]
        offset = len(before.encode("utf-8", "surrogatepass"))
        kept = line.encode("utf-8", "surrogatepass")
        reject = Reject(number, 0, offset, "too_few_fields", "", kept)
        rejects.append(reject)
        expected.append(
            reject._replace(
                line_number=before.count(line_end) + 1,
                byte_offset=len(before.encode(codec, "surrogatepass")),
                line=line.encode(codec, "surrogatepass"),
            )
        )
    stream: io.BufferedIOBase = io.BytesIO(content)
    if codec != "utf-8":
        stream = io.BufferedReader(Utf16AsUtf8(io.BytesIO(file)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "_PIECE", data.draw(st.integers(1, 10)))
        found = locate(stream, list(reversed(rejects)), codec, line_end.encode())
    assert found == expected


def test_the_judgement_ends_where_nobody_takes_rejects() -> None:
    shape = Shape(Dialect(), 3, b"\n")
    rejects = Rejects(Path("x.csv"), Budget.parse("5"))
    block = next(iter(Splitter(io.BytesIO(b"a,b\n" * 1000), shape)))
    assert sum(map(len, block.pieces())) == 4000
    with pytest.raises(RejectsError, match="record 1: has 2 fields"):
        list(block.judged(1, rejects.add))
    assert len(rejects) == 6
