"""Runs of the loader, each in a process of its own, with what they came to."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.processes import Cost, measure
from bench.workplace import Workplace


@dataclass(frozen=True)
class Delivery:
    """A source's files: the source's name, its folder, and the file that declares it."""

    source: str
    folder: Path
    sources_file: Path


@dataclass(frozen=True)
class Loading:
    """What a run of the loader did and took.

    Args:
        rows: that raw received.
        rejects: records set aside.
        loaded: files.
        skipped: files that raw held before.
        seconds: the run: lock, tables, discovery, loading, statistics.
        loading_seconds: of these, from the first file to the last commit.
        cpu: user and system seconds of the run.
        process: the cost of the whole process, from Python's start to its end.
    """

    rows: int
    rejects: int
    loaded: int
    skipped: int
    seconds: float
    loading_seconds: float
    cpu: float
    process: Cost

    @property
    def records(self) -> int:
        """Records of the files: those in raw and those set aside."""
        return self.rows + self.rejects


def load(place: Workplace, url: str, delivery: Delivery, workers: int) -> Loading:
    """Run the loader on a disk that has nothing left to write.

    Raises:
        StepFailed: a file was not loaded.
    """
    result = place.folder / "loading.json"
    command = [sys.executable, "-m", "bench.loaders.child", str(result)]
    command += [str(delivery.sources_file), delivery.source, str(delivery.folder), str(workers)]
    place.settle_disk()
    cost = measure(f"loading {delivery.source}", command, delivery.folder, DATABASE_URL=url)
    facts = json.loads(result.read_text(encoding="utf-8"))
    result.unlink()
    return Loading(**facts, process=cost)
