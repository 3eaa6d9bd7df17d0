"""Whether a batch is still the one that raw holds files of.

One file that changed shows that the whole batch was made again: its other files, though new by
name, tell of other customers and orders. To load them would mix two worlds in one table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from loader.errors import ConflictError
from loader.finding.manifest import Manifest
from loader.finding.store import Location


@dataclass(frozen=True)
class LoadedFile:
    """What the ledger remembers of a file that was loaded."""

    batch: str
    bytes: int
    sha256: str
    rows: int
    rejects: int


class LoadedBatches:
    """What raw holds of a source.

    Args:
        known: its loaded files by their names.
    """

    def __init__(self, known: Mapping[str, LoadedFile]) -> None:
        self._known = known
        self._names: defaultdict[str, list[str]] = defaultdict(list)
        for name, file in sorted(known.items()):
            self._names[file.batch].append(name)

    def check(self, manifest: Manifest, location: Location) -> None:
        """Compare a batch, as its manifest has it, with what was loaded of it before.

        Raises:
            ConflictError: a file was loaded with other content, or is not in the manifest any more.
        """
        difference = self._first_difference(manifest)
        if difference:
            raise ConflictError(
                f"{location}: batch {manifest.batch} is not the one that was loaded before: "
                f"{difference}; nothing of it was loaded now: load it into another database, or "
                "bring the batch back as it was"
            )

    def _first_difference(self, manifest: Manifest) -> str | None:
        listed = set()
        for table in manifest.all_tables.values():
            for file in table.files:
                name = manifest.name_of(file)
                loaded = self._known.get(name)
                if loaded and loaded.sha256 != file.sha256:
                    return (
                        f"{name} had other content ({loaded.bytes:,} bytes, sha256 "
                        f"{loaded.sha256[:12]}…; now {file.bytes:,} bytes, {file.sha256[:12]}…)"
                    )
                listed.add(name)
        before = self._names.get(manifest.batch, ())
        gone = next((name for name in before if name not in listed), None)
        return gone and f"{gone} was loaded, and the manifest does not list it any more"
