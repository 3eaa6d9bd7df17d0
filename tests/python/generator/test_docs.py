"""docs/generator.md tells the truth: its examples run, its reference is complete, its pictures are
what the engine makes.

Fenced blocks by their first line:

    json step   an object that is merged into the model of the steps before it
    json        members of docs/examples/*.json, as they stand there
    shell       commands that run, one block after another in the same folder
    text        lines of what the block before printed; `...` stands for others
    make        commands that make knows
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest

from docs.pictures.draw import FOLDER, pictures
from generator.__main__ import main
from generator.engine.faults.ledger import LEDGER_COLUMNS
from generator.spec import delays, faults, model, rows, values
from generator.spec.checks import check
from generator.spec.loading import canonical_sha256, load_model

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "generator.md"
EXAMPLES = ROOT / "docs" / "examples"

FENCE = re.compile(r"^```(?P<kind>[^\n]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    kind: str
    text: str


def blocks() -> list[Block]:
    return [Block(found["kind"], found["text"]) for found in FENCE.finditer(PAGE.read_text())]


def of_kind(kind: str) -> list[str]:
    return [block.text for block in blocks() if block.kind == kind]


def test_every_block_is_of_a_known_kind():
    tested = {"json step", "json", "shell", "text", "make"}
    # A layout of folders; how the list of checksums is made anew.
    assert {block.kind for block in blocks()} == tested | {"text files", "sh"}


# JSON


def merge(into: dict, part: dict) -> None:
    for key, value in part.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def steps() -> list[dict]:
    """The model after each step."""
    so_far: dict = {}
    found = []
    for text in of_kind("json step"):
        merge(so_far, json.loads(text))
        found.append(json.loads(json.dumps(so_far)))
    return found


@pytest.mark.parametrize("number", range(len(steps())))
def test_the_model_runs_after_each_step(number, tmp_path, generate):
    path = tmp_path / "library.json"
    path.write_text(json.dumps(steps()[number]))
    result = generate(tmp_path / "out", "--model", str(path), "--scale", "0.01", "--validate")
    assert result.exit_code == 0, result.output


def test_the_steps_end_in_the_example(tmp_path):
    path = tmp_path / "library.json"
    path.write_text(json.dumps(steps()[-1]))
    assert canonical_sha256(load_model(str(path))) == canonical_sha256(
        load_model(str(EXAMPLES / "library.json"))
    )


def objects(part: object) -> Iterator[dict]:
    if isinstance(part, dict):
        yield part
    for inner in (
        part.values() if isinstance(part, dict) else part if part.__class__ is list else ()
    ):
        yield from objects(inner)


@pytest.mark.parametrize("text", of_kind("json"))
def test_a_fragment_stands_in_an_example(text):
    for name, value in json.loads(f"{{{text}}}").items():
        assert any(
            part.get(name) == value
            for path in EXAMPLES.glob("*.json")
            for part in objects(json.loads(path.read_text()))
        ), f"no example has {name!r} as on the page"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_the_examples_run(path, tmp_path, generate):
    check(load_model(str(path)))
    for flags in (("--defects", "0.1"), ("--days", "2")):
        scale = ("--scale", "0.01")
        result = generate(tmp_path, "--model", str(path), "--validate", *scale, *flags)
        assert result.exit_code == 0, result.output


# Commands


@pytest.fixture(scope="module")
def ran(tmp_path_factory) -> dict[str, tuple[int, str]]:
    """How each shell block ended and what it printed, in a folder that looks like the project's."""
    folder = tmp_path_factory.mktemp("shell")
    for name in ("docs", "generator", "warehouse"):
        (folder / name).symlink_to(ROOT / name)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    found = {}
    for text in of_kind("shell"):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=folder,
            env=os.environ | {"PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        found[text] = (done.returncode, done.stdout)
    return found


def shown() -> list[tuple[str, str]]:
    """Each text block with the shell block before it."""
    all_blocks = blocks()
    return [
        (before.text, block.text) for before, block in pairwise(all_blocks) if block.kind == "text"
    ]


@pytest.mark.parametrize("command", of_kind("shell"))
def test_commands_run(command, ran):
    code, printed = ran[command]
    assert code == 0, printed


@pytest.mark.parametrize(("command", "text"), shown())
def test_commands_print_what_the_page_shows(command, text, ran):
    printed = iter(ran[command][1].splitlines())
    for line in text.splitlines():
        # Each in its order: the iterator goes on from the line found.
        assert line == "..." or any(line in found for found in printed), f"not printed: {line}"


@pytest.mark.parametrize(
    "command", [line for text in of_kind("make") for line in text.splitlines()]
)
def test_make_knows_the_commands(command):
    done = subprocess.run(
        [*command.split(), "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "-m generator --model" in done.stdout


# The reference


def page() -> str:
    return PAGE.read_text()


@pytest.mark.parametrize("column", get_args(get_args(values.Column)[0]))
def test_every_kind_of_column_is_explained(column):
    (kind,) = get_args(column.model_fields["kind"].annotation)
    assert f"**{kind}**:" in page()
    for name in column.model_fields:
        assert re.search(rf"`{name}`|\"{name}\"", page()), f"{kind} has a key {name}"


@pytest.mark.parametrize(
    "spec",
    [
        *(model.Model, model.Table, model.Calendar, model.SpecialDay, model.Pool, model.LifeCycle),
        *(model.Step, model.Change, model.Ends, model.Totals, model.Measure, faults.Fault),
        *(rows.FixedRows, rows.TimedRows, rows.ChildRows, rows.RecordRows, delays.Delay),
    ],
)
def test_every_key_is_explained(spec):
    for name, field in spec.model_fields.items():
        assert re.search(rf"`{re.escape(field.alias or name)}`|\"{name}\"|\"\$schema\"", page()), (
            name
        )


@pytest.mark.parametrize("name", [*get_args(faults.Make), *get_args(model.Delivery)])
def test_every_fault_and_delivery_is_explained(name):
    assert f"`{name}`" in page()


def test_every_format_flag_and_column_of_the_ledger_is_explained():
    names = [*get_args(model.FileFormat), *LEDGER_COLUMNS]
    flags = [option for parameter in main.params for option in parameter.opts]
    assert [name for name in (*names, *flags) if f"`{name}`" not in page()] == []


# Pictures and links


def test_the_pictures_are_what_the_engine_makes():
    """`python -m docs.pictures.draw` draws them anew."""
    drawn = {f"{name}.svg": picture.svg() for name, picture in pictures().items()}
    assert {path.name: path.read_text() for path in FOLDER.iterdir()} == drawn
    assert max(len(text) for text in drawn.values()) < 8_000


def test_every_picture_is_shown():
    found = re.findall(r"!\[[^\]]+\]\(pictures/distributions/(\w+\.svg)\)", page())
    assert sorted(found) == sorted(path.name for path in FOLDER.iterdir())


def test_links_lead_somewhere():
    anchors = {
        re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", page(), re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", page()):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        else:
            assert (PAGE.parent / target).exists(), target
