"""Alerts against real servers on loopback and a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime

import pytest
from alert_runs import IMPATIENT, NOON
from psycopg2.extensions import connection

from monitor.alerts.config import parse_alerts
from monitor.alerts.outcome import Outcome
from monitor.alerts.run import alert
from monitor.alerts.secrets import Secrets
from monitor.history import Run
from warehouse.connections import connect


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def conn(database_url: str) -> Iterator[connection]:
    with closing(connect(database_url)) as opened:
        yield opened


@pytest.fixture
def alerts(conn: connection):
    """Runs alerts on a run of the report, with a configuration in YAML and its secrets."""

    def call(
        run: Run,
        config: str,
        secrets: Mapping[str, str] | None = None,
        *,
        now: datetime | None = None,
        dry_run: bool = False,
        on: connection | None = None,
    ) -> Outcome:
        moment = now or run.finished_at
        return alert(
            on or conn,
            run,
            parse_alerts(config, "alerts.yml"),
            moment,
            dry_run,
            secrets=Secrets(secrets or {}),
            patience=IMPATIENT,
            clock=lambda: moment,
        )

    return call


@pytest.fixture
def rows(conn: connection):
    """Runs a statement and gives its rows."""

    def call(statement: str) -> list[tuple[object, ...]]:
        with conn, conn.cursor() as cur:
            cur.execute(statement)
            return cur.fetchall()

    return call


@pytest.fixture
def noon() -> datetime:
    return NOON
