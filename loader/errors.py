"""Every error this package raises on purpose.

warehouse.errors.WarehouseError
└── LoaderError                 one line for the user, exit code 1
    ├── SourcesError            sources.yml is malformed or does not declare what was asked for
    │   └── UnknownSource       a source is neither declared nor in the ledger
    ├── LandingError            the landing folder is missing, empty or holds nothing finished
    ├── LockedError             another loader is at work on the same source
    ├── RunFailed               the run ended, but something in it failed
    ├── Interrupted             a user or the system ended the run (exit code 130)
    ├── RecordError             the record of the run cannot be written
    ├── LedgerError             the ledger is not there, or cannot be read
    ├── SelectionError          rejects are asked for that cannot be there (exit code 2)
    ├── IndexesError            an index dropped for a bulk load cannot be built again
    ├── CorrectionsError        a file of corrected rejects cannot be read or written
    ├── PruneError              old raw rows cannot be deleted safely
    └── ItemError               fails one batch or file; the others go on
        ├── ManifestError       a batch's manifest.json cannot be trusted
        ├── ConflictError       a batch is not the one that raw holds files of
        ├── TableError          a table of a source database cannot be copied
        └── FileError           a file cannot be read or loaded
            ├── FileUnreachable the file's store does not answer; it may do so when asked again
            ├── RejectsError    more records that COPY cannot take than --max-rejects allows
            └── CountError      a file holds more or fewer records than its manifest promises
"""

from __future__ import annotations

from warehouse.errors import WarehouseError


class LoaderError(WarehouseError):
    """Base of this package's errors: names the file or key, what is wrong and the fix."""


class SourcesError(LoaderError):
    """The declaration of the sources cannot be used."""


class UnknownSource(SourcesError):  # noqa: N818 - reads as what happened
    """What was taken for the name of a source is none."""


class LandingError(LoaderError):
    """The landing folder holds nothing that could be loaded."""


class LockedError(LoaderError):
    """Another loader holds the lock of this source."""


class RunFailed(LoaderError):  # noqa: N818 - reads as what happened
    """The run came to its end, but at least one batch or file failed, or the server gave out."""


class IndexesError(LoaderError):
    """An index that was dropped for a bulk load cannot be built again; its definition is kept."""


class Interrupted(LoaderError):  # noqa: N818 - reads as what happened
    """SIGINT or SIGTERM ended the run; the exit code is the one that shells give for the first."""

    exit_code = 130


class RecordError(LoaderError):
    """The record of a run cannot be written to its place."""


class CorrectionsError(LoaderError):
    """A file of corrected rejects cannot be read or written, or is no such file."""


class LedgerError(LoaderError):
    """The ledger is not there, of an earlier version, or belongs to somebody else."""


class SelectionError(LoaderError):
    """Rejects of a table or a load are asked for that there is none of: exit code 2."""

    exit_code = 2


class PruneError(LoaderError):
    """What the warehouse has consumed is not known, or raw is not what the ledger says."""


class ItemError(LoaderError):
    """Fails one batch or file of a run; the others go on."""


class ManifestError(ItemError):
    """A batch's manifest is malformed, or not that of its folder."""


class ConflictError(ItemError):
    """A batch differs from what was loaded of it before."""


class TableError(ItemError):
    """A table of a source database cannot be copied as it is declared, or as it is there."""


class FileError(ItemError):
    """A file cannot be read, or not be loaded as a whole.

    Attributes:
        table: that the file is of; None where that is not known, as of a folder of files.
    """

    table: str | None = None


class FileUnreachable(FileError):  # noqa: N818 - reads as what happened
    """A file's store does not answer, or broke off in the middle; the same may succeed later."""


class RejectsError(FileError):
    """A file holds more records that COPY cannot take than the run allows."""


class CountError(FileError):
    """A file holds another number of records than its manifest promises.

    Args:
        message: for the user.
        found: number of records in the file.
    """

    def __init__(self, message: str, *, found: int) -> None:
        super().__init__(message)
        self.found = found
