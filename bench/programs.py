"""The generators that are measured, each as the command that makes a folder of files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.contents import Contents, csv_lines, csv_records, landed_csv, landed_parquet, parquet
from bench.processes import Cost, found, measure

Format = Literal["csv", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "parquet")

OURS, TPCHGEN, JAFGEN = "generator", "tpchgen-cli", "jafgen"
_PACKAGES = (
    "make bench-generators installs it, or: pip install -r requirements-bench.txt; "
    "--ours measures without it"
)
_YEARS = "1"  # jafgen's smallest run


@dataclass(frozen=True)
class Step:
    """One program, one format, one size.

    Args:
        program: its name.
        format: what it writes.
        scale: its size; 0 for a program that has no scale.
        command: the command, for the folder it is to write into.
        contents: counts what lies in the folder afterwards.
    """

    program: str
    format: Format
    scale: float
    command: Callable[[Path], list[str]]
    contents: Callable[[Path], Contents]

    @property
    def name(self) -> str:
        """What the report calls it."""
        return f"{self.program} {self.format}" + (f", SCALE={self.scale:g}" if self.scale else "")


def ours(fmt: Format, scale: float, workers: int) -> Step:
    """Return the step of this project's generator: the whole shop, a year."""
    command = [sys.executable, "-m", "generator", "--scale", f"{scale:g}", "--format", fmt]
    command += ["--workers", str(workers), "--out"]
    contents = landed_csv if fmt == "csv" else landed_parquet
    return Step(OURS, fmt, scale, lambda folder: [*command, str(folder)], contents)


def tpchgen(fmt: Format, scale: float, threads: int) -> Step:
    """Return the step of tpchgen-cli: all tables, its own defaults but for the threads."""
    command = [found(TPCHGEN, _PACKAGES), fmt, "--quiet", "--scale-factor", f"{scale:g}"]
    command += ["--num-threads", str(threads), "--output-dir"]
    contents = csv_lines if fmt == "csv" else parquet
    return Step(TPCHGEN, fmt, scale, lambda folder: [*command, str(folder)], contents)


def jafgen() -> Step:
    """Return the step of jafgen: one year, the smallest it makes."""
    command = [found(JAFGEN, _PACKAGES), _YEARS]
    return Step(JAFGEN, "csv", 0, lambda _: command, csv_records)


def run(step: Step, folder: Path) -> Cost:
    """Run a step in an empty folder.

    Raises:
        StepFailed: the program did not do its work.
    """
    return measure(step.name, step.command(folder), folder)
