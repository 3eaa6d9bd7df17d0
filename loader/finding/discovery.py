"""Find what a source has delivered: the files of finished batches, or the files that fit a pattern.

Nothing of a file is read here, and no path leads out of the source's folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

from loader.errors import FileError, ItemError, LandingError, ManifestError
from loader.finding.conflicts import LoadedBatches, LoadedFile
from loader.finding.local import LocalStore
from loader.finding.manifest import MANIFEST, Manifest, ManifestFile, ManifestTable, read_manifest
from loader.finding.patterns import Pattern
from loader.finding.store import Entry, Location, Store
from loader.sources import UNFIT_FOR_NAMES, FilesSource, Format


@dataclass(frozen=True)
class LandedFile:
    """A file to be loaded. What only a manifest can promise is None without one.

    Attributes:
        name: path relative to the source's folder, '/' separated: its identity in the ledger.
        path: where it lies.
        bytes: its size there.
        columns: names that the manifest promises; empty without one.
        needs_line_end: whether only a line end after its last record shows that it is whole.
    """

    source: str
    table: str
    batch: str
    name: str
    path: Location
    format: Format
    bytes: int
    sha256: str | None = None
    rows: int | None = None
    columns: tuple[str, ...] = ()
    needs_line_end: bool = False

    @property
    def uri(self) -> str:
        """Its name in the ledger."""
        return self.path.uri

    @property
    def compression(self) -> Literal["gzip", "zstd"] | None:
        """How the bytes must be decompressed on the way; its name tells."""
        if self.name.endswith(".gz"):
            return "gzip"
        return "zstd" if self.name.endswith(".zst") else None


@dataclass
class Landing:
    """What lies in a source's folder.

    Attributes:
        unfinished: batch folders without a manifest: not read.
        problems: what could not be taken up, with the reason.
    """

    files: list[LandedFile] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    problems: list[ItemError] = field(default_factory=list)


class _Folder:
    """A source's folder with its list."""

    def __init__(self, store: Store, entries: Mapping[str, Entry]) -> None:
        self.store, self.entries = store, entries

    def locate(self, name: str) -> Location:
        """Find a file that can be read.

        Raises:
            FileError: it does not exist, is no file, or lies elsewhere.
        """
        if UNFIT_FOR_NAMES.search(name):
            raise FileError(
                f"{self.store.place(name)!r}: its name is not UTF-8 or holds control characters: "
                "rename it"
            )
        entry = self.entries.get(name) or self._barred_folder(name)
        if entry is None:
            raise FileError(f"{self.store.place(name)}: cannot be read: No such file or directory")
        if entry.stamp is None or entry.fault:
            raise FileError(f"{self.store.place(name)}: {entry.fault or 'is not a file'}")
        return Location(self.store, name, entry.stamp)

    def _barred_folder(self, name: str) -> Entry | None:
        """Find the folder that keeps a file from being listed: a link, for one, that leads out."""
        around = (self.entries.get(str(folder)) for folder in PurePosixPath(name).parents)
        return next((entry for entry in around if entry and entry.fault), None)


def discover(
    name: str, source: FilesSource, root: Store | Path, known: Mapping[str, LoadedFile] = {}
) -> Landing:
    """Look through a source's folder.

    Args:
        name: of the source.
        source: its declaration.
        root: its folder; a path is one of this machine.
        known: its files that raw holds, by their names; a batch that differs is a problem.

    Raises:
        LandingError: the folder does not exist, is empty, or holds nothing that is finished.
    """
    store = LocalStore(root) if isinstance(root, Path) else root
    if source.layout == "batches":
        return _discover_batches(name, source, _listed(store, deep=True), LoadedBatches(known))
    patterns = [
        (Pattern(pattern), table)
        for table, declared in source.tables.items()
        for pattern in declared.patterns
    ]
    folder = _listed(store, deep=any(pattern.is_deep for pattern, _ in patterns))
    return _discover_files(name, source, folder, patterns)


def _listed(store: Store, *, deep: bool) -> _Folder:
    entries = store.entries(deep=deep)
    if not entries:
        raise LandingError(f"{store} is empty: nothing was delivered there")
    return _Folder(store, entries)


