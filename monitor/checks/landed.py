"""What was landed: columns against the declaration, lines set aside, files failed or repeated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from loader.loading.lock import is_locked
from monitor.check import Check, Group, Severity, Status
from monitor.checks.context import SAMPLES, Context, about_source, as_text, listed
from monitor.checks.shares import Held, judge, limits
from monitor.manifest import Source
from warehouse.console import counted

# The loads of the newest batch of each table, and what all before them have brought.
_TABLES = """
with loads as (
    select
        *,
        batch = max(batch) over (partition by source, table_name) as is_newest
    from raw._loads
    where status = 'loaded'
)

select
    source,
    table_name,
    max(batch) as batch,
    sum(rows)::bigint as rows,
    sum(rejects)::bigint as rejects,
    (sum(rows) filter (where is_newest))::bigint as batch_rows,
    (sum(rejects) filter (where is_newest))::bigint as batch_rejects,
    array_agg(distinct array_to_string(columns, chr(31))) filter (where is_newest) as columns
from loads
group by source, table_name
"""

_OPEN_REJECTS = """
select loads.source, loads.table_name, loads.load_id, count(*) as rejects
from raw._rejects as rejects
inner join raw._loads as loads using (load_id)
where rejects.resolved_at is null and loads.status = 'loaded'
group by loads.source, loads.table_name, loads.load_id
"""

_SHOW_REJECTS = """
select loads.file, rejects.line_number, rejects.reason, rejects.rejected_at
from raw._rejects as rejects
inner join raw._loads as loads using (load_id)
where loads.source = %(source)s and loads.table_name = %(table)s
    and rejects.resolved_at is null and loads.status = 'loaded'
order by rejects.load_id desc, rejects.record_number
"""

_SHOW_COLUMNS = """
select batch, file, columns
from raw._loads
where source = %(source)s and table_name = %(table)s and status = 'loaded'
order by batch desc, file
limit 20
"""

_FAILED = """
select table_name, file, count(*) as attempts, max(loaded_at) as last_at
from raw._loads as failed
where source = %(source)s and status = 'failed' and not exists (
    select from raw._loads as since
    where since.source = failed.source and since.status = 'loaded'
        and since.loaded_at > failed.loaded_at
        and case failed.format
            when 'postgres' then since.table_name = failed.table_name
            else since.file = failed.file
        end
)
group by table_name, file
order by file
"""

_OPEN = """
select table_name, file, loaded_at
from raw._loads
where source = %(source)s and status = 'loading'
order by load_id
"""

# An extract that did not change is the same file twice, and no fault: its rows are not held.
_REPEATED = """
with loads as (
    select
        *,
        batch = max(batch) over (partition by table_name) as is_newest
    from raw._loads
    where source = %(source)s and status = 'loaded' and rows > 0
)

select newest.table_name, newest.batch, newest.file, earlier.file as same_as
from loads as newest
inner join monitoring.load_counts as counts
    on newest.load_id = counts.load_id and counts.held_rows * 2 >= counts.judged_rows
inner join loads as earlier
    on newest.table_name = earlier.table_name and newest.sha256 = earlier.sha256
    and not earlier.is_newest
