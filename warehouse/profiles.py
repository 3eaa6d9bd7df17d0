"""profiles.yml, by which plain `dbt build` finds the warehouse."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any

import yaml
from psycopg2.extensions import parse_dsn

from warehouse.console import say
from warehouse.server_files import write_private
from warehouse.settings import Settings

PROFILE = "counting_house"

_PASSED_ON = ("sslmode", "sslcert", "sslkey", "sslrootcert")
_ELSEWHERE = {"host", "port", "user", "password", "dbname", "application_name", "connect_timeout"}

_HEADER = """\
# Written by `make up` from the URL of the warehouse in use; changes made here are lost.
# It holds a password: mode 0600, never commit it.
"""


def profile(url: str, settings: Settings, role: str | None = None) -> dict[str, Any]:
    """Build the content of profiles.yml for a URL: one target, named after the environment.

    `role` is the one that dbt works in, if it is not the user's own.
    """
    parts = parse_dsn(url)
    target: dict[str, Any] = {
        "type": "postgres",
        "host": parts.get("host", "localhost"),
        "port": int(parts.get("port", 5432)),
        "user": parts.get("user") or getpass.getuser(),
        "password": parts.get("password", ""),
        "dbname": parts["dbname"],
        "schema": "public",
        "threads": settings.dbt_threads,
        "connect_timeout": 10,
        "keepalives_idle": 30,
        "retries": 3,
        "application_name": "counting-house dbt",
        **{name: parts[name] for name in _PASSED_ON if name in parts},
    }
    if role is not None:
        # dbt writes the name into `set role` as it is, and takes a rollback for nothing that
        # could undo it: without autocommit the role would be lost. It begins and commits itself.
        target["role"] = '"' + role.replace('"', '""') + '"'
        target["autocommit"] = True
    lost = sorted(parts.keys() - _ELSEWHERE - set(_PASSED_ON))
    if lost:
        say(f"note: dbt has no setting for {', '.join(lost)} of DATABASE_URL: it connects without")
    env = settings.warehouse_env
    return {PROFILE: {"target": env, "outputs": {env: target}}}


def write_profiles(url: str, settings: Settings, path: Path, role: str | None = None) -> None:
    """Write profiles.yml, readable by its owner only, whole or not at all."""
    content = yaml.safe_dump(profile(url, settings, role), sort_keys=False)
    write_private(path, _HEADER + content)
