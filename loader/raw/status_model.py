"""What a status says: the document that `python -m loader status --json` prints."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class LastLoad(_Part):
    """The load of a table that was finished last."""

    load_id: int
    run_id: str | None
    at: AwareDatetime
    batch: str
    file: str
    rows: int
    rejects: int


class FailedFile(_Part):
    """A file that failed and has not been loaded since."""

    file: str
    batch: str
    attempts: int
    last_at: AwareDatetime
    error: str


class OpenLoad(_Part):
    """A load that is being committed, or was interrupted when it was."""

    load_id: int
    file: str
    since: AwareDatetime


class DroppedIndex(_Part):
    """An index that a bulk load has dropped and that waits to be built again."""

    index: str
    since: AwareDatetime


class Watermark(_Part):
    """Up to where raw holds the rows of a table of a source database."""

    column: str
    high_water: str
    moved_at: AwareDatetime
    load_id: int | None
    """That brought the last rows; null where there were none."""
    lag_seconds: float | None
    """Of a time: how far it lies behind the clock of the warehouse's server."""


class SourceLag(_Part):
    """How far raw is behind a table of a source database, as the source itself says."""

    newest: str | None
    """Time of the newest row there that does not lie in the future."""
    rows_behind: int
    """Rows there that are newer than the mark: counted up to 100,000."""
    more: bool
    """Whether there are more."""


class TableStatus(_Part):
    """What the ledger says of a table."""

    table: str
    raw_table: str
    declared: bool
    """Whether the declaration of the sources has it."""
    last_load: LastLoad | None = None
    loads: int = 0
    """Finished ones: files, and replays of rejects."""
    files: int = 0
    rows: int = 0
    """Rows loaded, those pruned since included."""
    rows_pruned: int = 0
    rejects_open: int = 0
    rejects_resolved: int = 0
    failed_files: list[FailedFile] = []
    open_loads: list[OpenLoad] = []
    dropped_indexes: list[DroppedIndex] = []
    watermark: Watermark | None = None
    lag: SourceLag | None = None
    """With --lag, of a table that has a column updated_at."""


class SourceStatus(_Part):
    """What the ledger says of a source."""

    source: str
    declared: bool
    at_work: bool
    """Whether a loader (or a replay, or a pruning) is at work on it now."""
    tables: list[TableStatus]

    @property
    def needs_a_hand(self) -> bool:
        """Whether something failed, was set aside or interrupted and is not settled."""
        return any(
            table.failed_files or table.rejects_open or (table.open_loads and not self.at_work)
            for table in self.tables
        )


class Status(_Part):
    """What the ledger says of the sources."""

    format_version: Literal[1] = 1
    read_at: AwareDatetime
    needs_a_hand: bool
    """Whether a file failed and was not loaded since, rejects are open, or a load was interrupted
    and no loader is at work on its source."""
    sources: list[SourceStatus]
