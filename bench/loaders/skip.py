"""Files that raw holds already: how long a run takes that has nothing to do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from itertools import islice
from math import ceil
from pathlib import Path
from statistics import median

from bench.goal import Goal
from bench.loaders import orders
from bench.loaders.loading import Delivery, load
from bench.loaders.plan import Plan
from bench.sections import Section, seconds
from bench.workplace import Workplace
from warehouse.console import say
from warehouse.errors import StepFailed

_MOST_SECONDS = 5.0
_ROWS_A_FILE = 10
_FILES_A_BATCH = 10
_HEADINGS = ("layout", "files", "first run s", "next run s", "CPU s")


def measure_skip(place: Workplace, plan: Plan) -> Section:
    """Load many small files in either layout, then run the loader again.

    Raises:
        StepFailed: a file was not loaded, or not skipped.
    """
    folder = place.folder / "skip"
    folder.mkdir()
    # As many orders as the files hold, and a few more: a scale gives about so many.
    scale = 1.1 * plan.files * _ROWS_A_FILE / orders.ROWS + 0.001
    (made,) = orders.generate(folder / "made", scale)
    rows, goals = [], []
    for layout, delivery in (
        ("files", _as_files(made, folder, plan.files)),
        ("batches", _as_batches(made, folder, plan.files)),
    ):
        with place.database("skip") as url:
            first = load(place, url, delivery, plan.workers)
            say(f"layout {layout}: loaded in {first.process.seconds:.2f} s")
            again = [load(place, url, delivery, plan.workers) for _ in range(plan.runs)]
        found = [(first.loaded, 0), *((done.skipped, done.loaded) for done in again)]
        if set(found) != {(plan.files, 0)}:
            raise StepFailed(f"layout {layout}: of {plan.files:,} files (done, loaded): {found}")
        taken = [done.process.seconds for done in again]
        cpu = f"{median(done.process.cpu for done in again):.2f}"
        first_run = f"{first.process.seconds:.2f}"
        rows.append([layout, f"{plan.files:,}", first_run, seconds(taken), cpu])
        text = f"skipping {plan.files:,} files, layout {layout}, seconds"
        goals.append(Goal(text, median(taken), most=_MOST_SECONDS))
    return Section("Files loaded before (whole process)", _HEADINGS, rows, goals)


def _contents(made: Path, files: int) -> Iterator[bytes]:
    """Yield the files' bytes, each with other orders."""
    with made.open("rb") as lines:
        header = next(lines)
        for _ in range(files):
            yield header + b"".join(islice(lines, _ROWS_A_FILE))


def _as_files(made: Path, folder: Path, files: int) -> Delivery:
    delivery = orders.deliver(folder / "files")
    for number, content in enumerate(_contents(made, files)):
        (delivery.folder / f"orders-{number:06}.csv").write_bytes(content)
    return delivery


def _as_batches(made: Path, folder: Path, files: int) -> Delivery:
    delivery = orders.deliver_batches(folder / "batches")
    contents = _contents(made, files)
    for number in range(ceil(files / _FILES_A_BATCH)):
        batch = delivery.folder / f"batch-{number:06}"
        (batch / orders.TABLE).mkdir(parents=True)
        parts = enumerate(islice(contents, _FILES_A_BATCH))
        listed = [_part(batch, f"{orders.TABLE}/part-{part:05}.csv", text) for part, text in parts]
        manifest = {
            "format_version": 1,
            "source": orders.BATCHES,
            "batch": batch.name,
            "tables": {orders.TABLE: {"format": "csv", "columns": orders.COLUMNS, "files": listed}},
        }
        (batch / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return delivery


def _part(batch: Path, path: str, content: bytes) -> dict[str, object]:
    (batch / path).write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    rows = content.count(b"\n") - 1
    return {"path": path, "rows": rows, "bytes": len(content), "sha256": sha256}
