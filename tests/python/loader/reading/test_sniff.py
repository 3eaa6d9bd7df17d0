"""What `sniff` proposes describes the file: loaded as sources.yml, it reads the file back."""

from __future__ import annotations

import csv
import fnmatch
import gzip
import io
import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from loader.commands.sniff import sniff_command
from loader.reading.header import read_header
from loader.sources import FilesSource, Table, load_sources, parse_sources

Rows = list[list[str | None]]


def call(path: Path, *arguments: str) -> str:
    result = CliRunner().invoke(sniff_command, [str(path), *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def refusal(path: Path, *arguments: str) -> str:
    result = CliRunner().invoke(sniff_command, [str(path), *arguments], catch_exceptions=False)
    assert (result.exit_code, result.stdout) == (1, "")
    return result.stderr


def proposed(path: Path, *arguments: str) -> tuple[Table, str]:
    """The table that is declared when all that `sniff` prints is pasted, and what it prints."""
    output = call(path, *arguments)
    sources = path.parent / "pasted.yml"
    sources.write_text(output, encoding="utf-8")
    (source,) = load_sources(sources).root.values()
    assert isinstance(source, FilesSource)
    (table,) = source.tables.values()
    assert any(fnmatch.fnmatchcase(path.name, pattern) for pattern in table.patterns)
    return table, output


def read_back(table: Table, content: bytes) -> tuple[list[str], Rows]:
    """Columns and rows of a file by its declaration; the records by Python's own reader."""
    dialect = table.dialect
    if dialect.encoding == "utf-16":
        codec = "utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-16-le"
        content = content.decode(codec, errors="replace").encode()
    header = read_header(io.BufferedReader(io.BytesIO(content)), table, "file")
    text = content[header.offset :].decode(dialect.codec, errors="replace")
    if header.line_end == b"\r":
        text = text.replace("\r", "\n")
    rows = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        quoting=csv.QUOTE_NONE if dialect.quote is None else csv.QUOTE_MINIMAL,
        doublequote=dialect.escape is None,
        escapechar=dialect.escape,
    )
    data = [row for row in rows if not (dialect.comment and row and row[0][:1] == dialect.comment)]
    return header.columns, [
        [None if value in dialect.nulls else value for value in row] for row in data
    ]


@dataclass
class Case:
    """A file and what is to be found in it."""

    name: str
    content: bytes
    columns: list[str]
    rows: Rows
    dialect: dict[str, Any] = field(default_factory=dict)
    rename: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    ended: bool = True


PEOPLE: Rows = [["1", "Ann", "12.50"], ["2", "Bob", "3.00"], ["3", "Cy", "4.25"]]
NAMED = ["id", "name", "amount"]
PLAIN = b"id,name,amount\n1,Ann,12.50\n2,Bob,3.00\n3,Cy,4.25\n"


def people(delimiter: str = ",", end: str = "\n") -> str:
    return end.join(delimiter.join(row) for row in [NAMED, *PEOPLE]) + end  # type: ignore[arg-type]


CASES = [
    Case("plain", PLAIN, NAMED, PEOPLE),
    Case("semicolons", people(";").encode(), NAMED, PEOPLE, {"delimiter": ";"}),
    Case("tabs", people("\t").encode(), NAMED, PEOPLE, {"delimiter": "\t"}),
    Case("pipes", people("|").encode(), NAMED, PEOPLE, {"delimiter": "|"}),
    Case("colons", people(":").encode(), NAMED, PEOPLE, {"delimiter": ":"}),
    Case("tildes", people("~").encode(), NAMED, PEOPLE, {"delimiter": "~"}),
    Case("carets", people("^").encode(), NAMED, PEOPLE, {"delimiter": "^"}),
    Case("unit separators", people("\x1f").encode(), NAMED, PEOPLE, {"delimiter": "\x1f"}),
    Case("crlf", people(end="\r\n").encode(), NAMED, PEOPLE),
    Case("cr", people(end="\r").encode(), NAMED, PEOPLE, {"line_ends": "cr"}),
    Case(
        "lf, but the first is a cr",
        b'"id\rx",n\n1,2\n3,4\n',
        ["id x", "n"],
        [["1", "2"], ["3", "4"]],
        {"line_ends": "lf"},
        rename={"id\rx": "id x"},
    ),
    Case("no last line end", PLAIN[:-1], NAMED, PEOPLE, ended=False),
    Case("utf-8 with a mark", b"\xef\xbb\xbf" + PLAIN, NAMED, PEOPLE),
    Case("utf-16", people().encode("utf-16"), NAMED, PEOPLE, {"encoding": "utf-16"}),
    Case(
        "utf-16 big-endian",
        b"\xfe\xff" + people().encode("utf-16-be"),
        NAMED,
        PEOPLE,
        {"encoding": "utf-16"},
    ),
    Case("utf-16 no mark", people().encode("utf-16-le"), NAMED, PEOPLE, {"encoding": "utf-16"}),
    Case(
        "utf-16 tabs crlf",
        people("\t", "\r\n").encode("utf-16"),
        NAMED,
        PEOPLE,
        {"encoding": "utf-16", "delimiter": "\t"},
    ),
    Case(
        "cp1252",
        "id;größe;preis\n1;groß;2,50 €\n2;klein;1,00 €\n".encode("cp1252"),
        ["id", "größe", "preis"],
        [["1", "groß", "2,50 €"], ["2", "klein", "1,00 €"]],
        {"delimiter": ";", "encoding": "cp1252"},
        notes=["the encoding is one byte"],
    ),
    Case(
        "latin-1",
        b"id,name,amount\n1,Ann\x81,12.50\n2,B\xf6b,3.00\n",
        NAMED,
        [["1", "Ann\x81", "12.50"], ["2", "Böb", "3.00"]],
        {"encoding": "latin-1"},
        notes=["the encoding is one byte"],
    ),
    Case(
        "some broken utf-8",
        "id,name,amount\n1,größe ä,1\n2,straße ü,2\n".encode() + b"3,a\xffb,3\n",
        NAMED,
        [["1", "größe ä", "1"], ["2", "straße ü", "2"], ["3", "a\ufffdb", "3"]],
        notes=["1 places are not UTF-8"],
    ),
    Case(
        "arabic and emoji",
        "id,اسم,🌾\n1,قمح,🌾🌾\n2,شعير,x\n".encode(),
        ["id", "اسم", "🌾"],
        [["1", "قمح", "🌾🌾"], ["2", "شعير", "x"]],
    ),
    Case(
        "quoted",
        b'id,text\n1,"a, b"\n2,"say ""ah""\nand more"\n3,""\n',
        ["id", "text"],
        [["1", "a, b"], ["2", 'say "ah"\nand more'], ["3", None]],
    ),
    Case(
        "all quoted",
        b'"id";"text";"n"\n"1";"a;b";"5"\n"2";"c,d";"6"\n',
        ["id", "text", "n"],
        [["1", "a;b", "5"], ["2", "c,d", "6"]],
        {"delimiter": ";"},
    ),
    Case(
        "single quotes",
        b"id,text\n1,'a, b'\n2,'it''s, so'\n3,'c'\n",
        ["id", "text"],
        [["1", "a, b"], ["2", "it's, so"], ["3", "c"]],
        {"quote": "'"},
    ),
    Case(
        "backslashes",
        b'id,text\n1,"a \\"b\\", c"\n2,"d"\n3,"e\\\\"\n',
        ["id", "text"],
        [["1", 'a "b", c'], ["2", "d"], ["3", "e\\"]],
        {"escape": "\\"},
    ),
    Case(
        "folders, not escapes",
        b'id,path\n1,"C:\\dir\\"\n2,"C:\\a, b\\"\n',
        ["id", "path"],
        [["1", "C:\\dir\\"], ["2", "C:\\a, b\\"]],
    ),
    Case(
        "inches",
        b'id\tsize\n1\t5" x 7"\n2\t3" pipe\n3\tflat\n',
        ["id", "size"],
        [["1", '5" x 7"'], ["2", '3" pipe'], ["3", "flat"]],
        {"delimiter": "\t", "quote": None},
        notes=[],
    ),
    Case(
        "apostrophes",
        b"id,name,n\n1,O'Neill,1\n2,'t Hooft,2\n3,D'Arcy,3\n",
        ["id", "name", "n"],
        [["1", "O'Neill", "1"], ["2", "'t Hooft", "2"], ["3", "D'Arcy", "3"]],
    ),
    Case(
        "decimal commas",
        b"id;price\n1;2,50\n2;3,75\n3;1.000,00\n",
        ["id", "price"],
        [["1", "2,50"], ["2", "3,75"], ["3", "1.000,00"]],
        {"delimiter": ";"},
    ),
    Case(
        "decimal commas, no header",
        b"1;2,50;4,00\n2;3,75;5,00\n3;1,00;6,00\n",
        ["column_1", "column_2", "column_3"],
        [["1", "2,50", "4,00"], ["2", "3,75", "5,00"], ["3", "1,00", "6,00"]],
        {"delimiter": ";", "header": False},
    ),
    Case(
        "times",
        b"id,at\n1,2025-01-01 10:20:30\n2,2025-01-02 11:21:31\n",
        ["id", "at"],
        [["1", "2025-01-01 10:20:30"], ["2", "2025-01-02 11:21:31"]],
    ),
    Case(
        "times, no header",
        b"2025-01-01 10:20:30,5\n2025-01-02 11:21:31,6\n",
        ["column_1", "column_2"],
        [["2025-01-01 10:20:30", "5"], ["2025-01-02 11:21:31", "6"]],
        {"header": False},
    ),
    Case(
        "one column of times",
        b"at\n10:20:30\n11:21:31\n12:22:32\n",
        ["at"],
        [["10:20:30"], ["11:21:31"], ["12:22:32"]],
    ),
    Case(
        "one column of words",
        b"name\nAnn Lee\nBob Ray\n",
        ["name"],
        [["Ann Lee"], ["Bob Ray"]],
        notes=["names the columns, or so"],
    ),
    Case(
        "prose in a field",
        b"id\ttext\n1\tHello, you; there: a|b\n2\tNo\n3\tOne, two, three\n",
        ["id", "text"],
        [["1", "Hello, you; there: a|b"], ["2", "No"], ["3", "One, two, three"]],
        {"delimiter": "\t"},
    ),
    Case(
        "no header",
        b"1,Ann,12.50\n2,Bob,3.00\n3,Cy,4.25\n",
        ["column_1", "column_2", "column_3"],
        PEOPLE,
        {"header": False},
    ),
    Case(
        "words without a header",
        b"rye,field\noat,barn\nrye,barn\n",
        ["column_1", "column_2"],
        [["rye", "field"], ["oat", "barn"], ["rye", "barn"]],
        {"header": False},
    ),
    Case(
        "words",
        b"grain,place\nrye,field\noat,barn\n",
        ["grain", "place"],
        [["rye", "field"], ["oat", "barn"]],
        notes=["names the columns, or so it seems"],
    ),
    Case("header only", b"order_id,customer_id\n", ["order_id", "customer_id"], []),
    Case(
        "title",
        b"Sales of 2025\nmade by: it's \"us\n\n" + PLAIN,
        NAMED,
        PEOPLE,
        {"skip_lines": 3},
        notes=["what stands before line 4 is taken for a title"],
    ),
    Case(
        "title, no header",
        b"Sales of 2025\n1;a;2\n2;b;3\n3;c;4\n",
        ["column_1", "column_2", "column_3"],
        [["1", "a", "2"], ["2", "b", "3"], ["3", "c", "4"]],
        {"skip_lines": 1, "header": False, "delimiter": ";"},
        notes=["before line 2 is taken"],
    ),
    Case(
        "comments",
        b"# made, by us\n# it's \"new\n" + PLAIN[:-10] + b"# the end\n",
        NAMED,
        PEOPLE[:2],
        {"comment": "#"},
    ),
    Case(
        "title and comments",
        b"Sales\n% x\nid,n\n1,2\n% y\n3,4\n",
        ["id", "n"],
        [["1", "2"], ["3", "4"]],
        {"skip_lines": 1, "comment": "%"},
        notes=["before line 3"],
    ),
    Case("hashes that are data", b"tag,n\n#a,1\n#b,2\n", ["tag", "n"], [["#a", "1"], ["#b", "2"]]),
    Case(
        "NULL",
        b"id,name,n\n1,NULL,5\n2,Bob,NULL\n3,Cy,7\n",
        ["id", "name", "n"],
        [["1", None, "5"], ["2", "Bob", None], ["3", "Cy", "7"]],
        {"nulls": ["NULL"]},
        notes=["an empty field will be an empty text, not null"],
    ),
    Case(
        "NULL and empty",
        b"id,name,n\n1,NULL,\n2,Bob,NULL\n3,Cy,7\n",
        ["id", "name", "n"],
        [["1", None, None], ["2", "Bob", None], ["3", "Cy", "7"]],
        {"nulls": ["NULL", ""]},
    ),
    Case(
        "backslash N",
        b"id\tname\n1\t\\N\n2\t\n3\tCy\n",
        ["id", "name"],
        [["1", None], ["2", ""], ["3", "Cy"]],
        {"delimiter": "\t", "nulls": ["\\N"]},
        notes=["an empty field will be an empty text"],
    ),
    Case(
        "dashes for numbers",
        b"id,n\n1,-\n2,5\n3,-\n4,6\n5,7\n",
        ["id", "n"],
        [["1", None], ["2", "5"], ["3", None], ["4", "6"], ["5", "7"]],
        {"nulls": ["-"]},
        notes=["an empty field"],
    ),
    Case(
        "Namibia",
        b"id,country\n1,NA\n2,DE\n3,US\n",
        ["id", "country"],
        [["1", "NA"], ["2", "DE"], ["3", "US"]],
        notes=["'NA' in 'country' may stand for null"],
    ),
    Case(
        "an index without a name",
        b",n\n0,5\n1,6\n",
        ["column_1", "n"],
        [["0", "5"], ["1", "6"]],
        rename={"": "column_1"},
    ),
    Case(
        "a delimiter at the end",
        b"id,n,\n1,5,\n2,6,\n",
        ["id", "n", "column_3"],
        [["1", "5", None], ["2", "6", None]],
        rename={"": "column_3"},
    ),
    Case(
        "names that raw cannot have",
        b'"a\nb",_row_id,' + b"x" * 70 + b"\n1,2,3\n4,5,6\n",
        ["a b", "row_id", "x" * 63],
        [["1", "2", "3"], ["4", "5", "6"]],
        rename={"a\nb": "a b", "_row_id": "row_id", "x" * 70: "x" * 63},
    ),
    Case(
        "a name twice",
        b"# x\nid,n,n\n1,5,6\n2,6,7\n",
        ["id", "n", "n_2"],
        [["1", "5", "6"], ["2", "6", "7"]],
        {"header": False, "skip_lines": 2, "comment": "#"},
        notes=["names a column twice"],
    ),
    Case(
        "names that YAML would take for something else",
        b"no,on,yes,null,'x\n1,2,3,4,5\n6,7,8,9,0\n",
        ["no", "on", "yes", "null", "'x"],
        [["1", "2", "3", "4", "5"], ["6", "7", "8", "9", "0"]],
    ),
    Case(
        "formulas and SQL",
        b"id,text\n1,=1+1\n2,@SUM(A1)\n3,'; drop table x; --\n",
        ["id", "text"],
        [["1", "=1+1"], ["2", "@SUM(A1)"], ["3", "'; drop table x; --"]],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_proposal_describes_its_file(tmp_path: Path, case: Case) -> None:
    path = tmp_path / "sacks.csv"
    path.write_bytes(case.content)
    table, output = proposed(path)
    found = table.dialect.model_dump(exclude_unset=True)
    assert found == {
        **case.dialect,
        **({"nulls": tuple(case.dialect["nulls"])} if "nulls" in case.dialect else {}),
    }
    assert (table.columns, table.rename) == (case.columns, case.rename)
    assert read_back(table, case.content) == (case.columns, case.rows)
    assert table.last_line_end == ("required" if case.ended else "optional")
    notes = [line for line in output.splitlines() if line.startswith("# not sure")]
    assert len(notes) == len(case.notes), notes
    for note, expected in zip(notes, case.notes, strict=True):
        assert expected in note


# Texts and bytes with much that means something, somewhere.
HOSTILE = st.one_of(
    st.text(st.sampled_from("ab1,;'\"\\ \t|#\n\r\0-N:{}[]ä€\u2028\ufeff"), max_size=60).map(
        str.encode
    ),
    st.lists(st.sampled_from(["id", "1", '"a"', "'", "NULL", "", "a b", "2025-01-01"]), max_size=40)
    .map(",".join)
    .map(lambda text: text.replace(",,", "\n").encode()),
    st.binary(max_size=60),
)


@given(content=HOSTILE, suffix=st.sampled_from(["csv", "json", "csv.gz", "csv.zst", "parquet"]))
def test_any_bytes_give_what_loads_or_a_reason(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str
) -> None:
    path = tmp_path_factory.mktemp("any") / f"s.{suffix}"
    path.write_bytes(content)
    result = CliRunner().invoke(sniff_command, [str(path)], catch_exceptions=False)
    if result.exit_code:
        assert result.stderr.startswith(f"Error: {path}: ")
        return
    table = parse_sources(result.stdout, "pasted").files("s").tables["rows"]
    if table.format == "csv":
        columns, _ = read_back(table, content)
        assert columns == table.columns


def test_compressed_files(tmp_path: Path) -> None:
    zst = pa.Codec("zstd").compress(PLAIN, asbytes=True)
    for name, content in (("s.csv.gz", gzip.compress(PLAIN)), ("s.csv.zst", zst)):
        (tmp_path / name).write_bytes(content)
        table, _ = proposed(tmp_path / name)
        assert table.columns == NAMED
        (tmp_path / "s.csv").write_bytes(content)
        assert "is compressed, but its name does not end in" in refusal(tmp_path / "s.csv")


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    lines = [{"id": 1, "a b": None}, {"id": 2.5, "": [1], "_row_id": True}]
    path.write_text("\n".join(map(json.dumps, lines)))
    table, output = proposed(path)
    assert (table.format, table.columns) == ("json", ["id", "a b", "column_3", "row_id"])
    assert table.rename == {"": "column_3", "_row_id": "row_id"}
    assert table.last_line_end == "optional"
    assert "# 2.5   ∅     […]        true" in output


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    pq.write_table(pa.table({"id": [1, None], "_load_id": [date(2025, 1, 2), None]}), path)
    table, output = proposed(path)
    assert (table.format, table.columns) == ("parquet", ["id", "load_id"])
    assert table.rename == {"_load_id": "load_id"}
    assert "# 1    2025-01-02\n# ∅    ∅\n" in output


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("s.csv", b"", "is empty"),
        ("s.csv", bytes(range(1, 32)) * 9, "does not look like text"),
        ("s.csv", people().encode("utf-16-be"), "big-endian UTF-16 without a byte order mark"),
        ("s.csv", ",".join(f"c{n}" for n in range(2000)).encode(), "has 2,000 columns"),
        ("s.json", b'[{"a": 1},\n {"a": 2}]\n', "is JSON, but not one object a line"),
        ("s.json", b'{\n "a": 1\n}\n', "is JSON, but not one object a line"),
        ("s.csv.gz", b"id,name\n", "is not sound gzip"),
        ("s.csv.gz", gzip.compress(PLAIN)[:-9], "is not sound gzip"),
        ("s.csv.zst", b"id,name\n", "cannot be read"),
        ("s.parquet", b"PAR1xx", "is not sound Parquet"),
    ],
)
def test_what_is_no_delivery(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    found = refusal(path)
    assert found.startswith(f"Error: {path}: ")
    assert message in found


def test_doubts_are_told(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes(PLAIN + b'4,x\n\n5,"a" b,3\n6,"x, y",2\n' + PLAIN[15:] * 3 + b"6,\0,1\n")
    _, output = proposed(path)
    assert "# not sure: records with a NUL byte will be set aside" in output
    assert (
        "# not sure: 2 records of the sample will be set aside, for they do not have 3 fields or "
        "have broken quotes; the first is line 5" in output
    )
    assert "# not sure: empty lines, the first is line 6, will be set aside" in output


def test_only_the_beginning_of_a_large_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    rows = "".join(f'{n},"name ""{n}""\nof two lines",{n}.50\n' for n in range(60_000))
    path.write_text(f"id,name,amount\n{rows}")
    assert path.stat().st_size > 2 * 1024**2
    table, output = proposed(path)
    assert table.columns == NAMED
    assert not table.dialect.model_fields_set
    assert "not sure" not in output
    path.write_text(f"id,name,amount\n{rows}9,x,1")
    assert proposed(path)[0].last_line_end == "optional"


@pytest.mark.parametrize(
    ("file", "arguments", "source", "table", "pattern"),
    [
        ("Sales-2025-01-03.csv", [], "sales", "rows", "Sales-*.csv"),
        ("sales.csv", ["--source", "crm"], "crm", "sales", "sales.csv"),
        ("part-00001.csv", ["--source", "crm", "--table", "t"], "crm", "t", "part-*.csv"),
        ("2025_q1.csv", [], "q1", "rows", "*_q1.csv"),
        ("20250103.csv", [], "files", "rows", "*.csv"),
        ("load.csv", [], "load_files", "rows", "load.csv"),
        ("3d.csv", [], "files_3d", "rows", "3d.csv"),
        ("Größe [x]*.csv", [], "gr_e_x", "rows", "Größe [[]x][*].csv"),
        ("x" * 90 + ".csv", [], "x" * 30, "rows", "x" * 90 + ".csv"),
    ],
)
def test_names_by_the_file(
    *, tmp_path: Path, file: str, arguments: list[str], source: str, table: str, pattern: str
) -> None:
    (tmp_path / file).write_bytes(PLAIN)
    declared, output = proposed(tmp_path / file, *arguments)
    entry = yaml.safe_load(output)
    assert list(entry) == [source]
    assert list(entry[source]["tables"]) == [table]
    assert declared.patterns == [pattern]


def test_a_name_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_bytes(PLAIN)
    found = refusal(tmp_path / "s.csv", "--source", "No; such")
    assert f"the proposal for {tmp_path / 's.csv'}: No; such" in found


def test_the_preview_shows_no_control_characters(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_bytes("id,text\n1,\x1b[31mred\u2028\n2,[bold]x[/bold]\n".encode())
    _, output = proposed(tmp_path / "s.csv")
    assert "# 1    \\x1b[31mred\\u2028" in output
    assert "# 2    [bold]x[/bold]" in output
