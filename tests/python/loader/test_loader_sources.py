"""What sources.yml may say, what a table inherits, and what is refused with a fix."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from loader.__main__ import main
from loader.commands.rejects import rejects
from loader.durations import parse_duration
from loader.errors import SourcesError
from loader.names import COMMANDS
from loader.sources import FilesSource, PostgresSource, Sources, Table, parse_sources

FILES = """
x:
  layout: files
  {source}
  tables:
    t: {{format: {format}, patterns: ["*.csv"], columns: [a, b], {table}}}
"""

POSTGRES = """
x:
  type: postgres
  url_env: CRM_URL
  tables:
    t: {{{table}}}
"""


def read(text: str) -> Sources:
    return parse_sources(text, "sources.yml")


def declared(*, source: str = "", table: str = "", form: str = "csv") -> Table:
    return read(FILES.format(source=source, table=table, format=form)).files("x").tables["t"]


def copied(table: str) -> PostgresSource:
    source = read(POSTGRES.format(table=table))["x"]
    assert isinstance(source, PostgresSource)
    return source


def refusal(text: str) -> str:
    with pytest.raises(SourcesError) as caught:
        read(text)
    assert caught.value.message.startswith("sources.yml: ")
    return caught.value.message.removeprefix("sources.yml: ")


def test_what_holds_without_a_word() -> None:
    table = declared()
    assert (table.dialect.delimiter, table.dialect.nulls, table.dialect.header) == (
        ",",
        ("",),
        True,
    )
    assert (table.rename, table.schema_) == ({}, "evolve")


def test_every_key_of_a_dialect() -> None:
    keys = (
        r"""dialect: {delimiter: "\t", quote: "'", escape: "\\", header: false, skip_lines: 3, """
        r"""comment: "#", encoding: cp1252, line_ends: cr, nulls: ["", "NULL", '\N']}"""
    )
    assert declared(table=keys).dialect.model_dump() == {
        "delimiter": "\t",
        "quote": "'",
        "escape": "\\",
        "header": False,
        "skip_lines": 3,
        "comment": "#",
        "encoding": "cp1252",
        "line_ends": "cr",
        "nulls": ("", "NULL", "\\N"),
    }
    assert declared(table="dialect: {quote: null}").dialect.quote is None


def test_a_table_takes_its_sources_dialect_key_by_key() -> None:
    source = 'dialect: {delimiter: ";", encoding: cp1252, nulls: ["", "-"]}'
    table = declared(source=source, table='dialect: {delimiter: "|", nulls: [x]}')
    assert (table.dialect.delimiter, table.dialect.encoding) == ("|", "cp1252")
    assert table.dialect.nulls == ("x",)
    assert declared(source=source).dialect.nulls == ("", "-")


def test_tables_in_other_formats_take_no_dialect() -> None:
    sources = read(
        "x: {layout: files, dialect: {delimiter: ;}, tables: {"
        "t: {format: csv, patterns: [a], columns: [a]}, "
        "u: {format: json, patterns: [b], columns: [a]}}}"
    )
    tables = sources.files("x").tables
    assert [table.dialect.delimiter for table in tables.values()] == [";", ","]


def test_in_batches_the_manifest_may_name_csv() -> None:
    sources = read(
        "x: {layout: batches, schema: strict, dialect: {delimiter: ;}, "
        "tables: {t: {columns: [a], dialect: {header: false}}}}"
    )
    table = sources.files("x").tables["t"]
    assert (table.dialect.delimiter, table.dialect.header) == (";", False)
    assert table.schema_ == "strict"


def test_schema_is_the_sources_or_the_tables() -> None:
    assert declared(source="schema: strict").schema_ == "strict"
    assert declared(source="schema: strict", table="schema: evolve").schema_ == "evolve"
    assert declared(table="schema: strict", form="json").schema_ == "strict"


def test_columns_are_renamed() -> None:
    table = declared(table='rename: {"": a, "Größe; drop": b, "B": b}')
    assert table.raw_columns(["", "B", "new"]) == ["a", "b", "new"]
    swapped = declared(table="rename: {a: b, b: a}")
    assert swapped.raw_columns(["a", "b"]) == ["b", "a"]


@pytest.mark.parametrize(
    ("source", "table", "form", "message"),
    [
        ("", "dialect: {delimiter: ;}", "json", "x.tables.t: json has no dialect"),
        ("", "dialect: {}", "parquet", "parquet has no dialect: remove it"),
        ("dialect: {delimiter: ;}", "", "json", "none of its tables is csv: remove dialect"),
        ("dialect: 5", "", "csv", "x.dialect: "),
        ("", "dialect: 5", "csv", "x.tables.t.dialect: "),
        ("dialect: {delimiter: ;}", "dialect: 5", "csv", "x.tables.t.dialect: "),
        ("", "dialect: {delimiter: ;;}", "csv", "x.tables.t.dialect.delimiter: "),
        ("", "dialect: {separator: ;}", "csv", "x.tables.t.dialect.separator: "),
        ("", "dialect: {delimiter: '\"'}", "csv", "delimiter, quote and comment must differ"),
        ("", "dialect: {encoding: koi8-r}", "csv", "x.tables.t.dialect.encoding: "),
        ("", "dialect: {nulls: []}", "csv", "x.tables.t.dialect.nulls: "),
        ("", "dialect: {nulls: [NULL]}", "csv", "YAML reads None here: put it in quotes"),
        ("", "dialect: {nulls: [no]}", "csv", "YAML reads False here: put it in quotes"),
        ("", "dialect: {skip_lines: -1}", "csv", "x.tables.t.dialect.skip_lines: "),
        ("", "rename: {c: d}", "csv", "rename gives the name 'd', which is not among"),
        ("", "rename: {a: b}", "csv", "takes the name 'a' away, so that nothing can fill"),
        (
            "",
            "dialect: {header: false}, rename: {c: a}",
            "csv",
            "files without a header name no columns: remove rename",
        ),
        ("", "schema: loose", "csv", "x.tables.t.schema: "),
        ("schema: loose", "", "csv", "x.schema: "),
        ("type: mysql", "", "csv", "x: type must be files or postgres"),
        ("url_env: X", "", "csv", "x.url_env: "),
    ],
)
def test_keys_that_make_no_sense(*, source: str, table: str, form: str, message: str) -> None:
    assert message in refusal(FILES.format(source=source, table=table, format=form))


def test_a_fault_of_a_default_is_told_once_for_all_tables() -> None:
    tables = "".join(f"t{n}: {{columns: [a]}}, " for n in range(9))
    found = refusal(
        f"x: {{layout: batches, schema: 1, dialect: {{header: 5}}, tables: {{{tables}}}}}"
    )
    assert found.startswith("x.dialect.header: ")
    assert "; x.schema: " in found
    assert "tables" not in found


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_commands_are_no_sources(name: str) -> None:
    found = refusal(f"{name}: {{layout: batches, tables: {{t: {{columns: [a]}}}}}}")
    assert f"{name!r} is a command of python -m loader: give the source another name" in found


def test_every_command_is_known_as_one() -> None:
    assert main.commands.keys() | rejects.commands.keys() == COMMANDS


def test_a_table_has_only_so_many_columns() -> None:
    names = ", ".join(f"c{n}" for n in range(1599))
    found = refusal(f"x: {{layout: batches, tables: {{t: {{columns: [{names}]}}}}}}")
    assert "1,599 columns are more than the 1,598 of a raw table" in found


def test_a_database() -> None:
    source = copied("key: [id], updated_at: 'changed; at', columns: [id, 'changed; at']")
    assert (source.type, source.url_env) == ("postgres", "CRM_URL")
    table = source.tables["t"]
    assert table.relation("t") == ("public", "t")
    assert (table.key, table.updated_at, table.columns) == (
        ["id"],
        "changed; at",
        ["id", "changed; at"],
    )
    assert table.overlap == timedelta(minutes=5)
    assert copied("key: [id]").tables["t"].columns is None


def test_a_database_and_files_side_by_side() -> None:
    sources = read(
        FILES.format(source="", table="", format="csv")
        + POSTGRES.replace("x:", "y:").format(table="key: [id]")
    )
    assert isinstance(sources["x"], FilesSource)
    assert isinstance(sources["y"], PostgresSource)
    with pytest.raises(SourcesError, match=r"y is a database \(type: postgres\)"):
        sources.files("y")


@pytest.mark.parametrize(
    ("written", "relation"),
    [
        ("crm.orders", ("crm", "orders")),
        ("Crm.Or ders; drop", ("Crm", "Or ders; drop")),
        ('"a.b"."c ""d"""', ("a.b", 'c "d"')),
        ('crm."größe\n"', ("crm", "größe\n")),
    ],
)
def test_where_a_table_is_copied_from(written: str, relation: tuple[str, str]) -> None:
    quoted = written.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    assert copied(f'from: "{quoted}", key: [id]').tables["t"].relation("t") == relation


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("key: []", "x.tables.t.key: "),
        ("key: [a, a]", "key names a column twice"),
        ("key: ['']", "'' cannot be a name in PostgreSQL"),
        ("key: [" + "ä" * 32 + "]", "longer than PostgreSQL's 63 bytes"),
        ('key: ["a\\0"]', "cannot be a name in PostgreSQL"),
        ("key: [id], columns: [a]", "columns lack 'id', which key or updated_at names"),
        ("key: [id], columns: [id], updated_at: at", "columns lack 'at'"),
        ("key: [id], columns: [id, id]", "column 'id' is named twice"),
        ("key: [id], columns: [id, _load_id]", "that the loader keeps for itself"),
        ("key: [id], overlap: 1h", "without updated_at nothing can overlap: remove overlap"),
        ("key: [id], updated_at: at, overlap: 5", "x.tables.t.overlap: "),
        ("key: [id], updated_at: at, overlap: soon", "write it like 30s, 5 minutes, 1h or 2d"),
        (
            "key: [id], from: Order lines",
            "'Order lines' is not schema.table, such as public.orders",
        ),
        ("key: [id], from: a.b.c", "'a.b.c' is not schema.table"),
        ("key: [id], from: crm." + "x" * 64, "longer than PostgreSQL's 63 bytes"),
        ("key: [id], patterns: [a]", "x.tables.t.patterns: "),
    ],
)
def test_what_a_table_of_a_database_cannot_be(table: str, message: str) -> None:
    assert message in refusal(POSTGRES.format(table=table))


