"""`python -m loader rejects`: list, export and replay of records that were set aside."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import yaml
from click.testing import CliRunner

from loader.__main__ import main
from loader.loading.lock import locked
from loader.raw import replay_load
from loader.raw.corrections import write_corrections
from loader.raw.rejects import excerpt
from warehouse.settings import PROJECT_DIR

SOURCES = {
    "mill": {
        "layout": "files",
        "tables": {
            "sacks": {
                "format": "csv",
                "patterns": ["sacks*.csv"],
                "columns": ["id", "grain", "weight"],
            },
            "orders": {
                "format": "json",
                "patterns": ["orders*.json"],
                "columns": ["id", "total", "note"],
            },
            "bread": {
                "format": "csv",
                "patterns": ["bread*.csv"],
                "columns": ["id", "kind"],
                "dialect": {"delimiter": ";", "quote": "'", "encoding": "cp1252"},
            },
        },
    },
    "farm": {"layout": "batches", "tables": {"cows": {"columns": ["cow_id", "name"]}}},
}

SACKS = (
    b'id,grain,weight\n1,rye,5\n2,oats\n3,barley,7,8\n4,wh\xffeat,9\n5,"spelt",10\n6,\x1b[31mred\n'
)
# Records 2, 3, 4 and 6 are bad.


@pytest.fixture
def sources_file(tmp_path):
    path = tmp_path / "sources.yml"
    path.write_text(yaml.safe_dump(SOURCES))
    return path


@pytest.fixture
def loader(database_url, sources_file, landing, monkeypatch):
    """Runs the command line; the exit code must be the one given."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.chdir(landing)

    def call(*arguments, exit_code=0):
        done = CliRunner().invoke(main, [*arguments, "--sources", str(sources_file)])
        assert done.exit_code == exit_code, done.output
        return done.output

    return call


@pytest.fixture
def loaded(loader, landing):
    """Brings files in, with all the rejects they have."""

    def load(files, source="mill"):
        for name, content in files.items():
            (landing / name).write_bytes(content)
        loader("load", source, "--from", str(landing), "--max-rejects", "100")

    return load


@pytest.fixture
def sacks(loaded):
    loaded({"sacks1.csv": SACKS})


def rows(query, table="sacks", columns="id, grain, weight"):
    return query(f"select _row_id, {columns} from raw.mill_{table} order by _row_id")


def still_open(query):
    return [
        number
        for (number,) in query(
            "select record_number from raw._rejects where resolved_at is null order by 1"
        )
    ]


def exported(loader, tmp_path, *arguments):
    path = tmp_path / f"exported-{len(list(tmp_path.iterdir()))}.jsonl"
    loader("rejects", "export", *arguments, "--to", str(path))
    return [json.loads(line) for line in path.read_text().splitlines()]


def corrected(tmp_path, records, name="fixed.jsonl"):
    path = tmp_path / name
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(path)


def fix(record, line):
    return {**{k: v for k, v in record.items() if k != "line_base64"}, "line": line}


# ---- listing


def test_the_list_counts_and_shows_what_is_wrong_where(sacks, loader):
    shown = loader("rejects", "mill")
    assert "too_few_fields" in shown
    assert "mill sacks1.csv, record 2, line 3, byte 24: has 2 fields" in shown
    assert "    2,oats\n" in shown


def test_bytes_are_shown_harmlessly(sacks, loader):
    shown = loader("rejects", "list", "mill")
    assert "\x1b" not in shown
    assert r"6,\x1b[31mred" in shown
    assert r"4,wh\xffeat,9" in shown


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("a\u202eb".encode(), r"a\u202eb"),
        (b"a\nb\r\tc", r"a\nb\r\tc"),
        (b"[red]x[/red]", "[red]x[/red]"),
        ("数量 🍰".encode(), "数量 🍰"),
        (b"x" * 5000, "x" * 100 + "…"),
        ("é".encode() * 5000, "é" * 100 + "…"),
        (b"\0", r"\x00"),
    ],
)
def test_an_excerpt_cannot_move_a_cursor_or_turn_text_around(line, shown):
    assert excerpt(line, "utf-8") == shown


