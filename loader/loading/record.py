"""What a run record says of a run, out of what became of its files."""

from __future__ import annotations

import platform
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from importlib.metadata import version
from typing import Any

from loader.loading.outcome import Expected, Outcome, Run
from loader.loading.run_record import (
    Figures,
    FileCounts,
    FileRecord,
    Problem,
    RunRecord,
    TableFigures,
    Verdict,
    Versions,
)
from warehouse.settings import PROJECT_DIR


def run_record(run: Run, ended_at: datetime) -> RunRecord:
    """Say what a run did.

    Args:
        run: however it ended.
        ended_at: when.
    """
    files = file_records(run)
    by_table: defaultdict[str, list[FileRecord]] = defaultdict(list)
    for file in files:
        by_table[file.table].append(file)
    problems = [Problem(kind=type(fault).__name__, message=fault.message) for fault in run.problems]
    problems += [Problem(kind="RecordsDiffer", message=line) for line in run.differences()]
    return RunRecord(
        run_id=run.run_id,
        source=run.source,
        verdict=verdict(run),
        error=run.fatal,
        started_at=run.started_at,
        ended_at=ended_at,
        seconds=round(run.seconds, 3),
        loading_seconds=round(run.loading_seconds, 3),
        workers=run.workers,
        budget=run.budget,
        versions=_versions(run.server_version),
        totals=Figures(**_sums(files, run.seconds)),
        tables=[_table(name, group) for name, group in sorted(by_table.items())],
        unfinished=run.unfinished,
        problems=problems,
        files=files,
    )


def verdict(run: Run) -> Verdict:
    """Sum a run up in one word."""
    if run.interrupted:
        return "interrupted"
    if run.fatal or run.differences():
        return "failed"
    if run.failed:
        return "partly_failed" if run.count("loaded") or run.count("skipped") else "failed"
    return "loaded" if run.count("loaded") else "nothing_new"


def file_records(run: Run) -> list[FileRecord]:
    """Say what became of each file that was found, in the order of their names."""
    done = {outcome.name: file_record(outcome, run.expected) for outcome in run.outcomes}
    for name, expected in run.expected.items():
        if name not in done:
            done[name] = FileRecord(
                file=name,
                table=expected.table,
                status="not_reached",
                promised=expected.promised,
                bytes=expected.bytes,
            )
    return [done[name] for name in sorted(done)]


def file_record(outcome: Outcome, expected: dict[str, Expected]) -> FileRecord:
    """Say what became of a file.

    Args:
        outcome: of the file.
        expected: what was known of the run's files before.
    """
    known = expected.get(outcome.name, Expected(outcome.table))
    if outcome.status == "skipped":
        return FileRecord(file=outcome.name, table=outcome.table, status="skipped", why=outcome.why)
    loaded = outcome.loaded
    if loaded is None:
        return FileRecord(
            file=outcome.name,
            table=outcome.table,
            status="failed",
            error=outcome.error,
            promised=known.promised,
            found=outcome.found,
            bytes=known.bytes,
            retries=outcome.retries,
        )
    read = loaded.kept if loaded.read is None else loaded.read
    return FileRecord(
        file=outcome.name,
        table=outcome.table,
        status="loaded",
        read=read,
        rows=loaded.rows,
        rejects=len(loaded.rejects),
        rejects_by_reason=loaded.rejects.by_reason or None,
        empty=not read,
        promised=known.promised,
        found=None if known.promised is None else read,
        bytes=loaded.bytes,
        seconds=round(loaded.seconds, 3),
        rows_per_second=_rate(loaded.rows, loaded.seconds),
        connections=loaded.connections,
        retries=outcome.retries,
        columns_added=loaded.added or None,
        columns_missing=loaded.missing or None,
    )


def _table(name: str, files: list[FileRecord]) -> TableFigures:
    return TableFigures(
        table=name,
        **_sums(files, sum(file.seconds or 0.0 for file in files)),
        columns_added=_union(file.columns_added or [] for file in files),
        columns_missing=_union(file.columns_missing or [] for file in files),
    )


def _sums(files: list[FileRecord], seconds: float) -> dict[str, Any]:
    status = Counter(file.status for file in files)
    loaded = [file for file in files if file.status == "loaded"]
    reasons: Counter[str] = Counter()
    for file in loaded:
        reasons.update(file.rejects_by_reason or {})
    rows = sum(file.rows or 0 for file in loaded)
    return {
        "files": FileCounts(
            found=len(files),
            loaded=status["loaded"],
            skipped=status["skipped"],
            failed=status["failed"],
            not_reached=status["not_reached"],
            empty=sum(bool(file.empty) for file in loaded),
        ),
        "read": sum(file.read or 0 for file in loaded),
        "rows": rows,
        "rejects": sum(file.rejects or 0 for file in loaded),
        "rejects_by_reason": dict(sorted(reasons.items())),
        "bytes": sum(file.bytes or 0 for file in loaded),
        "seconds": round(seconds, 3),
        "rows_per_second": _rate(rows, seconds),
        "retries": sum(file.retries or 0 for file in files),
    }


def _rate(rows: int, seconds: float) -> int:
    return round(rows / seconds) if seconds else 0


def _union(names: Iterable[list[str]]) -> list[str]:
    return list(dict.fromkeys(name for some in names for name in some))


def _versions(server: int | None) -> Versions:
    return Versions(
        counting_house=_own_version(),
        python=platform.python_version(),
        psycopg2=version("psycopg2-binary"),
        postgresql=f"{server // 10_000}.{server % 10_000}" if server else None,
    )


@cache
def _own_version() -> str:
    project = tomllib.loads((PROJECT_DIR / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])
