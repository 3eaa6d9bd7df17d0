"""Where a source's files lie: a folder of this machine (local.py), or of an object store (s3.py).

A store lists its files once, with their sizes, and opens them by their names. What lies outside of
it, by a link or by `..`, is in the list with its fault, and is never opened.
"""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from loader.errors import FileError

if TYPE_CHECKING:
    import pyarrow as pa


class Stamp(NamedTuple):
    """Tells a file from what was there under its name before: bytes, time of the last change."""

    size: int
    changed: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a store's list.

    Attributes:
        stamp: of a file; None for all else.
        folder: whether it is a folder.
        fault: why it must not be opened; empty when nothing keeps it from that.
    """

    stamp: Stamp | None = None
    folder: bool = False
    fault: str = ""


class Store(ABC):
    """A source's folder. Names are relative to it and '/' separated."""

    #: How many small files are best read at a time.
    readers = 1

    @abstractmethod
    def entries(self, *, deep: bool) -> dict[str, Entry]:
        """List what lies in the folder; `deep`: and in the folders in it.

        Raises:
            LandingError: there is no such folder, or it cannot be listed.
        """

    @abstractmethod
    def open(self, name: str, check: Callable[[], None]) -> io.RawIOBase:
        """Open a file to be read from its first byte to its last.

        Args:
            name: of the file.
            check: raises an error if the file is not the one any more that was listed; to be called
                before bytes are given away that may be those of another one.

        Raises:
            OSError: what `fault` explains; so does reading.
        """

    @abstractmethod
    def open_seekable(self, name: str) -> pa.NativeFile:
        """Open a file to be read here and there, as Parquet is.

        Raises:
            OSError: what `fault` explains; so does reading.
        """

    @abstractmethod
    def stamp(self, name: str) -> Stamp:
        """Ask for a file's stamp as it is now.

        Raises:
            OSError: what `fault` explains.
        """

    @abstractmethod
    def fault(self, name: str, error: Exception) -> FileError | None:
        """Explain an error met with a file: FileUnreachable if it may pass.

        None: it is not the store's, but of the file's content.
        """

    @abstractmethod
    def place(self, name: str) -> str:
        """Name a file for messages."""

    @abstractmethod
    def uri(self, name: str) -> str:
        """Name a file for the ledger."""

    @property
    @abstractmethod
    def parent(self) -> str:
        """The folder around this one, as `--from` takes it."""

    @abstractmethod
    def __str__(self) -> str:
        """Name the folder as the user did."""


@dataclass(frozen=True)
class Location:
    """One file of a store; its text is what messages call it.

    Attributes:
        stamp: of the file when it was listed.
    """

    store: Store
    name: str
    stamp: Stamp

    def __str__(self) -> str:
        return self.store.place(self.name)

    @property
    def uri(self) -> str:
        """Its name in the ledger."""
        return self.store.uri(self.name)

    def open(self) -> io.RawIOBase:
        """Open it to be read from its first byte to its last.

        Raises:
            FileError: it cannot be opened; reading raises it when the file was changed meanwhile.
        """
        try:
            return self.store.open(self.name, self.check_unchanged)
        except OSError as error:
            raise self.fault(error) from None

    def read(self) -> bytes:
        """Read it as a whole: for small files.

        Raises:
            FileError: it cannot be read.
        """
        with self.open() as file:
            try:
                return file.readall()
            except OSError as error:
                raise self.fault(error) from None

    def open_seekable(self) -> pa.NativeFile:
        """Open it to be read here and there.

        Raises:
            FileError: it cannot be opened.
        """
        try:
            return self.store.open_seekable(self.name)
        except OSError as error:
            raise self.fault(error) from None

    def fault(self, error: Exception, otherwise: str = "cannot be read") -> FileError:
        """Explain an error met while it was opened or read.

        Args:
            error: the library's.
            otherwise: what is wrong where it is not the store's error, but of the content.
        """
        found = self.store.fault(self.name, error)
        return found or FileError(f"{self}: {otherwise}: {' '.join(str(error).split())}")

    def check_unchanged(self) -> None:
        """Make sure that what was read is the file that was listed, and not pieces of two.

        Raises:
            FileError: it was written to since it was listed, or cannot be asked for.
        """
        try:
            now = self.store.stamp(self.name)
        except OSError as error:
            raise self.fault(error) from None
        if now != self.stamp:
            raise FileError(
                f"{self}: was changed while the run went on: deliver files under another name and "
                "rename them when they are whole; run again"
            )