def test_the_list_takes_conditions(sacks, loaded, loader):
    loaded({"orders1.json": b'{"id": 1}\nno\n'})

    def listed(*arguments):
        found = json.loads(loader("rejects", "mill", "--json", *arguments))
        return [(one["table"], one["record_number"]) for one in found["rejects"]]

    assert listed() == [("sacks", n) for n in (2, 3, 4, 6)] + [("orders", 2)]
    assert listed("--table", "orders") == [("orders", 2)]
    assert listed("--reason", "too_many_fields") == [("sacks", 3)]
    assert listed("--load", "2") == [("orders", 2)]
    assert listed("--resolved") == []
    assert len(listed("--open")) == 5
    assert listed("--limit", "1") == [("sacks", 2)]
    assert listed("--reason", "nul_byte") == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--reason", "nosuch"], "'nosuch' is not one of 'too_few_fields', 'too_many_fields'"),
        (["--reason", "' or true --"], "is not one of"),
        (["--table", "nosuch"], "no table of any source; there is bread, cows, orders, sacks"),
        (["mill", "--table", "cows"], "no table of mill; there is bread, orders, sacks"),
        (["--load", "99999"], "no load of any source: the ledger (raw._loads) does not have it"),
        (["farm", "--load", "1"], "no load of farm: it is of mill"),
        (["replay", "mill", "--table", "nosuch"], "no table of mill"),
        (["replay", "mill", "farm", "--load", "99999"], "no load of mill or farm"),
        (["lits"], "unknown source 'lits': sources.yml declares farm, mill; add an entry there, "
                   "or give a command: export, list, replay"),
        (["replay", "mill", "nobody"], "unknown source 'nobody': sources.yml declares farm, mill"),
    ],
)  # fmt: skip
def test_what_cannot_be_there_is_refused(sacks, loader, query, arguments, said):
    """Not answered with "no rejects", which would be good news."""
    assert said in " ".join(loader("rejects", *arguments, exit_code=2).split())
    assert len(still_open(query)) == 4


def test_a_selection_that_has_no_rejects_says_so(sacks, loader):
    assert loader("rejects", "farm") == "no rejects\n"
    assert loader("rejects", "mill", "--table", "orders", "--load", "1") == "no rejects\n"


def test_the_json_has_counts_and_places(sacks, loader):
    found = json.loads(loader("rejects", "--json"))
    assert {"source": "mill", "table": "sacks", "reason": "too_few_fields",
            "open": 2, "resolved": 0} in found["counts"]  # fmt: skip
    first = found["rejects"][0]
    assert (first["line_number"], first["byte_offset"], first["bytes"]) == (3, 24, 6)


def test_a_ledger_of_an_earlier_version_is_told(loader, query):
    query("create schema raw")
    query("create table raw._loads (load_id int)")
    query("create table raw._rejects (load_id int)")
    assert "of an earlier version" in loader("rejects", exit_code=1)


def test_an_unknown_source_and_an_empty_database_are_told(loader, loaded):
    assert "nothing was loaded" in loader("rejects", exit_code=1)
    assert "unknown source 'mil'" in loader("rejects", "mil", exit_code=2)
    loaded({"sacks1.csv": b"id,grain,weight\n1,a,b\n"})
    assert "unknown source 'mil'" in loader("rejects", "mil", exit_code=2)
    assert loader("rejects", "mill") == "no rejects\n"


# ---- export


def test_an_export_has_text_as_text_and_bytes_as_bytes(sacks, loader, tmp_path):
    two, three, four, six = exported(loader, tmp_path, "mill")
    assert two == {
        "load_id": 1,
        "record_number": 2,
        "source": "mill",
        "table": "sacks",
        "file": "sacks1.csv",
        "line_number": 3,
        "byte_offset": 24,
        "reason": "too_few_fields",
        "message": two["message"],
        "line": "2,oats",
    }
    assert three["line"] == "3,barley,7,8"
    assert "line" not in four
    assert base64.b64decode(four["line_base64"]) == b"4,wh\xffeat,9"
    assert six["line"] == "6,\x1b[31mred"


