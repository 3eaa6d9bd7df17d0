"""What may be loaded: sources, their layout, tables and columns, as sources.yml declares them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    StringConstraints,
    ValidationError,
    model_validator,
)

from loader.errors import SourcesError

SOURCES_FILE = Path(__file__).with_name("sources.yml")

# PostgreSQL cuts longer names off without an error (NAMEDATALEN - 1), so that two could become one.
MAX_NAME_BYTES = 63

# Control characters, and half surrogate pairs: what Python makes of bytes that are not UTF-8.
UNFIT_FOR_NAMES = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")

# Columns that the loader itself adds to every raw table.
LOAD_ID, ROW_ID = "_load_id", "_row_id"

# A leading underscore is for tables about the data, such as _truth_totals.
Name = Annotated[str, StringConstraints(pattern=r"^_?[a-z][a-z0-9_]*$")]

Format = Literal["csv", "json", "parquet"]


def column_fault(names: list[str]) -> str | None:
    """Say what keeps these names from being a raw table's columns; None when nothing does."""
    for name in names:
        if not name:
            return "a column has no name"
        if UNFIT_FOR_NAMES.search(name):
            return f"column {name!r} has a control character in its name"
        if len(name.encode()) > MAX_NAME_BYTES:
            return f"column {name!r} has a name longer than PostgreSQL's {MAX_NAME_BYTES} bytes"
        if name in {LOAD_ID, ROW_ID}:
            return f"column {name} has a name that the loader keeps for itself"
        if names.count(name) > 1:
            return f"column {name!r} is named twice"
    return None


def _check_columns(names: list[str]) -> list[str]:
    fault = column_fault(names)
    if fault:
        raise ValueError(fault)
    return names


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Table(_Strict):
    """A table of a source: its columns and, in the layout `files`, which files are its own.

    Without a manifest only the end of its last line shows that a file of text is whole.
    """

    columns: Annotated[list[str], Field(min_length=1), AfterValidator(_check_columns)]
    format: Format | None = None
    patterns: list[str] = []
    last_line_end: Literal["required", "optional"] = "required"

    @property
    def needs_line_end(self) -> bool:
        """Whether a file without an end of its last line is taken for cut off."""
        return self.format != "parquet" and self.last_line_end == "required"


class Source(_Strict):
    """A source system: how it lays its files down and which tables it has."""

    layout: Literal["batches", "files"]
    tables: Annotated[dict[Name, Table], Field(min_length=1)]

    @model_validator(mode="after")
    def _layout_has_what_it_needs(self) -> Self:
        for name, table in self.tables.items():
            if self.layout == "files" and not (table.format and table.patterns):
                raise ValueError(f"table {name}: the layout files needs format and patterns")
            if self.layout == "batches" and (table.format or table.patterns):
                raise ValueError(
                    f"table {name}: in the layout batches the manifest names format and files: "
                    "remove format and patterns"
                )
            if "last_line_end" in table.model_fields_set:
                if self.layout == "batches":
                    raise ValueError(
                        f"table {name}: in the layout batches the manifest's sums prove that a "
                        "file is whole: remove last_line_end"
                    )
                if table.format == "parquet":
                    raise ValueError(f"table {name}: parquet has no lines: remove last_line_end")
        return self


class Sources(RootModel[dict[Name, Source]]):
    """All declared sources by name."""

    @model_validator(mode="after")
    def _raw_names_differ(self) -> Self:
        owners: dict[str, str] = {}
        for source, declared in self.root.items():
            for table in declared.tables:
                name = raw_name(source, table)
                if len(name.encode()) > MAX_NAME_BYTES:
                    raise ValueError(
                        f"raw.{name} is longer than {MAX_NAME_BYTES} bytes: shorten it"
                    )
                if name in owners:
                    raise ValueError(f"{source}.{table} and {owners[name]} would share raw.{name}")
                owners[name] = f"{source}.{table}"
        return self

    def __getitem__(self, name: str) -> Source:
        """Find a source.

        Raises:
            SourcesError: it is not declared.
        """
        if name not in self.root:
            known = ", ".join(sorted(self.root))
            raise SourcesError(
                f"unknown source {name!r}: {SOURCES_FILE.name} declares {known}; add an entry there"
            )
        return self.root[name]


def raw_name(source: str, table: str) -> str:
    """Name of a table in the schema raw."""
    return f"{source}_{table}"


def load_sources(path: Path = SOURCES_FILE) -> Sources:
    """Read the declaration of the sources.

    Raises:
        SourcesError: the file cannot be read, is not YAML, or a key in it is wrong.
    """
    try:
        declared: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SourcesError(f"cannot read {path}: {error}") from None
    except yaml.YAMLError as error:
        raise SourcesError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    try:
        return Sources.model_validate(declared)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'the whole file'}: {fault['msg']}"
            for fault in error.errors(include_url=False)
        )
        raise SourcesError(f"{path}: {faults}") from None
