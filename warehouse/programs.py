"""Running the project's other programs as a step of the demo: quiet when they succeed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from warehouse.console import Advances, progress, say
from warehouse.errors import StepFailed, StepRefused
from warehouse.settings import PROJECT_DIR

# dbt's line for a node that ended, such as "12:00:00  7 of 130 OK created sql view model ...".
# Hooks are counted apart.
_NODE_DONE = re.compile(r"\b\d+ of (\d+) (?!START\b)[A-Z-]+ (?!hook\b)")


def run_module(module: str, *arguments: str) -> None:
    """Run `python -m <module>`; its progress (stderr) shows, its report only when it fails.

    Raises:
        StepFailed: its exit code is not 0.
    """
    _run([sys.executable, "-m", module, *arguments], module, show_errors=True)


def run_dbt(*arguments: str) -> None:
    """Run dbt with progress over its nodes; its output shows only on failure.

    Raises:
        StepFailed: its exit code is not 0.
    """
    command = [*dbt_command(), "--no-use-colors", *arguments]
    with _node_progress(f"dbt {arguments[0]}") as watch:
        _run(command, f"dbt {arguments[0]}", show_errors=False, watch=watch)


def dbt_command() -> list[str]:
    """Give the command of the dbt that is installed beside this Python."""
    return [str(Path(sys.executable).with_name("dbt"))]


def _run(
    command: Sequence[str],
    name: str,
    *,
    show_errors: bool,
    watch: Callable[[str], None] = lambda line: None,
) -> None:
    """Run a command in the project folder and read what it prints, line by line."""
    process = subprocess.Popen(
        command,
        cwd=PROJECT_DIR,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=None if show_errors else subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    lines: list[str] = []
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            watch(line)
    if process.returncode != 0:
        for line in lines:
            say(line)
        failed = StepRefused if process.returncode == StepRefused.exit_code else StepFailed
        raise failed(f"{name} failed (exit code {process.returncode}): see above")


@contextmanager
def _node_progress(description: str) -> Iterator[Callable[[str], None]]:
    """Give a function that turns dbt's lines into progress, from the first one on."""
    with ExitStack() as stack:
        running: list[Advances] = []

        def watch(line: str) -> None:
            done = _NODE_DONE.search(line)
            if done is None:
                return
            if not running:
                running.append(stack.enter_context(progress(description, int(done[1]), "nodes")))
            running[0].advance(1)

        yield watch