def test_text_is_text_in_the_encoding_of_its_file(loaded, loader, tmp_path):
    loaded({"bread1.csv": "id;kind\n1;'br\u00f6t';x\n2;b\n".encode("cp1252") + b"3;\x81\n"})
    one, three = exported(loader, tmp_path)
    assert one["line"] == "1;'br\u00f6t';x"
    assert base64.b64decode(three["line_base64"]) == b"3;\x81"


def test_an_export_that_breaks_off_leaves_nothing(tmp_path):
    def broken():
        raise psycopg2.OperationalError("the server is gone")
        yield

    with pytest.raises(psycopg2.OperationalError):
        write_corrections(tmp_path / "c.jsonl", broken(), lambda _: None)
    assert list(tmp_path.iterdir()) == []


def test_an_export_never_overwrites(sacks, loader, tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text("corrections")
    said = loader("rejects", "export", "--to", str(path), exit_code=1)
    assert "exists" in said
    assert path.read_text() == "corrections"
    said = loader("rejects", "export", "--to", str(tmp_path / "no" / "such"), exit_code=1)
    assert "cannot write" in said


# ---- replay of corrected records


def test_corrected_records_are_loaded_once_under_their_own_numbers(sacks, loader, tmp_path, query):
    records = exported(loader, tmp_path)
    fixed = ["2,oats,6", '3,"barley, ""pearl""",7', "4,wheat,9", "6,red,\n"]
    path = corrected(tmp_path, [fix(r, line) for r, line in zip(records, fixed, strict=True)])
    assert "4 loaded as load 2" in loader("rejects", "replay", "--file", path)
    whole = [
        (1, "1", "rye", "5"),
        (2, "2", "oats", "6"),
        (3, "3", 'barley, "pearl"', "7"),
        (4, "4", "wheat", "9"),
        (5, "5", "spelt", "10"),
        (6, "6", "red", None),
    ]
    assert rows(query) == whole
    assert "4 loaded before" in loader("rejects", "replay", "--file", path)
    assert rows(query) == whole
    assert query("select load_id, rows, rejects, replay_of, file, status from raw._loads") == [
        (1, 2, 4, None, "sacks1.csv", "loaded"),
        (2, 4, 0, 1, "sacks1.csv#replay-2", "loaded"),
    ]
    assert query("select distinct resolved_by, resolved_at is not null from raw._rejects") == [
        (2, True)
    ]
    assert query("select distinct _load_id from raw.mill_sacks where _row_id in (2, 3, 4, 6)") == [
        (2,)
    ]


def test_what_is_still_bad_stays_open_and_is_told(sacks, loader, tmp_path, query):
    two, three, four, six = exported(loader, tmp_path)
    bad = [
        fix(two, "2,oats,6"),
        fix(three, '3,bar"ley",7'),
        fix(four, "4,a,b\n4,c,d"),
        fix(six, '6,"never closed,7'),
    ]
    said = loader("rejects", "replay", "--file", corrected(tmp_path, bad), exit_code=1)
    assert "1 loaded as load 2, 3 still set aside" in said
    for number in (3, 4, 6):
        assert f"record {number}:" in said
    assert "2 records" in said
    assert still_open(query) == [3, 4, 6]
    assert len(rows(query)) == 3
    again = [fix(two, "2,oats,6"), fix(three, "3,barley,7"), fix(four, "4,a,b"), fix(six, "6,,")]
    said = loader("rejects", "replay", "--file", corrected(tmp_path, again))
    assert "3 loaded as load 3, 1 loaded before" in said
    assert still_open(query) == []


def test_nothing_loaded_leaves_no_load(sacks, loader, tmp_path, query):
    path = corrected(tmp_path, exported(loader, tmp_path))
    assert "none loaded, 4 still set aside" in loader(
        "rejects", "replay", "--file", path, exit_code=1
    )
    assert query("select count(*) from raw._loads") == [(1,)]


def test_a_batch_is_still_the_same_after_a_replay(loader, deliver, landing, tmp_path, query):
    deliver("2024-01-01", {"cows": ["cow_id,name\n1\n2,Berta\n"]})
    arguments = ["load", "farm", "--from", str(landing), "--max-rejects", "1"]
    loader(*arguments)
    (cow,) = exported(loader, tmp_path)
    loader("rejects", "replay", "--file", corrected(tmp_path, [fix(cow, "1,Alma")]))
    assert "nothing new" in loader(*arguments)
    assert query("select load_id, batch, file from raw._loads") == [
        (1, "2024-01-01", "2024-01-01/cows/part-00000.csv"),
        (2, "2024-01-01", "2024-01-01/cows/part-00000.csv#replay-2"),
    ]


def test_bytes_in_the_encoding_of_the_file_can_be_given(loaded, loader, tmp_path, query):
    loaded({"bread1.csv": "id;kind\n1;'br\u00f6t';x\n2;b\n".encode("cp1252") + b"3;\x81\n"})
    one, three = exported(loader, tmp_path)
    three["line_base64"] = base64.b64encode("3;'\u20ac'".encode("cp1252")).decode()
    path = corrected(tmp_path, [fix(one, "1;'数量'"), three])
    loader("rejects", "replay", "--file", path)
    assert rows(query, "bread", "id, kind") == [(1, "1", "数量"), (2, "2", "b"), (3, "3", "€")]


@pytest.mark.parametrize(
    ("mark", "codec"), [("", "utf-16-le"), ("\ufeff", "utf-16-le"), ("\ufeff", "utf-16-be")]
)
def test_records_of_utf16_are_kept_as_the_file_has_them(
    loader, loaded, sources_file, tmp_path, *, query, mark, codec
):
    declared = yaml.safe_load(sources_file.read_text())
    declared["mill"]["tables"]["sacks"]["dialect"] = {"encoding": "utf-16"}
    sources_file.write_text(yaml.safe_dump(declared))
    bad = ['2,"数"量,7', "3,1;2", "4,\ud800,x", "5,a"]
    lines = [mark + "id,grain,weight", "1,rye,2", *bad, ""]
    content = "\n".join(lines).encode(codec, "surrogatepass")
    loaded({"sacks1.csv": content})
    ((encoding,),) = query("select encoding from raw._loads")
    assert encoding == codec
    kept = query("select line, byte_offset from raw._rejects order by record_number")
    assert [bytes(line) for line, _ in kept] == [b.encode(codec, "surrogatepass") for b in bad]
    assert all(content[offset:].startswith(bytes(line)) for line, offset in kept)
    assert '    2,"数"量,7\n' in loader("rejects", "mill")
    two, three, four, five = exported(loader, tmp_path)
    assert (two["line"], three["line"], five["line"]) == (bad[0], bad[1], bad[3])
    four["line_base64"] = base64.b64encode("4,数,8".encode(codec)).decode()
    path = corrected(tmp_path, [fix(two, "2,量,7"), four])
    loader("rejects", "replay", "--file", path)
    declared["mill"]["tables"]["sacks"]["dialect"]["delimiter"] = ";"
    declared["mill"]["tables"]["sacks"]["columns"] = ["id", "grain"]
    query("update raw._loads set columns = '{id,grain}'")
    sources_file.write_text(yaml.safe_dump(declared))
    loader("rejects", "replay", "mill", exit_code=1)
    assert rows(query, columns="id, grain") == [
        (1, "1", "rye"), (2, "2", "量"), (3, "3,1", "2"), (4, "4", "数")
    ]  # fmt: skip
    assert still_open(query) == [5]


def test_json_is_replayed_with_its_columns(loaded, loader, tmp_path, query):
    loaded({"orders1.json": b'{"id": 1, "total": 1.50}\nnope\n[2]\n{"id": "\\u0000"}\n'})
    two, three, four = exported(loader, tmp_path)
    path = corrected(
        tmp_path,
        [
            fix(two, '{"id": 2, "total": 12.50, "note": {"a": [1.0]}}'),
            fix(three, '{"id": 3, "colour": "red"}'),
            fix(four, '{"id": 4}'),
        ],
    )
    said = loader("rejects", "replay", "--file", path, exit_code=1)
    assert "colour; declare them" in said
    assert rows(query, "orders", "id, total, note") == [
        (1, "1", "1.50", None),
        (2, "2", "12.50", '{"a": [1.0]}'),
        (4, "4", None, None),
    ]
    assert still_open(query) == [3]


def test_a_row_that_the_server_refuses_stays_and_the_others_are_loaded(
    sacks, loader, tmp_path, query
):
    query("alter table raw.mill_sacks add constraint light check (weight <> 'heavy')")
    records = exported(loader, tmp_path)
    lines = ["2,a,b", "3,a,heavy", "4,a,b", "6,a,b"]
    path = corrected(tmp_path, [fix(r, line) for r, line in zip(records, lines, strict=True)])
    said = loader("rejects", "replay", "--file", path, exit_code=1)
    assert "3 loaded as load 2, 1 still set aside" in said
    assert "light" in said
    assert still_open(query) == [3]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"line": None}, "must have either line or line_base64"),
        ({"line_base64": "AAAA"}, "must have either line or line_base64"),
        ({"line": None, "line_base64": "no base 64"}, "is not base64"),
        ({"lines": "x"}, "lines: Extra inputs"),
        ({"load_id": "1"}, "load_id: "),
        ({"load_id": 99}, "load 99 should be mill's sacks1.csv (sacks) and is unknown"),
        ({"file": "other.csv"}, "leave source, table and file"),
        ({"table": "bread"}, "leave source, table and file"),
        ({"load_id": 2, "source": "nobody"}, "unknown source 'nobody'"),
    ],
)
def test_a_faulty_file_of_corrections_is_refused_before_anything_is_loaded(
    sacks, loader, tmp_path, query, *, change, said
):
    two, three, *_ = exported(loader, tmp_path)
    path = corrected(tmp_path, [fix(two, "2,a,b"), {**three, "line": "3,a,b", **change}])
    shown = loader("rejects", "replay", "--file", path, exit_code=1)
    assert said in shown
    assert len(still_open(query)) == 4


