"""A folder of this machine as a store."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from loader.errors import FileError, LandingError
from loader.finding.store import Entry, Stamp, Store

if TYPE_CHECKING:
    import pyarrow as pa
    from _typeshed import WriteableBuffer


class LocalStore(Store):
    """A folder of this machine. Links are followed as long as they stay in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __str__(self) -> str:
        return str(self._folder)

    @property
    def parent(self) -> str:
        """The folder around this one."""
        return str(self._folder.parent)

    def place(self, name: str) -> str:
        """Give a file's path, as the folder's was given."""
        return str(self._folder / name)

    def uri(self, name: str) -> str:
        """Give a file's file:// URI, links followed."""
        return (self._folder / name).resolve().as_uri()

    def open(self, name: str, check: Callable[[], None]) -> io.RawIOBase:
        """Open a file without a buffer."""
        return _Unchanged(self.place(name), check)

    def open_seekable(self, name: str) -> pa.NativeFile:
        """Open a file of Arrow's own: its threads read it without Python's lock."""
        # Only Parquet needs it: a load of other files need not wait for the import.
        import pyarrow as pa  # noqa: PLC0415

        return pa.OSFile(self.place(name))

    def stamp(self, name: str) -> Stamp:
        """Ask for a file's size and time of change, in nanoseconds."""
        return _stamp((self._folder / name).stat())

    def fault(self, name: str, error: Exception) -> FileError | None:
        """Say what the system said; nothing here passes by itself."""
        # Arrow's errors of the content are OSErrors, too, but bear no number.
        if isinstance(error, OSError) and error.errno is not None:
            return FileError(f"{self.place(name)}: cannot be read: {os.strerror(error.errno)}")
        return None

    def entries(self, *, deep: bool) -> dict[str, Entry]:
        """List the folder; a folder in it that cannot be listed is in the list with its fault."""
        try:
            root = os.path.realpath(self._folder, strict=True)
            found = dict(self._listed([root], ""))
        except FileNotFoundError:
            raise LandingError(
                f"no folder {self._folder.resolve()}: check --from, or run make generate"
            ) from None
        except OSError as error:
            raise LandingError(f"cannot read {self._folder}: {error.strerror}") from None
        waiting = [name for name, entry in found.items() if deep and _is_open(entry)]
        # The real path of each folder, behind those of the folders around it.
        folders = {"": [root]}
        while waiting:
            name = waiting.pop()
            around, _, last = name.rpartition("/")
            path = os.path.join(folders[around][-1], last)  # noqa: PTH118 - half of a Path's time
            real = os.path.realpath(path) if os.path.islink(path) else path  # noqa: PTH114
            folders[name] = [*folders[around], real]
            try:
                below = dict(self._listed(folders[name], name + "/"))
            except OSError as error:
                found[name] = Entry(folder=True, fault=f"cannot be read: {error.strerror}")
                continue
            found |= below
            waiting += (inner for inner, entry in below.items() if _is_open(entry))
        return found

    def _listed(self, way: Sequence[str], prefix: str) -> Iterator[tuple[str, Entry]]:
        with os.scandir(way[-1]) as entries:
            for entry in entries:
                name = prefix + entry.name
                if entry.is_symlink():
                    yield name, self._link(way, entry.path)
                elif entry.is_dir(follow_symlinks=False):
                    yield name, Entry(folder=True)
                else:
                    # A file that was renamed since is not there any more under this name.
                    with suppress(FileNotFoundError):
                        yield name, _file(entry.stat(follow_symlinks=False))

    def _link(self, way: Sequence[str], path: str) -> Entry:
        # Resolving a path takes longer than listing a hundred files: only links need it.
        try:
            real = os.path.realpath(path, strict=True)
            facts = Path(real).stat()
        except OSError as error:
            return Entry(fault=f"cannot be read: {error.strerror}")
        is_folder = stat.S_ISDIR(facts.st_mode)
        if not _within(way[0], real):
            what = f"is a link that leads out of {self._folder}: deliver the file itself"
            return Entry(folder=is_folder, fault=what)
        if is_folder and any(_within(real, folder) for folder in way):
            # What lies there has been found without it; two links could lead in a circle.
            return Entry(fault="is a link to a folder around it")
        return Entry(folder=True) if is_folder else _file(facts)


class _Unchanged(io.FileIO):
    """A file that must not be written to before it is read to its end."""

    def __init__(self, path: str, check: Callable[[], None]) -> None:
        super().__init__(path)
        self._check = check

    def readinto(self, buffer: WriteableBuffer) -> int:
        n = super().readinto(buffer)
        if not n:
            self._check()
        return n


def _is_open(entry: Entry) -> bool:
    return entry.folder and not entry.fault


def _within(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _file(facts: os.stat_result) -> Entry:
    if stat.S_ISREG(facts.st_mode):
        return Entry(_stamp(facts))
    return Entry(fault="is not a file")


def _stamp(facts: os.stat_result) -> Stamp:
    return Stamp(facts.st_size, facts.st_mtime_ns)
