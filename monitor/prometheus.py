"""`python -m monitor metrics`: the figures of the watch for Prometheus' textfile collector.

The file is written whole or not at all. What the warehouse does not know yet (no build, no report)
is not in it; the command says what is missing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import psycopg2
from psycopg2.extensions import connection, cursor

from monitor.check import Severity, Status
from monitor.exposition import Family, exposition
from monitor.log import log_option
from monitor.tables import is_there
from warehouse.connections import connect, database_url, transaction
from warehouse.console import counted, is_structured, tell
from warehouse.errors import WarehouseError
from warehouse.settings import PROJECT_DIR
from warehouse.whole_files import whole

FILE = PROJECT_DIR / "exports" / "metrics" / "counting_house.prom"


class MetricsError(WarehouseError):
    """The figures cannot be read or written."""


# Each with the relation that it reads, and what makes that relation.
_Reader = Callable[[cursor, datetime], Iterator[Family]]


def read(conn: connection, now: datetime, *, rows: bool = True) -> tuple[list[Family], list[str]]:
    """Read all figures, in one state of the warehouse; nothing is written.

    Args:
        conn: no transaction is open on it.
        now: the moment to which ages are counted.
        rows: whether to count the rows of the tables, which reads them all.

    Returns:
        The figures, and what is not there yet.
    """
    families: list[Family] = []
    missing: list[str] = []
    with transaction(conn) as cur:
        cur.execute("set transaction isolation level repeatable read, read only")
        for relation, made_by, reader in _READERS:
            if reader is _table_rows and not rows:
                continue
            if is_there(cur, relation):
                families += reader(cur, now)
            else:
                missing.append(f"{relation} ({made_by})")
    return families, missing


def _loads(cur: cursor, now: datetime) -> Iterator[Family]:
    # Tables whose name begins with an underscore are about the data, such as the generator's truth.
    cur.execute(
        "select source, table_name, max(loaded_at) from raw._loads"
        " where status = 'loaded' and table_name !~ '^_' group by 1, 2 order by 1, 2"
    )
    found = [({"source": source, "table": table}, at) for source, table, at in cur]
    yield Family(
        "source_last_load_timestamp_seconds",
        "When the last load of a source's table ended.",
        [(labels, at.timestamp()) for labels, at in found],
    )
    yield Family(
        "source_age_seconds",
        "Time since the last load of a source's table, when this file was written.",
        [(labels, max(0.0, (now - at).total_seconds())) for labels, at in found],
    )
    cur.execute(
        "select source, sum(seconds)::float8, sum(rows)::bigint from raw._loads"
        " where status = 'loaded' and (source, batch) in ("
        "select source, max(batch) from raw._loads where status = 'loaded' group by source)"
        " group by source order by source"
    )
    newest = [({"source": source}, seconds, rows) for source, seconds, rows in cur]
    yield Family(
        "load_duration_seconds",
        "Time that the files of a source's newest batch took to load, added up.",
        [(labels, seconds) for labels, seconds, _ in newest],
    )
    yield Family(
        "load_rows",
        "Rows that a source's newest batch brought.",
        [(labels, rows) for labels, _, rows in newest],
    )


_DID_WELL = "status in ('success', 'pass', 'warn')"

# A run that builds nothing bears the number of the build before it: of each node the last counts.
_LAST_BUILD = """
select distinct on (node, resource_type) build, node, resource_type, status, seconds, started_at,
    rows_affected