@pytest.mark.parametrize(
    "change", [{"file": "other.csv"}, {"table": "bread"}, {"source": "farm", "table": "cows"}]
)
def test_corrections_of_another_database_are_refused(sacks, loader, tmp_path, query, change):
    records = [{**record, **change} for record in exported(loader, tmp_path)]
    said = loader("rejects", "replay", "--file", corrected(tmp_path, records), exit_code=1)
    assert "is mill's sacks1.csv (sacks) in this database" in said
    assert len(still_open(query)) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "line 1: is not JSON"),
        ("[1]", "line 1: "),
        ("\n\n7\n", "line 3: "),
        ("\ud800".encode("utf-8", "surrogatepass"), "line 1: is not JSON"),
    ],
)
def test_a_file_that_is_no_file_of_corrections_is_refused(sacks, loader, tmp_path, text, said):
    path = tmp_path / "fixed.jsonl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert said in loader("rejects", "replay", "--file", str(path), exit_code=1)


def test_a_record_that_is_there_twice_or_unknown_is_told(sacks, loader, tmp_path, query):
    two, *_ = exported(loader, tmp_path)
    path = corrected(tmp_path, [fix(two, "2,a,b"), fix(two, "2,c,d")])
    assert "record 2 of load 1 twice" in loader("rejects", "replay", "--file", path, exit_code=1)
    path = corrected(tmp_path, [{**fix(two, "5,a,b"), "record_number": 5}])
    said = loader("rejects", "replay", "--file", path, exit_code=1)
    assert "record 5: is no reject of this load" in said
    assert "cannot read" in loader("rejects", "replay", "--file", "none.jsonl", exit_code=1)
    assert len(rows(query)) == 2


