"""What the loader's tests share: a small source of their own, batches, runs and queries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml
from click.testing import CliRunner, Result

from loader.__main__ import main
from loader.loading.budget import Budget
from loader.loading.outcome import Run
from loader.loading.run import run
from loader.sources import Sources

Query = Callable[..., list[tuple[Any, ...]]]
Load = Callable[..., Run]

SOURCES_YAML = """
mill:
  layout: files
  tables:
    sacks: {format: csv, patterns: ["sacks*.csv", "sacks*.csv.gz", "sacks*.csv.zst"],
            columns: [id, grain, weight]}
    orders: {format: json, patterns: ["orders*.json", "orders*.json.gz"],
             columns: [id, total, note]}
    flour: {format: csv, patterns: ["flour*.csv"], columns: [id, kind], last_line_end: optional}
    stock: {format: parquet, patterns: ["stock*.parquet"], columns: [id, amount]}
farm:
  layout: batches
  tables:
    cows: {columns: [cow_id, name]}
    eggs: {columns: [egg_id, hen, laid_at]}
    _truth_totals: {columns: [day, eggs]}
"""


@pytest.fixture(autouse=True, scope="session")
def run_record_outside_the_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the records of the tests' runs away from those of the developer's own.

    For the session, because fixtures that live longer than a test run the loader as well.
    """
    with pytest.MonkeyPatch.context() as patch:
        place = tmp_path_factory.mktemp("records") / "run_record.json"
        patch.setenv("LOADER_RECORD", str(place))
        yield


@pytest.fixture
def sources_file(tmp_path: Path) -> Path:
    """A declaration of sources of the tests' own."""
    path = tmp_path / "sources.yml"
    path.write_text(SOURCES_YAML, encoding="utf-8")
    return path


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    """The folder into which a test delivers."""
    folder = tmp_path / "landing"
    folder.mkdir()
    return folder


@pytest.fixture
def query(database_url: str) -> Iterator[Query]:
    """Runs SQL in the test's database, each statement committed at once."""
    with closing(psycopg2.connect(database_url)) as conn:
        conn.autocommit = True

        def ask(
            statement: str, parameters: tuple[object, ...] | None = None
        ) -> list[tuple[Any, ...]]:
            with conn.cursor() as cur:
                cur.execute(statement, parameters or None)
                return cur.fetchall() if cur.description else []

        yield ask


@pytest.fixture
def load(database_url: str, landing: Path) -> Load:
    """Runs the loader in this process: load("mill", max_rejects=3), or "2%"; none unless asked."""

    def start(source: str = "mill", *, workers: int = 2, max_rejects: int | str = 0) -> Run:
        sources = Sources.model_validate(yaml.safe_load(SOURCES_YAML))
        return run(
            source,
            landing,
            sources=sources,
            url=database_url,
            workers=workers,
            budget=Budget.parse(str(max_rejects)),
        )

    return start


@pytest.fixture
def cli(
    database_url: str, sources_file: Path, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Runs the loader's command line on the test's folder, with more arguments if given."""
    monkeypatch.setenv("DATABASE_URL", database_url)

    def call(source: str = "mill", *arguments: str) -> Result:
        fixed = [source, "--from", str(landing), "--sources", str(sources_file)]
        return CliRunner().invoke(main, [*fixed, *arguments])

    return call


@pytest.fixture
def deliver(landing: Path) -> Callable[..., Path]:
    """Writes a finished batch of the source farm: deliver(batch, {table: [text of each file]})."""

    def write(
        batch: str, tables: dict[str, list[str]], *, truth: dict[str, str] | None = None
    ) -> Path:
        folder = landing / batch
        listed = {name: _table(folder, name, parts) for name, parts in tables.items()}
        manifest = {
            "format_version": 1,
            "source": "farm",
            "batch": batch,
            "kind": "day",
            "generator": {"seed": 42},
            "tables": listed,
            "truth": {
                name: _table(folder, "_truth", [text], name) for name, text in (truth or {}).items()
            },
        }
        (folder / "manifest.json").write_text(json.dumps(manifest))
        return folder

    return write


def _table(folder: Path, name: str, parts: list[str], stem: str = "part") -> dict[str, object]:
    files = []
    for number, text in enumerate(parts):
        path = folder / name / (f"{stem}.csv" if name == "_truth" else f"{stem}-{number:05}.csv")
        path.parent.mkdir(parents=True, exist_ok=True)
        content = text.encode()
        path.write_bytes(content)
        files.append(
            {
                "path": path.relative_to(folder).as_posix(),
                "rows": text.count("\n") - 1,
                "bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
        )
    return {"delivery": "append", "format": "csv", "columns": [], "files": files}
