"""The slim build itself: what has changed against a commit, rebuilt on that commit's warehouse."""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path

from psycopg2 import sql

from warehouse import binaries, client_tools
from warehouse.connections import connect
from warehouse.console import say
from warehouse.errors import StepFailed
from warehouse.profiles import write_profiles
from warehouse.programs import dbt_command
from warehouse.settings import Settings
from warehouse.slim.base import DUMP, Base
from warehouse.slim.report import Report, read_nodes
from warehouse.slim.small import fill, inputs_of, small_database

_OTHER_INPUTS = "the generator or the loader has changed: everything is built, from nothing."


def slim_build(
    project: Path, url: str, base: Base | None, settings: Settings
) -> tuple[int, Report]:
    """Build and test what has changed; everything where there is nothing to compare with.

    What has changed, and all that depends on it, is built with --full-refresh on a copy of the
    base's warehouse: without new loads an incremental model would do nothing.

    Args:
        project: the working tree.
        url: of a database on the server to use; a database of its own is made there and dropped.
        base: what to compare with, or None.
        settings: for dbt's profile.

    Returns:
        dbt's exit code, and what it did.

    Raises:
        StepFailed: the small warehouse cannot be made.
    """
    if base is None:
        against = "No commit to compare with: everything is built, from nothing."
    elif base.inputs != inputs_of(project):
        against, base = f"Compared with {base.commit[:12]}: {_OTHER_INPUTS}", None
    else:
        against = f"Compared with {base.commit[:12]}: what has changed and all that depends on it."
    say(against)
    with (
        tempfile.TemporaryDirectory(prefix="slim-") as name,
        small_database(url) as small,
    ):
        work = Path(name)
        if base is None:
            before, selection = None, []
            fill(project, small, work / "landing")
        else:
            _restore(small, base.folder / DUMP)
            before = _rows(small)
            state = ["--defer", "--state", str(base.folder)]
            selection = ["--select", "state:modified+", *state, "--full-refresh"]
        write_profiles(small, settings, work / "profiles.yml")
        target = work / "target"
        folders = ["--profiles-dir", str(work), "--target-path", str(target)]
        code = subprocess.run(
            [*dbt_command(), "build", *folders, *selection],
            cwd=project,
            env={**os.environ, "DBT_LOG_PATH": str(work / "logs")},
            check=False,
        ).returncode
        return code, Report(against, read_nodes(target), before, _rows(small))


def _restore(url: str, dump: Path) -> None:
    where, environment = client_tools.client_arguments(url)
    done = subprocess.run(
        [
            binaries.program("psql"),
            *where,
            *("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null"),
            f"--file={dump}",
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise StepFailed(f"{dump} cannot be restored: {' '.join(done.stderr.split())[-500:]}")


def _rows(url: str) -> dict[str, int]:
    """Count the rows of whatever dbt has built on staging."""
    with closing(connect(url)) as conn, conn.cursor() as cur:
        cur.execute(
            "select nspname, relname from pg_class"
            " inner join pg_namespace on relnamespace = pg_namespace.oid"
            " where relkind in ('r', 'v') and nspname !~ '^pg_'"
            " and nspname not in ('information_schema', 'raw', 'staging')"
        )
        counts = {}
        for schema, name in cur.fetchall():
            cur.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(schema, name)))
            ((counts[f"{schema}.{name}"],),) = cur.fetchall()
        return counts
