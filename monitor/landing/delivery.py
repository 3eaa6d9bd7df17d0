"""What lies in a source's folder, with all that is wrong about it: nothing of a file is read.

The loader takes a batch or refuses it at the first fault; here all faults are wanted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from loader.errors import ItemError, LandingError
from loader.finding.discovery import LandedFile, discover
from loader.finding.local import LocalStore
from loader.finding.manifest import MANIFEST, Manifest, ManifestFile, ManifestTable, read_manifest
from loader.finding.store import Entry, Location
from loader.sources import FilesSource, Sources


@dataclass(frozen=True)
class NamedFile:
    """A file that a manifest names, or whose name fits a pattern.

    Args:
        name: below the source's folder.
        table: of the source.
        batch: that it belongs to.
        file: to be read; none where that is impossible.
        fault: why it is; empty otherwise.
        promised: by the manifest; none where there is no manifest.
        columns: that the manifest promises.
        types: of its columns, by their names.
        key: columns that no two records of the batch share.
        delivery: what a batch holds of the table, as the manifest says it.
    """

    name: str
    table: str
    batch: str
    file: LandedFile | None
    fault: str = ""
    promised: ManifestFile | None = None
    columns: Sequence[str] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    key: Sequence[str] = ()
    delivery: str = ""


@dataclass
class Delivery:
    """What a source's folder holds.

    Args:
        source: its name.
        declared: its declaration.
        folder: that was looked through.
        chosen: names of the batches that are to be checked, in order.
        finished: names of the batches that can be taken up.
        files: of all batches; those that are not chosen are what they are compared with.
        unfinished: batches without a manifest.
        faults: what keeps a batch, or a table of it, from being taken up.
        strangers: files in a batch's folder that its manifest does not name.
    """

    source: str
    declared: FilesSource
    folder: Path
    chosen: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    files: list[NamedFile] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    @property
    def checked(self) -> list[NamedFile]:
        """The files of the chosen batches."""
        chosen = set(self.chosen)
        return [file for file in self.files if file.batch in chosen]


def find(folder: Path, sources: Sources, source: str | None, batches: Collection[str]) -> Delivery:
    """Look through a source's folder, or the folder of one of its batches.

    Args:
        folder: of the source; of a batch: that batch is checked.
        sources: as declared.
        source: its name; none: that of the folder.
        batches: names of those to be checked; none: all.

    Raises:
        LandingError: there is no such folder, it is empty, or a batch is not there.
        SourcesError: its source is not declared, or is a database.
    """
    folder = folder.resolve()
    if (folder / MANIFEST).is_file() and not batches:
        folder, batches = folder.parent, [folder.name]
    name = source or folder.name
    declared = sources.files(name)
    found = Delivery(name, declared, folder)
    entries = LocalStore(folder).entries(deep=True)
    if not entries:
        raise LandingError(f"{folder} is empty: nothing was delivered there")
    if declared.layout == "files":
        _find_files(found)
    else:
        _find_batches(found, entries)
    known = {*found.finished, *found.unfinished}
    for batch in batches:
        if batch not in known and not (folder / batch).is_dir():
            raise LandingError(f"no batch {batch} in {folder}: check --batch")
    found.chosen = sorted(batch for batch in known if not batches or batch in batches)
    return found


def _find_files(found: Delivery) -> None:
    landing = discover(found.source, found.declared, found.folder)
    found.faults += [problem.message for problem in landing.problems]
    found.finished = sorted({file.batch for file in landing.files})
    for file in landing.files:
        declared = found.declared.tables[file.table]
        found.files.append(
            NamedFile(
                file.name,
                file.table,
                file.batch,
                file,
                types=dict(declared.types),
                key=declared.key,
            )
        )


def _find_batches(found: Delivery, entries: Mapping[str, Entry]) -> None:
    store = LocalStore(found.folder)
    for batch in sorted(
        name for name, entry in entries.items() if "/" not in name and entry.folder
    ):
        entry = entries.get(f"{batch}/{MANIFEST}")
        if entry is None:
            found.unfinished.append(batch)
            continue
        if entry.stamp is None or entry.fault:
            what = entry.fault or "is not a file"
            found.faults.append(f"{found.folder / batch / MANIFEST}: {what}")
            continue
        try:
            location = Location(store, f"{batch}/{MANIFEST}", entry.stamp)
            manifest = read_manifest(location, found.source, batch)
        except ItemError as error:
            found.faults.append(error.message)
            continue
        _take(found, manifest, entries, store)


def _take(
    found: Delivery, manifest: Manifest, entries: Mapping[str, Entry], store: LocalStore
) -> None:
    """Take up the files of a finished batch."""
    found.finished.append(manifest.batch)
    named = {f"{manifest.batch}/{MANIFEST}"}
    for table, listed in manifest.all_tables.items():
        if table not in found.declared.tables:
            found.faults.append(
                f"{manifest.batch}/{MANIFEST}: holds table {table!r}, which loader/sources.yml "
                f"does not declare for {found.source}: add it there"
            )
            named |= {manifest.name_of(file) for file in listed.files}
            continue
        for file in listed.files:
            one = _named(found, manifest, table, listed, file, entries, store)
            named.add(one.name)
            found.files.append(one)
    found.strangers += [
        name
        for name, entry in sorted(entries.items())
        if name.startswith(f"{manifest.batch}/") and not entry.folder and name not in named
    ]


def _named(  # noqa: PLR0913, PLR0917 - a file and what is around it
    found: Delivery,
    manifest: Manifest,
    table: str,
    listed: ManifestTable,
    file: ManifestFile,
    entries: Mapping[str, Entry],
    store: LocalStore,
) -> NamedFile:
    declared = found.declared.tables[table]
    name = manifest.name_of(file)
    relative = PurePosixPath(file.path)
    entry = entries.get(name)
    landed, fault = None, ""
    if relative.is_absolute() or ".." in relative.parts:
        fault = f"its path {file.path!r} leaves the batch folder"
    elif entry is None:
        fault = "is not there"
    elif entry.stamp is None or entry.fault:
        fault = entry.fault or "is not a file"
    else:
        landed = LandedFile(
            manifest.source,
            table,
            manifest.batch,
            name,
            Location(store, name, entry.stamp),
            listed.format,
            entry.stamp.size,
        )
    # A type says what a column of raw is, so it goes by the name that the column has there.
    types = {declared.rename.get(column, column): type_ for column, type_ in listed.types.items()}
    return NamedFile(
        name,
        table,
        manifest.batch,
        landed,
        fault,
        file,
        tuple(listed.columns),
        {**declared.types, **types},
        declared.raw_columns(listed.key) or declared.key,
        listed.delivery,
    )