from monitoring._run_results
where build = (select max(build) from monitoring._run_results)
order by node, resource_type, started_at desc nulls last
"""


def _build(cur: cursor, _now: datetime) -> Iterator[Family]:
    cur.execute(
        f"with nodes as ({_LAST_BUILD}) select max(build), extract(epoch from min(started_at)),"
        " extract(epoch from max(started_at + make_interval(secs => seconds)) - min(started_at)),"
        f" bool_and({_DID_WELL}),"
        " coalesce(sum(rows_affected) filter (where resource_type <> 'test'), 0) from nodes"
    )
    ((build, started_at, seconds, did_well, rows),) = cur.fetchall()
    if build is None:
        return
    yield Family("build_number", "The number of the last build.", [({}, int(build))])
    if started_at is not None:
        yield Family(
            "build_start_timestamp_seconds",
            "When the last build began.",
            [({}, float(started_at))],
        )
        yield Family(
            "build_duration_seconds",
            "Time from the begin of the last build's first node to the end of its last one.",
            [({}, float(seconds))],
        )
    yield Family(
        "build_success", "Whether all nodes of the last build did well.", [({}, int(did_well))]
    )
    yield Family("build_rows", "Rows that the last build wrote.", [({}, int(rows))])
    cur.execute(
        f"with nodes as ({_LAST_BUILD}) select node, resource_type, status, seconds from nodes"
        " order by node, resource_type"
    )
    nodes = cur.fetchall()
    yield Family(
        "node_duration_seconds",
        "Time that a node took in the last build.",
        [({"node": node, "type": kind}, float(took)) for node, kind, _, took in nodes],
    )
    statuses = sorted({(kind, status) for _, kind, status, _ in nodes})
    yield Family(
        "build_nodes",
        "Nodes of the last build by how they ended.",
        [
            (
                {"type": kind, "status": status},
                sum((kind, status) == (of, ended) for _, of, ended, _ in nodes),
            )
            for kind, status in statuses
        ],
    )


def _table_rows(cur: cursor, _now: datetime) -> Iterator[Family]:
    cur.execute(
        "select layer, table_name, coalesce(source, ''), row_count from monitoring.row_counts"
        " order by 1, 2, 3"
    )
    yield Family(
        "table_rows",
        "Rows of a table.",
        [
            ({"layer": layer, "table": table, "source": source}, int(count))
            for layer, table, source, count in cur
        ],
    )


def _checks(cur: cursor, _now: datetime) -> Iterator[Family]:
    cur.execute(
        "select run_id, extract(epoch from finished_at), seconds from monitoring.check_runs"
        " where kind = 'warehouse' order by started_at desc, run_id desc limit 1"
    )
    found = cur.fetchall()
    if not found:
        return
    ((run_id, finished_at, seconds),) = found
    yield Family(
        "report_timestamp_seconds", "When the last report ended.", [({}, float(finished_at))]
    )
    yield Family(
        "report_duration_seconds", "Time that the last report took.", [({}, float(seconds))]
    )
    cur.execute(
        "select check_group, status, count(*) from monitoring.check_results where run_id = %s"
        " group by 1, 2",
        (run_id,),
    )
    counts = {(group, status): int(count) for group, status, count in cur}
    # Those without a check too: an alert rule that waits for a series to appear never fires.
    yield Family(
        "checks",
        "Checks of the last report by how they ended.",
        [
            ({"group": group, "status": status.value}, counts.get((group, status.value), 0))
            for group in sorted({group for group, _ in counts})
            for status in Status
        ],
    )


def _incidents(cur: cursor, _now: datetime) -> Iterator[Family]:
    cur.execute(
        "select severity, count(*) from monitoring.incidents where resolved_at is null group by 1"
    )
    counts = {severity: int(count) for severity, count in cur}
    yield Family(
        "incidents_open",
        "Incidents that are open.",
        [({"severity": one.value}, counts.get(one.value, 0)) for one in Severity],
    )
    cur.execute(
        "select channel, status, count(*) from monitoring.deliveries group by 1, 2 order by 1, 2"
    )
    messages = {(channel, status): int(count) for channel, status, count in cur}
    yield Family(
        "alert_messages",
        "Messages to a channel by whether they arrived.",
        [
            ({"channel": channel, "status": status}, messages.get((channel, status), 0))
            for channel in sorted({channel for channel, _ in messages})
            for status in ("pending", "sent", "failed")
        ],
    )


_READERS: tuple[tuple[str, str, _Reader], ...] = (
    ("raw._loads", "make load", _loads),
    ("monitoring._run_results", "make build", _build),
    ("monitoring.row_counts", "make build", _table_rows),
    ("monitoring.check_results", "make report", _checks),
    ("monitoring.deliveries", "python -m monitor alert", _incidents),
)


@click.command("metrics")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=FILE,
    show_default="exports/metrics/counting_house.prom",
    help="The file, in the folder that node_exporter reads; its name must end in .prom.",
)
@click.option("--rows/--no-rows", default=True, help="Count the rows of all tables: reads them.")
@log_option
def metrics_command(out: Path, rows: bool) -> None:
    """Write the figures of the warehouse to a file for Prometheus' textfile collector."""
    if out.suffix != ".prom":
        raise click.BadParameter(
            f"{out.name} does not end in .prom: node_exporter would not read it",
            param_hint="--out",
        )
    began = time.monotonic()
    with closing(
        connect(database_url(), application_name="monitor metrics", role="transformer")
    ) as conn:
        try:
            families, missing = read(conn, datetime.now(UTC), rows=rows)
        except psycopg2.Error as error:
            reason = " ".join(str(error).split())
            raise MetricsError(f"the figures cannot be read: {reason}") from None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with whole(out, mode=0o644) as unfinished:
            unfinished.write_text(exposition(families), encoding="utf-8")
    except OSError as error:
        raise MetricsError(f"cannot write {out}: {error.strerror}: correct --out") from None
    if missing:
        tell("missing", f"not there yet: {', '.join(missing)}", level="warning", relations=missing)
    samples = sum(len(family.samples) for family in families)
    seconds = time.monotonic() - began
    written: dict[str, Any] = {
        "file": str(out),
        "metrics": len(families),
        "samples": samples,
        "seconds": round(seconds, 3),
    }
    tell(
        "metrics_written",
        f"{counted(samples, 'figure')} of {counted(len(families), 'metric')} in {seconds:.1f} s: "
        f"{out}",
        **written,
    )
    if is_structured():
        click.echo(json.dumps({**written, "missing": missing}))