where newest.is_newest and newest.replay_of is null
order by newest.file
"""


def landed_checks(context: Context) -> Iterator[Check]:
    """Judge what the ledger says of the files, source by source and table by table."""
    if context.lacking("raw._loads", "raw._rejects"):
        return
    tables = {(row["source"], row["table_name"]): row for row in context.dicts(_TABLES)}
    open_rejects: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for row in context.dicts(_OPEN_REJECTS):
        open_rejects[row["source"], row["table_name"]][row["load_id"]] = row["rejects"]
    for source, delivered in sorted(context.manifest.delivered().items()):
        loaded = [table for table in delivered if (source, table.table) in tables]
        for table in sorted(loaded, key=lambda one: one.table):
            row = tables[source, table.table]
            yield _columns(context, table, row["columns"] or [])
            found = Held(
                source=source,
                checked=row["rows"] + row["rejects"],
                held=sum(open_rejects[source, table.table].values()),
                batch=row["batch"],
                batch_checked=row["batch_rows"] + row["batch_rejects"],
                batch_held=row["batch_rejects"],
            )
            yield _rejects(context, table, found)
        if loaded:
            yield _failed(context, source, delivered)
            if context.is_there("monitoring.load_counts"):
                yield _repeated(context, source, delivered)


def _columns(context: Context, table: Source, delivered: Sequence[str]) -> Check:
    """Compare the columns of the newest batch with those that loader/sources.yml declares."""
    source = context.sources.root.get(table.source)
    declared = (
        list(getattr(source.tables.get(table.table), "columns", None) or []) if source else []
    )
    gone: set[str] = set()
    added: set[str] = set()
    for columns in delivered:
        found = columns.split("\x1f")
        gone |= set(declared) - set(found)
        added |= set(found) - set(declared)
    parts = [f"gone: {listed(sorted(gone))}"] * bool(gone)
    parts += [f"additional: {listed(sorted(added))}"] * bool(added)
    message = "; ".join(parts) or f"{counted(len(declared), 'column')} as declared"
    status = Status.FAIL if gone else Status.WARN if added else Status.PASS
    if not declared or not delivered:
        status = Status.SKIP
        message = "loader/sources.yml declares no columns of it, or no file told its own"
    return Check(
        key=f"schema:landed:{table.source}.{table.table}",
        group=Group.SCHEMA,
        name="files have the declared columns",
        status=status,
        message=message,
        source=table.source,
        checked=len(declared),
        failed=len(gone) + len(added) if declared and delivered else None,
        sql=context.shown(_SHOW_COLUMNS, {"source": table.source, "table": table.table}),
        **about_source([table], f"raw.{table.relation}"),
    )


def _rejects(context: Context, table: Source, found: Held) -> Check:
    status, why = judge([found], limits(table.path, table.meta.get("rejected")))
    of_table = {"source": table.source, "table": table.table}
    samples = context.dicts(f"{_SHOW_REJECTS}limit {SAMPLES}", of_table) if found.held else []
    message = f"{found.held:,} of {counted(found.checked, 'line')} set aside"
    return Check(
        key=f"schema:rejects:{table.source}.{table.table}",
        group=Group.SCHEMA,
        name="lines can be read",
        status=status,
        message=f"{message}; {why}" if why else message,
        source=table.source,
        checked=found.checked,
        failed=found.held,
        sql=context.shown(_SHOW_REJECTS, of_table),
        samples=tuple(as_text(sample) for sample in samples),
        **about_source([table], f"raw.{table.relation}"),
    )


def _failed(context: Context, source: str, delivered: Sequence[Source]) -> Check:
    failed = context.dicts(_FAILED, {"source": source})
    unfinished = [] if is_locked(context.cur, source) else context.dicts(_OPEN, {"source": source})
    parts = [f"failed: {listed([row['file'] for row in failed], 3)}"] * bool(failed)
    parts += [f"interrupted: {listed([row['file'] for row in unfinished], 3)}"] * bool(unfinished)
    fix = f"; python -m loader {source} tries again"
    return Check(
        key=f"loads:failed:{source}",
        group=Group.RECONCILIATION,
        name="every file was loaded",
        status=Status.FAIL if parts else Status.PASS,
        message="; ".join(parts) + fix if parts else "no file failed that was not loaded since",
        source=source,
        failed=len(failed) + len(unfinished),
        sql=context.shown(_FAILED, {"source": source}),
        samples=tuple(as_text(row) for row in [*failed, *unfinished][:SAMPLES]),
        **about_source(delivered, "raw._loads"),
    )


def _repeated(context: Context, source: str, delivered: Sequence[Source]) -> Check:
    repeated = context.dicts(_REPEATED, {"source": source})
    files = sorted({row["file"] for row in repeated})
    about = about_source(delivered, "raw._loads")
    # The rows are held, so no figure is wrong: but somebody should ask the source.
    about["severity"] = min(about["severity"], Severity.WARNING, key=list(Severity).index)
    return Check(
        key=f"loads:repeated:{source}",
        group=Group.RECONCILIATION,
        name="no batch was delivered twice",
        status=Status.FAIL if repeated else Status.PASS,
        message=f"{counted(len(files), 'file')} of the newest batch came before, byte by byte: "
        f"{listed(files, 3)}"
        if repeated
        else "no file of the newest batch came before",
        source=source,
        failed=len(files),
        sql=context.shown(_REPEATED, {"source": source}),
        samples=tuple(as_text(row) for row in repeated[:SAMPLES]),
        **about,
    )