@pytest.mark.parametrize(
    "line", ["url: postgresql://me:secret@db/x", "url_env: postgresql://me:secret@db/x"]
)
def test_a_url_in_the_file_is_refused_and_not_repeated(line: str) -> None:
    text = POSTGRES.format(table="key: [id]").replace("url_env: CRM_URL", line)
    found = refusal(text)
    assert "put it into an environment variable and name that in url_env" in found
    assert "secret" not in found


def test_the_variable_must_be_one() -> None:
    found = refusal(POSTGRES.format(table="key: [id]").replace("CRM_URL", "MY-URL"))
    assert "x.url_env: is not the name of an environment variable" in found


def test_shop_and_retail_are_declared_as_ever() -> None:
    sources = read(Path("loader/sources.yml").read_text(encoding="utf-8"))
    assert sources.files("shop").layout == "batches"
    assert sources.files("online_retail").tables["invoice_lines"].format == "csv"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30s", timedelta(seconds=30)),
        ("1 second", timedelta(seconds=1)),
        ("5 minutes", timedelta(minutes=5)),
        ("5m", timedelta(minutes=5)),
        (" 1h ", timedelta(hours=1)),
        ("2 hours", timedelta(hours=2)),
        ("2d", timedelta(days=2)),
        ("0 days", timedelta(0)),
    ],
)
def test_durations(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize("text", ["", "5", "h", "-1h", "1.5h", "1 week", "1h 5m", "999999999 d1"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration: write it like 30s, 5 minutes"):
        parse_duration(text)
