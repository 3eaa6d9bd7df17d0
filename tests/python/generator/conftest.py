"""Sources made once a session, and readers that share nothing with the generator's code."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from generator.__main__ import main

SCALE = "0.01"


@pytest.fixture(scope="session")
def generate() -> Callable[..., Result]:
    """Run the command line in this process."""

    def run(out: Path, *flags: str) -> Result:
        return CliRunner().invoke(main, ["--out", str(out), *flags])

    return run


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory, generate: Callable[..., Result]) -> Path:
    """A source without defects: a year and three days."""
    out = tmp_path_factory.mktemp("clean")
    assert generate(out, "--scale", SCALE, "--defects", "0").exit_code == 0
    assert generate(out, "--days", "3").exit_code == 0
    return out / "shop"


@pytest.fixture(scope="session")
def broken(tmp_path_factory: pytest.TempPathFactory, generate: Callable[..., Result]) -> Path:
    """A source with many defects: a year and three days."""
    out = tmp_path_factory.mktemp("broken")
    assert generate(out, "--scale", SCALE, "--defects", "0.2").exit_code == 0
    assert generate(out, "--days", "3").exit_code == 0
    return out / "shop"


class Landing:
    """Reads a source's files by the manifests alone; every value is text."""

    @staticmethod
    def manifests(source: Path) -> list[dict]:
        return [json.loads(path.read_text()) for path in sorted(source.glob("*/manifest.json"))]

    @staticmethod
    def records(path: Path) -> list[dict[str, str | None]]:
        if path.suffix == ".json":
            lines = path.read_text(encoding="utf-8").splitlines()
            return [json.loads(line, parse_float=str, parse_int=str) for line in lines]
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    @classmethod
    def table(cls, source: Path, name: str, batches: slice = slice(None)) -> pd.DataFrame:
        """All records of a table, with the batch they came in."""
        records = []
        for manifest in cls.manifests(source)[batches]:
            files = manifest["tables" if name[0] != "_" else "truth"][name.lstrip("_")]["files"]
            for entry in files:
                found = cls.records(source / manifest["batch"] / entry["path"])
                records += [record | {"batch": manifest["batch"]} for record in found]
        return pd.DataFrame(records, dtype=object)

    @staticmethod
    def hashes(source: Path) -> dict[str, str]:
        """SHA-256 of every file, the manifests included."""
        return {
            str(path.relative_to(source)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(source.rglob("*"))
            if path.is_file()
        }


@pytest.fixture(scope="session")
def landing() -> type[Landing]:
    return Landing


def cents(amounts: pd.Series) -> pd.Series:
    """Money with two decimals as whole cents."""
    assert amounts.str.fullmatch(r"-?\d+\.\d\d").all()
    return amounts.str.replace(".", "", regex=False).astype("int64")


@pytest.fixture(scope="session")
def to_cents() -> Callable[[pd.Series], pd.Series]:
    return cents
