"""What a run of the loader did, file by file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from loader.errors import ItemError
from loader.reading.records import Reject
from loader.sources import raw_name


@dataclass
class Loaded:
    """What came of a file: rows in raw, records set aside, columns that were not as declared.

    Attributes:
        bytes: read from disk, compressed as they lie there.
        connections: that took part; more than one for a file that was cut.
    """

    rows: int
    bytes: int
    seconds: float
    rejects: list[Reject] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    connections: int = 1


@dataclass
class Outcome:
    """What became of one file, or of one table of a source database.

    Attributes:
        table: in the declaration of its source.
        name: of the file in the ledger.
        retries: attempts that failed for a passing reason.
    """

    table: str
    name: str
    status: Literal["loaded", "skipped", "failed"]
    loaded: Loaded | None = None
    error: str = ""
    retries: int = 0


@dataclass
class Run:
    """What a run did.

    Attributes:
        seconds: all of it, on the clock.
        loading_seconds: from the first file to the last commit.
        problems: batches and files that could not even be taken up.
        fatal: what ended the run early; None when it came to its end.
    """

    source: str
    seconds: float = 0.0
    loading_seconds: float = 0.0
    outcomes: list[Outcome] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    problems: list[ItemError] = field(default_factory=list)
    fatal: str | None = None

    def count(self, status: Literal["loaded", "skipped", "failed"]) -> int:
        """Count the files of a status."""
        return sum(outcome.status == status for outcome in self.outcomes)

    @property
    def failed(self) -> bool:
        """Whether anything went wrong."""
        return bool(self.fatal or self.problems or self.count("failed"))

    def rows_by_table(self) -> dict[str, int]:
        """Sum the rows loaded by raw table."""
        rows: Counter[str] = Counter()
        for outcome in self.outcomes:
            if outcome.loaded:
                rows[raw_name(self.source, outcome.table)] += outcome.loaded.rows
        return dict(rows)
