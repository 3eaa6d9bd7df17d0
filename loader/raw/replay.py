"""Rejects brought in after all: corrected by a person, or as they are once sources.yml is right.

A replay is a load of its own, so that readers who go by loads see it. Its rows, its ledger row and
the marks on the rejects are committed together: killed at any moment and repeated, each record is
loaded once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from psycopg2.extensions import connection, cursor

from loader.errors import CorrectionsError, SourcesError
from loader.loading.load_file import END_MARKER_IN_CSV
from loader.loading.lock import prepared
from loader.raw.corrections import read_corrections
from loader.raw.rejects import (
    Original,
    Selection,
    all_rejects,
    loads_with,
    original_load,
    reading,
)
from loader.raw.replay_load import Replayed, replay_load
from loader.raw.single import Line, reader_of
from loader.raw.tables import RawTables, settle
from loader.sources import Sources, Table, raw_name
from warehouse.connections import connect, transaction


def replay_kept(url: str, sources: Sources, selection: Selection) -> list[Replayed]:
    """Load open rejects of a source as they are.

    Args:
        url: of the warehouse.
        sources: all that are declared.
        selection: names the source, and which of its rejects.

    Raises:
        LoaderError: the source or one of its tables is not declared, or another loader is at work.
        psycopg2.Error: what the server said; what was replayed before stays.
    """
    assert selection.source is not None
    sources.files(selection.source)
    open_ones = replace(selection, is_open=True)
    with prepared(url, selection.source, sources) as (conn, tables):
        replayer = _Replayer(conn, tables, sources)
        with transaction(conn) as cur:
            loads = loads_with(cur, open_ones)
        for original in loads:
            rejects = all_rejects(conn, replace(open_ones, load=original.load_id))
            lines = (Line(reject.record_number, reject.line) for reject in rejects)
            replayer.replay(original, lines)
        return replayer.finish()


def replay_file(url: str, sources: Sources, path: Path) -> list[Replayed]:
    """Load the corrected records of a file; all of it is read and checked before.

    Raises:
        CorrectionsError: the file cannot be read, a line is no correction, names a record twice,
            or was exported from another database.
        LoaderError: a source or table is not declared, or another loader is at work.
        psycopg2.Error: what the server said; what was replayed before stays.
    """
    originals = _originals(url, sources, path)
    done: list[Replayed] = []
    for source in {original.source: None for original in originals.values()}:
        own = (one for one in read_corrections(path) if one.source == source)
        with prepared(url, source, sources) as (conn, tables):
            replayer = _Replayer(conn, tables, sources, path.resolve().as_uri())
            for load_id, group in groupby(own, key=lambda one: one.load_id):
                lines = (Line(one.record_number, one.content()) for one in group)
                replayer.replay(originals[load_id], lines)
            done += replayer.finish()
    return done


def _originals(url: str, sources: Sources, path: Path) -> dict[int, Original]:
    """Read a corrected file to its end; returns the loads whose rejects it corrects."""
    found: dict[int, tuple[str, str, str]] = {}
    seen: set[tuple[int, int]] = set()
    for one in read_corrections(path):
        if (one.load_id, one.record_number) in seen:
            raise CorrectionsError(
                f"{path}: has record {one.record_number:,} of load {one.load_id} twice: leave one"
            )
        seen.add((one.load_id, one.record_number))
        place = (one.source, one.table, one.file)
        if found.setdefault(one.load_id, place) != place:
            raise CorrectionsError(
                f"{path}: load {one.load_id} is {_named(found[one.load_id])} in one line and "
                f"{_named(place)} in another: leave source, table and file as they were exported"
            )
    for source, table, _ in found.values():
        _declared(sources, source, table)
    with (
        closing(connect(url, application_name="loader rejects")) as conn,
        reading(conn) as cur,
    ):
        return {load: _original(cur, path, load, place) for load, place in found.items()}


def _named(place: tuple[str, str, str]) -> str:
    return f"{place[0]}'s {place[2]} ({place[1]})"


def _original(cur: cursor, path: Path, load_id: int, place: tuple[str, str, str]) -> Original:
    found = original_load(cur, load_id)
    here = (found.source, found.table, found.file) if found else None
    if found is None or here != place:
        raise CorrectionsError(
            f"{path}: load {load_id} should be {_named(place)} and is "
            f"{_named(here) if here else 'unknown'} in this database: was it exported from "
            "another one?"
        )
    return found


class _Replayer:
    """Replays rejects load by load.

    Args:
        conn: holds the lock of the source.
        tables: the raw tables.
        sources: all that are declared.
        uri: of the file with the corrections; None where rejects are loaded as they are.
    """

    def __init__(
        self, conn: connection, tables: RawTables, sources: Sources, uri: str | None = None
    ) -> None:
        self._conn, self._tables, self._sources, self._uri = conn, tables, sources, uri
        self._done: list[Replayed] = []

    def replay(self, original: Original, lines: Iterable[Line]) -> None:
        """Load what can be loaded of the lines of a load, in a transaction of its own."""
        reader = reader_of(
            original,
            _declared(self._sources, original.source, original.table),
            self._tables.columns(raw_name(original.source, original.table)),
            end_marker=self._conn.server_version < END_MARKER_IN_CSV,
        )
        self._done.append(replay_load(self._conn, original, reader, lines, self._uri))

    def finish(self) -> list[Replayed]:
        """Bring the tables' statistics and indexes up to date, and give what was done."""
        rows: Counter[str] = Counter()
        for one in self._done:
            rows[raw_name(one.source, one.table)] += one.rows
        settle(self._conn, {table: count for table, count in rows.items() if count})
        return self._done


def _declared(sources: Sources, source: str, table: str) -> Table:
    declared = sources.files(source).tables
    if table not in declared:
        raise SourcesError(
            f"{source} has no table {table!r} in loader/sources.yml any more, so that nothing says "
            "how its records are written: declare it again"
        )
    return declared[table]
