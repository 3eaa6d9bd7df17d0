"""The memory of profiles: `monitoring.profiles`, a row for each run, table and column.

The key figures have columns of their own, for questions such as how a null share went on; `figures`
is the column's profile as JSON. What is true of the table stands in a row without a column's name.
"""

from __future__ import annotations

from collections.abc import Iterator

from psycopg2.extensions import connection, cursor
from psycopg2.extras import Json, execute_values

from monitor.profiles.figures import Profile, Reference, TableProfile
from monitor.profiles.relations import ProfileError, Relation
from monitor.tables import as_transformer, is_there, make_missing
from warehouse import composed
from warehouse.connections import transaction

# Profiles of a table that are kept: a quarter of a year of mornings.
KEPT = 90

_LOCK = "counting-house.profiles"

_TABLE = """
create table monitoring.profiles (
    run_id text not null,
    profiled_at timestamptz not null,
    schema_name text not null,
    table_name text not null,
    column_name text not null,
    row_count bigint not null,
    null_share double precision,
    distinct_count bigint,
    mean text,
    deviation double precision,
    psi double precision,
    ks double precision,
    is_drifted boolean,
    figures jsonb not null,
    primary key (schema_name, table_name, profiled_at, run_id, column_name)
);
comment on table monitoring.profiles is 'What `python -m monitor profile` found in each column.';
comment on column monitoring.profiles.run_id is 'The run.';
comment on column monitoring.profiles.profiled_at is 'When the run began, UTC.';
comment on column monitoring.profiles.schema_name is 'The schema of the table.';
comment on column monitoring.profiles.table_name is 'The table.';
comment on column monitoring.profiles.column_name is 'The column; empty for the table itself.';
comment on column monitoring.profiles.row_count is 'Rows of the table.';
comment on column monitoring.profiles.null_share is 'Share of its rows without a value.';
comment on column monitoring.profiles.distinct_count is 'Its values, exact or estimated.';
comment on column monitoring.profiles.mean is 'Of numbers and times.';
comment on column monitoring.profiles.deviation is 'Standard deviation; of times, in seconds.';
comment on column monitoring.profiles.psi is 'Population stability index since the last profile.';
comment on column monitoring.profiles.ks is 'Kolmogorov-Smirnov statistic, likewise.';
comment on column monitoring.profiles.is_drifted is 'Whether one of both is above its limit.';
comment on column monitoring.profiles.figures is 'All figures; of personal data, no value.';
"""

_COLUMNS = (
    "run_id, profiled_at, schema_name, table_name, column_name, row_count, null_share,"
    " distinct_count, mean, deviation, psi, ks, is_drifted, figures"
)


def last_profile(conn: connection, relation: Relation) -> dict[str, Reference]:
    """Read what a table's columns are compared with: their last profile; none before the first.

    A column that holds personal data today is compared with nothing that holds values.
    """
    with transaction(conn) as cur:
        if not is_there(cur, "monitoring.profiles"):
            return {}
        cur.execute(
            "select column_name, profiled_at, figures from monitoring.profiles"
            " where schema_name = %(schema)s and table_name = %(table)s and column_name <> ''"
            " and (profiled_at, run_id) = (select profiled_at, run_id from monitoring.profiles"
            " where schema_name = %(schema)s and table_name = %(table)s"
            " order by profiled_at desc, run_id desc limit 1)",
            {"schema": relation.schema, "table": relation.name},
        )
        kinds = {column.name: column.kind for column in relation.columns}
        return {
            name: Reference.of(profiled_at, figures)
            for name, profiled_at, figures in cur.fetchall()
            if kinds.get(name) == figures["kind"]
        }


def store(conn: connection, profile: Profile, keep: int = KEPT) -> int:
    """Store a run's profiles, all or none, and forget those before a table's last ones.

    Args:
        conn: no transaction is open on it.
        profile: of the run.
        keep: profiles of each table that stay.

    Returns:
        Profiles of tables that were forgotten.

    Raises:
        ProfileError: the user may not write to the schema.
    """
    with (
        as_transformer(
            ProfileError, "the profiles cannot be stored", ", or profile with --no-store"
        ),
        transaction(conn) as cur,
    ):
        composed.lock(cur, _LOCK)
        make_missing(cur, _TABLE, "profiles")
        execute_values(
            cur,
            f"insert into monitoring.profiles ({_COLUMNS}) values %s",
            [row for table in profile.tables for row in _rows(profile, table)],
            page_size=500,
        )
        for table in profile.tables:
            _forget_persons(cur, table)
        return sum(_prune(cur, table, keep) for table in profile.tables)


def _rows(profile: Profile, table: TableProfile) -> Iterator[tuple[object, ...]]:
    key = (profile.run_id, profile.profiled_at, table.schema, table.table)
    facts = {k: v for k, v in table.as_json().items() if k != "columns"}
    yield (*key, "", table.rows, None, None, None, None, None, None, None, Json(facts))
    for column in table.columns:
        drift = column.drift
        yield (
            *key,
            column.name,
            table.rows,
            column.null_share,
            column.distinct,
            column.mean,
            column.deviation,
            drift and drift.psi,
            drift and drift.ks,
            drift and drift.drifted,
            Json(column.as_json()),
        )


def _forget_persons(cur: cursor, table: TableProfile) -> None:
    """Forget what earlier profiles tell of columns that are known to be personal only now."""
    cur.execute(
        "delete from monitoring.profiles where schema_name = %s and table_name = %s"
        " and column_name = any(%s) and not (figures ->> 'personal')::boolean",
        (table.schema, table.table, [one.name for one in table.columns if one.personal]),
    )


def _prune(cur: cursor, table: TableProfile, keep: int) -> int:
    cur.execute(
        "with old as (select profiled_at, run_id from monitoring.profiles"
        " where schema_name = %(schema)s and table_name = %(table)s and column_name = ''"
        " order by profiled_at desc, run_id desc offset %(keep)s)"
        " delete from monitoring.profiles using old"
        " where profiles.schema_name = %(schema)s and profiles.table_name = %(table)s"
        " and (profiles.profiled_at, profiles.run_id) = (old.profiled_at, old.run_id)"
        " returning column_name",
        {"schema": table.schema, "table": table.table, "keep": keep},
    )
    return sum(name == "" for (name,) in cur.fetchall())
