"""Memory: the loader's process at its largest, while it loads one large file."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

from bench.goal import Goal
from bench.loaders import orders
from bench.loaders.loading import Delivery, Loading, load
from bench.loaders.plan import MB, Plan
from bench.sections import Section
from bench.workplace import Workplace
from warehouse.console import say
from warehouse.errors import StepFailed

_MOST_MEMORY = 200
_HEADINGS = ("file", "MB", "rows", "seconds", "rows/s", "CPU s", "peak memory MB")
# Of the file's size: the file, the table (with 40 bytes a row of its own) and what the log keeps.
_DISK = 3.5
_COMPRESSION_LEVEL = 1
_COPY_BYTES = 4 * 1024**2


def disk_needed(plan: Plan) -> float:
    """Bytes of disk that the large file and its table take."""
    return plan.gigabytes * 1e9 * _DISK


def measure_memory(place: Workplace, plan: Plan) -> Section:
    """Load a large file, plain and compressed.

    Raises:
        StepFailed: not all of its rows were loaded.
    """
    folder = place.folder / "memory"
    folder.mkdir()
    plain, packed = (orders.deliver(folder / name) for name in ("plain", "packed"))
    file = plain.folder / "orders.csv"
    count = orders.repeat(folder / "block", file, plan.gigabytes * 1e9)
    say(f"{file.name}: {file.stat().st_size / MB:,.0f} MB written")
    rows, goals = [], []
    for kind in ("plain", "gzip"):
        if kind == "gzip":
            file = _compress(file, packed.folder)
        delivery = plain if kind == "plain" else packed
        done = _load(place, delivery, plan.workers)
        if done.rows != count:
            raise StepFailed(f"{kind}: {done.rows:,} of {count:,} rows were loaded")
        rows.append(_row(kind, file, done))
        text = f"{kind} file of {plan.gigabytes:g} GB, MB of the loader's memory at its peak"
        goals.append(Goal(text, done.process.memory / MB, most=_MOST_MEMORY))
    title = f"One file of {plan.gigabytes:g} GB before compression, {plan.workers} connections"
    return Section(title, _HEADINGS, rows, goals)


def _compress(file: Path, folder: Path) -> Path:
    """Compress a file and remove it."""
    packed = folder / f"{file.name}.gz"
    with file.open("rb") as plain, gzip.open(packed, "wb", _COMPRESSION_LEVEL) as out:
        shutil.copyfileobj(plain, out, _COPY_BYTES)
    file.unlink()
    return packed


def _load(place: Workplace, delivery: Delivery, workers: int) -> Loading:
    with place.database("memory") as url:
        return load(place, url, delivery, workers)


def _row(kind: str, file: Path, done: Loading) -> list[str]:
    return [
        kind,
        f"{file.stat().st_size / MB:,.0f}",
        f"{done.rows:,}",
        f"{done.loading_seconds:.2f}",
        f"{done.rows / done.loading_seconds:,.0f}",
        f"{done.cpu:.2f}",
        f"{done.process.memory / MB:,.0f}",
    ]
