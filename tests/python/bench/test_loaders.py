"""The loaders' benchmark loads what it says, damages what it says, and cleans up."""

from __future__ import annotations

import csv
import importlib.util
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import psycopg2
import pytest
from click.testing import CliRunner, Result

from bench.__main__ import main
from bench.loaders import contenders, orders
from bench.loaders.contenders import CONTENDERS, DLT
from bench.sections import in_turns
from warehouse.errors import StepFailed

ROWS = 1_600
OTHERS_NEED = ("dlt", "sqlalchemy", "adbc_driver_postgresql")


def _write_orders(path: Path, first: int, rows: int) -> Path:
    with path.open("w", newline="\n", encoding="utf-8") as out:
        out.write(",".join(orders.COLUMNS) + "\n")
        for key in range(first, first + rows):
            out.write(
                f"{key},{key % 97},O,1{key}.50,1996-01-02,5-LOW,Clerk#{key:09},0,"
                f'" fox, no. {key}"\n'
            )
    return path


def _generate(folder: Path, scale: float, parts: int = 1) -> list[Path]:
    folder.mkdir(parents=True)
    share = ROWS // parts
    return [
        _write_orders(folder / f"orders.{part}.csv", 1 + part * share, share)
        for part in range(parts)
    ]


@pytest.fixture
def loaders(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Result]]:
    """Measures one part on a few orders of the test's own; nothing may be left of it."""
    monkeypatch.setattr(orders, "generate", _generate)
    tmp_path_factory.getbasetemp()  # made now: later it would be below the folder that is watched
    # Not below pytest's own folder: another run of pytest takes the server's user the way to it.
    folder = Path(tempfile.mkdtemp(prefix="counting-house-test-"))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))

    def measure(part: str, *arguments: str) -> Result:
        fixed = ["loaders", "--only", part, "--scale", "0.0005", "--runs", "1"]
        result = CliRunner().invoke(main, [*fixed, *arguments])
        assert list(folder.iterdir()) == []
        return result

    yield measure
    shutil.rmtree(folder)


def _figures(result: Result, name: str) -> list[str]:
    """Return the cells of a line of the table."""
    assert result.exit_code == 0, result.output
    (line,) = [line for line in result.stdout.splitlines() if line.startswith(f"│ {name} ")]
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_loader_and_server_load_the_same_rows(loaders: Callable[..., Result]) -> None:
    result = loaders("ceiling")
    for name in ("orders in two files", "orders in one file"):
        assert _figures(result, name)[1] == f"{ROWS:,}"
    assert int(_figures(result, "shop")[1].replace(",", "")) > ROWS
    assert (
        len(re.findall(r"over the server's own COPY: .* \(goal: at least 0\.9;", result.stdout))
        == 3
    )


def test_every_damaged_record_is_a_reject_and_no_other(loaders: Callable[..., Result]) -> None:
    result = loaders("dirty")
    for name, rejects in (("clean", 0), ("too few fields", 2), ("stray quotes", 2)):
        assert _figures(result, name)[1:3] == [f"{ROWS:,}", str(rejects)]
    assert result.stdout.count("records/s over clean: ") == 2


def test_the_files_are_loaded_once_and_then_skipped(loaders: Callable[..., Result]) -> None:
    result = loaders("skip", "--files", "25")
    for layout in ("files", "batches"):
        assert _figures(result, layout)[1] == "25"
        assert f"skipping 25 files, layout {layout}, seconds: " in result.stdout


def test_the_large_file_is_loaded_plain_and_compressed(loaders: Callable[..., Result]) -> None:
    result = loaders("memory", "--gigabytes", "0.0005")
    plain, packed = _figures(result, "plain"), _figures(result, "gzip")
    rows = int(plain[2].replace(",", ""))
    assert rows > ROWS
    assert rows % ROWS == 0
    assert packed[2] == plain[2]
    for kind in ("plain", "gzip"):
        said = re.search(rf"{kind} file of 0\.0005 GB, .* at its peak: ([\d.]+) ", result.stdout)
        assert said
        assert float(said[1]) > 20


