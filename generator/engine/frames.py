"""Frames: some rows of a table, whose columns are computed when somebody asks for them.

Nothing is stored but what was asked for in this frame. A frame knows its rows by number alone, so
any rows can be framed anywhere; children hang on their parents' frame, and what a row looks up in
another table is a frame of that table's rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from generator.engine.randomness.mix import NULL, Bits, Bools, Ints

if TYPE_CHECKING:
    from generator.engine.tables import Table

Values = tuple[Ints, ...]
Moment = Callable[[], Ints]

# A row has this many counters of its own for the values that change over time.
_VERSION_BITS = 20

# Names under which a frame keeps what is no column.
MOMENT = "moment/"


def rows_name(column: str) -> str:
    """Return the name under which the rows that a column leads to are kept."""
    return f"rows/{column}"


class Frame:
    """Some rows of a table, as they are for good or at a moment.

    Args:
        table: the table.
        rows: int64, the rows' numbers, in any order.
        parent: the frame of the parents, for rows that belong to parents.
        index: position of each row's parent in that frame; None where row i belongs to parent i.
        slot: place of each row among its parent's, from 0.
        moment: gives the seconds since day 0 at which each row is seen; asked only when a column
            that changes over time is. None: each row is seen at its own time.
        base: a frame of the same table that these rows were taken from.
        at: position of each row in that frame.
        repeats: the rows repeat those of `base`, so what does not change is computed there.
        twin: a frame whose rows are seen at the same moments, that these were taken from.
    """

    def __init__(  # noqa: PLR0913 (all but the first two are optional)
        self,
        table: Table,
        rows: Ints,
        *,
        parent: Frame | None = None,
        index: Ints | None = None,
        slot: Ints | None = None,
        moment: Moment | None = None,
        base: Frame | None = None,
        at: Ints | None = None,
        repeats: bool = False,
        twin: tuple[Frame, Ints] | None = None,
    ) -> None:
        self.table, self.rows, self._twin = table, rows, twin
        self.parent, self.index, self.slot = parent, index, slot
        self._moment, self._base, self._at, self._repeats = moment, base, at, repeats
        self._memo: dict[str, Values] = {}
        self._frames: dict[str, Frame] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def values(self, column: str) -> Values:
        """Return a column's values: one array for each piece of its layout.

        Raises:
            GeneratorError: a value cannot be made; the message names table and column.
        """
        return self.memo(column, self.table.column(column).make)

    def first(self, column: str) -> Ints:
        """Return the values of a column that is one number."""
        return self.values(column)[0]

    def memo(self, name: str, make: Callable[[Frame], Values]) -> Values:
        """Return what `make` gives for this frame, made once.

        What does not hang on the moment is taken from the table's own store, or from the frame that
        these rows were taken from, where it is there.
        """
        made = self._memo.get(name)
        if made is None:
            made = self._memo[name] = self._find(name, make)
        return made

    def knows(self, name: str) -> bool:
        """Say whether something was made or set for this very frame."""
        return name in self._memo

    def set(self, name: str, values: Values) -> None:
        """Say what `memo` would otherwise have to find out."""
        self._memo[name] = values

    def _find(self, name: str, make: Callable[[Frame], Values]) -> Values:
        if name in self.table.versioned:
            twin = self._twin
            if twin is not None and name in twin[0]._memo:
                return tuple(values[twin[1]] for values in twin[0]._memo[name])
            return make(self)
        store, base = self.table.store, self._base
        if store is not None and store is not self:
            return tuple(values[self.rows] for values in store.memo(name, make))
        if base is not None and (self._repeats or name in base._memo):
            return tuple(values[self._at] for values in base.memo(name, make))
        return make(self)

    def draw(self, column: str, use: str = "value") -> Bits:
        """Return 64 random bits for each row; others at each change, where the column changes."""
        name = f"{column}/{use}"
        changed = self.table.change_of.get(column)
        if changed is None:
            return self.table.keys.draw(name, self.rows)
        turn = self.table.changes[changed].turn(self, self.seen_at())
        return self.table.keys.draw(name, (self.rows << _VERSION_BITS) + turn)

    def taken(
        self, positions: Ints, moment: Moment | None = None, *, repeats: bool = False
    ) -> Frame:
        """Return the frame of some of the rows.

        Args:
            positions: positions in this frame, in any order, perhaps several times.
            moment: gives the moment at which each is seen; this frame's own where it is None.
            repeats: most rows are there more than once.
        """
        mine, twin = self._moment, None
        if moment is None:
            twin = (self, positions)
            if mine is not None:
                moment = lambda: mine()[positions]  # noqa: E731 (a name would say no more)
        index = self.index
        if self.parent is not None:
            index = positions if index is None else index[positions]
        base, at = self, positions
        if self._repeats and self._base is not None and self._at is not None:
            # What does not change is at hand in the frame whose rows are repeated here.
            base, at, repeats = self._base, self._at[positions], True
        return Frame(
            self.table,
            self.rows[positions],
            parent=self.parent,
            index=index,
            slot=None if self.slot is None else self.slot[positions],
            moment=moment,
            base=base,
            at=at,
            repeats=repeats,
            twin=twin,
        )

    def where(self, chosen: Bools) -> Frame:
        """Return the frame of the chosen rows, this one if all are chosen."""
        return self if chosen.all() else self.taken(np.flatnonzero(chosen))

    def times(self) -> Ints:
        """Return each row's own time; day 0 in a table without time."""
        if self.table.time is None:
            return np.zeros(len(self), dtype=np.int64)
        return self.first(self.table.time)

    def seen_at(self) -> Ints:
        """Return the moment at which each row is seen; its own time where that is left open."""
        return self.memo(MOMENT, lambda f: ((f._moment or f.times)(),))[0]

    def parents(self) -> Frame:
        """Return the frame of each row's parent, seen at the row's own time."""
        assert self.parent is not None
        if "parents" not in self._frames:
            index = np.arange(len(self)) if self.index is None else self.index
            self._frames["parents"] = self.parent.taken(index, self.times, repeats=True)
        return self._frames["parents"]

    def target(self, column: str) -> Frame:
        """Return the frame of the rows that a column leads to, seen at these rows' own time.

        A missing reference leads to row 0; ask `rows_of` which are missing.
        """
        name = f"target/{column}"
        if name not in self._frames:
            rows = self.rows_of(column)
            leads_to = self.table.column(column).leads_to
            assert leads_to is not None
            rows = np.where(rows == NULL, 0, rows) if self.table.column(column).nullable else rows
            self._frames[name] = _framed(leads_to, rows, self.times)
        return self._frames[name]

    def rows_of(self, column: str) -> Ints:
        """Return the numbers of the rows that a column leads to; NULL where there is none."""
        return self.memo(rows_name(column), lambda f: (f.table.column(column).linked(f),))[0]

    def children(self, table: Table) -> Frame:
        """Return all children of these rows in a table, ordered by parent."""
        if table.name not in self._frames:
            self._frames[table.name] = table.children_of(self)
        return self._frames[table.name]


def _framed(table: Table, rows: Ints, moment: Moment | None = None) -> Frame:
    """Return the frame of some rows of a table, with their parents if they belong to others."""
    if table.parent is None:
        return Frame(table, rows, moment=moment)
    parent = _framed(table.parent, rows // table.most)
    return Frame(table, rows, parent=parent, slot=rows % table.most, moment=moment)