def test_replay_wants_either_a_file_or_sources(loader):
    assert "either --file or" in loader("rejects", "replay", exit_code=2)
    assert "either --file or" in loader("rejects", "replay", "mill", "--file", "x", exit_code=2)
    assert "not --file" in loader(
        "rejects", "replay", "--file", "x", "--reason", "nul_byte", exit_code=2
    )


# ---- replay of what was kept


def test_kept_records_are_loaded_after_the_declaration_was_corrected(
    sacks, loader, sources_file, query
):
    said = loader("rejects", "replay", "mill", exit_code=1)
    assert "none loaded, 4 still set aside" in said
    declared = yaml.safe_load(sources_file.read_text())
    declared["mill"]["tables"]["sacks"]["dialect"] = {"encoding": "latin-1"}
    sources_file.write_text(yaml.safe_dump(declared))
    assert "1 loaded as load" in loader("rejects", "replay", "mill", exit_code=1)
    assert rows(query)[1] == (4, "4", "wh\u00ffeat", "9")
    assert still_open(query) == [2, 3, 6]


def test_the_choice_among_kept_records_holds(sacks, loaded, loader, query):
    loaded({"sacks2.csv": b"id,grain,weight\n1,a\n"})
    query("update raw._rejects set line = '9,mended,9'")
    loader("rejects", "replay", "mill", "--reason", "too_few_fields", "--load", "1")
    assert query("select load_id, record_number from raw._rejects where resolved_at is null "
                 "order by 1, 2") == [(1, 3), (1, 4), (2, 1)]  # fmt: skip
    assert "2 loaded as load" in loader("rejects", "replay", "mill", "--load", "1")
    assert "no open rejects" in loader("rejects", "replay", "mill", "--load", "1")
    assert "no open rejects" in loader("rejects", "replay", "mill", "--table", "bread")


