"""`python -m monitor alert`: what it prints, its exit codes and its log."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alert_runs import ORDERS, STALE, run_of
from alert_servers import http_sink, says
from click.testing import CliRunner, Result
from queries import query

from monitor.__main__ import main
from monitor.alerts.config import parse_alerts
from monitor.alerts.errors import Lasting
from monitor.alerts.secrets import secrets_of
from monitor.history import store
from warehouse.settings import Settings

CONFIG = """
channels:
  chat: {type: slack, url_env: CHAT_URL}
  teams: {type: teams, url_env: TEAMS_URL}
  ops: {type: webhook, url_env: OPS_URL, secret_env: OPS_SECRET}
  mail: {type: email, host: mail.example.com, sender: w@example.com, to: [data@example.com]}
routes:
  - channels: [chat, teams, ops, mail]
"""

ONE = """
channels:
  ops: {type: webhook, url_env: OPS_URL}
routes:
  - channels: [ops]
"""


@pytest.fixture
def cli(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs the command in this process."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    config = tmp_path / "alerts.yml"
    config.write_text(CONFIG)

    def call(*arguments: str, config_text: str | None = None) -> Result:
        if config_text is not None:
            config.write_text(config_text)
        return CliRunner().invoke(main, ["alert", *arguments, "--config", str(config)])

    return call


def test_without_a_report_there_is_nothing_to_tell(cli) -> None:
    result = cli()
    assert result.exit_code == 1
    assert result.stderr == "Error: no report is stored yet: run python -m monitor report first\n"


def test_a_dry_run_shows_every_channel_without_its_secrets(
    cli, conn, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(conn, run_of(ORDERS, STALE))
    monkeypatch.setenv("OPS_SECRET", "S3CRET-of-ops")
    monkeypatch.setenv("CHAT_URL", "https://hooks.slack.com/services/S3CRET")
    result = cli("--dry-run")
    assert result.exit_code == 0, result.output
    for name in ("chat", "teams", "ops", "mail"):
        assert f"--- {name}\n" in result.stdout
    assert "POST $CHAT_URL\n" in result.stdout
    assert "webhook-signature: v1,wo" not in result.stdout
    assert "webhook-signature: v1," in result.stdout
    assert "SMTP mail.example.com:587, tls starttls\n" in result.stdout
    assert "S3CRET" not in result.output
    # It would do the same again; without the secret it shows what is lacking.
    monkeypatch.delenv("OPS_SECRET")
    again = cli("--dry-run")
    assert "--- chat" in again.stdout
    assert "webhook-signature: (OPS_SECRET is not set: " in again.stdout
    document = json.loads(cli("--dry-run", "--log", "json").stdout)
    assert [one["channel"] for one in document["would_send"]] == ["chat", "teams", "ops", "mail"]


def test_a_dry_run_of_nothing_and_one_at_night(cli, conn) -> None:
    store(conn, run_of(ORDERS))
    assert "nothing would be sent" in cli("--dry-run", config_text="").stderr
    always = "quiet_hours: {zone: UTC, whole_days: [%s], critical: hold}"
    today = datetime.now(UTC).strftime("%A").lower()
    held = cli("--dry-run", config_text=ONE + always % today)
    assert "--- ops, held until " in held.stdout
    assert "ops: 1 incident held until " in cli().stderr


def test_what_was_done_is_said_in_numbers(cli, conn, monkeypatch: pytest.MonkeyPatch) -> None:
    store(conn, run_of(ORDERS, STALE))
    with http_sink(says(500), says(500), says(500), says(200)) as sink:
        monkeypatch.setenv("OPS_URL", sink.url)
        failed = cli(config_text=ONE)
        assert failed.exit_code == 1
        assert "incidents: 2 opened" in failed.stderr
        assert (
            "ops: 2 incidents not delivered: the server of OPS_URL answered HTTP 500; "
            "the next run tries again" in failed.stderr
        )
        assert "Error: 1 message not delivered to ops" in failed.stderr
        repaired = cli()
        assert repaired.exit_code == 0
        assert "was told before" in repaired.stderr
        assert "ops: 2 incidents sent" in repaired.stderr
        assert "S3CRET" not in failed.output + repaired.output


def test_the_log_is_json_and_nothing_else(cli, conn, monkeypatch: pytest.MonkeyPatch) -> None:
    store(conn, run_of(ORDERS))
    with http_sink(says(404)) as sink:
        monkeypatch.setenv("OPS_URL", sink.url)
        result = cli("--log", "json", config_text=ONE)
    assert result.exit_code == 1
    events = [json.loads(line) for line in result.stderr.splitlines()]
    assert [event["event"] for event in events] == ["message_failed", "error"]
    assert (events[0]["channel"], events[0]["command"]) == ("ops", "alert")
    document = json.loads(result.stdout)
    assert document["incidents"]["opened"] == 1
    assert document["messages"][0]["state"] == "failed"
    assert "S3CRET" not in result.output


def test_a_test_message(cli, rows, monkeypatch: pytest.MonkeyPatch) -> None:
    with http_sink(says(200), says(200, b"nonsense")) as sink:
        monkeypatch.setenv("CHAT_URL", sink.url)
        result = cli("test", "chat")
        assert (result.exit_code, result.stderr) == (0, "chat took the test message\n")
        assert "Nothing has happened" in sink.taken[0].body.decode()
        refused = cli("test", "chat")
        assert refused.exit_code == 1
        assert "chat did not take the test message" in refused.stderr
        assert "S3CRET" not in refused.output
    assert rows("select to_regclass('monitoring.deliveries')") == [(None,)]


def test_commands_that_cannot_be_meant(cli) -> None:
    result = cli("test", "nobody")
    assert result.exit_code == 2
    assert "it declares: chat, teams, ops, mail" in result.stderr
    assert cli("--dry-run", "test", "chat").exit_code == 2


def test_what_no_route_takes_is_said(cli, conn) -> None:
    store(conn, run_of(ORDERS, STALE))
    result = cli(config_text=ONE + "    owners: [nobody]")
    assert f"no route takes 2 incidents, such as {ORDERS.key}" in result.stderr
    assert "nobody was told: alerts.yml declares no channel" in cli(config_text="").stderr


def test_a_faulty_configuration(cli) -> None:
    result = cli(config_text="foo: 1")
    assert result.exit_code == 1
    assert "foo: no such key here" in result.stderr
    assert cli(config_text="# nothing\n").exit_code == 1


def test_a_database_that_breaks_off_while_a_message_is_sent(
    cli, conn, rows, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(conn, run_of(ORDERS))

    def breaks(handler) -> None:
        query(
            database_url,
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and application_name = 'monitor alert'",
        )
        says(200)(handler)

    with http_sink(breaks, says(200)) as sink:
        monkeypatch.setenv("OPS_URL", sink.url)
        result = cli(config_text=ONE)
        assert result.exit_code == 1
        (line,) = result.stderr.splitlines()
        assert line.startswith("Error: the database broke off: ")
        assert cli().exit_code == 0
    first, second = sink.taken
    assert first.body == second.body
    assert rows("select status, attempts from monitoring.deliveries") == [("sent", 2)]


def test_secrets_are_read_from_the_environment_first_and_then_from_env_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "CHAT_URL=https://file.example\nOPS_URL=https://file.example/$x\nOTHER=1234567\n"
    )
    monkeypatch.setitem(Settings.model_config, "env_file", file)
    monkeypatch.setenv("CHAT_URL", "https://environment.example")
    monkeypatch.setenv("TEAMS_URL", "")
    secrets = secrets_of(parse_alerts(CONFIG, "alerts.yml"))
    assert secrets.url("CHAT_URL") == "https://environment.example"
    assert secrets.url("OPS_URL") == "https://file.example/$x"
    for name in ("TEAMS_URL", "OTHER"):
        with pytest.raises(Lasting, match=f"{name} is not set"):
            secrets.get(name)
    assert repr(secrets) == "Secrets(CHAT_URL, OPS_URL)"
    assert secrets.hide("to https://file.example/$x!") == "to $OPS_URL!"
