"""A query in a session of its own."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import psycopg2


def query(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Run one statement in a session of its own and give its rows."""
    with closing(psycopg2.connect(url)) as conn, conn, conn.cursor() as cur:
        cur.execute(statement)
        return cur.fetchall() if cur.description else []
