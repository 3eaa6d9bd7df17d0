"""Find what a source has delivered: the files of finished batches, or the files that fit a pattern.

Nothing of a file is read here, and no path leads out of the source's folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

from loader.errors import ConflictError, FileError, ItemError, LandingError, ManifestError
from loader.finding.conflicts import LoadedBatches, LoadedFile
from loader.finding.manifest import MANIFEST, Manifest, ManifestFile, ManifestTable, read_manifest
from loader.sources import UNFIT_FOR_NAMES, FilesSource, Format


@dataclass(frozen=True)
class LandedFile:
    """A file to be loaded. What only a manifest can promise is None without one.

    Attributes:
        name: path relative to the source's folder, '/' separated: its identity in the ledger.
        path: where it lies.
        bytes: its size on disk.
        columns: names that the manifest promises; empty without one.
        needs_line_end: whether only a line end after its last record shows that it is whole.
    """

    source: str
    table: str
    batch: str
    name: str
    path: Path
    format: Format
    bytes: int
    sha256: str | None = None
    rows: int | None = None
    columns: tuple[str, ...] = ()
    needs_line_end: bool = False

    @property
    def compression(self) -> Literal["gzip", "zstd"] | None:
        """How the bytes must be decompressed on the way; its name tells."""
        if self.path.suffix == ".gz":
            return "gzip"
        return "zstd" if self.path.suffix == ".zst" else None


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


def discover(
    name: str, source: FilesSource, root: Path, known: Mapping[str, LoadedFile] = {}
) -> Landing:
    """Look through a source's folder.

    Args:
        name: of the source.
        source: its declaration.
        root: its folder.
        known: its files that raw holds, by their names; a batch that differs is a problem.

    Raises:
        LandingError: the folder does not exist, is empty, or holds nothing that is finished.
    """
    try:
        entries = sorted(root.iterdir())
    except FileNotFoundError:
        raise LandingError(f"no folder {root}: check --from, or run make generate") from None
    except OSError as error:
        raise LandingError(f"cannot read {root}: {error.strerror}") from None
    if not entries:
        raise LandingError(f"{root} is empty: nothing was delivered there")
    if source.layout == "files":
        return _discover_files(name, source, root)
    folders = [entry for entry in entries if entry.is_dir()]
    return _discover_batches(name, source, root, folders, LoadedBatches(known))


def _discover_files(name: str, source: FilesSource, root: Path) -> Landing:
    landing = Landing()
    owners: dict[Path, str] = {}
    for table, declared in source.tables.items():
        for path in (path for pattern in declared.patterns for path in root.glob(pattern)):
            if owners.setdefault(path, table) != table:
                raise LandingError(
                    f"{path} fits the patterns of both {owners[path]} and {table}: "
                    "narrow one of them in loader/sources.yml"
                )
    if not owners:
        patterns = ", ".join(p for table in source.tables.values() for p in table.patterns)
        raise LandingError(f"no file in {root} fits {patterns}: check --from")
    for path, table in sorted(owners.items()):
        declared = source.tables[table]
        assert declared.format is not None  # Source checks it for this layout
        try:
            size = _size_within(root, path)
        except FileError as error:
            landing.problems.append(error)
            continue
        batch, file_name = path.name.split(".", 1)[0], path.relative_to(root).as_posix()
        landing.files.append(
            LandedFile(
                name,
                table,
                batch,
                file_name,
                path,
                declared.format,
                size,
                needs_line_end=declared.needs_line_end,
            )
        )
    return landing


def _discover_batches(
    name: str, source: FilesSource, root: Path, folders: list[Path], loaded: LoadedBatches
) -> Landing:
    if (root / MANIFEST).exists():
        raise LandingError(f"{root} is a batch itself: give its parent, --from {root.parent}")
    landing = Landing()
    for folder in folders:
        if not (folder / MANIFEST).exists():
            landing.unfinished.append(folder.name)
            continue
        try:
            manifest = read_manifest(folder, name)
            tables = list(_tables(manifest, source, folder))
            loaded.check(manifest, folder / MANIFEST)
        except (ManifestError, ConflictError) as error:
            landing.problems.append(error)
            continue
        for table, listed in tables:
            for file in listed.files:
                try:
                    landing.files.append(_batch_file(manifest, folder, table, listed, file))
                except FileError as error:
                    landing.problems.append(error)
    if len(landing.unfinished) == len(folders):
        raise LandingError(
            f"no finished batch in {root}: "
            + (
                f"{', '.join(landing.unfinished)} has no {MANIFEST} yet"
                if folders
                else "no folders"
            )
        )
    return landing


def _tables(
    manifest: Manifest, source: FilesSource, folder: Path
) -> Iterator[tuple[str, ManifestTable]]:
    for table, files in manifest.all_tables.items():
        if table not in source.tables:
            raise ManifestError(
                f"{folder / MANIFEST}: holds table {table!r}, which loader/sources.yml does not "
                f"declare for {manifest.source}: add it there"
            )
        yield table, files


def _batch_file(
    manifest: Manifest, folder: Path, table: str, listed: ManifestTable, file: ManifestFile
) -> LandedFile:
    relative = PurePosixPath(file.path)
    path = folder / relative
    if relative.is_absolute() or ".." in relative.parts:
        raise FileError(f"{folder / MANIFEST}: path {file.path!r} leaves the batch folder")
    size = _size_within(folder, path)
    if size != file.bytes:
        raise FileError(
            f"{path}: has {size:,} bytes, its manifest promises {file.bytes:,}: "
            "deliver the batch again"
        )
    return LandedFile(
        manifest.source,
        table,
        manifest.batch,
        manifest.name_of(file),
        path,
        listed.format,
        size,
        file.sha256,
        file.rows,
        tuple(listed.columns),
    )


def _size_within(folder: Path, path: Path) -> int:
    """Size of a file that must lie in the folder, links followed.

    Raises:
        FileError: it does not exist, is no file, or a link leads out of the folder.
    """
    if UNFIT_FOR_NAMES.search(str(path)):
        raise FileError(
            f"{str(path)!r}: its name is not UTF-8 or holds control characters: rename it"
        )
    try:
        real = path.resolve(strict=True)
        inside = real.is_relative_to(folder.resolve())
        size, regular = real.stat().st_size, real.is_file()
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror}") from None
    if not inside:
        raise FileError(f"{path}: is a link that leads out of {folder}: deliver the file itself")
    if not regular:
        raise FileError(f"{path}: is not a file")
    return size
