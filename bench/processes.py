"""Programs run and measured from outside: time, CPU and memory as the kernel counted them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from warehouse.errors import StepFailed
from warehouse.settings import PROJECT_DIR


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


def found(program: str, fix: str) -> str:
    """Find a program beside this Python, else on the path.

    Raises:
        StepFailed: it is not installed; `fix` says what to do.
    """
    beside = str(Path(sys.executable).parent)
    path = shutil.which(program, path=beside) or shutil.which(program)
    if path is None:
        raise StepFailed(f"{program} is not installed: {fix}")
    return path


def measure(name: str, command: list[str], folder: Path, **variables: str) -> Cost:
    """Run a command in a folder.

    Args:
        name: what it is called when it fails.
        command: the program's path and its arguments.
        folder: it works there; for a moment a report lies beside it.
        variables: of the environment, on top of this process's own.

    Raises:
        StepFailed: the program did not do its work.
    """
    report = folder.with_name(f"{folder.name}.cost")
    launcher = str(Path(__file__).with_name("launch.py"))
    # Programs in Python find their modules compiled, as everywhere but on some build machines.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPATH": str(PROJECT_DIR), **variables}
    done = subprocess.run(
        [sys.executable, "-I", "-S", launcher, str(report), *command],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = report.read_text() if report.exists() else ""
    report.unlink(missing_ok=True)
    if done.returncode != 0:
        words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
        raise StepFailed(f"{name} ended with exit code {done.returncode}:\n{words}")
    seconds, cpu, memory, _ = said.split()
    return Cost(float(seconds), float(cpu), int(memory))
