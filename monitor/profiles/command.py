"""`python -m monitor profile`: profile tables, remember the figures, write page and JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import click

from monitor.history import new_run_id
from monitor.log import log_option
from monitor.manifest import MANIFEST_PATH, load_manifest
from monitor.profiles.figures import Profile, TableProfile
from monitor.profiles.measuring import Distinct, Terms, profile_table
from monitor.profiles.memory import KEPT, last_profile, store
from monitor.profiles.page import render
from monitor.profiles.relations import ProfileError, Relation, find_relations
from warehouse.connections import ConnectionPool, database_url, transaction
from warehouse.console import counted, is_structured, progress, tell
from warehouse.settings import PROJECT_DIR
from warehouse.tuning import cores
from warehouse.whole_files import whole

LIMIT = Terms().limit


@click.command(context_settings={"show_default": True})
@click.argument("tables", nargs=-1)
@click.option(
    "--schema",
    "schemas",
    multiple=True,
    default=("production", "marts"),
    help="Whose tables are profiled, or looked for; can be given twice.",
)
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=LIMIT,
    help="Rows above which a table is sampled; 0: never.",
)
@click.option(
    "--distinct",
    type=click.Choice(get_args(Distinct)),
    default="sample",
    help="How the values of a sampled table are counted; hyperloglog reads all its rows.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=cores,
    help="Tables, and connections, at a time.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=PROJECT_DIR / "exports" / "report",
    show_default="exports/report",
    help="Folder of profile.html and profile.json.",
)
@click.option("--store/--no-store", "stored", default=True, help="Remember it, for drift.")
@click.option("--keep", type=click.IntRange(1), default=KEPT, help="Profiles kept of each table.")
@click.option(
    "--manifest",
    type=click.Path(dir_okay=False, path_type=Path),
    default=MANIFEST_PATH,
    show_default="target/manifest.json",
    help="Says which columns hold personal data.",
)
@log_option
def profile(  # noqa: PLR0913 - a command's options
    *,
    tables: tuple[str, ...],
    schemas: tuple[str, ...],
    limit: int,
    distinct: Distinct,
    workers: int,
    out: Path,
    stored: bool,
    keep: int,
    manifest: Path,
) -> None:
    """Profile TABLES, or all tables of the schemas: what their columns hold, and how it drifts.

    Computed in PostgreSQL; a table is read once, one with more rows than the limit in part.
    """
    personal = load_manifest(manifest).personal
    terms = Terms(limit or None, distinct)
    name = "counting-house profile"
    url = database_url()
    with ConnectionPool(url, workers, application_name=name, role="transformer") as pool:
        with pool.connection() as conn, transaction(conn) as cur:
            relations = find_relations(cur, schemas, tables, personal)
        made = profile_relations(pool, relations, terms, workers)
        if stored:
            with pool.connection() as conn:
                store(conn, made, keep)
    _write(out, made)
    _tell(made, out)


def profile_relations(
    pool: ConnectionPool, relations: Sequence[Relation], terms: Terms, workers: int = 1
) -> Profile:
    """Profile tables, some at a time: PostgreSQL gives each the processor of its connection.

    Args:
        pool: of connections, one for each worker.
        relations: the tables.
        terms: how.
        workers: how many tables at a time.

    Raises:
        ProfileError: PostgreSQL cannot read one of them.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    found = []

    def one(relation: Relation) -> TableProfile:
        with pool.connection() as conn:
            return profile_table(conn, relation, terms, last_profile(conn, relation))

    with (
        progress("profiling", len(relations), "tables") as bar,
        ThreadPoolExecutor(workers, thread_name_prefix="profile") as threads,
    ):
        try:
            for table in threads.map(one, relations):
                found.append(table)
                bar.advance(1, table.name)
        except BaseException:
            # Tables that nobody has begun are left alone.
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    return Profile(new_run_id(), started, time.monotonic() - clock, found)


def _write(folder: Path, made: Profile) -> None:
    """Write both files.

    Raises:
        ProfileError: the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in (
            ("profile.html", render(made)),
            ("profile.json", json.dumps(made.as_json(), indent=1) + "\n"),
        ):
            with whole(folder / name) as unfinished:
                unfinished.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ProfileError(
            f"{folder}: the profile cannot be written: {error.strerror}: give another --out"
        ) from None


def _tell(made: Profile, folder: Path) -> None:
    columns = [(table, column) for table in made.tables for column in table.columns]
    drifted = [(t, c) for t, c in columns if c.drift and c.drift.drifted]
    for table, column in drifted:
        assert column.drift is not None
        distance = "" if column.drift.ks is None else f", KS {column.drift.ks:.3f}"
        tell(
            "drifted",
            f"drifted: {table.name}.{column.name} (PSI {column.drift.psi:.3f}{distance})",
            level="warning",
            table=table.name,
            column=column.name,
            psi=column.drift.psi,
            ks=column.drift.ks,
        )
    sampled = sum(table.sample != "none" for table in made.tables)
    page = folder / "profile.html"
    tell(
        "profiled",
        f"profiled {counted(len(made.tables), 'table')} ({sampled:,} by a sample) with "
        f"{counted(len(columns), 'column')} in {made.seconds:.1f} s; "
        f"{counted(len(drifted), 'column')} drifted: {page}",
        tables=len(made.tables),
        sampled=sampled,
        columns=len(columns),
        drifted=len(drifted),
        seconds=round(made.seconds, 3),
        page=str(page),
    )
    if is_structured():
        click.echo(json.dumps(made.as_json()))
