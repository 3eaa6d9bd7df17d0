"""Which records of some rows a batch delivers: events once, versions each, or all that exists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.engine.lifecycle import Lives
from generator.engine.randomness.mix import NULL, Bools, Ints, below, chance
from generator.engine.values.times import OPERATION
from generator.spec.delays import SECONDS_A_DAY

if TYPE_CHECKING:
    from generator.engine.frames import Frame
    from generator.engine.tables import Table

# What is late comes one to so many days after its time.
LATEST_DAYS = 3

_INSERT, _UPDATE, _DELETE = range(3)
_LOW_WORD = (1 << 32) - 1


@dataclass(frozen=True)
class Records:
    """Records of a batch.

    Args:
        frame: one row a record.
        at: for a change log, position of each record's row among `rows`.
        rows: the rows themselves; the frame of the records otherwise.
        counters: a unique number for each record, the same in any batch.
        may_lose: records that may be broken, as nothing else is lost with them; None: all.
        may_touch: records that may be copied or soiled; None: all.
        counted: records that count in the totals; None: all.
    """

    frame: Frame
    rows: Frame
    counters: Ints
    at: Ints | None = None
    may_lose: Bools | None = None
    may_touch: Bools | None = None
    counted: Bools | None = None


@dataclass(frozen=True)
class _Versions:
    """Versions of rows, ordered by row and time; `step` only where a life cycle made them all."""

    at: Ints
    moment: Ints
    operation: Ints
    kept: Bools
    step: Ints | None


def records_of(frame: Frame) -> Records:
    """Return the records of some rows that belong to the batch.

    Args:
        frame: rows of a table that is delivered, with all their children.
    """
    table = frame.table
    if table.spec.delivery == "append":
        return _events(frame)
    if table.spec.delivery == "full_extract":
        return _extract(frame)
    return _changes(frame)


def touched(frame: Frame) -> Bools:
    """Return which rows have a record in the batch, their own or one of their family."""
    table, window = frame.table, frame.table.world.window
    delivery = table.spec.delivery
    if delivery == "full_extract":
        return np.ones(len(frame), dtype=np.bool_)
    there = np.zeros(len(frame), dtype=np.bool_)
    if delivery == "append":
        there = window.holds(_arrival(table, _group(frame), frame.times()))
    elif delivery == "change_log":
        versions = _versions(frame)
        there[versions.at[window.holds(_version_arrival(frame, versions))]] = True
    for child in table.children:
        children = frame.children(child)
        assert children.index is not None
        there[children.index[touched(children)]] = True
    return there


def _arrival(table: Table, counters: Ints, times: Ints) -> Ints:
    """Return when records arrive: at their time, or days later for the share `--late`."""
    share = table.world.parameters.late
    if not share:
        return times
    bits = table.keys.draw("late/", counters)
    days = 1 + below(bits << np.uint64(32), LATEST_DAYS)
    return np.where(chance(bits, share) & (times < NULL), times + days * SECONDS_A_DAY, times)


def _group(frame: Frame) -> Ints:
    """Return what is late together: the rows of one parent."""
    return frame.rows // frame.table.most


def _events(frame: Frame) -> Records:
    table, window = frame.table, frame.table.world.window
    arrival = _arrival(table, _group(frame), frame.times())
    chosen = window.holds(arrival)
    if table.name in table.world.referenced:
        free = np.zeros(len(frame), dtype=np.bool_)
    else:
        free = np.ones(len(frame), dtype=np.bool_)
        for child in table.children:
            free[frame.children(child).index] = False
    there = frame.where(chosen)
    return Records(there, there, there.rows, may_lose=free[chosen])


def _extract(frame: Frame) -> Records:
    table, window = frame.table, frame.table.world.window
    moment = np.full(len(frame), window.end - 1)
    positions = np.flatnonzero(_exist(frame, window.end - 1))
    seen = frame.taken(positions, lambda: moment[positions])
    needed = table.name in table.world.referenced or bool(table.children)
    # The same row comes with every extract and may be broken in one and sound in the next.
    counters = (seen.rows << 13) + window.last_day
    return Records(
        seen, seen, counters, may_lose=np.zeros(len(seen), dtype=np.bool_) if needed else None
    )


def _exist(frame: Frame, moment: int) -> Bools:
    """Return which rows are there at a moment: they and their parents came, and none is gone."""
    table = frame.table
    # The times of a table without time are day 0: its rows exist as long as their parents do.
    there = frame.times() <= moment
    if table.ending is not None and table.ending.deletes:
        there &= table.ending.time(frame) > moment
    return there if table.parent is None else there & _exist(frame.parents(), moment)


def _changes(frame: Frame) -> Records:
    window = frame.table.world.window
    versions = _versions(frame)
    chosen = np.flatnonzero(window.holds(_version_arrival(frame, versions)))
    at, moment, operation = (
        values[chosen] for values in (versions.at, versions.moment, versions.operation)
    )
    seen = frame.taken(at, lambda: moment, repeats=True)
    seen.set(OPERATION, (operation,))
    if versions.step is not None:
        seen.set(Lives.STEP, (versions.step[chosen],))
    return Records(
        seen,
        frame,
        _counters(seen.rows, moment),
        at=at,
        may_lose=~versions.kept[chosen],
        may_touch=operation != _DELETE,
        counted=operation == _INSERT,
    )


def _counters(rows: Ints, moments: Ints) -> Ints:
    return (rows << 32) + (moments & _LOW_WORD)


def _version_arrival(frame: Frame, versions: _Versions) -> Ints:
    counters = _counters(frame.rows[versions.at], versions.moment)
    return _arrival(frame.table, counters, versions.moment)


def _versions(frame: Frame) -> _Versions:
    """Return the versions of some rows, as far as the batch can hold them."""
    table = frame.table
    if table.lives is not None and not table.changes and table.ending is None:
        times = table.lives.times(frame)
        at_once = (times[:, 1:] == times[:, :-1]) & (times[:, 1:] < NULL)
        if at_once.any():
            return _mixed_versions(frame)
        at, step = np.nonzero(times < NULL)
        last = (times < NULL).sum(axis=1) - 1
        operation = np.where(step == 0, _INSERT, _UPDATE)
        return _Versions(at, times[at, step], operation, (step == 0) | (step == last[at]), step)
    return _mixed_versions(frame)


def _mixed_versions(frame: Frame) -> _Versions:
    """Return the versions of rows with slow changes, an end, and perhaps a life cycle."""
    table, window = frame.table, frame.table.world.window
    created = frame.times()
    end = np.full(len(frame), window.end)
    if table.ending is not None and table.ending.deletes:
        end = np.minimum(end, table.ending.time(frame))
    # A version can come LATEST_DAYS late, so the batch holds nothing older than that.
    since = np.maximum(created, window.begin - LATEST_DAYS * SECONDS_A_DAY - 1)
    born = np.flatnonzero(created < NULL)
    ats, moments = [born], [created[born]]
    operations, kept = [np.full(len(born), _INSERT)], [np.ones(len(born), dtype=np.bool_)]

    def add(at: Ints, moment: Ints, operation: int, keep: Bools) -> None:
        ats.append(at)
        moments.append(moment)
        operations.append(np.full(len(at), operation))
        kept.append(keep)

    for change in table.changes.values():
        at, moment = change.between(frame, since, end)
        add(at, moment, _UPDATE, np.zeros(len(at), dtype=np.bool_))
    if table.lives is not None:
        times = table.lives.times(frame)
        at, step = np.nonzero((times < end[:, None]) & (np.arange(times.shape[1]) > 0))
        last = (times < NULL).sum(axis=1) - 1
        add(at, times[at, step], _UPDATE, step == last[at])
    if table.ending is not None and table.ending.deletes:
        ends = table.ending.time(frame)
        at = np.flatnonzero(ends < window.end)
        add(at, ends[at], _DELETE, np.ones(len(at), dtype=np.bool_))
    return _ordered(*(np.concatenate(parts) for parts in (ats, moments, operations, kept)))


def _ordered(at: Ints, moment: Ints, operation: Ints, kept: Bools) -> _Versions:
    """Order versions by row and time; of two at the same second one is left, as both are equal."""
    order = np.lexsort((~kept, moment, at))
    at, moment = at[order], moment[order]
    again = (np.diff(at, prepend=-1) == 0) & (np.diff(moment, prepend=NULL) == 0)
    order = order[~again]
    return _Versions(at[~again], moment[~again], operation[order], kept[order], None)
