"""Names: what a source, a table and a column may be called, and what they are called in raw."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

# PostgreSQL cuts longer names off without an error (NAMEDATALEN - 1), so that two could become one.
MAX_NAME_BYTES = 63

# PostgreSQL's limit (MaxHeapAttributeNumber) without the two columns that the loader adds.
MAX_COLUMNS = 1600 - 2

_SURROGATES = "\ud800-\udfff"

# Control characters, and half surrogate pairs: what Python makes of bytes that are not UTF-8.
UNFIT_FOR_NAMES = re.compile(f"[\x00-\x1f\x7f{_SURROGATES}]")

# What no PostgreSQL takes in a name; all else may stand in a name of a database that exists.
_IMPOSSIBLE = re.compile(f"[\x00{_SURROGATES}]")

# Columns that the loader itself adds to every raw table.
LOAD_ID, ROW_ID = "_load_id", "_row_id"

# What stands where a source may stand: `python -m loader status` could not mean both, nor could
# `python -m loader rejects replay`. A test holds the command line to this list.
COMMANDS = frozenset({"export", "list", "load", "prune", "rejects", "replay", "sniff", "status"})


class Strict(BaseModel):
    """A part of sources.yml: unknown keys and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def raw_name(source: str, table: str) -> str:
    """Name of a table in the schema raw."""
    return f"{source}_{table}"


def column_fault(names: list[str]) -> str | None:
    """Say what keeps these names from being a raw table's columns; None when nothing does."""
    for name in names:
        if not name:
            return "a column has no name"
        if UNFIT_FOR_NAMES.search(name):
            return f"column {name!r} has a control character in its name"
    return _fault_of_any(names)


def _fault_of_any(names: list[str]) -> str | None:
    if len(names) > MAX_COLUMNS:
        return f"{len(names):,} columns are more than the {MAX_COLUMNS:,} of a raw table"
    seen: set[str] = set()
    for name in names:
        if len(name.encode()) > MAX_NAME_BYTES:
            return f"column {name!r} has a name longer than PostgreSQL's {MAX_NAME_BYTES} bytes"
        if name in {LOAD_ID, ROW_ID}:
            return f"column {name} has a name that the loader keeps for itself"
        if name in seen:
            return f"column {name!r} is named twice"
        seen.add(name)
    return None


def _check_columns(names: list[str]) -> list[str]:
    return _or_raise(names, column_fault(names))


def _check_copied(names: list[str]) -> list[str]:
    return _or_raise(names, _fault_of_any(names))


def _or_raise(names: list[str], fault: str | None) -> list[str]:
    if fault:
        raise ValueError(fault)
    return names


def check_identifier(name: str) -> str:
    """Hold a name to what PostgreSQL can store.

    Raises:
        ValueError: it cannot.
    """
    if not name or _IMPOSSIBLE.search(name):
        raise ValueError(f"{name!r} cannot be a name in PostgreSQL")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise ValueError(f"{name!r} is longer than PostgreSQL's {MAX_NAME_BYTES} bytes")
    return name


# Of a source and of its tables. A leading underscore is for tables about the data, such as
# _truth_totals.
Name = Annotated[str, StringConstraints(pattern=r"^_?[a-z][a-z0-9_]*$")]

# Whatever a database calls a column of its own.
Identifier = Annotated[str, AfterValidator(check_identifier)]

# Columns of files: what a header can hold, without what would garble a terminal or a log.
Columns = Annotated[list[str], Field(min_length=1), AfterValidator(_check_columns)]

# Columns copied from a database: they keep the names that they have there.
CopiedColumns = Annotated[list[Identifier], Field(min_length=1), AfterValidator(_check_copied)]