def test_every_contender_loads_its_rows(loaders: Callable[..., Result], tmp_path: Path) -> None:
    for package in OTHERS_NEED:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: pip install -r requirements-bench.txt")
    plot = tmp_path / "pictures" / "loaders.svg"
    result = loaders("others", "--plot", str(plot))
    texts = [element.text for element in ET.parse(plot).iter() if element.tag.endswith("text")]
    for name in ("this loader, 2 connections", *CONTENDERS):
        assert _figures(result, name)[1] == f"{ROWS:,}"
        assert name in texts
    for name in DLT:
        assert f"rows/s over dlt, {name}: " in result.stdout


@pytest.mark.parametrize(
    "name", [name for name in CONTENDERS if not name.startswith(("dlt", "pandas"))]
)
def test_a_contender_loads_what_the_file_holds(
    name: str, database_url: str, tmp_path: Path
) -> None:
    file = _write_orders(tmp_path / "orders.csv", 1, 7)
    CONTENDERS[name].way(file, database_url, tmp_path)()
    with closing(psycopg2.connect(database_url)) as conn, conn.cursor() as cur:
        cur.execute(f"select * from {contenders.SCHEMA}.{contenders.TABLE}")
        with file.open(newline="", encoding="utf-8") as lines:
            assert cur.fetchall() == [tuple(row) for row in csv.reader(lines)][1:]


@pytest.mark.parametrize("damage", orders.DAMAGES)
def test_one_record_in_a_thousand_is_damaged(damage: orders.Damage, tmp_path: Path) -> None:
    clean = _write_orders(tmp_path / "clean.csv", 1, 2_600)
    dirty = tmp_path / "dirty.csv"
    assert orders.spoil(clean, dirty, damage) == 3
    pairs = zip(clean.read_bytes().splitlines(), dirty.read_bytes().splitlines(), strict=True)
    different = [number for number, (before, after) in enumerate(pairs) if before != after]
    assert different == [500, 1_500, 2_500]


def test_a_file_without_a_record_to_damage_is_no_measurement(tmp_path: Path) -> None:
    clean = _write_orders(tmp_path / "clean.csv", 1, 400)
    with pytest.raises(StepFailed, match="a larger --scale"):
        orders.spoil(clean, tmp_path / "dirty.csv", "stray quotes")


def test_repeated_orders_have_keys_of_their_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(orders, "generate", _generate)
    target = tmp_path / "large.csv"
    rows = orders.repeat(tmp_path / "block", target, 300_000)
    with target.open(newline="", encoding="utf-8") as lines:
        records = list(csv.DictReader(lines))
    assert target.stat().st_size >= 300_000
    assert len(records) == rows > ROWS
    assert len({record["o_orderkey"] for record in records}) == rows
    assert {record["o_comment"] for record in records} == {
        f" fox, no. {key}" for key in range(1, ROWS + 1)
    }


def test_another_step_goes_first_in_each_round() -> None:
    done: list[str] = []
    steps: list[Callable[[], None]] = [lambda: done.append("a"), lambda: done.append("b")]
    for number in range(3):
        in_turns(number, steps)
    assert "".join(done) == "abbaab"


def test_a_disk_that_is_too_small_is_told_before_anything_is_made(
    loaders: Callable[..., Result],
) -> None:
    result = loaders("memory", "--gigabytes", "1e9")
    assert result.exit_code == 1
    assert "bytes are free" in result.output
    assert "--gigabytes" in result.output


def test_a_picture_of_what_is_not_measured_is_refused(loaders: Callable[..., Result]) -> None:
    result = loaders("skip", "--plot", "x.svg")
    assert result.exit_code == 2
    assert "--only others" in result.output


def test_a_missing_tpchgen_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(StepFailed, match="tpchgen-cli is not installed: make bench-loaders"):
        orders.generate(tmp_path / "made", 0.001)


def test_orders_of_tpchgen(tmp_path: Path) -> None:
    beside = str(Path(sys.executable).parent)
    if not (shutil.which("tpchgen-cli", path=beside) or shutil.which("tpchgen-cli")):
        pytest.skip("tpchgen-cli is not installed: pip install -r requirements-bench.txt")
    files = orders.generate(tmp_path / "made", 0.001, parts=2)
    assert len(files) == 2
    for file in files:
        with file.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.reader(lines))
        assert rows[0] == orders.COLUMNS
        assert len(rows) == 1 + orders.ROWS * 0.001 / 2
