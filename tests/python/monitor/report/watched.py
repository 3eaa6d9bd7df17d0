"""A warehouse of one's own to break: looked at, stored and alerted as the commands do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from project import Project
from queries import query

from monitor.check import Check, Group, Status
from monitor.checks import collect
from monitor.history import Run, new_run_id, store
from warehouse.connections import connect

NOW = datetime(2026, 3, 4, 6, tzinfo=UTC)


def check(key: str, status: Status = Status.FAIL, **changes: Any) -> Check:
    """A check that found something."""
    values: dict[str, Any] = {
        "key": key,
        "group": Group.RULES,
        "name": key.rpartition(":")[2].replace("_", " "),
        "status": status,
        "message": "3 of 10 rows held",
        "subject": "quality.checked_orders",
        "checked": 10,
        "failed": 3,
        "owner": "data quality",
        "sql": "select 1",
    }
    return Check(**{**values, **changes})


def run_of(*checks: Check, **changes: Any) -> Run:
    """A run of some checks."""
    values: dict[str, Any] = {
        "run_id": new_run_id(),
        "started_at": NOW,
        "finished_at": NOW,
        "seconds": 1.5,
        "kind": "warehouse",
        "checks": checks,
    }
    return Run(**{**values, **changes})


@dataclass
class Watched:
    """A project whose warehouse may be broken."""

    project: Project

    def look(self) -> Run:
        """Collect the checks and store the run."""
        manifest = self.project.folder / "target" / "manifest.json"
        with closing(connect(self.project.url)) as conn:
            now = datetime.now(UTC)
            run = run_of(
                *collect(conn, now, manifest), started_at=now, finished_at=datetime.now(UTC)
            )
            store(conn, run)
        return run

    def execute(self, statement: str) -> None:
        query(self.project.url, statement)


def red(run: Run) -> set[str]:
    return {check.key for check in run.checks if check.status is Status.FAIL}


@dataclass
class Receiver:
    """What a webhook was sent."""

    url: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A server that takes what it is sent."""
    received = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.messages.append(json.loads(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        received.url = f"http://127.0.0.1:{server.server_address[1]}/"
        try:
            yield received
        finally:
            server.shutdown()
            thread.join()
