"""What every collector of checks is given, and how it asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from textwrap import dedent
from typing import Any, TypedDict

from psycopg2 import sql
from psycopg2.extensions import cursor

from loader.sources import Sources
from monitor.check import Severity
from monitor.manifest import Manifest, Node, Source
from monitor.tables import is_there

SAMPLES = 5  # failing rows that a check shows


class About(TypedDict):
    """What a check takes over from the node or source that it is about."""

    subject: str
    owner: str | None
    severity: Severity
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Context:
    """A transaction on the warehouse, and what dbt and the loader declare.

    Args:
        cur: reads one state of the warehouse, whatever is written meanwhile.
        now: the moment to which ages are counted, with a time zone.
        manifest: dbt's.
        sources: as the loader declares them.
    """

    cur: cursor
    now: datetime
    manifest: Manifest
    sources: Sources
    _present: dict[str, bool] = field(default_factory=dict)

    def rows(self, statement: str, values: Mapping[str, object] | None = None) -> list[Any]:
        """Ask, and give the rows."""
        self.cur.execute(statement, values)
        return self.cur.fetchall()

    def dicts(
        self, statement: str, values: Mapping[str, object] | None = None
    ) -> list[dict[str, Any]]:
        """Ask, and give the rows by the names of their columns."""
        self.cur.execute(statement, values)
        names = [column.name for column in self.cur.description or ()]
        return [dict(zip(names, row, strict=True)) for row in self.cur.fetchall()]

    def is_there(self, place: str) -> bool:
        """Whether a relation is there."""
        if place not in self._present:
            self._present[place] = is_there(self.cur, place)
        return self._present[place]

    def lacking(self, *places: str) -> str | None:
        """Say which of the relations is not there, and what makes it; none where all are."""
        for place in places:
            if not self.is_there(place):
                maker = "make load" if place.startswith("raw.") else "make build"
                return f"{place} is not there: {maker} makes it"
        return None

    def is_dbt_at_work(self) -> bool:
        """Whether a build runs now: what it has not come to yet does not agree with the rest."""
        self.cur.execute(
            "select exists (select from pg_stat_activity"
            " where datname = current_database() and application_name = 'counting-house dbt')"
        )
        ((found,),) = self.cur.fetchall()
        return bool(found)

    def shown(self, statement: str, values: Mapping[str, object] | None = None) -> str:
        """Write a statement with its values in it, runnable as it stands."""
        written: bytes = self.cur.mogrify(dedent(statement).strip(), values)
        return written.decode()

    def quoted(self, *name: str) -> str:
        """Write a name as SQL takes it; quotes only where they are needed."""
        self.cur.execute(
            sql.SQL("select {}").format(
                sql.SQL(" || '.' || ").join(
                    sql.SQL("quote_ident({})").format(sql.Literal(part)) for part in name
                )
            )
        )
        ((written,),) = self.cur.fetchall()
        return str(written)


def about(node: Node) -> About:
    """Give what a check takes over from its node."""
    return {
        "subject": node.place,
        "owner": node.owner,
        "severity": node.severity,
        "tags": node.tags,
    }


def about_named(context: Context, name: str, place: str) -> About:
    """Give what a check takes over from a model by its name; little where dbt does not know it."""
    node = context.manifest.named(name)
    if node is None:
        return {"subject": place, "owner": None, "severity": Severity.CRITICAL, "tags": ()}
    return about(node)


def about_source(tables: Sequence[Source], subject: str) -> About:
    """Give what a check takes over from the tables of one source."""
    return {
        "subject": subject,
        "owner": next((table.owner for table in tables if table.owner), None),
        "severity": max((table.severity for table in tables), key=list(Severity).index),
        "tags": tuple(sorted({tag for table in tables for tag in table.tags})),
    }


def as_text(row: Mapping[str, object]) -> dict[str, str | None]:
    """Write the values of a row as text, as samples hold them."""
    return {name: None if value is None else str(value) for name, value in row.items()}


def listed(names: Sequence[str], most: int = 5) -> str:
    """List names in a sentence, the first few of many."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most:,} more"