def test_what_was_too_long_must_be_written_whole(sacks, loader, tmp_path, query):
    query("update raw._rejects set reason = 'too_long', line = '2,oa,ts' where record_number = 2")
    said = loader("rejects", "replay", "mill", "--reason", "too_long", exit_code=1)
    assert "only its first 64 KB were kept" in said
    two, *_ = exported(loader, tmp_path)
    path = corrected(tmp_path, [two])
    assert "only its first" in loader("rejects", "replay", "--file", path, exit_code=1)
    path = corrected(tmp_path, [fix(two, "2,oa,ts and more")])
    loader("rejects", "replay", "--file", path)
    assert rows(query)[1] == (2, "2", "oa", "ts and more")


def test_many_records_go_in_several_batches_of_one_load(
    loaded, loader, query, monkeypatch, tmp_path
):
    monkeypatch.setattr(replay_load, "_BATCH_RECORDS", 7)
    lines = [b"%d,a,b" % n if n % 2 else b"%d,a" % n for n in range(1, 101)]
    loaded({"sacks1.csv": b"id,grain,weight\n" + b"\n".join(lines) + b"\n"})
    records = exported(loader, tmp_path)
    assert len(records) == 50
    path = corrected(tmp_path, [fix(r, r["line"] + ",c") for r in records])
    assert "50 loaded as load 2" in loader("rejects", "replay", "--file", path)
    assert [(number, row) for number, row, *_ in rows(query)] == [
        (n, str(n)) for n in range(1, 101)
    ]
    query("update raw._rejects set resolved_at = null, line = line || ',c'::bytea")
    query("delete from raw.mill_sacks where _load_id = 2")
    assert "50 loaded as load 3" in loader("rejects", "replay", "mill")
    assert len(rows(query)) == 100


def test_a_replay_waits_for_no_other_loader(sacks, loader, database_url, monkeypatch):
    monkeypatch.setattr("loader.loading.lock.LOCK_PATIENCE", 0.1)
    with locked(database_url, "mill"):
        assert "another loader" in loader("rejects", "replay", "mill", exit_code=1)


