"""What dbt's statements cost in PostgreSQL, out of the server's own log.

The log has every statement with its duration and the moment at which it ended; dbt writes the node
that a statement belongs to into a comment before it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from psycopg2 import sql

from warehouse.connections import connect

# Begins and commits, and what dbt asks of the catalogue before it knows a node.
NO_NODE = "(dbt itself)"

_STATEMENT = re.compile(
    r"^(?P<ended>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) \S+ \[\d+\] counting-house dbt LOG:  "
    r"duration: (?P<milliseconds>\d+\.\d+) ms  statement: (?P<text>.*)$"
)
_NODE = re.compile(r'"node_id": "(?P<node>[^"]+)"')


@dataclass(frozen=True)
class Statements:
    """The statements of one build.

    Args:
        by_node: seconds of all statements of each node.
        busy: seconds in which at least one statement ran.
    """

    by_node: Mapping[str, float]
    busy: float

    @property
    def seconds(self) -> float:
        """Seconds of all statements, those of connections side by side added up."""
        return sum(self.by_node.values())


def log_statements(url: str) -> None:
    """Have the server log each statement of later connections to this database."""
    name = urlsplit(url).path.removeprefix("/")
    with closing(connect(url, application_name="bench")) as conn:
        conn.autocommit = True
        with conn.cursor() as cur:
            cur.execute(
                sql.SQL("alter database {} set log_min_duration_statement = 0").format(
                    sql.Identifier(name)
                )
            )


def logged_since(log: Path, offset: int) -> Statements:
    """Read what dbt's connections have done since the log was `offset` bytes long."""
    with log.open("rb") as file:
        file.seek(offset)
        return parse(line.decode("utf-8", "replace") for line in file)


def parse(lines: Iterable[str]) -> Statements:
    """Add up the statements of dbt's connections in a log."""
    by_node: defaultdict[str, float] = defaultdict(float)
    intervals: list[tuple[float, float]] = []
    for line in lines:
        found = _STATEMENT.match(line)
        if found is None:  # other lines of a statement, and other programs' statements
            continue
        seconds = float(found["milliseconds"]) / 1e3
        node = _NODE.search(found["text"])
        by_node[node["node"] if node else NO_NODE] += seconds
        ended = datetime.fromisoformat(found["ended"]).timestamp()
        intervals.append((ended - seconds, ended))
    return Statements(dict(by_node), _covered(intervals))


def _covered(intervals: list[tuple[float, float]]) -> float:
    """Seconds that lie in at least one interval."""
    covered, until = 0.0, float("-inf")
    for begin, end in sorted(intervals):
        covered += max(0.0, end - max(begin, until))
        until = max(until, end)
    return covered
