"""A batch's manifest.json: which files belong to it, with their sizes and SHA-256 sums.

It is written last, by rename, so a batch that has one is complete.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
)

from loader.errors import ManifestError
from loader.finding.store import Location
from loader.sources import Format

MANIFEST = "manifest.json"


class _Part(BaseModel):
    # The generator keeps more in it than the loader needs to know.
    model_config = ConfigDict(extra="ignore", frozen=True)


class ManifestFile(_Part):
    """One file: path relative to the batch folder, records, size in bytes, SHA-256 in hex."""

    path: Annotated[str, Field(min_length=1)]
    rows: Annotated[int, Field(ge=0)]
    bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class ManifestTable(_Part):
    """One table's files, all of one format.

    Attributes:
        types: of columns, by name; the loader does not look at them, the watch does.
        key: columns that no two records of the batch share; likewise.
        delivery: what a batch holds of the table, such as "full_extract"; likewise.
    """

    format: Format
    columns: list[str] = []
    types: dict[str, str] = {}
    key: list[str] = []
    delivery: str = ""
    files: list[ManifestFile]

    @field_validator("format", mode="before")
    @classmethod
    def _without_compression(cls, value: object) -> object:
        """Take `csv.gz` for csv: how a file is compressed is seen by its own name."""
        return value.removesuffix(".gz").removesuffix(".zst") if isinstance(value, str) else value


class Manifest(_Part):
    """What a batch holds; `truth` lists the files under _truth/ by their names."""

    format_version: Literal[1]
    source: str
    batch: str
    tables: dict[str, ManifestTable]
    truth: dict[str, ManifestTable] = {}

    @property
    def all_tables(self) -> dict[str, ManifestTable]:
        """Its tables, those of the truth too, by their names in the declaration."""
        return self.tables | {f"_truth_{name}": table for name, table in self.truth.items()}

    def name_of(self, file: ManifestFile) -> str:
        """Name of a file below the source's folder: its identity in the ledger."""
        return f"{self.batch}/{PurePosixPath(file.path)}"


def read_manifest(location: Location, source: str, batch: str) -> Manifest:
    """Read the manifest that lies in the folder of a batch.

    Raises:
        ManifestError: a key is wrong, or it belongs to another source or folder.
        FileError: it cannot be read.
    """
    try:
        manifest = Manifest.model_validate_json(location.read())
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in fault["loc"]) or "the whole file"
        raise ManifestError(f"{location}: {key}: {fault['msg']}; deliver the batch again") from None
    if manifest.source != source:
        raise ManifestError(
            f"{location}: is of source {manifest.source!r}, not {source!r}: load it with "
            f"python -m loader {manifest.source}"
        )
    if manifest.batch != batch:
        raise ManifestError(
            f"{location}: is of batch {manifest.batch!r}, but lies in folder {batch!r}: "
            "rename the folder to its batch"
        )
    return manifest
