"""One table of a source database brought up to date, transaction by transaction."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg2
from psycopg2.extensions import connection

from loader.database import ledger
from loader.database.arrival import Arrived, Way, take
from loader.database.declared import PostgresTable
from loader.database.deletions import take_deletions
from loader.database.ledger import Target
from loader.database.plan import Plan, Task, backfill, catch_up, whole
from loader.database.reading import open_source, snapshot
from loader.database.relation import OP, Relation, look_up
from loader.database.versions import Versions
from loader.errors import TableError
from loader.loading.outcome import Loaded, Outcome
from loader.names import raw_name
from loader.raw.tables import RawTables, settle
from loader.reading.streams import Meter
from warehouse.composed import qualified
from warehouse.connections import ConnectionPool, transaction
from warehouse.console import tell
from warehouse.retry import retry


@dataclass(frozen=True)
class Terms:
    """What holds for every table of a run.

    Attributes:
        url: of the source.
        setting: the environment variable that it comes from.
        pool: of the warehouse.
        tables: the raw tables; they grow with those of the source.
        meter: counts the bytes, and ends the run.
        task: what is to be done.
    """

    url: str
    setting: str
    pool: ConnectionPool
    tables: RawTables
    meter: Meter
    task: Task


@dataclass
class _Done:
    """What a transaction has done, once it is committed."""

    plan: Plan
    loads: list[Arrived]


@dataclass
class TableCopy:
    """A table on its way from the source to raw.

    Attributes:
        target: the table in the ledger.
        declared: in sources.yml.
        terms: those of the run.
        share: called with how far it is, 0 to 1, after each transaction.
        retries: attempts that failed for a passing reason.
    """

    target: Target
    declared: PostgresTable
    terms: Terms
    share: Callable[[float], None]
    _source: connection | None = None
    _uncertain: _Done | None = None
    _added: list[str] = field(default_factory=list)
    _missing: list[str] = field(default_factory=list)
    retries: int = 0

    def bring_to_end(self) -> Outcome:
        """Copy what is new.

        Raises:
            TableError: it cannot be copied.
            WarehouseError, psycopg2.Error: of either server, when trying again does not help.
            Stopped: the run is being ended.
        """
        if self.terms.task.is_backfill and self.declared.updated_at is None:
            tell("left_out", f"{self.target.relation}: has no updated_at: not part of a backfill")
            self.share(1.0)
            return Outcome(self.target.table, self.target.relation, "skipped", why="no_updated_at")
        started = time.monotonic()
        loads: list[Arrived] = []
        resume: str | None = None
        try:
            while True:
                done = self._with_retries(resume)
                loads += done.loads
                self._settle(done)
                self.share(done.plan.share)
                resume = done.plan.resume
                if done.plan.last:
                    break
        except (psycopg2.Error, TableError):
            if loads:
                rows = sum(load.rows for load in loads)
                tell("steps_kept", f"{self.target.relation}: {rows:,} rows of earlier steps stay")
            raise
        finally:
            self.close()
        return self._outcome(loads, time.monotonic() - started)

    def close(self) -> None:
        """Close the connection to the source."""
        if self._source is not None:
            self._source.close()
            self._source = None

    def cancel(self) -> None:
        """Have the source end what it is doing for this table; from any thread."""
        source = self._source
        if source is not None:
            with suppress(psycopg2.Error):  # it has just been closed
                source.cancel()

    def _outcome(self, loads: list[Arrived], seconds: float) -> Outcome:
        name, table = self.target.relation, self.target.table
        if not loads:
            return Outcome(table, name, "skipped", why="no_change", retries=self.retries)
        loaded = Loaded(
            rows=sum(load.rows for load in loads),
            bytes=sum(load.bytes for load in loads),
            seconds=seconds,
            added=self._added,
            missing=self._missing,
        )
        return Outcome(table, name, "loaded", loaded, retries=self.retries)

    def _with_retries(self, resume: str | None) -> _Done:
        """Do one transaction; when a connection is lost, do it again."""
        attempts = 0

        @retry(
            attempts=5,
            first_wait=0.5,
            longest_wait=5.0,
            what=f"copying {self.target.relation}",
        )
        def attempt() -> _Done:
            nonlocal attempts
            attempts += 1
            if attempts > 1:
                self.close()
                self.retries += 1
            with self.terms.pool.connection() as conn:
                # The connection may have been lost after the server had committed.
                done = self._uncertain
                if done and ledger.is_committed(conn, [load.load_id for load in done.loads]):
                    return done
                self._uncertain = None
                return self._transaction(conn, resume)

        return attempt()

    @retry(what="renewing statistics")
    def _settle(self, done: _Done) -> None:
        rows = sum(load.rows for load in done.loads)
        if rows:
            with self.terms.pool.connection() as conn:
                settle(conn, {raw_name(self.target.source, self.target.table): rows})

    def _transaction(self, conn: connection, resume: str | None) -> _Done:
        if self._source is None or self._source.closed:
            self._source = open_source(self.terms.url, self.terms.setting)
        with snapshot(self._source) as seen:
            relation = look_up(seen.cur, self.target.table, self.declared)
            self._fit_raw_table(conn, relation)
            versions = self._versions(relation)
            with transaction(conn) as cur:
                way = Way(seen, relation, versions, cur, self.target, self.terms.meter)
                done = self._copy(way, resume)
                self._uncertain = done if done.loads else None
        self._uncertain = None
        return done

    def _versions(self, relation: Relation) -> Versions | None:
        if self.declared.updated_at is None or relation.version_type is None:
            return None
        origin = qualified(relation.schema, relation.table)
        return Versions(str(relation), origin, self.declared.updated_at, relation.version_type)

    def _copy(self, way: Way, resume: str | None) -> _Done:
        task, mark = self.terms.task, None
        if way.versions is None:
            plan = whole()
        elif task.is_backfill:
            plan = backfill(way.seen, way.versions, task, resume)
        else:
            mark = ledger.read_mark(
                way.warehouse, self.target.source, self.target.table, way.versions.name
            )
            plan = catch_up(way.seen, way.versions, mark, self.declared.overlap, task.batch)
        loads = [take(way, part) for part in plan.parts]
        if plan.last and task.deletes and way.versions is not None:
            loads.append(take_deletions(way))
        arrived = [load for load in loads if load is not None]
        if plan.mark is not None and plan.mark != mark:
            last = arrived[-1].load_id if arrived else None
            ledger.move_mark(way.warehouse, self.target, plan.mark, last)
        if plan.last and not arrived and not task.is_backfill:
            ledger.settle_failure(way.warehouse, self.target, way.seen.clock)
        return _Done(plan, arrived)

    def _fit_raw_table(self, conn: connection, relation: Relation) -> None:
        """Make the raw table, or bring its columns in line with those of the source.

        Raises:
            TableError: they differ, and the table's schema is strict.
        """
        tables = self.terms.tables
        raw = raw_name(self.target.source, self.target.table)
        present = tables.columns(raw) if raw in tables else [*relation.columns, OP]
        new = [name for name in relation.columns if name not in present]
        gone = [name for name in present if name not in relation.columns and name != OP]
        self._missing = list(dict.fromkeys([*relation.missing, *gone]))
        self._refuse_if_strict(relation, new)
        if tables.make(conn, raw, [*relation.columns, *relation.missing, OP]):
            with transaction(conn) as cur:
                if ledger.forget(cur, self.target):
                    tell(
                        "copied_anew",
                        f"{relation}: raw.{raw} is gone, but not its mark: copied from the start",
                        level="warning",
                    )
            return
        tables.extend(conn, raw, [*new, OP])
        self._added += [name for name in new if name not in self._added]

    def _refuse_if_strict(self, relation: Relation, new: list[str]) -> None:
        if self.declared.schema_ == "strict" and (new or self._missing):
            differences = [
                f"{what} {', '.join(names)}"
                for what, names in (("new:", new), ("missing:", self._missing))
                if names
            ]
            raise TableError(
                f"{relation}: its columns are not those of its raw table or its declaration "
                f"({'; '.join(differences)}) and its schema is strict: change the source back, or "
                "write schema: evolve"
            )
