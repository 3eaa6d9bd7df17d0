"""The loader with its thresholds scaled down, so that small files take a large one's way.

Each command is a process of its own, forked from one that has imported the loader: of a run with
small files, starting Python and importing would take the most time.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import sys
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

import loader.loading.cut
import loader.loading.load_file
import loader.raw.indexes
from loader.__main__ import main
from loader.reading.blocks import BLOCK_BYTES, Splitter

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["bench.kill_loader", "loader.reading.parquet", "pandas"])


def start(
    scale: float, arguments: Sequence[str], environment: dict[str, str], output: Path
) -> BaseProcess:
    """Start `python -m loader` with these arguments; what it says goes to a file."""
    process = _FORKS.Process(target=_run, args=(scale, list(arguments), environment, output))
    process.daemon = True  # it does not survive us
    process.start()
    return process


def _run(scale: float, arguments: list[str], environment: dict[str, str], output: Path) -> None:
    os.environ.update(environment)
    with output.open("wb") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    _scale_down(scale)
    main(arguments, prog_name="python -m loader")


def _scale_down(scale: float) -> None:
    """Cut smaller files, into smaller blocks; take indexes off for smaller loads."""
    loader.loading.cut.CUT_BYTES = int(loader.loading.cut.CUT_BYTES * scale)
    loader.raw.indexes.BULK_BYTES = int(loader.raw.indexes.BULK_BYTES * scale)
    blocks = functools.partial(Splitter, block_bytes=int(BLOCK_BYTES * scale))
    for module in (loader.loading.cut, loader.loading.load_file):
        vars(module)["Splitter"] = blocks
