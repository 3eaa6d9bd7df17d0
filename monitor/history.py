"""Runs of the watch, and their memory: `monitoring.check_runs` and `monitoring.check_results`.

A run is stored in one transaction, whole or not at all; storing it again replaces it. What only the
newest run is asked for (the statements and the samples of failing rows) is kept for that run alone:
so the memory of a year stays small, and rows that were repaired long ago do not live on in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import uuid4

from psycopg2.extensions import connection, cursor
from psycopg2.extras import Json, execute_values

from monitor.check import Check, Group, Severity, Status
from monitor.tables import as_transformer, is_there, let_readers_see, make_missing
from warehouse import composed
from warehouse.connections import transaction
from warehouse.errors import WarehouseError

Kind = Literal["warehouse", "landing"]

# More than a year of mornings.
KEPT = 400

_LOCK = "counting-house.check_runs"

_TABLES = """
create table if not exists monitoring.check_runs (
    run_id text primary key,
    kind text not null,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    seconds double precision not null,
    passed integer not null,
    warned integer not null,
    failed integer not null,
    skipped integer not null
);
create index if not exists check_runs_started_at_idx on monitoring.check_runs (kind, started_at);
create table if not exists monitoring.check_results (
    run_id text not null references monitoring.check_runs on delete cascade,
    position integer not null,
    key text not null,
    check_group text not null,
    name text not null,
    status text not null,
    message text not null,
    subject text not null,
    source text,
    severity text not null,
    checked bigint,
    failed bigint,
    owner text,
    tags text[] not null,
    sql text,
    samples jsonb,
    primary key (run_id, key)
);
comment on table monitoring.check_runs is 'The runs of `python -m monitor report`.';
comment on column monitoring.check_runs.run_id is 'The run.';
comment on column monitoring.check_runs.kind is 'What was looked at: the warehouse.';
comment on column monitoring.check_runs.started_at is 'When it began, UTC.';
comment on column monitoring.check_runs.finished_at is 'When it ended, UTC.';
comment on column monitoring.check_runs.seconds is 'How long it took.';
comment on column monitoring.check_runs.passed is 'Checks that passed.';
comment on column monitoring.check_runs.warned is 'Checks that warned.';
comment on column monitoring.check_runs.failed is 'Checks that failed.';
comment on column monitoring.check_runs.skipped is 'Checks that had nothing to look at.';
comment on table monitoring.check_results is 'What each check of a run found.';
comment on column monitoring.check_results.run_id is 'The run.';
comment on column monitoring.check_results.position is 'The place of the check in the run.';
comment on column monitoring.check_results.key is 'The check, the same in every run.';
comment on column monitoring.check_results.check_group is 'What the check is about.';
comment on column monitoring.check_results.name is 'The check in a few words.';
comment on column monitoring.check_results.status is 'pass, warn, fail or skip.';
comment on column monitoring.check_results.message is 'What was found, in a sentence.';
comment on column monitoring.check_results.subject is 'The relation that was looked at.';
comment on column monitoring.check_results.source is 'The source; null where all are meant.';
comment on column monitoring.check_results.severity is 'How much a failure matters.';
comment on column monitoring.check_results.checked is 'Rows looked at.';
comment on column monitoring.check_results.failed is 'Of these, rows that break the check.';
comment on column monitoring.check_results.owner is 'Who answers for the subject.';
comment on column monitoring.check_results.tags is 'The tags of the subject in dbt.';
comment on column monitoring.check_results.sql is 'The statement behind it, of the newest run.';
comment on column monitoring.check_results.samples is
    'Some failing rows, personal data masked, of the newest run.';
