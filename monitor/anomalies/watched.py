"""Which tables have days, and which figures of a day are taken of their columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg2.extensions import cursor

from monitor.manifest import Manifest, Node

# A model of this folder is watched by its date; any other table where its meta names a column:
# `meta: {day_column: shipped_date}`.
_FACTS = "models/marts/facts/"
DAY_COLUMN = "day_column"

SOURCE, CURRENCY = "source", "currency"

_KEY = "_id"

_DECIMALS = ("numeric", "double precision", "real")
_INTEGERS = ("smallint", "integer", "bigint")

_COLUMNS = """
select attribute.attname, format_type(attribute.atttypid, null), attribute.attnotnull
from pg_attribute as attribute
where attribute.attrelid = to_regclass(%s) and attribute.attnum > 0 and not attribute.attisdropped
order by attribute.attnum
"""


@dataclass(frozen=True)
class Watched:
    """A table whose days are watched, and its columns by what is asked of them.

    Args:
        node: of dbt.
        day: the column that says to which day a row belongs.
        nullable: columns that may be null: their share of nulls.
        numbers: whole numbers: their mean.
        amounts: decimals: their sum, by currency where the table has one.
        keys: what rows refer to: how many different ones.
        has_currency: whether amounts have one.
    """

    node: Node
    day: str
    nullable: tuple[str, ...]
    numbers: tuple[str, ...]
    amounts: tuple[str, ...]
    keys: tuple[str, ...]
    has_currency: bool

    @property
    def name(self) -> str:
        """What its rows are, for people: sales for marts.fct_sales."""
        return self.node.relation.removeprefix("fct_").replace("_", " ")


def watched_tables(cur: cursor, manifest: Manifest) -> Iterator[Watched]:
    """Find the tables with days that are there; one that is not built has none to show.

    Args:
        cur: of the warehouse.
        manifest: dbt's.
    """
    for node in manifest.relations():
        named = node.meta.get(DAY_COLUMN)
        if node.materialized == "view" or not (named or node.path.startswith(_FACTS)):
            continue
        cur.execute(_COLUMNS, (f'"{node.schema}"."{node.relation}"',))
        columns = cur.fetchall()
        dates = [named] if named else [name for name, kind, _ in columns if kind == "date"]
        if len(dates) == 1 and SOURCE in {name for name, _, _ in columns}:
            yield _watched(node, dates[0], columns)


def _watched(node: Node, day: str, columns: Sequence[tuple[str, str, bool]]) -> Watched:
    own_keys = {
        column
        for constraint in node.constraints
        if constraint.kind == "primary_key"
        for column in constraint.columns
    }

    def of(kinds: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name, kind, _ in columns if kind in kinds and name not in own_keys)

    return Watched(
        node=node,
        day=day,
        nullable=tuple(name for name, _, is_filled in columns if not is_filled and name != day),
        numbers=of(_INTEGERS),
        amounts=of(_DECIMALS),
        keys=tuple(
            name
            for name, kind, _ in columns
            if name.endswith(_KEY) and name not in own_keys and kind not in _DECIMALS
        ),
        has_currency=CURRENCY in {name for name, _, _ in columns},
    )
