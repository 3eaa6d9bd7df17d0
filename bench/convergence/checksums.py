"""What a warehouse holds, in a form that can be compared: a count and a checksum for each table."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass

from psycopg2 import sql

from warehouse.connections import connect, transaction

# Tables and views. What snapshots have seen depends on when they looked (products_snapshot,
# suppliers_snapshot), so their schema is not compared.
SCHEMAS = ("production", "marts")

HELD = "held rows"
_HELD = """
    select source, entity, record_key, failed_rules, record, file, row_id, resolution
    from quality.quarantine
    where resolution is distinct from 'released'
"""
_RELATIONS = """
    select n.nspname::text, c.relname::text
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = any(%s) and c.relkind in ('r', 'v', 'm')
    order by 1, 2
"""
_EXAMPLES = 2


@dataclass(frozen=True)
class Sum:
    """Rows of a table, and the sum of their hashes, whatever their order."""

    rows: int
    checksum: int


Contents = dict[str, Sum]


@dataclass(frozen=True)
class Difference:
    """One table that is not the same in two warehouses.

    Attributes:
        missing: rows of the first that the second lacks.
        extra: rows of the second that the first lacks.
        examples: a few of both, as text.
    """

    table: str
    missing: int
    extra: int
    examples: tuple[str, ...]


def contents(url: str) -> Contents:
    """Sum up every table of production and marts, and the rows that quality holds."""
    found: Contents = {}
    with closing(connect(url, application_name="checksums")) as conn, transaction(conn) as cur:
        for name, rows in _relations(url).items():
            cur.execute(
                sql.SQL(
                    "select count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) from {} as t"
                ).format(rows)
            )
            ((count, total),) = cur.fetchall()
            found[name] = Sum(int(count), int(total))
    return found


def differences(expected: str, found: str) -> list[Difference]:
    """Compare two warehouses, by their URLs, table by table, and look closely where they differ."""
    sums, other_sums = contents(expected), contents(found)
    return [
        _look_closely(name, expected, found)
        for name in sorted({*sums, *other_sums})
        if sums.get(name) != other_sums.get(name)
    ]


def _relations(url: str) -> dict[str, sql.Composable]:
    with closing(connect(url, application_name="checksums")) as conn, transaction(conn) as cur:
        cur.execute(_RELATIONS, (list(SCHEMAS),))
        relations: dict[str, sql.Composable] = {
            f"{schema}.{name}": sql.Identifier(schema, name) for schema, name in cur.fetchall()
        }
    return relations | {HELD: sql.SQL("({})").format(sql.SQL(_HELD))}


def _look_closely(table: str, expected: str, found: str) -> Difference:
    rows, other_rows = _hashes(table, expected), _hashes(table, found)
    missing, extra = rows - other_rows, other_rows - rows
    examples = [
        f"{word} {row}"
        for word, url, hashes in (("lacks", expected, missing), ("has", found, extra))
        for row in _rows(table, url, list(hashes)[:_EXAMPLES])
    ]
    return Difference(table, missing.total(), extra.total(), tuple(examples))


def _hashes(table: str, url: str) -> Counter[int]:
    rows = _relations(url).get(table)
    if rows is None:
        return Counter()
    with closing(connect(url, application_name="checksums")) as conn, transaction(conn) as cur:
        cur.execute(sql.SQL("select hashtextextended(t::text, 0) from {} as t").format(rows))
        return Counter(value for (value,) in cur.fetchall())


def _rows(table: str, url: str, hashes: list[int]) -> list[str]:
    if not hashes:
        return []
    rows = _relations(url)[table]
    with closing(connect(url, application_name="checksums")) as conn, transaction(conn) as cur:
        cur.execute(
            sql.SQL("select t::text from {} as t where hashtextextended(t::text, 0) = any(%s)")
            .format(rows),
            (hashes,),
        )  # fmt: skip
        return [text for (text,) in cur.fetchall()]
