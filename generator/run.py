"""Make a batch: share its parts among worker processes, collect the truth, publish it at once."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np

from generator.batches import Batch, clear_unfinished, unfinished_folder
from generator.calendar import SECONDS_A_DAY
from generator.defects import LEDGER_COLUMNS
from generator.errors import LandingZoneError, WorkerLost
from generator.manifest import Manifest
from generator.mix import Ints
from generator.model import SHOP
from generator.parts import Part, plan
from generator.pools import fill_pools
from generator.workers import made_parts
from generator.world import Window, World
from generator.writer import FileEntry, PartFile, sync_folder
from warehouse.console import progress

TOTALS_COLUMNS = (
    "order_date",
    "currency",
    "orders",
    "units",
    "gross_amount",
    "discount_amount",
    "net_amount",
)
TRUTH = {"defects": LEDGER_COLUMNS, "totals": TOTALS_COLUMNS}

# Records in files that a customer and an order come to, on average, over their life.
RECORDS_A_ROW = {"customers": 1.2, "orders": 7.8}


@dataclass(frozen=True)
class Summary:
    """What was made.

    Args:
        batch: the batch.
        tables: the files of each table, the truth's with `_truth/` before their name.
        seconds: time taken.
    """

    batch: Batch
    tables: dict[str, list[FileEntry]]
    seconds: float


@contextmanager
def one_generator(source: Path) -> Iterator[None]:
    """Hold a source's folder against other generators; the system lets it go when this one ends.

    Raises:
        LandingZoneError: the folder cannot be made, or another generator is at work in it.
    """
    try:
        source.mkdir(parents=True, exist_ok=True)
        handle = os.open(source, os.O_RDONLY)
    except OSError as error:
        raise LandingZoneError(
            f"{error.filename}: cannot be used as landing zone: {error.strerror}; check --out"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise LandingZoneError(
            f"{source}: another generator is at work here; wait for it"
        ) from error
    finally:
        os.close(handle)


def make_batch(source: Path, batch: Batch, workers: int) -> Summary:
    """Make a batch and publish it; a batch that fails leaves nothing behind.

    Args:
        source: the source's folder.
        batch: what to make.
        workers: number of processes at most; it changes no byte.

    Raises:
        LandingZoneError: the disk is full or the folder cannot be written.
        WorkerLost: a worker ended before its part was done.
    """
    started = time.monotonic()
    folder = unfinished_folder(source, batch)
    window = Window.of_days(batch.first_day, batch.last_day)
    world = World(batch.parameters, fill_pools(batch.parameters.seed), window)
    try:
        clear_unfinished(source, batch)
        folder.mkdir()
        tables = _make_parts(world, folder, workers)
        _publish(source, folder, batch, world, tables)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise LandingZoneError(
            f"{error.filename or folder}: cannot be written: {error.strerror};"
            f" batch {batch.name} was not made"
        ) from error
    except BrokenProcessPool as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise WorkerLost(
            f"batch {batch.name}: a worker was ended from outside (out of memory?);"
            " nothing was made, try again with fewer --workers"
        ) from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Summary(batch, tables, time.monotonic() - started)


def _make_parts(world: World, folder: Path, workers: int) -> dict[str, list[FileEntry]]:
    parts = plan(world)
    tables: dict[str, list[FileEntry]] = {name: [] for name in SHOP}
    totals = np.zeros((1, 1), dtype=np.int64)
    defects = PartFile(folder, "_truth/defects.csv", _header("defects"), always=True)
    expected = _expected_rows(world, parts)
    try:
        with progress(f"generating {folder.name[1:11]}", sum(expected.values()), "rows") as bar:
            for part, made in made_parts(world, folder, parts, workers):
                for name, files in made.files.items():
                    tables[name] += files
                defects.write(made.ledger, made.ledger.count(b"\n"))
                totals = totals + made.totals
                bar.advance(expected[part], part.entity)
        tables["_truth/defects"] = defects.finish()
    finally:
        defects.close()
    tables["_truth/totals"] = _write_totals(world, folder, totals)
    return tables


def _expected_rows(world: World, parts: list[Part]) -> dict[Part, float]:
    """Estimate the records of each part: a day looks at many rows and writes few."""
    first_day = max(world.window.begin // SECONDS_A_DAY, 0)
    rates = {}
    for entity, calendar in (("customers", world.customers), ("orders", world.orders)):
        earlier = calendar.before[first_day] if first_day else 0
        looked_at = sum(part.stop - part.first for part in parts if part.entity == entity)
        new = int(calendar.before[world.days] - earlier)
        rates[entity] = RECORDS_A_ROW[entity] * new / max(looked_at, 1)
    return {part: (part.stop - part.first) * rates.get(part.entity, 1.0) for part in parts}


def _header(truth: str) -> bytes:
    return ",".join(TRUTH[truth]).encode() + b"\n"


def _write_totals(world: World, folder: Path, totals: Ints) -> list[FileEntry]:
    """Write the true totals of each day that has any."""
    start = world.parameters.start + timedelta(days=max(world.window.begin // SECONDS_A_DAY, 0))
    file = PartFile(folder, "_truth/totals.csv", _header("totals"), always=True)
    try:
        for day, (orders, units, gross, discount) in enumerate(totals.tolist()):
            if orders:
                money = ",".join(
                    f"{cents // 100}.{cents % 100:02d}"
                    for cents in (gross, discount, gross - discount)
                )
                line = f"{start + timedelta(days=day)},USD,{orders},{units},{money}\n"
                file.write(line.encode(), 1)
        return file.finish()
    finally:
        file.close()


def _publish(
    source: Path, folder: Path, batch: Batch, world: World, tables: dict[str, list[FileEntry]]
) -> None:
    parameters = batch.parameters
    manifest = Manifest(
        parameters=parameters,
        kind=batch.kind,
        first_day=parameters.start + timedelta(days=batch.first_day),
        last_day=parameters.start + timedelta(days=batch.last_day),
        tables={name: tables[name] for name in SHOP},
        truth={name: tables[f"_truth/{name}"] for name in TRUTH},
    )
    for inner in folder.iterdir():
        sync_folder(inner)
    manifest.write(folder, {name: world.format_of(name) for name in SHOP}, TRUTH)
    folder.rename(source / batch.name)
    sync_folder(source)
