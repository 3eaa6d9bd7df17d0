"""What one transaction copies of a table: from which updated_at to which, and where the mark moves.

The mark is the newest updated_at that is loaded, or the start of the oldest transaction that was
open at the source, whichever is earlier: rows committed later bear times after it, or shortly
before, which the overlap covers. It is never in the source's future.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from loader.database.reading import Snapshot
from loader.database.versions import Part, Versions


@dataclass(frozen=True)
class Task:
    """What a run is to do.

    Attributes:
        since: with or without `until` a backfill: rows with updated_at from here on; ISO, in UTC.
        until: and before.
        batch: length of a step in updated_at; None for everything in one transaction.
        deletes: whether to look for rows that are gone.
    """

    since: str | None = None
    until: str | None = None
    batch: timedelta | None = None
    deletes: bool = False

    @property
    def is_backfill(self) -> bool:
        """Whether to read a given range and leave the mark as it is."""
        return self.since is not None or self.until is not None


@dataclass(frozen=True)
class Plan:
    """What one transaction copies.

    Attributes:
        parts: the rows to read.
        mark: where the mark is afterwards; None to leave it.
        resume: where the next step of a backfill begins.
        last: whether nothing is left to do afterwards.
        share: of the way through the table after it, 0 to 1.
    """

    parts: list[Part]
    mark: str | None = None
    resume: str | None = None
    last: bool = True
    share: float = 1.0


def whole() -> Plan:
    """Plan the copy of a table without updated_at."""
    return Plan([Part("whole")])


def catch_up(
    seen: Snapshot,
    versions: Versions,
    mark: str | None,
    overlap: timedelta,
    batch: timedelta | None,
) -> Plan:
    """Plan the next transaction towards the source as it is.

    Rows from `overlap` before the mark on are read, all of them before the first mark. Of that
    first copy those that no later one will read again go straight into raw: they are a part of
    their own.

    Args:
        seen: the source.
        versions: its updated_at.
        mark: up to here raw holds everything.
        overlap: read again before it.
        batch: length of a step; None for everything at once.
    """
    cur = seen.cur
    newest = versions.newest(seen)
    moved = versions.earliest(cur, newest, seen.open_since) if newest is not None else None
    if mark is not None:
        moved = versions.latest(cur, mark, moved) if moved is not None else mark
    settled = versions.plus(cur, moved, -overlap) if moved is not None else None
    low = versions.plus(cur, mark, -overlap) if mark is not None else None
    if batch is not None and settled is not None:
        versions.check_step(batch)
        first = versions.first(cur, after=mark)
        end = versions.plus(cur, first, batch) if first is not None else settled
        if versions.is_before(cur, end, settled):
            parts = [Part("dated", low, mark or end)]
            if mark is not None:
                parts.append(Part("dated", mark, end))
            share = versions.share(cur, mark or first or end, end, settled)
            return Plan(parts, end, last=False, share=share)
    parts = [Part("dated", low)]
    if mark is None and settled is not None:
        parts = [Part("dated", None, settled), Part("dated", settled)]
    return Plan([*parts, Part("undated")], moved)


def backfill(seen: Snapshot, versions: Versions, task: Task, resume: str | None) -> Plan:
    """Plan the next transaction of a backfill, which leaves the mark as it is.

    Args:
        seen: the source.
        versions: its updated_at.
        task: the range and the steps.
        resume: where the step before ended.
    """
    cur = seen.cur
    left = Part("dated", resume or task.since, task.until)
    if task.batch is None:
        return Plan([left])
    versions.check_step(task.batch)
    first = versions.first(cur, part=left)
    if first is None:
        # Rows that lie at infinity have no first step.
        return Plan([left])
    end = versions.plus(cur, first, task.batch)
    goal = task.until or versions.newest(seen)
    if goal is None or not versions.is_before(cur, end, goal):
        return Plan([Part("dated", first, task.until)])
    share = versions.share(cur, task.since or first, end, goal)
    return Plan([Part("dated", first, end)], resume=end, last=False, share=share)