def test_what_is_declared_no_more_is_told(sacks, loader, sources_file):
    declared = yaml.safe_load(sources_file.read_text())
    del declared["mill"]["tables"]["sacks"]
    sources_file.write_text(yaml.safe_dump(declared))
    assert "no table 'sacks'" in loader("rejects", "replay", "mill", exit_code=1)
    assert "too_few_fields" in loader("rejects", "mill")


KILLED = """
import os, signal, sys
from pathlib import Path
from loader.raw import replay_load
from loader.raw.corrections import write_corrections
from loader.raw.rejects import excerpt
from warehouse.settings import PROJECT_DIR
from loader.raw.replay import replay_file
from loader.sources import load_sources
url, sources, path, moment = sys.argv[1:]
before = getattr(replay_load._Attempt, moment)
def killed(*arguments):
    before(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(replay_load._Attempt, moment, killed)
replay_file(url, load_sources(Path(sources)), Path(path))
"""


@pytest.mark.parametrize("moment", ["load", "record"])
def test_a_killed_replay_loads_nothing_and_the_next_one_everything(
    sacks, loader, tmp_path, query, *, database_url, sources_file, moment
):
    records = [fix(r, f"{r['record_number']},a,b") for r in exported(loader, tmp_path)]
    path = corrected(tmp_path, records)
    command = [sys.executable, "-c", KILLED, database_url, str(sources_file), path, moment]
    killed = subprocess.run(command, check=False, cwd=PROJECT_DIR)
    assert killed.returncode == -signal.SIGKILL
    assert len(still_open(query)) == 4
    assert len(rows(query)) == 2
    loader("rejects", "replay", "--file", path)
    assert [number for number, *_ in rows(query)] == [1, 2, 3, 4, 5, 6]


def test_a_reject_resolved_by_somebody_else_meanwhile_is_not_loaded_again(
    sacks, loader, tmp_path, query, database_url
):
    two, *_ = exported(loader, tmp_path)
    with closing(psycopg2.connect(database_url)) as other, other.cursor() as cur:
        cur.execute("update raw._rejects set resolved_at = now() where record_number = 2")
        other.commit()
    path = corrected(tmp_path, [fix(two, "2,a,b")])
    assert "none loaded, 1 loaded before" in loader("rejects", "replay", "--file", path)
    assert len(rows(query)) == 2


def test_two_sources_in_one_file(sacks, loader, deliver, landing, *, tmp_path, query):
    deliver("2024-01-01", {"cows": ["cow_id,name\n1\n2,Berta\n"]})
    loader("load", "farm", "--from", str(landing), "--max-rejects", "1")
    records = [fix(r, f"{r['record_number']},a,b") for r in exported(loader, tmp_path, "mill")]
    (cow,) = exported(loader, tmp_path, "farm")
    mixed = [records[0], fix(cow, "1,Alma"), *records[1:]]
    loader("rejects", "replay", "--file", corrected(tmp_path, mixed))
    assert still_open(query) == []
    assert query("select cow_id, name from raw.farm_cows order by 1") == [
        ("1", "Alma"),
        ("2", "Berta"),
    ]


def test_a_column_added_since_does_not_shift_the_fields(sacks, loaded, loader, tmp_path, query):
    loaded({"sacks2.csv": b"colour,weight,grain,id\nred,1,rye,9\n"})
    two, *_ = exported(loader, tmp_path, "--load", "1")
    loader("rejects", "replay", "--file", corrected(tmp_path, [fix(two, "2,oats,6")]))
    assert query("select id, grain, weight, colour from raw.mill_sacks where id = '2'") == [
        ("2", "oats", "6", None)
    ]


def test_the_file_can_be_a_path_of_any_name(sacks, loader, tmp_path, query):
    two, *_ = exported(loader, tmp_path)
    path = corrected(tmp_path, [fix(two, "2,oats,6")], 'it\'s 100% "fixed"; --.jsonl')
    loader("rejects", "replay", "--file", path)
    assert query("select uri from raw._loads where replay_of = 1") == [(Path(path).as_uri(),)]
