"""What may be loaded: sources, how they deliver, their tables and columns, as sources.yml says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    ConfigDict,
    Discriminator,
    Field,
    RootModel,
    Tag,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from loader.database.declared import PostgresSource, PostgresTable
from loader.errors import SourcesError, UnknownSource
from loader.names import (
    COMMANDS,
    LOAD_ID,
    MAX_NAME_BYTES,
    ROW_ID,
    UNFIT_FOR_NAMES,
    Columns,
    Name,
    Strict,
    column_fault,
    raw_name,
)
from loader.reading.dialect import Dialect
from loader.strict_yaml import strict_yaml

__all__ = [
    "LOAD_ID",
    "ROW_ID",
    "SOURCES_FILE",
    "UNFIT_FOR_NAMES",
    "ColumnType",
    "FilesSource",
    "Format",
    "PostgresSource",
    "PostgresTable",
    "Source",
    "Sources",
    "Table",
    "column_fault",
    "load_sources",
    "parse_sources",
    "raw_name",
]

SOURCES_FILE = Path(__file__).with_name("sources.yml")

Format = Literal["csv", "json", "parquet"]
Schema = Literal["evolve", "strict"]
ColumnType = Literal["text", "integer", "bigint", "decimal", "boolean", "date", "timestamp", "uuid"]


class Table(Strict):
    """A table of a source that delivers files.

    Attributes:
        columns: their names in the raw table; where files have no header, in the files' order.
        format: of its files, in the layout `files`; in the layout `batches` the manifest says it.
        patterns: names of its files, in the layout `files`.
        last_line_end: whether a file of text without an end of its last line is taken for cut
            off: without a manifest only that line end shows that the file is whole.
        dialect: how its CSV files are written.
        rename: name in the file: name in the raw table, for columns that have two names.
        schema_: `schema` in YAML; whether a file with other columns extends the raw table
            (`evolve`) or is refused (`strict`).
        types: what the texts of columns are, for `python -m monitor validate`; raw takes any text.
        key: columns that no two records of a batch share, likewise.
    """

    columns: Columns
    format: Format | None = None
    patterns: Annotated[list[str], Field(default_factory=list)]
    last_line_end: Literal["required", "optional"] = "required"
    dialect: Dialect = Dialect()
    rename: Annotated[dict[str, str], Field(default_factory=dict)]
    schema_: Annotated[Schema, Field(alias="schema")] = "evolve"
    types: Annotated[dict[str, ColumnType], Field(default_factory=dict)]
    key: Annotated[list[str], Field(default_factory=list)]

    @model_validator(mode="after")
    def _keys_fit_together(self) -> Self:
        if "dialect" in self.model_fields_set and self.format not in {"csv", None}:
            raise ValueError(f"{self.format} has no dialect: remove it")
        if "last_line_end" in self.model_fields_set and self.format == "parquet":
            raise ValueError("parquet has no lines: remove last_line_end")
        if self.rename and not self.dialect.header:
            raise ValueError("files without a header name no columns: remove rename")
        for name in (*self.types, *self.key):
            if name not in self.columns:
                raise ValueError(f"types or key name {name!r}, which is not among the columns")
        targets = set(self.rename.values())
        for name in sorted(targets.difference(self.columns)):
            raise ValueError(f"rename gives the name {name!r}, which is not among the columns")
        for name in sorted(targets.union(self.columns) & self.rename.keys() - targets):
            raise ValueError(
                f"rename takes the name {name!r} away, so that nothing can fill the column {name!r}"
            )
        return self

    @property
    def needs_line_end(self) -> bool:
        """Whether a file without an end of its last line is taken for cut off."""
        return self.format != "parquet" and self.last_line_end == "required"

    def raw_columns(self, names: list[str]) -> list[str]:
        """Names that columns of a file have in the raw table."""
        return [self.rename.get(name, name) for name in names]


class _Defaults(Strict):
    """What a source says for its tables.

    Attributes:
        dialect: what its tables' dialects begin with; a table may say otherwise key by key.
        schema_: that of the tables that do not say it.
    """

    model_config = ConfigDict(extra="ignore")

    dialect: Dialect | None = None
    schema_: Annotated[Schema, Field(alias="schema")] = "evolve"


class FilesSource(_Defaults):
    """A source that delivers files: how it lays them down and which tables it has."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["files"] = "files"
    layout: Literal["batches", "files"]
    tables: Annotated[dict[Name, Table], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _hand_down(cls, declared: object) -> object:
        """Give the tables what they inherit.

        What is no table, or no default, is left for the check to refuse, once and in its place.
        """
        if not isinstance(declared, Mapping) or not isinstance(declared.get("tables"), Mapping):
            return declared
        try:
            _Defaults.model_validate(declared)
        except ValidationError:
            return declared
        tables = {
            name: _inheriting(declared, table) if isinstance(table, Mapping) else table
            for name, table in declared["tables"].items()
        }
        return {**declared, "tables": tables}

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
            if self.layout == "batches" and "last_line_end" in table.model_fields_set:
                raise ValueError(
                    f"table {name}: in the layout batches the manifest's sums prove that a "
                    "file is whole: remove last_line_end"
                )
        formats = {table.format for table in self.tables.values()}
        if self.dialect and formats.isdisjoint({"csv", None}):
            raise ValueError("none of its tables is csv: remove dialect")
        return self


def _inheriting(source: Mapping[str, Any], table: Mapping[str, Any]) -> dict[str, Any]:
    given = dict(table)
    if "schema" in source:
        given.setdefault("schema", source["schema"])
    dialect, own = source.get("dialect"), table.get("dialect", {})
    if table.get("format", "csv") == "csv" and isinstance(dialect, Mapping):
        given["dialect"] = {**dialect, **own} if isinstance(own, Mapping) else own
    return given


def _type(declared: object) -> object:
    if isinstance(declared, Mapping):
        return declared.get("type", "files")
    return getattr(declared, "type", "files")


Source = Annotated[
    Annotated[FilesSource, Tag("files")] | Annotated[PostgresSource, Tag("postgres")],
    Discriminator(
        _type,
        custom_error_type="source_type",
        custom_error_message="type must be files or postgres",
    ),
]


class Sources(RootModel[dict[Name, Source]]):
    """All declared sources by name."""

    @model_validator(mode="after")
    def _names_are_free(self) -> Self:
        owners: dict[str, str] = {}
        for source, declared in self.root.items():
            if source in COMMANDS:
                raise ValueError(
                    f"{source!r} is a command of python -m loader: give the source another name"
                )
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

    def __getitem__(self, name: str) -> FilesSource | PostgresSource:
        """Find a source.

        Raises:
            UnknownSource: it is not declared.
        """
        if name not in self.root:
            known = ", ".join(sorted(self.root))
            raise UnknownSource(
                f"unknown source {name!r}: {SOURCES_FILE.name} declares {known}; add an entry there"
            )
        return self.root[name]

    def files(self, name: str) -> FilesSource:
        """Find a source that delivers files.

        Raises:
            SourcesError: it is not declared, or is a database.
        """
        source = self[name]
        if not isinstance(source, FilesSource):
            raise SourcesError(f"{name} is a database (type: {source.type}): it delivers no files")
        return source


def load_sources(path: Path = SOURCES_FILE) -> Sources:
    """Read the declaration of the sources.

    Raises:
        SourcesError: the file cannot be read, is not YAML, or a key in it is wrong or twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourcesError(f"cannot read {path}: {error}") from None
    return parse_sources(text, path)


def parse_sources(text: str, origin: object) -> Sources:
    """Read a declaration of sources from its text.

    Args:
        text: YAML.
        origin: of the text, for the messages.

    Raises:
        SourcesError: it is not YAML, or a key in it is wrong or twice.
    """
    try:
        declared = strict_yaml(text)
    except ValueError as error:
        raise SourcesError(f"{origin}: {error}") from None
    try:
        return Sources.model_validate(declared)
    except ValidationError as error:
        faults = "; ".join(dict.fromkeys(_fault(details) for details in error.errors()))
        raise SourcesError(f"{origin}: {faults}") from None


def _fault(details: ErrorDetails) -> str:
    """One fault in one line: the key as it stands in the file, and what is wrong with it."""
    place = list(details["loc"])
    # Pydantic puts the branch of the union behind the source's name.
    if len(place) > 1 and place[1] in {"files", "postgres"}:
        del place[1]
    message, found = details["msg"].removeprefix("Value error, "), details["input"]
    if details["type"] == "string_type" and isinstance(found, bool | int | float | date | None):
        message += f", but YAML reads {found!r} here: put it in quotes"
    return f"{'.'.join(str(part) for part in place) or 'the whole file'}: {message}"