"""

_COLUMNS = (
    "key",
    "check_group",
    "name",
    "status",
    "message",
    "subject",
    "source",
    "severity",
    "checked",
    "failed",
    "owner",
    "tags",
    "sql",
    "samples",
)


class HistoryError(WarehouseError):
    """The memory of earlier runs cannot be read or written."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of the watch: everything that was looked at, and when.

    Args:
        run_id: its name, unique over all runs.
        started_at: with a time zone.
        finished_at: with a time zone.
        seconds: how long it took.
        kind: whether the warehouse was looked at, or landing files that are not loaded yet.
        checks: in the order of the report.
    """

    run_id: str
    started_at: datetime
    finished_at: datetime
    seconds: float
    kind: Kind
    checks: tuple[Check, ...]

    def count(self, status: Status) -> int:
        """Count the checks that ended so."""
        return sum(check.status is status for check in self.checks)


def new_run_id() -> str:
    """Make the name of a new run."""
    return uuid4().hex


def store(conn: connection, run: Run) -> None:
    """Store a run, whole or not at all; one that is stored already is replaced.

    Args:
        conn: no transaction is open on it.
        run: its checks' keys are unique.

    Raises:
        HistoryError: two checks have one key, or the user may not write to the schema.
    """
    keys = [check.key for check in run.checks]
    if len(set(keys)) < len(keys):
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise HistoryError(f"two checks have one key: {', '.join(twice)}: name them apart")
    with (
        as_transformer(HistoryError, "the run cannot be stored", ", or report with --no-store"),
        transaction(conn) as cur,
    ):
        composed.lock(cur, _LOCK)
        _make_tables(cur)
        cur.execute("delete from monitoring.check_runs where run_id = %s", (run.run_id,))
        cur.execute(
            "insert into monitoring.check_runs (run_id, kind, started_at, finished_at, seconds,"
            " passed, warned, failed, skipped) values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                run.run_id,
                run.kind,
                run.started_at,
                run.finished_at,
                run.seconds,
                *(run.count(status) for status in Status),
            ),
        )
        execute_values(
            cur,
            f"insert into monitoring.check_results (run_id, position, {', '.join(_COLUMNS)})"
            " values %s",
            [(run.run_id, position, *_values(check)) for position, check in enumerate(run.checks)],
            page_size=1000,
        )
        _forget_details(cur, run.kind)
        _prune(cur, run.kind, KEPT)


def last_runs(conn: connection, n: int, *, kind: Kind = "warehouse") -> list[Run]:
    """Read the last runs, the newest first; none before the first was stored.

    Statements and samples are those of the newest run only.

    Args:
        conn: no transaction is open on it.
        n: how many at most.
        kind: of which kind.
    """
    with transaction(conn) as cur:
        if not is_there(cur, "monitoring.check_results"):
            return []
        cur.execute(
            "select run_id, started_at, finished_at, seconds from monitoring.check_runs"
            " where kind = %s order by started_at desc, run_id desc limit %s",
            (kind, n),
        )
        runs = cur.fetchall()
        cur.execute(
            f"select run_id, {', '.join(_COLUMNS)} from monitoring.check_results"
            " where run_id = any(%s) order by run_id, position",
            ([run_id for run_id, *_ in runs],),
        )
        checks: Mapping[str, list[Check]] = defaultdict(list)
        for run_id, *values in cur:
            checks[run_id].append(_check(dict(zip(_COLUMNS, values, strict=True))))
    return [
        Run(
            run_id=run_id,
            started_at=started_at,
            finished_at=finished_at,
            seconds=seconds,
            kind=kind,
            checks=tuple(checks[run_id]),
        )
        for run_id, started_at, finished_at, seconds in runs
    ]


def prune(conn: connection, keep: int, *, kind: Kind = "warehouse") -> int:
    """Forget all but the last runs of a kind.

    Args:
        conn: no transaction is open on it.
        keep: how many stay.
        kind: of which kind.

    Returns:
        How many were forgotten.
    """
    with transaction(conn) as cur:
        composed.lock(cur, _LOCK)
        _make_tables(cur)
        return _prune(cur, kind, keep)


def _make_tables(cur: cursor) -> None:
    make_missing(cur, _TABLES, "check_results")
    # Roles may be made later.
    let_readers_see(cur, "check_runs", "check_results")


def _forget_details(cur: cursor, kind: Kind) -> None:
    cur.execute(
        "update monitoring.check_results set sql = null, samples = null"
        " where (sql is not null or samples is not null) and run_id in ("
        "select run_id from monitoring.check_runs where kind = %s"
        " order by started_at desc, run_id desc offset 1)",
        (kind,),
    )


def _prune(cur: cursor, kind: Kind, keep: int) -> int:
    cur.execute(
        "delete from monitoring.check_runs where run_id in (select run_id"
        " from monitoring.check_runs where kind = %s"
        " order by started_at desc, run_id desc offset %s)",
        (kind, keep),
    )
    return cur.rowcount


def _values(check: Check) -> Sequence[object]:
    return (
        check.key,
        check.group.value,
        check.name,
        check.status.value,
        check.message,
        check.subject,
        check.source,
        check.severity.value,
        check.checked,
        check.failed,
        check.owner,
        list(check.tags),
        check.sql,
        Json([dict(sample) for sample in check.samples]) if check.samples else None,
    )


def _check(row: dict[str, Any]) -> Check:
    row["group"] = Group(row.pop("check_group"))
    row["status"], row["severity"] = Status(row["status"]), Severity(row["severity"])
    row["tags"], row["samples"] = tuple(row["tags"]), tuple(row["samples"] or ())
    return Check(**row)
