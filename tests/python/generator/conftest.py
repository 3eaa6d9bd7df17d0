"""Sources made once a session, and readers that share nothing with the generator's code."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from generator.__main__ import main
from models import MIXED_FORMATS, PLACE, model_of

SCALE = "0.01"


@pytest.fixture(scope="session")
def generate() -> Callable[..., Result]:
    """Run the command line in this process."""

    def run(out: Path, *flags: str) -> Result:
        return CliRunner().invoke(main, ["--out", str(out), *flags])

    return run


def made(generate: Callable[..., Result], out: Path, *runs: tuple[str, ...]) -> None:
    """Run the command line several times on one landing zone; all must succeed."""
    for flags in runs:
        result = generate(out, *flags)
        assert result.exit_code == 0, result.output


@pytest.fixture(scope="session")
def make(generate: Callable[..., Result]) -> Callable[..., None]:
    return lambda out, *runs: made(generate, out, *runs)


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory, generate: Callable[..., Result]) -> Path:
    """A shop without defects: a year and three days."""
    out = tmp_path_factory.mktemp("clean")
    made(generate, out, ("--scale", SCALE, "--defects", "0"), ("--days", "3"))
    return out / "shop"


@pytest.fixture(scope="session")
def broken(tmp_path_factory: pytest.TempPathFactory, generate: Callable[..., Result]) -> Path:
    """The same shop with many defects."""
    out = tmp_path_factory.mktemp("broken")
    made(generate, out, ("--scale", SCALE, "--defects", "0.2"), ("--days", "3"))
    return out / "shop"


@pytest.fixture(scope="session")
def shop_model() -> dict[str, Any]:
    return model_of("shop")


@pytest.fixture(scope="session")
def mixed_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file: the shop, each table in another format."""
    content = model_of("shop")
    for table, fmt in MIXED_FORMATS.items():
        content["tables"][table]["format"] = fmt
        for fault in content["tables"][table].get("faults", ()):
            if fmt == "parquet" and fault["make"] == "text_for_number":
                fault["weight"] = 0
    path = tmp_path_factory.mktemp("models") / "mixed.json"
    path.write_text(json.dumps(content))
    return path


@pytest.fixture(scope="session")
def year(
    tmp_path_factory: pytest.TempPathFactory, generate: Callable[..., Result], mixed_shop: Path
) -> Path:
    """A larger shop without defects in all formats: a year and two days."""
    out = tmp_path_factory.mktemp("year")
    model = ("--model", str(mixed_shop), "--workers", "1")
    first = ("--scale", "0.1", "--defects", "0", "--seed", "7")
    made(generate, out, (*model, *first), (*model, "--days", "2"))
    return out / "shop"


class Landing:
    """Reads a source's files by the manifests alone; every value is text or missing."""

    @staticmethod
    def manifests(source: Path) -> list[dict]:
        return [json.loads(path.read_text()) for path in sorted(source.glob("*/manifest.json"))]

    @staticmethod
    def content(path: Path) -> bytes:
        """A file's bytes, unpacked."""
        with pa.input_stream(str(path), compression="detect") as stream:
            content: bytes = stream.read()
            return content

    @classmethod
    def texts(cls, path: Path, columns: list[str]) -> pa.Table:
        """A file's records, read by Arrow (JSON: by Python)."""
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            return pa.table({name: _as_text(table[name]) for name in table.column_names})
        content = cls.content(path)
        if ".json" in path.name:
            lines = content.decode("utf-8").splitlines()
            records = [json.loads(line, parse_float=str, parse_int=str) for line in lines]
            return pa.table(
                {name: [_json_text(record[name]) for record in records] for name in columns},
                pa.schema([(name, pa.string()) for name in columns]),
            )
        return pa_csv.read_csv(
            io.BytesIO(content),
            parse_options=pa_csv.ParseOptions(newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )

    @classmethod
    def table(cls, source: Path, name: str, batches: slice = slice(None)) -> pd.DataFrame:
        """All records of a table, with the batch, file and number they came in.

        A name with `_` before it is one of the truth's.
        """
        found = []
        columns: list[str] = []
        for manifest in cls.manifests(source)[batches]:
            part = manifest["tables" if name[0] != "_" else "truth"][name.lstrip("_")]
            columns = part["columns"]
            for entry in part["files"]:
                path = source / manifest["batch"] / entry["path"]
                frame = cls.texts(path, columns).to_pandas()
                frame["batch"], frame["path"] = manifest["batch"], entry["path"]
                frame["record"] = range(1, len(frame) + 1)
                found.append(frame)
        if not found:
            return pd.DataFrame(columns=[*columns, *PLACE], dtype=object)
        return pd.concat(found, ignore_index=True)

    @classmethod
    def records(cls, source: Path, name: str, batches: slice = slice(None)) -> pd.DataFrame:
        """The same in an order of their own, without where they came from."""
        frame = cls.table(source, name, batches).drop(columns=PLACE)
        return frame.sort_values(list(frame.columns), ignore_index=True)

    @staticmethod
    def hashes(source: Path) -> dict[str, str]:
        """SHA-256 of every file, the manifests included."""
        return {
            str(path.relative_to(source)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(source.rglob("*"))
            if path.is_file()
        }


def _json_text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    assert value is None or isinstance(value, str)
    return value


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_timestamp(column.type):
        assert column.type == pa.timestamp("us", "UTC")
        seconds = pc.divide(column.cast(pa.int64()), 1_000_000)
        plain = seconds.cast(pa.timestamp("s")).cast(pa.string())
        return pc.binary_join_element_wise(plain, "+00", "")
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.cast(pa.string())


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
