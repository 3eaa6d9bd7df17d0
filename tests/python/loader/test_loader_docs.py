"""docs/loader.md tells the truth: its examples run, on a real server, and its tables are complete.

Fenced blocks by their first line, in the order of the page:

    yaml        entries of loader/sources.yml; each takes the place of the one of its name
    shell       commands that run, one block after another in the same copy of the project
    shell built the same in a project whose warehouse is built
    text        lines of what the block before printed, each in its order; `...` stands for other
                lines, `…` for any characters
    make        commands that make knows
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from object_store import REGION, object_store
from project import Project, copy_project, new_database
from pydantic import BaseModel

from loader.__main__ import main
from loader.commands.rejects import rejects
from loader.database.declared import PostgresSource, PostgresTable
from loader.loading.run_record import FileRecord, RunRecord
from loader.raw.tables import prepare
from loader.reading.dialect import Dialect
from loader.reading.records import REASONS
from loader.sources import FilesSource, Sources, Table
from warehouse.connections import connect

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "loader.md"
TEXT = PAGE.read_text(encoding="utf-8")

FENCE = re.compile(r"^```(?P<kind>[^\n]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)

# What the page calls the object store, and what lies in it.
ENDPOINT = "http://127.0.0.1:9000"
DELIVERED = b"sale_id,product,quantity,price,sold_at\n10,Rye bread,1,4.20,2025-03-03 08:00\n"


@dataclass(frozen=True)
class Block:
    kind: str
    text: str


BLOCKS = [Block(found["kind"], found["text"]) for found in FENCE.finditer(TEXT)]


def of_kind(kind: str) -> list[str]:
    return [block.text for block in BLOCKS if block.kind == kind]


def test_fences_are_of_known_kinds() -> None:
    assert {block.kind for block in BLOCKS} == {"yaml", "shell", "shell built", "text", "make"}


# Commands


@pytest.fixture(scope="module")
def ran(
    postgres_server: str, small_warehouse: Project, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, tuple[int, str]]]:
    """How each shell block ended and what it printed, in a copy of the project."""
    folder = tmp_path_factory.mktemp("docs")
    copy_project(folder)
    with new_database(postgres_server) as url, object_store() as store:
        store.put("bakery/sales-2025-03-03.csv", DELIVERED)
        yield _run_all(
            {"shell": Project(folder, url), "shell built": small_warehouse}, store.endpoint
        )


def _run_all(projects: dict[str, Project], endpoint: str) -> dict[str, tuple[int, str]]:
    sources = projects["shell"].folder / "loader" / "sources.yml"
    found = {}
    for block in BLOCKS:
        if block.kind == "yaml":
            declared = yaml.safe_load(sources.read_text(encoding="utf-8"))
            declared |= yaml.safe_load(block.text)
            sources.write_text(yaml.safe_dump(declared), encoding="utf-8")
        elif block.kind in projects:
            text = block.text.replace(ENDPOINT, endpoint)
            found[block.text] = _run(projects[block.kind], text)
    return found


def _run(project: Project, script: str) -> tuple[int, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "DATABASE_URL": project.url, "AWS_REGION": REGION}
    environment.pop("LOADER_RECORD", None)  # that of the other tests
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=project.folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("command", [*of_kind("shell"), *of_kind("shell built")])
def test_commands_run(command: str, ran: dict[str, tuple[int, str]]) -> None:
    code, printed = ran[command]
    assert code == 0, printed


def shown() -> list[tuple[str, str]]:
    """Each text block with the shell block before it."""
    return [(before.text, block.text) for before, block in pairwise(BLOCKS) if block.kind == "text"]


@pytest.mark.parametrize(("command", "text"), shown())
def test_commands_print_what_the_page_shows(
    command: str, text: str, ran: dict[str, tuple[int, str]]
) -> None:
    output = ran[command][1]
    printed = iter(output.splitlines())
    for line in text.splitlines():
        wanted = re.compile(".*".join(map(re.escape, line.split("…"))))
        # Each in its order: the iterator goes on from the line found.
        assert line == "..." or any(wanted.search(found) for found in printed), (
            f"not printed: {line}\n{output}"
        )


@pytest.mark.parametrize(
    "command", [line for text in of_kind("make") for line in text.splitlines()]
)
def test_make_knows_the_commands(command: str) -> None:
    done = subprocess.run(
        [*command.split(), "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


# The reference


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_and_flag_is_explained(command: str) -> None:
    group = {"rejects": rejects.commands}.get(command, {command: main.commands[command]})
    flags = {
        flag
        for one in group.values()
        for parameter in one.params
        for flag in (*parameter.opts, *parameter.secondary_opts)
        if flag.startswith("--")
    }
    assert f"python -m loader {command}" in TEXT
    assert sorted(flag for flag in flags if f"`{flag}" not in TEXT) == []


@pytest.mark.parametrize(
    "part",
    [Dialect, Table, FilesSource, PostgresSource, PostgresTable, RunRecord, FileRecord],
)
def test_every_key_is_explained(part: type[BaseModel]) -> None:
    names = [field.alias or name for name, field in part.model_fields.items()]
    assert [name for name in names if f"`{name}`" not in TEXT] == []


@pytest.mark.parametrize("table", ["_loads", "_rejects"])
def test_every_column_of_the_ledger_is_explained(
    table: str, database_url: str, query: Callable[..., list[tuple[str]]]
) -> None:
    with closing(connect(database_url)) as conn:
        prepare(conn, Sources({}))
    columns = query(
        "select column_name from information_schema.columns "
        "where table_schema = 'raw' and table_name = %s",
        (table,),
    )
    assert columns
    assert [name for (name,) in columns if f"`{name}`" not in TEXT] == []


def test_every_reason_is_explained() -> None:
    assert [reason for reason in REASONS if f"`{reason}`" not in TEXT] == []


def test_links_lead_somewhere() -> None:
    anchors = {
        re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        path, _, anchor = target.partition("#")
        if path:
            assert (PAGE.parent / path).exists(), target
        else:
            assert anchor in anchors, target
