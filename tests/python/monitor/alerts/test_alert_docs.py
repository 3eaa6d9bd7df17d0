"""docs/monitoring/alerts.md: its configuration is sound, and what it shows is what is printed."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from alert_runs import ORDERS, STALE, run_of
from click.testing import CliRunner
from psycopg2.extensions import connection

from monitor.__main__ import main
from monitor.alerts.config import Alerts, Email, Route, Slack, Teams, Webhook
from monitor.alerts.message import Event, Item
from monitor.alerts.quiet import QuietHours
from monitor.history import store
from monitor.prometheus import _READERS
from warehouse.settings import PROJECT_DIR

PAGE = (PROJECT_DIR / "docs" / "monitoring" / "alerts.md").read_text(encoding="utf-8")


def block(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    assert found, name
    return found[1]


def test_the_dry_run_is_what_is_printed(
    conn: connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(conn, run_of(ORDERS, STALE))
    config = tmp_path / "alerts.yml"
    # By day: what is held depends on when the test runs.
    config.write_text(re.sub("^quiet_hours.*\n", "", block("config"), flags=re.MULTILINE))
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("ON_CALL_SECRET", "not the real one")
    result = CliRunner().invoke(main, ["alert", "--dry-run", "--config", str(config)])
    assert result.exit_code == 0, result.output
    printed = result.stdout
    assert same(printed.replace(conn.info.dbname, "dev")) == same(block("dry run"))


def same(text: str) -> str:
    """Leave out what changes from second to second."""
    text = re.sub(r"webhook-timestamp: \d+", "webhook-timestamp: …", text)
    return re.sub(r"v1,\S+", "v1,…", text).strip()


def test_every_key_is_described() -> None:
    told = set(re.findall(r"`([a-z_]+)`", PAGE))
    for model in (Alerts, Route, QuietHours, Slack, Teams, Webhook, Email):
        keys = {name.rstrip("_") for name in model.model_fields}
        assert keys <= told, model.__name__
    assert {field.name for field in fields(Item)} <= told
    assert {event.value for event in Event} <= told


def test_every_metric_is_described() -> None:
    source = (PROJECT_DIR / "monitor" / "prometheus.py").read_text(encoding="utf-8")
    names = set(re.findall(r'Family\(\s*"([a-z_]+)"', source))
    assert len(_READERS) <= len(names)
    assert names <= set(re.findall(r"`([a-z_]+)`", PAGE))
