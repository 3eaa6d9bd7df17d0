"""Every file of the corpus: records in it = rows + rejects, all of them byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml
from click.testing import CliRunner
from corpus import CORPUS
from corpus_case import Case, Row
from landed_ways import Way
from project import new_database
from psycopg2 import sql
from psycopg2.extensions import connection

from loader.__main__ import main
from loader.reading.dialect import Dialect
from warehouse.settings import Settings

# Read in pieces of a few bytes, a large file would take minutes.
SMALL = 64 * 1024


WAYS = [
    Way("as they are"),
    Way("small blocks", piece=61, block=200),
    Way("tiny blocks", piece=7, block=7),
    Way("cut over connections", cut=True),
    Way("small blocks, cut over connections", piece=61, block=61, cut=True),
]


def takes(way: Way, case: Case) -> bool:
    return not way.piece or len(case.content) <= SMALL


def table_of(case: Case) -> str:
    return f"t{CORPUS.index(case):03}"


def source_of(cases: list[Case]) -> dict[str, Any]:
    tables = {
        table_of(case): {
            "format": "csv",
            "patterns": [f"{table_of(case)}.*"],
            "columns": list(case.columns),
            **({"dialect": dict(case.dialect)} if case.dialect else {}),
            **case.table,
        }
        for case in cases
    }
    return {"corpus": {"layout": "files", "tables": tables}}


@dataclass(frozen=True)
class Landed:
    """What a run made of the corpus."""

    conn: connection
    way: Way

    def ask(self, statement: sql.Composable | str, *parameters: object) -> list[tuple[Any, ...]]:
        with self.conn.cursor() as cur:
            cur.execute(statement, parameters or None)
            return cur.fetchall()

    def rows(self, case: Case) -> dict[int, Row]:
        columns = [sql.Identifier(name) for name in ("_row_id", *case.columns)]
        statement = sql.SQL("select {} from raw.{}").format(
            sql.SQL(", ").join(columns), sql.Identifier(f"corpus_{table_of(case)}")
        )
        found = self.ask(statement)
        numbered = {number: tuple(values) for number, *values in found}
        assert len(numbered) == len(found), "record numbers occur twice"
        return numbered


@pytest.fixture(scope="module", params=WAYS, ids=[way.name for way in WAYS])
def landed(
    request: pytest.FixtureRequest, postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Landed]:
    way: Way = request.param
    cases = [case for case in CORPUS if takes(way, case)]
    folder: Path = tmp_path_factory.mktemp("corpus")
    (folder / "sources.yml").write_text(yaml.safe_dump(source_of(cases)), encoding="utf-8")
    files = folder / "files"
    files.mkdir()
    for case in cases:
        (files / f"{table_of(case)}.{case.suffix}").write_bytes(case.packed(case.content))
    with new_database(postgres_server) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", url)
        patch.setitem(Settings.model_config, "env_file", None)
        way.prepare(patch)
        arguments = ["corpus", "--from", str(files), "--sources", str(folder / "sources.yml")]
        result = CliRunner().invoke(main, [*arguments, "--max-rejects", "1000000"])
        assert result.exit_code == 1, result.output  # some files of the corpus must be refused
        assert "Traceback" not in result.output
        with closing(psycopg2.connect(url)) as conn:
            yield Landed(conn, way)


@pytest.fixture
def case(request: pytest.FixtureRequest, landed: Landed) -> Case:
    found: Case = request.param
    if not takes(landed.way, found):
        pytest.skip("too large for pieces of a few bytes")
    return found


every = pytest.mark.parametrize("case", CORPUS, ids=[case.name for case in CORPUS], indirect=True)


@every
def test_a_hostile_file(landed: Landed, case: Case) -> None:
    ledger = landed.ask(
        "select status, rows, rejects, error, load_id from raw._loads where table_name = %s",
        table_of(case),
    )
    assert len(ledger) == 1, ledger
    ((status, rows, rejects, error, load_id),) = ledger
    if case.refused:
        assert status == "failed"
        assert case.refused in error
        assert "\n" not in error
        assert (rows, rejects) == (0, 0)
        assert landed.rows(case) == {}
        assert landed.ask("select 1 from raw._rejects where load_id = %s", load_id) == []
        return
    assert (status, error) == ("loaded", None)
    assert landed.rows(case) == dict(case.good)
    assert (rows, rejects) == (len(case.good), len(case.bad))
    _check_rejects(landed, case, load_id)


def _check_rejects(landed: Landed, case: Case, load_id: int) -> None:
    found = landed.ask(
        "select record_number, reason, line, line_number, byte_offset from raw._rejects "
        "where load_id = %s order by record_number",
        load_id,
    )
    assert {number: (reason, bytes(line)) for number, reason, line, *_ in found} == case.bad
    for _, _, line, line_number, offset in found:
        assert case.content[offset : offset + len(line)] == bytes(line)
        assert line_number == _lines_before(case, offset) + 1


def _lines_before(case: Case, offset: int) -> int:
    """Count line ends as an editor does that knows how the file's lines end."""
    before = case.content[:offset]
    if case.dialect.get("encoding") == "utf-16":
        return before.decode("utf-16").count("\n")
    first = next(c for c in case.content if c in b"\r\n")
    is_cr = case.dialect.get("line_ends") == "cr" or (
        bytes([first]) == b"\r" and b"\r\n" not in case.content
    )
    return before.count(b"\r" if is_cr else b"\n")


def test_the_corpus_has_every_key_of_a_dialect_and_every_reason() -> None:
    keys = {key for case in CORPUS for key in case.dialect}
    assert keys == set(Dialect.model_fields)
    reasons = {reason for case in CORPUS for reason, _ in case.bad.values()}
    assert reasons == {
        "too_few_fields",
        "too_many_fields",
        "broken_quoting",
        "invalid_utf8",
        "invalid_encoding",
        "nul_byte",
        "stray_carriage_return",
    }
    assert len({case.name for case in CORPUS}) == len(CORPUS) >= 80
