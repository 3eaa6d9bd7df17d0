"""The generators' benchmark measures what it says, and cleans up."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as ET

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from bench.__main__ import main
from bench.comparison import goals
from bench.contents import Contents, csv_lines, csv_records, values_bytes
from bench.generators import Run
from bench.processes import Cost
from bench.programs import JAFGEN, OURS, TPCHGEN, Format, Step, run
from warehouse.errors import StepFailed


def _step(program: str, fmt: Format, scale: float, command: Callable[[Path], list[str]]) -> Step:
    return Step(program, fmt, scale, command, csv_lines)


def _run(program: str, seconds: float, scale: float = 1, fmt: Format = "csv") -> Run:
    step = _step(program, fmt, scale, lambda _: [])
    size = round(1e6 * (scale or 1))
    return Run(step, Cost(seconds, seconds, round(100e6)), Contents(size, size))


def _generators(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["generators", *arguments])


def test_a_ratio_is_the_median_of_the_rounds_own() -> None:
    rounds = [
        [_run(OURS, ours), _run(TPCHGEN, theirs), _run(JAFGEN, 1000 * ours, scale=0)]
        for ours, theirs in ((1.0, 2.0), (2.0, 2.2), (10.0, 14.0))
    ]
    said = [str(goal) for goal in goals(rounds)]
    assert said[0] == "CSV, bytes/s over tpchgen-cli's: 1.40 (goal: at least 1.5; missed)"
    assert said[1] == "CSV, rows/s over jafgen's: 1,000.00 (goal: at least 100; reached)"
    assert said[2].endswith("MB of the largest process: 100.00 (goal: at most 400; reached)")
    assert len(said) == 3


def test_the_larger_scale_is_compared_with_the_smaller() -> None:
    said = [str(goal) for goal in goals([[_run(OURS, 1.0, scale=10), _run(OURS, 0.08, scale=1)]])]
    assert "over those at the scale: 0.80 (goal: at least 0.9; missed)" in said[-2]
    assert "over that at the scale: 1.00 (goal: at most 1.1; reached)" in said[-1]


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (pa.array([1, None], pa.int32()), 8),
        (pa.array([Decimal("1.50")], pa.decimal128(12, 2)), 16),
        (pa.array([True, False, None]), 3),
        (pa.array([date(2025, 1, 31)]), 4),
        (pa.array(["a", "é", None, ""]), 3),
        (pa.array(["a", "é"], pa.string_view()), 3),
        (pa.array(["abc", "abc", None]).dictionary_encode(), 6),
        (pa.array([], pa.string()), 0),
    ],
)
def test_values_count_the_same_however_they_are_laid_out(array: pa.Array, expected: int) -> None:
    assert values_bytes(array) == expected


def test_records_are_not_lines_where_texts_have_several(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('id,text\n1,"two\nlines"\n2,one\n')
    assert csv_records(tmp_path) == Contents(2, 28)
    assert csv_lines(tmp_path) == Contents(3, 28)


def test_memory_and_cpu_are_those_of_all_processes(tmp_path: Path) -> None:
    """A child of the program takes them, and the benchmark's own memory counts nothing."""
    child = "import time\nx = b'x' * 60_000_000\nwhile time.process_time() < 0.2: pass"
    program = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}])"
    ballast = b"x" * 300_000_000
    folder = tmp_path / "files"
    folder.mkdir()
    cost = run(_step("x", "csv", 0, lambda _: [sys.executable, "-c", program]), folder)
    assert 60e6 < cost.memory < 250e6 < len(ballast)
    assert cost.cpu >= 0.2
    assert cost.seconds >= 0.2


def test_a_program_that_fails_is_no_measurement(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    command = [sys.executable, "-c", "import sys; sys.exit('no space left')"]
    with pytest.raises(StepFailed, match=r"x csv ended with exit code 1:\nno space left"):
        run(_step("x", "csv", 0, lambda _: command), folder)


def test_ours_alone_on_a_small_scale(tmp_path: Path) -> None:
    plot, folder = tmp_path / "pictures" / "generators.svg", tmp_path / "files"
    where = ("--folder", str(folder), "--plot", str(plot))
    result = _generators("--ours", "--scale", "0.0005", "--runs", "1", *where)
    assert result.exit_code == 0, result.output
    for fmt in ("csv", "parquet"):
        assert f"generator {fmt}, SCALE=0.0005" in result.stdout
    assert list(folder.iterdir()) == []
    texts = [element.text for element in ET.parse(plot).iter() if element.tag.endswith("text")]
    assert {"CSV, MB a second", "Parquet, MB of values a second"} <= set(texts)
    assert "generator" in texts


def test_a_missing_reference_is_named_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    result = _generators("--folder", str(tmp_path / "files"))
    assert result.exit_code == 1
    assert "tpchgen-cli is not installed: make bench-generators installs it" in result.output
    assert not (tmp_path / "files").exists()


def test_a_disk_that_is_too_small_is_told_before_anything_runs(tmp_path: Path) -> None:
    result = _generators("--ours", "--scale", "1e6", "--folder", str(tmp_path))
    assert result.exit_code == 1
    assert "bytes are free" in result.output
    assert list(tmp_path.iterdir()) == []


def test_beside_the_references() -> None:
    beside = str(Path(sys.executable).parent)
    for program in (TPCHGEN, JAFGEN):
        if not (shutil.which(program, path=beside) or shutil.which(program)):
            pytest.skip(f"{program} is not installed: pip install -r requirements-bench.txt")
    result = _generators("--scale", "0.001", "--runs", "1")
    assert result.exit_code == 0, result.output
    assert "CSV, bytes/s over tpchgen-cli's" in result.stdout
    assert "CSV, rows/s over jafgen's" in result.stdout
