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

from generator.engine.faults.ledger import LEDGER_COLUMNS
from generator.engine.output.files import FileEntry, PartFile, Syncer, sync_folder
from generator.engine.parts import plan
from generator.engine.pools import fill_pools
from generator.engine.totals import DayTotals, Totals, no_totals
from generator.engine.workers import made_parts
from generator.engine.world import Window, World, day_names
from generator.errors import LandingZoneError, WorkerLost
from generator.landing.batches import Batch, clear_unfinished, unfinished_folder
from generator.landing.manifest import Manifest, TableEntry
from generator.spec.ddl import primary_key
from generator.spec.model import Model
from warehouse.console import progress

DEFECTS, TOTALS = "defects", "totals"


@dataclass(frozen=True)
class Summary:
    """What was made.

    Args:
        batch: the batch.
        tables: the files of each table, the truth's with `_truth/` before their name.
        seconds: time taken, without validation.
        validated: number of records checked against the model; None: not asked for.
    """

    batch: Batch
    tables: dict[str, list[FileEntry]]
    seconds: float
    validated: int | None = None


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


def make_batch(
    source: Path, model: Model, batch: Batch, workers: int, *, validate: bool = False
) -> Summary:
    """Make a batch and publish it; a batch that fails leaves nothing behind.

    Args:
        source: the source's folder.
        model: the data model, already checked.
        batch: what to make.
        workers: number of processes at most; it changes no byte.
        validate: check the files against the model before they are published.

    Raises:
        GeneratorError: a value cannot be made, or a table breaks its own contract.
        LandingZoneError: the disk is full or the folder cannot be written.
        WorkerLost: a worker ended before its part was done.
    """
    started = time.monotonic()
    folder = unfinished_folder(source, batch)
    try:
        window = Window.of_days(batch.first_day, batch.last_day)
        world = World(model, batch.parameters, fill_pools(model, batch.parameters.seed), window)
        clear_unfinished(source, batch, {table.name for table in world.delivered})
        folder.mkdir()
        tables = _make_parts(world, folder, workers)
        manifest = _manifest(batch, world, tables)
        seconds = time.monotonic() - started
        validated = _validate(world, folder, source, manifest) if validate else None
        _publish(source, folder, batch, manifest)
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
    return Summary(batch, tables, seconds, validated)


def _make_parts(world: World, folder: Path, workers: int) -> dict[str, list[FileEntry]]:
    parts = plan(world)
    tables: dict[str, list[FileEntry]] = {table.name: [] for table in world.delivered}
    sums, syncer = Totals(world), Syncer()
    totals = no_totals(len(sums.money))
    defects = PartFile(folder, f"_truth/{DEFECTS}.csv", _header(LEDGER_COLUMNS), always=True)
    rows = sum(part.stop - part.first for part in parts)
    try:
        # The workers start before the display, which has a thread.
        with (
            made_parts(world, folder, parts, workers) as results,
            progress(f"generating {folder.name[1:11]}", rows, "parents") as bar,
        ):
            for part, made in results:
                for name, files in made.files.items():
                    tables[name] += files
                    for file in files:
                        syncer.put(folder / file.path)
                defects.write([made.ledger], made.ledger_rows)
                totals = totals.plus(made.totals)
                bar.advance(part.stop - part.first, part.table)
        tables[f"_truth/{DEFECTS}"] = defects.finish()
    finally:
        defects.close()
    if world.model.totals is not None:
        tables[f"_truth/{TOTALS}"] = _write_totals(world, folder, totals, sums.money)
    for name in (DEFECTS, TOTALS):
        for file in tables.get(f"_truth/{name}", []):
            syncer.put(folder / file.path)
    syncer.wait()
    return tables


def _header(columns: tuple[str, ...]) -> bytes:
    return ",".join(columns).encode() + b"\n"


def _totals_columns(world: World) -> tuple[str, ...]:
    totals = world.model.totals
    return () if totals is None else (totals.date, *totals.constants, *totals.measures)


def _write_totals(
    world: World, folder: Path, totals: DayTotals, money: list[bool]
) -> list[FileEntry]:
    """Write the true totals of each day that has any."""
    assert world.model.totals is not None
    constants = tuple(world.model.totals.constants.values())
    header = _header(_totals_columns(world))
    file = PartFile(folder, f"_truth/{TOTALS}.csv", header, always=True)
    try:
        days = day_names(world.parameters.start, totals.days)
        for day, values in zip(days, totals.values.tolist(), strict=True):
            figures = (
                _money(value) if is_money else str(value)
                for value, is_money in zip(values, money, strict=True)
            )
            file.write([",".join((day, *constants, *figures)).encode() + b"\n"], 1)
        return file.finish()
    finally:
        file.close()


def _money(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _manifest(batch: Batch, world: World, tables: dict[str, list[FileEntry]]) -> Manifest:
    parameters = batch.parameters
    truth: dict[str, tuple[str, ...]] = {DEFECTS: LEDGER_COLUMNS}
    if world.model.totals is not None:
        truth[TOTALS] = _totals_columns(world)
    return Manifest(
        parameters=parameters,
        kind=batch.kind,
        first_day=parameters.start + timedelta(days=batch.first_day),
        last_day=parameters.start + timedelta(days=batch.last_day),
        tables={
            table.name: TableEntry(
                table.spec.delivery,
                world.format_of(table),
                table.visible,
                tables[table.name],
                {name: table.spec.columns[name].type for name in table.visible},
                primary_key(table.spec),
            )
            for table in world.delivered
        },
        truth={
            name: TableEntry("append", "csv", columns, tables[f"_truth/{name}"])
            for name, columns in truth.items()
        },
    )


def _validate(world: World, folder: Path, source: Path, manifest: Manifest) -> int:
    # Only here: pandera and pandas take a second to import.
    from generator.validation import validate  # noqa: PLC0415

    return validate(world.model, folder, source, manifest.as_json(), world.pools)


def _publish(source: Path, folder: Path, batch: Batch, manifest: Manifest) -> None:
    for inner in folder.iterdir():
        sync_folder(inner)
    manifest.write(folder)
    folder.rename(source / batch.name)
    sync_folder(source)
