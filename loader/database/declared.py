"""What may be copied out of another PostgreSQL: the sources of `type: postgres` in sources.yml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from loader.durations import parse_duration
from loader.names import CopiedColumns, Identifier, Name, Strict, check_identifier

_PART = r'("(?:[^"]|"")+"|[^".]+)'
_RELATION = re.compile(rf"{_PART}\.{_PART}", re.DOTALL)


def _relation(text: str) -> tuple[str, str]:
    found = _RELATION.fullmatch(text)
    if found is None:
        raise ValueError(
            f"{text!r} is not schema.table, such as public.orders; a name with a dot or a quote in "
            """it stands in double quotes, as in SQL: '"odd.schema".orders'"""
        )
    schema, table = (
        part[1:-1].replace('""', '"') if part.startswith('"') else part for part in found.groups()
    )
    return schema, table


def _check_relation(text: str) -> str:
    for part in _relation(text):
        check_identifier(part)
    return text


_Relation = Annotated[str, AfterValidator(_check_relation)]


def _check_overlap(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


class PostgresTable(Strict):
    """A table that is copied out of another PostgreSQL.

    Attributes:
        from_: `from` in YAML: schema.table there; where not given, the table of this name in
            the schema public.
        columns: those to copy; None for all that it has.
        key: columns that together name a row; None for the primary key that it has there.
        updated_at: column that grows with every change of a row; None where there is none, and
            the table is copied whole each time.
        overlap: how far before the high-water mark to read again, for rows that were committed
            late.
        schema_: `schema` in YAML; whether columns that come or go there extend the raw table and
            load as null (`evolve`) or are refused (`strict`).
    """

    from_: Annotated[_Relation | None, Field(alias="from")] = None
    columns: CopiedColumns | None = None
    key: Annotated[list[Identifier], Field(min_length=1)] | None = None
    updated_at: Identifier | None = None
    overlap: Annotated[timedelta, BeforeValidator(_check_overlap), Field(ge=timedelta(0))] = (
        timedelta(minutes=5)
    )
    schema_: Annotated[Literal["evolve", "strict"], Field(alias="schema")] = "evolve"

    @model_validator(mode="after")
    def _keys_fit_together(self) -> Self:
        key = self.key or []
        if len(set(key)) < len(key):
            raise ValueError("key names a column twice")
        if self.updated_at is None and "overlap" in self.model_fields_set:
            raise ValueError("without updated_at nothing can overlap: remove overlap")
        needed = [*key, *([self.updated_at] if self.updated_at is not None else [])]
        for name in needed:
            if self.columns is not None and name not in self.columns:
                raise ValueError(f"columns lack {name!r}, which key or updated_at names")
        return self

    def relation(self, name: str) -> tuple[str, str]:
        """Give schema and table in the source's database.

        Args:
            name: of this declaration.
        """
        return _relation(self.from_) if self.from_ is not None else ("public", name)


_URL_FIX = (
    "a URL may hold a password, and this file is for everybody: put it into an environment "
    "variable and name that in url_env"
)


def _check_variable(name: str) -> str:
    # What was written instead may be a secret: it is not repeated.
    if "://" in name:
        raise ValueError(f"holds a URL: {_URL_FIX}")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError("is not the name of an environment variable: letters, digits and _")
    return name


class PostgresSource(Strict):
    """A PostgreSQL whose tables are copied: first whole, then what has changed.

    Attributes:
        url_env: environment variable that holds the database's URL.
    """

    type: Literal["postgres"]
    url_env: Annotated[str, AfterValidator(_check_variable)]
    tables: Annotated[dict[Name, PostgresTable], Field(min_length=1)]

    @model_validator(mode="after")
    def _relations_differ(self) -> Self:
        owners: dict[tuple[str, str], str] = {}
        for name, table in self.tables.items():
            owner = owners.setdefault(table.relation(name), name)
            if owner != name:
                raise ValueError(f"{owner} and {name} copy the same table: remove one")
        return self

    @model_validator(mode="before")
    @classmethod
    def _no_url(cls, declared: object) -> object:
        if isinstance(declared, Mapping) and "url" in declared:
            raise ValueError(f"remove url: {_URL_FIX}")
        return declared
