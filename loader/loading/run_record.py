"""The run record: one JSON document that says what a run did, file by file.

Zero rows and lost rows are told apart: a file that holds no record says `"rows": 0, "empty": true`;
where a manifest promises a number of records, `promised` and `found` stand side by side; and what
was read is always what was loaded and what was set aside, or the verdict is `failed`.

A key that says nothing of a file (the rows of one that was skipped) is left out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, NonNegativeFloat, NonNegativeInt

from loader.loading.outcome import Why

PUBLISHED = Path(__file__).with_name("run_record.schema.json")

Verdict = Literal["loaded", "nothing_new", "partly_failed", "failed", "interrupted"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class FileRecord(_Part):
    """A file, or a table of a source database, and what became of it."""

    file: str
    """Its name in the ledger."""
    table: str
    """Its table in the declaration of the source."""
    status: Literal["loaded", "skipped", "failed", "not_reached"]
    """not_reached: the run was broken off before."""
    why: Why | None = None
    """What was skipped, and for which reason. same_sum: the manifest has the sum of what was loaded
    before; same_bytes: the file was read again, and they are those that were loaded before;
    no_change: no row of the table has changed; no_updated_at: the table cannot be part of a
    backfill."""
    error: str | None = None
    """Of a failed file; nothing of it is in raw."""
    read: NonNegativeInt | None = None
    """Records that were read: those loaded and those set aside."""
    rows: NonNegativeInt | None = None
    """Records loaded."""
    rejects: NonNegativeInt | None = None
    """Records set aside, in raw._rejects."""
    rejects_by_reason: dict[str, NonNegativeInt] | None = None
    """Their numbers by reason code."""
    empty: bool | None = None
    """Whether a loaded file holds no record at all, but a header at most."""
    promised: NonNegativeInt | None = None
    """Records that the manifest promises."""
    found: NonNegativeInt | None = None
    """Records in the file, beside what was promised."""
    bytes: NonNegativeInt | None = None
    """Size where it lies, compressed as it is."""
    seconds: NonNegativeFloat | None = None
    """From its first byte to its commit."""
    rows_per_second: NonNegativeInt | None = None
    connections: NonNegativeInt | None = None
    """That took part; more than one for a file that was cut."""
    retries: NonNegativeInt | None = None
    """Attempts that failed for a passing reason."""
    columns_added: list[str] | None = None
    """Columns that the raw table did not have."""
    columns_missing: list[str] | None = None
    """Declared columns that the file does not have: they are null."""


class FileCounts(_Part):
    """Numbers of files."""

    found: NonNegativeInt
    loaded: NonNegativeInt
    skipped: NonNegativeInt
    failed: NonNegativeInt
    not_reached: NonNegativeInt
    empty: NonNegativeInt
    """Of the loaded ones those without a record."""


class Figures(_Part):
    """Sums over files."""

    files: FileCounts
    read: NonNegativeInt
    """Records that were read, of files that were loaded."""
    rows: NonNegativeInt
    """Records loaded."""
    rejects: NonNegativeInt
    """Records set aside."""
    rejects_by_reason: dict[str, NonNegativeInt]
    bytes: NonNegativeInt
    """Sizes of the loaded files."""
    seconds: NonNegativeFloat
    """Of a table: those of its files, added; of the run: on the clock."""
    rows_per_second: NonNegativeInt
    retries: NonNegativeInt


class TableFigures(Figures):
    """Sums over the files of a table."""

    table: str
    columns_added: list[str]
    columns_missing: list[str]
    """Declared columns that at least one of the loaded files does not have."""


class Problem(_Part):
    """A batch or file not taken up, an index not built again, or records that do not add up."""

    kind: str
    message: str


class Versions(_Part):
    """What the run ran on."""

    counting_house: str
    python: str
    psycopg2: str
    postgresql: str | None = None
    """Of the warehouse's server; missing when it was not reached."""


class RunRecord(_Part):
    """What a run of the loader did."""

    format_version: Literal[1] = 1
    run_id: str
    """As in raw._loads.run_id."""
    source: str
    verdict: Verdict
    """loaded: something new is in raw, nothing failed; nothing_new: everything was loaded before;
    partly_failed: something failed, the rest is in raw; failed: nothing was loaded and something
    failed, or the run ended early, or records do not add up; interrupted: a user or the system
    ended the run."""
    error: str | None = None
    """What ended the run early."""
    started_at: AwareDatetime
    ended_at: AwareDatetime
    seconds: NonNegativeFloat
    """All of it, on the clock."""
    loading_seconds: NonNegativeFloat
    """From the first file to the last commit; 0 when the run did not come so far."""
    workers: NonNegativeInt
    """Connections at a time."""
    budget: str
    """Records of a file that may be set aside: a count or a share."""
    versions: Versions
    totals: Figures
    tables: list[TableFigures]
    unfinished: list[str]
    """Batches without a manifest: not read."""
    problems: list[Problem]
    files: list[FileRecord]


def text_of(record: RunRecord) -> str:
    """Write a record as JSON: indented, but each file on one line, for there may be many."""
    document = record.model_dump(mode="json", exclude_none=True)
    files = ",\n    ".join(json.dumps(file) for file in document.pop("files"))
    head = json.dumps(document, indent=2).removesuffix("\n}")
    listed = f"[\n    {files}\n  ]" if files else "[]"
    return f'{head},\n  "files": {listed}\n}}\n'


def published_text() -> str:
    """Write the schema (JSON Schema, draft 2020-12) of the record as it is published."""
    schema = RunRecord.model_json_schema()
    _untitle(schema)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Run record"} | (
        schema
    )
    return json.dumps(schema, indent=2) + "\n"


def _untitle(part: object) -> None:
    """Leave out titles: names of keys and classes with capitals."""
    if isinstance(part, dict):
        if isinstance(part.get("title"), str):
            del part["title"]
        for below in part.values():
            _untitle(below)
    elif isinstance(part, list):
        for below in part:
            _untitle(below)
