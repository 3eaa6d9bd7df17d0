"""The manifest: what a batch holds. A batch without one is not finished."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from generator.engine.output.files import FileEntry, sync_folder
from generator.engine.parameters import Parameters
from generator.errors import BadParameter, LandingZoneError

FORMAT_VERSION = 1
NAME = "manifest.json"
Kind = Literal["history", "day"]


@dataclass(frozen=True)
class TableEntry:
    """A table of a batch, as the manifest describes it.

    Args:
        delivery: how it arrives.
        format: format of its files.
        columns: its columns in order.
        types: of its columns, as the model names them; not said of the truth.
        key: columns that no two records of the batch share; likewise.
        files: its files; a part without records has none.
    """

    delivery: str
    format: str
    columns: Sequence[str]
    files: Sequence[FileEntry]
    types: Mapping[str, str] = field(default_factory=dict)
    key: Sequence[str] = ()


@dataclass(frozen=True)
class Manifest:
    """A batch's manifest.

    Args:
        parameters: what the source's batches are made from.
        kind: the history or a day.
        first_day: first day it covers.
        last_day: last day, which is the batch's name.
        tables: the tables by name.
        truth: the ledger and the totals, likewise.
    """

    parameters: Parameters
    kind: Kind
    first_day: date
    last_day: date
    tables: dict[str, TableEntry] = field(default_factory=dict)
    truth: dict[str, TableEntry] = field(default_factory=dict)

    @property
    def batch(self) -> str:
        """Name of the batch."""
        return self.last_day.isoformat()

    def as_json(self) -> dict[str, Any]:
        """Return what the file says."""
        return {
            "format_version": FORMAT_VERSION,
            "source": self.parameters.model,
            "batch": self.batch,
            "kind": self.kind,
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
            "generator": self.parameters.as_json(),
            "tables": {name: asdict(table) for name, table in self.tables.items()},
            "truth": {name: asdict(table) for name, table in self.truth.items()},
        }

    def write(self, folder: Path) -> None:
        """Write the manifest by rename, so that it is there whole or not at all.

        Args:
            folder: the batch's folder.

        Raises:
            OSError: the disk is full or the folder cannot be written.
        """
        unfinished = folder / f".{NAME}"
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(json.dumps(self.as_json(), indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(folder / NAME)
        sync_folder(folder)


def read_manifest(path: Path) -> Manifest:
    """Read what a continuation needs of a manifest: its parameters and its days.

    Raises:
        LandingZoneError: it cannot be read, or is not one that this generator can continue.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        version = content["format_version"]
        if version != FORMAT_VERSION:
            raise LandingZoneError(
                f"{path}: format_version {version}, this generator writes {FORMAT_VERSION};"
                " make the source anew in another --out"
            )
        return Manifest(
            parameters=Parameters.from_json(content["generator"]),
            kind=content["kind"],
            first_day=date.fromisoformat(content["first_day"]),
            last_day=date.fromisoformat(content["last_day"]),
        )
    except OSError as error:
        raise LandingZoneError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, BadParameter) as error:
        raise LandingZoneError(
            f"{path}: not a manifest of this generator ({_cause(error)});"
            " remove its batch or choose another --out"
        ) from error


def _cause(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing"
    return getattr(error, "message", str(error))
