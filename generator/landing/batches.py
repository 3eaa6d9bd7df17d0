"""Which batches are asked for, which are there already, and whether they fit together."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from generator.engine.parameters import MAX_DAYS, Parameters
from generator.errors import BadParameter, LandingZoneError
from generator.landing.manifest import NAME, Kind, Manifest, read_manifest
from generator.spec.model import Model

_BATCH = re.compile(r"\d{4}-\d{2}-\d{2}")
_ONE_DAY = timedelta(days=1)
_UNFINISHED = ".unfinished"


@dataclass(frozen=True)
class Batch:
    """A batch to be made.

    Args:
        parameters: the source's parameters.
        kind: the history or a day.
        first_day: its first day, counted from the history's start.
        last_day: its last day, likewise.
    """

    parameters: Parameters
    kind: Kind
    first_day: int
    last_day: int

    @property
    def name(self) -> str:
        """The batch's name: its last day."""
        return (self.parameters.start + self.last_day * _ONE_DAY).isoformat()


@dataclass(frozen=True)
class Request:
    """What the command line asks for; None is what it leaves open.

    Args:
        model: name of the data model.
        model_sha256: what it means.
        start: first day.
        days: number of days.
        others: the other parameters by name, only those that were given.
    """

    model: str
    model_sha256: str
    start: date | None
    days: int | None
    others: dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """The batches of a request.

    Args:
        there: names of batches that exist already, just as asked for.
        to_make: batches to make, in order.
    """

    there: list[str]
    to_make: list[Batch]


def plan_batches(source: Path, model: Model, request: Request) -> Plan:
    """Compare a request with a source's folder.

    Args:
        source: the source's folder in the landing zone; it need not exist.
        model: the data model.
        request: what is asked for.

    Raises:
        BadParameter: the request is out of range or contradicts what is there.
        LandingZoneError: what is there cannot be read.
    """
    if request.days is not None and not 1 <= request.days <= MAX_DAYS:
        raise BadParameter(f"--days {request.days}: give 1 to {MAX_DAYS}")
    manifests = _finished(source)
    if not manifests:
        asked = {"start": request.start, "days": request.days} | request.others
        given = {name: value for name, value in asked.items() if value is not None}
        parameters = Parameters(request.model, request.model_sha256, **given)
        formats = {
            name: parameters.format_of(table)
            for name, table in model.tables.items()
            if table.delivery != "internal"
        }
        parameters.defects.check(model, formats)
        return Plan([], [Batch(parameters, "history", 0, parameters.days - 1)])
    history, path = _history(source, manifests)
    _compare(request, history.parameters, path)
    if request.start is not None and request.start <= history.last_day:
        return _same_history(request, history, path)
    return _days(request, history, manifests, path)


def _finished(source: Path) -> list[Manifest]:
    """Return the manifests of finished batches in order of time."""
    try:
        folders = sorted(
            folder
            for folder in source.iterdir()
            if folder.is_dir() and _BATCH.fullmatch(folder.name)
        )
    except FileNotFoundError:
        return []
    except OSError as error:
        raise LandingZoneError(f"{source}: cannot be read: {error.strerror}") from error
    manifests = []
    for folder in folders:
        if (folder / NAME).exists():
            manifest = read_manifest(folder / NAME)
            if manifest.batch != folder.name:
                raise LandingZoneError(
                    f"{folder / NAME}: is the manifest of batch {manifest.batch}; rename the folder"
                )
            manifests.append(manifest)
    return manifests


def _history(source: Path, manifests: list[Manifest]) -> tuple[Manifest, Path]:
    first = manifests[0]
    path = source / first.batch / NAME
    parameters = first.parameters
    if first.kind != "history" or (first.first_day, first.last_day) != (
        parameters.start,
        parameters.last_day,
    ):
        raise LandingZoneError(
            f"{path}: the first batch in {source} is not a history;"
            " make the source anew in another --out"
        )
    for manifest in manifests[1:]:
        if manifest.kind != "day" or manifest.parameters != parameters:
            raise LandingZoneError(
                f"{source / manifest.batch / NAME}: does not continue the history of {path};"
                " remove its batch or make the source anew in another --out"
            )
    return first, path


def _compare(request: Request, there: Parameters, path: Path) -> None:
    if (request.model, request.model_sha256) != (there.model, there.model_sha256):
        raise BadParameter(
            f"--model {request.model}: has changed since the history was made ({path});"
            " bring it back, or make another source with another --out"
        )
    for name, value in request.others.items():
        known = getattr(there, name)
        if value != known:
            replace(there, **{name: value})  # a value out of range has its own message
            raise BadParameter(
                f"--{name} {value}: the history was made with --{name} {known} ({path});"
                f" leave --{name} out, or make another source with another --out"
            )


def _same_history(request: Request, history: Manifest, path: Path) -> Plan:
    parameters = history.parameters
    days = parameters.days if request.days is None else request.days
    if request.start == parameters.start and days == parameters.days:
        return Plan([history.batch], [])
    following = history.last_day + _ONE_DAY
    raise BadParameter(
        f"--start {request.start} --days {days}: the history is {parameters.start} --days"
        f" {parameters.days} ({path}); go on with --start {following}, or make another source"
        " with another --out"
    )


def _days(request: Request, history: Manifest, manifests: list[Manifest], path: Path) -> Plan:
    there = {manifest.batch for manifest in manifests}
    parameters = history.parameters
    following = history.last_day + _ONE_DAY
    while following.isoformat() in there:
        following += _ONE_DAY
    start = following if request.start is None else request.start
    if start > following:
        raise BadParameter(
            f"--start {start}: leaves a gap, the next day in {path.parent.parent} is"
            f" {following}; use --start {following} or leave --start out"
        )
    first = (start - parameters.start).days
    last = first + (request.days or 1) - 1
    if last >= MAX_DAYS:
        raise BadParameter(
            f"--days {request.days or 1}: a source ends {MAX_DAYS} days after its start"
            f" {parameters.start}; make another source with another --out"
        )
    asked = [Batch(parameters, "day", day, day) for day in range(first, last + 1)]
    return Plan(
        [batch.name for batch in asked if batch.name in there],
        [batch for batch in asked if batch.name not in there],
    )


def unfinished_folder(source: Path, batch: Batch) -> Path:
    """Return the hidden folder in which a batch is made."""
    return source / f".{batch.name}{_UNFINISHED}"


def clear_unfinished(source: Path, batch: Batch, tables: set[str]) -> None:
    """Remove what killed runs left behind; call it while no other generator works on the source.

    Args:
        source: the source's folder.
        batch: the batch that is to be made.
        tables: names of the model's tables.

    Raises:
        LandingZoneError: a folder of the batch's name holds files that no generator made.
        OSError: it cannot be removed.
    """
    for folder in source.glob(f".*{_UNFINISHED}"):
        shutil.rmtree(folder)
    folder = source / batch.name
    if not folder.exists():
        return
    ours = {*tables, "_truth"}
    strangers = [
        path for path in folder.rglob("*") if path.is_file() and path.parent.name not in ours
    ]
    if strangers or not folder.is_dir():
        raise LandingZoneError(
            f"{folder}: has no {NAME} and holds what no generator made"
            f" ({(strangers or [folder])[0].name}); move it away"
        )
    shutil.rmtree(folder)
