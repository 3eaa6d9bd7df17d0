"""The report as a JSON document, as `report.schema.json` describes it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from monitor.check import Check, Status
from monitor.history import Run
from monitor.pipeline import Pipeline
from monitor.report.page import RUNS, verdict

SCHEMA_PATH = Path(__file__).with_name("report.schema.json")

VERSION = 1


def document(run: Run, history: Sequence[Run], pipeline: Pipeline | None = None) -> dict[str, Any]:
    """Give the report of a run in JSON's types.

    Args:
        run: of the warehouse, or of landing files.
        history: earlier runs, newest first; the run itself may be among them.
        pipeline: the last builds; none for landing files.
    """
    runs = [*reversed([one for one in history if one.run_id != run.run_id][: RUNS - 1]), run]
    statuses = [{check.key: check.status for check in one.checks} for one in runs]
    said = verdict(run)
    return {
        "version": VERSION,
        "run_id": run.run_id,
        "kind": run.kind,
        "started_at": _moment(run.started_at),
        "finished_at": _moment(run.finished_at),
        "seconds": round(run.seconds, 3),
        "verdict": {"status": said.status, "line": said.line},
        "counts": {status: run.count(status) for status in Status},
        "checks": [
            {**_check(check), "history": [found.get(check.key) for found in statuses]}
            for check in run.checks
        ],
        "runs": [
            {
                "run_id": one.run_id,
                "started_at": _moment(one.started_at),
                "seconds": round(one.seconds, 3),
                "counts": {status: one.count(status) for status in Status},
            }
            for one in runs
        ],
        "builds": [
            {
                **asdict(build),
                "started_at": build.started_at and _moment(build.started_at),
                "seconds": round(build.seconds, 3),
            }
            for build in (pipeline or Pipeline()).builds
        ],
        "costliest_nodes": [
            {
                **asdict(node),
                "total": round(node.total, 3),
                "share": round(node.share, 4),
                "by_build": list(node.by_build),
            }
            for node in (pipeline or Pipeline()).nodes
        ],
    }


def written(report: dict[str, Any]) -> str:
    """Write the document as text."""
    return json.dumps(report, ensure_ascii=False, indent=1) + "\n"


def _check(check: Check) -> dict[str, Any]:
    return {
        **asdict(check),
        "tags": list(check.tags),
        "samples": [dict(sample) for sample in check.samples],
    }


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
