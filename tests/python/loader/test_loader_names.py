"""Names that a shell, SQL or a path could take for more than names: they load, or are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from loader.__main__ import main

GOOD = "id,grain,weight\n1,rye,2\n"

FILES = [
    "sacks 'quoted'.csv",
    'sacks "double".csv',
    "sacks; drop schema raw cascade; --.csv",
    "sacks %s %(x)s %% {} {0}.csv",
    "sacks $(id) `id` | & > x.csv",
    "sacks\\back\\slash.csv",
    "sacks größe 数量 👩‍👧.csv",
    "sacks e\u0301 not normalised.csv",
    "sacks é normalised.csv",
    "sacks שלום.csv",
    "sacks -- --help.csv",
    "sacks..csv",
    "sacks...csv",
    "sacks [a-z]?*.csv",
    "sacks #fragment?query=1&x.csv",
    "sacks " + "n" * 200 + ".csv",
]

COLUMNS = [
    'a"b',
    "a'b",
    'x"; drop schema raw cascade; --',
    "%s %(id)s %%",
    "{} {0} {id}",
    "two words ",
    " before",
    "semi;colon",
    "back\\slash\\",
    "größe",
    "数量",
    "👩‍👧",
    "e\u0301",
    "é",
    "שלום",
    "select",
    "SELECT",
    "ctid_",
    "$1",
    ":name",
    "n" * 63,
    "ö" * 31,
    "_x",
    "1",
    "a.b",
    "=cmd()",
]


@pytest.fixture
def declared(tmp_path: Path, landing: Path, database_url: str, monkeypatch: pytest.MonkeyPatch):
    """Runs the command on a table with these columns, and sources.yml with more keys of it."""
    monkeypatch.setenv("DATABASE_URL", database_url)

    def call(columns: list[str], **more: object) -> Result:
        table = {"format": "csv", "patterns": ["sacks*.csv"], "columns": columns, **more}
        path = tmp_path / "own.yml"
        path.write_text(yaml.safe_dump({"own": {"layout": "files", "tables": {"t": table}}}))
        return CliRunner().invoke(main, ["own", "--from", str(landing), "--sources", str(path)])

    return call


def test_files_with_hostile_names_load_under_them(cli, query, landing: Path) -> None:
    for name in FILES:
        (landing / name).write_text(GOOD)
    result = cli("mill", "--workers", "3")
    assert result.exit_code == 0, result.output
    assert {name for (name,) in query("select file from raw._loads")} == set(FILES)
    assert dict(query("select file, uri from raw._loads")) == {
        name: (landing / name).resolve().as_uri() for name in FILES
    }
    assert query("select count(*) from raw.mill_sacks") == [(len(FILES),)]
    assert cli().exit_code == 0
    assert query("select count(*) from raw.mill_sacks") == [(len(FILES),)]


@pytest.mark.parametrize(
    "name", ["sacks\n.csv", "sacks\x1b[31m.csv", "sacks\x7f.csv", b"sacks\xff.csv", "sacks\r.csv"]
)
def test_files_whose_names_would_garble_a_line_are_refused(
    cli, query, landing: Path, name: str | bytes
) -> None:
    path = landing / (name if isinstance(name, str) else name.decode(errors="surrogateescape"))
    path.write_text(GOOD)
    (landing / "sacks-good.csv").write_text(GOOD)
    result = cli()
    assert result.exit_code == 1
    assert "rename it" in result.output
    assert "\x1b[31m" not in result.output
    assert "Traceback" not in result.output
    assert query("select file from raw._loads where status = 'loaded'") == [("sacks-good.csv",)]


def test_a_bad_record_of_a_file_with_a_hostile_name(cli, query, landing: Path) -> None:
    name = "sacks %s '; drop schema raw; -- [red]x[bold].csv"
    (landing / name).write_text(GOOD + "2,oat\n")
    result = cli("mill", "--max-rejects", "0")
    assert result.exit_code == 1
    assert name in result.output
    assert query("select file, status from raw._loads") == [(name, "failed")]
    assert cli("mill", "--max-rejects", "1").exit_code == 0
    assert query("select count(*) from raw._rejects") == [(1,)]


@pytest.mark.parametrize("declare", [True, False], ids=["declared", "found in the header"])
def test_columns_with_hostile_names(declared, query, landing: Path, *, declare: bool) -> None:
    quoted = ",".join('"' + name.replace('"', '""') + '"' for name in ["id", *COLUMNS])
    values = [str(number) for number in range(len(COLUMNS) + 1)]
    (landing / "sacks.csv").write_text(f"{quoted}\n{','.join(values)}\n5,bad\n")
    result = declared(["id", *COLUMNS] if declare else ["id"])
    assert result.exit_code == 0, result.output
    ((row, rejects),) = query(
        "select to_jsonb(t) - '_load_id' - '_row_id', rejects from raw.own_t as t, raw._loads"
    )
    assert row == dict(zip(["id", *COLUMNS], values, strict=True))
    assert rejects == 1
    assert query("select columns from raw._loads") == [(["id", *COLUMNS],)]


def test_columns_are_renamed_to_hostile_names_and_from_them(declared, query, landing: Path) -> None:
    (landing / "sacks.csv").write_text('"x""; drop table y; --",%s\n1,2\n')
    rename = {'x"; drop table y; --': "id", "%s": 'to "this"'}
    result = declared(["id", 'to "this"'], rename=rename)
    assert result.exit_code == 0, result.output
    assert query("select to_jsonb(t) - '_load_id' - '_row_id' from raw.own_t as t") == [
        ({"id": "1", 'to "this"': "2"},)
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("n" * 64, "63 bytes"),
        ("ö" * 32, "63 bytes"),
        ("_load_id", "_load_id"),
        ("_row_id", "_row_id"),
        ("a\tb", "control character"),
        ("a\x7f", "control character"),
        ("", "no name"),
        ("ctid", "ctid"),
        ("xmin", "xmin"),
        ("tableoid", "tableoid"),
    ],
)
@pytest.mark.parametrize("declare", [True, False], ids=["declared", "found in the header"])
def test_columns_that_cannot_be(
    declared, query, landing: Path, name: str, message: str, *, declare: bool
) -> None:
    (landing / "sacks.csv").write_text(f'id,"{name}"\n1,2\n')
    result = declared(["id", name] if declare else ["id"])
    assert result.exit_code == 1
    assert message in result.output
    assert result.output.count("Error: ") == 1
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "table", ["Sacks", 'a"b', "a b", "a;b", "1a", "größe", "n" * 60, "", "a-b", "../a"]
)
def test_tables_that_cannot_be(tmp_path: Path, cli, landing: Path, table: str) -> None:
    (landing / "sacks.csv").write_text(GOOD)
    declared = {"format": "csv", "patterns": ["sacks*.csv"], "columns": ["id"]}
    path = tmp_path / "own.yml"
    path.write_text(yaml.safe_dump({"mill": {"layout": "files", "tables": {table: declared}}}))
    result = cli("mill", "--sources", str(path))
    assert result.exit_code == 1
    assert "own.yml" in result.output
    assert "Traceback" not in result.output


def test_links_and_paths_that_lead_out_are_refused(
    cli, query, tmp_path: Path, landing: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.csv").write_text(GOOD)
    (landing / "sacks-link.csv").symlink_to(outside / "secret.csv")
    (landing / "sacks-relative.csv").symlink_to("../outside/secret.csv")
    (landing / "sacks-nowhere.csv").symlink_to("nowhere.csv")
    (landing / "sacks-itself.csv").symlink_to("sacks-itself.csv")
    (landing / "sacks-folder.csv").mkdir()
    (landing / "sacks-good.csv").write_text(GOOD)
    (landing / "sacks-inside.csv").symlink_to("sacks-good.csv")
    result = cli()
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    for name in ("link", "relative", "nowhere", "itself", "folder"):
        assert f"sacks-{name}.csv" in result.output
    assert {name for (name,) in query("select file from raw._loads where status = 'loaded'")} == {
        "sacks-good.csv",
        "sacks-inside.csv",
    }


@pytest.mark.parametrize("pattern", ["../outside/*.csv", "/etc/pass*", "sub/../../outside/*.csv"])
def test_a_pattern_that_leads_out_loads_nothing(
    declared, tmp_path: Path, landing: Path, pattern: str
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.csv").write_text(GOOD)
    (landing / "sub").mkdir()
    result = declared(["id", "grain", "weight"], patterns=[pattern])
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert "1 file loaded" not in result.output
