"""The generators that are measured, each as the command that makes a folder of files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.contents import Contents, csv_lines, csv_records, landed_csv, landed_parquet, parquet
from warehouse.errors import StepFailed
from warehouse.settings import PROJECT_DIR

Format = Literal["csv", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "parquet")

OURS, TPCHGEN, JAFGEN = "generator", "tpchgen-cli", "jafgen"
_PACKAGES = "make bench-generators installs it, or: pip install -r requirements-bench.txt"
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


@dataclass(frozen=True)
class Cost:
    """What a program took.

    Args:
        seconds: on the clock, from its start to its end.
        cpu: user and system seconds, of all its processes.
        memory: bytes of its largest process at its largest.
    """

    seconds: float
    cpu: float
    memory: int


def ours(fmt: Format, scale: float, workers: int) -> Step:
    """Return the step of this project's generator: the whole shop, a year."""
    command = [sys.executable, "-m", "generator", "--scale", f"{scale:g}", "--format", fmt]
    command += ["--workers", str(workers), "--out"]
    contents = landed_csv if fmt == "csv" else landed_parquet
    return Step(OURS, fmt, scale, lambda folder: [*command, str(folder)], contents)


def tpchgen(fmt: Format, scale: float, threads: int) -> Step:
    """Return the step of tpchgen-cli: all tables, its own defaults but for the threads."""
    command = [_found(TPCHGEN), fmt, "--quiet", "--scale-factor", f"{scale:g}"]
    command += ["--num-threads", str(threads), "--output-dir"]
    contents = csv_lines if fmt == "csv" else parquet
    return Step(TPCHGEN, fmt, scale, lambda folder: [*command, str(folder)], contents)


def jafgen() -> Step:
    """Return the step of jafgen: one year, the smallest it makes."""
    command = [_found(JAFGEN), _YEARS]
    return Step(JAFGEN, "csv", 0, lambda _: command, csv_records)


def _found(program: str) -> str:
    """Find a program beside this Python, else on the path.

    Raises:
        StepFailed: it is not installed.
    """
    beside = str(Path(sys.executable).parent)
    path = shutil.which(program, path=beside) or shutil.which(program)
    if path is None:
        raise StepFailed(f"{program} is not installed: {_PACKAGES}; --ours measures without it")
    return path


def run(step: Step, folder: Path) -> Cost:
    """Run a step in an empty folder.

    Raises:
        StepFailed: the program did not do its work.
    """
    report = folder.with_name(f"{folder.name}.cost")
    launcher = str(Path(__file__).with_name("launch.py"))
    command = [sys.executable, "-I", "-S", launcher, str(report), *step.command(folder)]
    # Programs in Python find their modules compiled, as everywhere but on some build machines.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(PROJECT_DIR)
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines()[-12:]
        raise StepFailed(f"{step.name} ended with exit code {done.returncode}:\n" + "\n".join(said))
    seconds, cpu, memory, _ = report.read_text().split()
    report.unlink()
    return Cost(float(seconds), float(cpu), int(memory))
