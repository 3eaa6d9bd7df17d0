"""What a run of the loader did, file by file."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, Self

from loader.errors import IndexesError, ItemError
from loader.reading.records import Reject
from loader.sources import raw_name

Status = Literal["loaded", "skipped", "failed"]

# Why something was skipped. Of a file: the manifest's sum is that of what was loaded before, or the
# file was read again and its bytes are the same. Of a table of a source database: no row of it has
# changed, or it has no time of change by which rows of the past could be asked for.
Why = Literal["same_sum", "same_bytes", "no_change", "no_updated_at"]


def new_run_id() -> str:
    """Make the name of a run: in the ledger, in its record and on each line of its log."""
    return secrets.token_hex(8)


@dataclass(frozen=True)
class RejectCounts:
    """What is told of a file's records that were set aside; they themselves are in raw._rejects.

    A run keeps this of each of its files until its end, so no record's bytes are in it.

    Attributes:
        by_reason: their numbers by reason code.
        first: line that the first of them stands in, and what is wrong with it.
    """

    by_reason: dict[str, int] = field(default_factory=dict)
    first: tuple[int, str] | None = None

    @classmethod
    def of(cls, rejects: Sequence[Reject]) -> Self:
        """Sum up the records that were set aside, in the order of their numbers."""
        by_reason = Counter(reject.reason for reject in rejects)
        first = (rejects[0].line_number, rejects[0].message) if rejects else None
        return cls(dict(sorted(by_reason.items())), first)

    def __len__(self) -> int:
        """Count the records that were set aside."""
        return sum(self.by_reason.values())


@dataclass
class Loaded:
    """What came of a file: rows in raw, records set aside, columns that were not as declared.

    Attributes:
        bytes: read from disk, compressed as they lie there.
        connections: that took part; more than one for a file that was cut.
        read: records counted while the file was read; None where only COPY counts.
    """

    rows: int
    bytes: int
    seconds: float
    rejects: RejectCounts = field(default_factory=RejectCounts)
    added: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    connections: int = 1
    read: int | None = None

    @property
    def kept(self) -> int:
        """Records that are in raw or set aside."""
        return self.rows + len(self.rejects)


@dataclass
class Outcome:
    """What became of one file, or of one table of a source database.

    Attributes:
        table: in the declaration of its source.
        name: of the file in the ledger.
        retries: attempts that failed for a passing reason.
        why: reason for which it was skipped.
        found: records that were found in a file that fails for their number.
    """

    table: str
    name: str
    status: Status
    loaded: Loaded | None = None
    error: str = ""
    retries: int = 0
    why: Why | None = None
    found: int | None = None


@dataclass(frozen=True)
class Expected:
    """What is known of a file before it is taken up.

    Attributes:
        bytes: its size on disk; None for a table of a source database.
        promised: records that its manifest promises.
    """

    table: str
    bytes: int | None = None
    promised: int | None = None


@dataclass
class Run:
    """What a run did, and under which terms.

    Its caller makes it, so that it can tell of a run that was broken off.

    Attributes:
        unit: what is loaded one by one.
        workers: connections at a time.
        budget: records of a file that may be set aside, as on the command line.
        server_version: of the warehouse, as libpq gives it; None before it answered.
        expected: all that was to be done, by the names of the files.
        seconds: all of it, on the clock.
        loading_seconds: from the first file to the last commit.
        problems: batches and files that could not even be taken up, and indexes not built again.
        fatal: what ended the run early; None when it came to its end.
        interrupted: whether a user or the system ended it.
    """

    source: str
    run_id: str = field(default_factory=new_run_id)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    unit: Literal["file", "table"] = "file"
    workers: int = 1
    budget: str = ""
    server_version: int | None = None
    expected: dict[str, Expected] = field(default_factory=dict)
    seconds: float = 0.0
    loading_seconds: float = 0.0
    outcomes: list[Outcome] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    problems: list[ItemError | IndexesError] = field(default_factory=list)
    fatal: str | None = None
    interrupted: bool = False

    def count(self, status: Status) -> int:
        """Count the files of a status."""
        return sum(outcome.status == status for outcome in self.outcomes)

    def differences(self) -> list[str]:
        """List files whose records are not all in raw or set aside, one line each.

        The loader counts records apart from what COPY says, and refuses a file that has not what
        its manifest promises: a line here is a fault of its own.
        """
        return [
            f"{outcome.name}: of {counted:,} records {outcome.loaded.rows:,} were loaded and "
            f"{len(outcome.loaded.rejects):,} set aside: a fault of the loader, please report it"
            for outcome in self.outcomes
            if outcome.loaded and (counted := self._other_count(outcome)) is not None
        ]

    def _other_count(self, outcome: Outcome) -> int | None:
        """Give a count of a loaded file's records that is not that of those kept."""
        assert outcome.loaded is not None
        expected = self.expected.get(outcome.name)
        counts = {outcome.loaded.read, expected.promised if expected else None}
        return next(iter(counts - {None, outcome.loaded.kept}), None)

    @property
    def failed(self) -> bool:
        """Whether anything went wrong."""
        return bool(self.fatal or self.problems or self.count("failed") or self.differences())

    def rows_by_table(self) -> dict[str, int]:
        """Sum the rows loaded by raw table."""
        rows: Counter[str] = Counter()
        for outcome in self.outcomes:
            if outcome.loaded:
                rows[raw_name(self.source, outcome.table)] += outcome.loaded.rows
        return dict(rows)