def _discover_files(
    name: str, source: FilesSource, folder: _Folder, patterns: list[tuple[Pattern, str]]
) -> Landing:
    landing = Landing()
    found = False
    for file, entry in sorted(folder.entries.items()):
        if entry.folder and entry.fault and any(p.reaches_into(file) for p, _ in patterns):
            landing.problems.append(FileError(f"{folder.store.place(file)}: {entry.fault}"))
            continue
        tables = {table: None for pattern, table in patterns if pattern.fits(file)}
        if not tables:
            continue
        found = True
        table, *others = tables
        if others:
            raise LandingError(
                f"{folder.store.place(file)} fits the patterns of both {table} and {others[0]}: "
                "narrow one of them in loader/sources.yml"
            )
        try:
            location = folder.locate(file)
        except FileError as error:
            error.table = table
            landing.problems.append(error)
            continue
        declared = source.tables[table]
        assert declared.format is not None  # Source checks it for this layout
        landing.files.append(
            LandedFile(
                name,
                table,
                file.rpartition("/")[2].split(".", 1)[0],
                file,
                location,
                declared.format,
                location.stamp.size,
                needs_line_end=declared.needs_line_end,
            )
        )
    if not found and not landing.problems:
        texts = ", ".join(pattern.text for pattern, _ in patterns)
        raise LandingError(f"no file in {folder.store} fits {texts}: check --from")
    return landing


def _discover_batches(
    name: str, source: FilesSource, folder: _Folder, loaded: LoadedBatches
) -> Landing:
    store, entries = folder.store, folder.entries
    if MANIFEST in entries:
        raise LandingError(f"{store} is a batch itself: give its parent, --from {store.parent}")
    batches = sorted({n.partition("/")[0] for n, entry in entries.items() if entry.folder})
    landing = Landing()
    finished = []
    for batch in batches:
        if entries[batch].fault:
            landing.problems.append(FileError(f"{store.place(batch)}: {entries[batch].fault}"))
        elif f"{batch}/{MANIFEST}" in entries:
            finished.append(batch)
        else:
            landing.unfinished.append(batch)
    if len(landing.unfinished) == len(batches):
        missing = (
            f"{', '.join(landing.unfinished)} has no {MANIFEST} yet" if batches else "no folders"
        )
        raise LandingError(f"no finished batch in {store}: {missing}{_hint(name, folder)}")

    def read(batch: str) -> list[LandedFile | ItemError]:
        try:
            return _batch(name, source, folder, batch, loaded)
        except ItemError as error:
            return [error]

    # An object store takes its time for each manifest.
    with ThreadPoolExecutor(store.readers) as threads:
        for found in threads.map(read, finished):
            landing.files += (file for file in found if isinstance(file, LandedFile))
            landing.problems += (fault for fault in found if isinstance(fault, ItemError))
    return landing


def _hint(name: str, folder: _Folder) -> str:
    """Ask whether a folder in this one is meant, where one holds finished batches."""
    manifests = (PurePosixPath(entry) for entry in folder.entries)
    sources = {path.parts[0] for path in manifests if path.parts[2:] == (MANIFEST,)}
    if not sources:
        return ""
    return f"; is it {folder.store.place(name if name in sources else min(sources))}?"


def _batch(
    name: str, source: FilesSource, folder: _Folder, batch: str, loaded: LoadedBatches
) -> list[LandedFile | ItemError]:
    """List a batch's files, and what is wrong with single ones.

    Raises:
        ItemError: the batch as a whole cannot be taken up.
    """
    location = folder.locate(f"{batch}/{MANIFEST}")
    manifest = read_manifest(location, name, batch)
    found: list[LandedFile | ItemError] = []
    for table, listed in _tables(manifest, source, location):
        for file in listed.files:
            try:
                found.append(_batch_file(manifest, folder, table, listed, file))
            except FileError as error:
                error.table = table
                found.append(error)
    loaded.check(manifest, location)
    return found


def _tables(
    manifest: Manifest, source: FilesSource, location: Location
) -> Iterator[tuple[str, ManifestTable]]:
    for table, files in manifest.all_tables.items():
        if table not in source.tables:
            raise ManifestError(
                f"{location}: holds table {table!r}, which loader/sources.yml does not declare "
                f"for {manifest.source}: add it there"
            )
        yield table, files


def _batch_file(
    manifest: Manifest, folder: _Folder, table: str, listed: ManifestTable, file: ManifestFile
) -> LandedFile:
    relative = PurePosixPath(file.path)
    if relative.is_absolute() or ".." in relative.parts:
        at = folder.store.place(f"{manifest.batch}/{MANIFEST}")
        raise FileError(f"{at}: path {file.path!r} leaves the batch folder")
    name = manifest.name_of(file)
    location = folder.locate(name)
    size = location.stamp.size
    if size != file.bytes:
        raise FileError(
            f"{location}: has {size:,} bytes, its manifest promises {file.bytes:,}: "
            "deliver the batch again"
        )
    return LandedFile(
        manifest.source,
        table,
        manifest.batch,
        name,
        location,
        listed.format,
        size,
        file.sha256,
        file.rows,
        tuple(listed.columns),
    )
