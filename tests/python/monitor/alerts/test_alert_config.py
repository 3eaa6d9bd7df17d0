"""alerts.yml: what it may say, and how a fault in it is told."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from monitor.alerts.config import ALERTS_FILE, Alerts, Email, load_alerts, parse_alerts
from monitor.alerts.errors import ConfigError
from monitor.alerts.quiet import QuietHours

LONDON = '{zone: Europe/London, from: "20:00", to: "07:00"}'
BERLIN = '{zone: Europe/Berlin, from: "20:00", to: "07:00"}'
EARLY = '{zone: Europe/Berlin, from: "20:00", to: "02:30"}'
KOLKATA = '{zone: Asia/Kolkata, from: "12:00", to: "13:30"}'

SLACK = "{type: slack, url_env: SLACK_URL}"


def test_as_shipped_nobody_is_told() -> None:
    assert load_alerts() == Alerts()


def test_the_example_in_the_shipped_file_is_sound() -> None:
    lines = ALERTS_FILE.read_text().splitlines()
    example = [line[2:] for line in lines if line.startswith("# ")]
    start = example.index("channels:")
    alerts = parse_alerts("\n".join(example[start:]), "example")
    assert {channel.type for channel in alerts.channels.values()} == {
        "slack",
        "teams",
        "webhook",
        "email",
    }
    # Every key that may stand in the file has its place in the example or its default in the docs.
    keys = {name.rstrip("_") for name in Alerts.model_fields}
    assert set(yaml.safe_load("\n".join(example[start:]))) <= keys


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[1]", "must be keys with their values"),
        ("foo: 1", "foo: no such key here: correct or remove it"),
        ("channels: {a: {type: pager}}", "channels.a: type must be slack, teams, webhook or email"),
        ("channels: {a: {typo: 1}}", "channels.a: type is missing"),
        ("channels: {a: {type: slack}}", "channels.a.url_env: is missing: add it"),
        ("channels: {A b: " + SLACK + "}", "channels.A b: must be a name of small letters"),
        ("channels: {a: " + SLACK + "}", "no route leads to a: add one"),
        ("channels: {a: " + SLACK + ", a: " + SLACK + "}", "the key 'a' stands twice"),
        ("routes: [{channels: [x]}]", "routes.0.channels: there is no channel 'x'"),
        ("routes: [{channels: [], at_least: high}]", "'high' is none of info, warning, critical"),
        ("routes: [{channels: [x], groups: [rules]}]", "'rules' is none of schema, references"),
        ("remind_every: 5", "remind_every: 5 is no duration"),
        ("remind_every: 0s", "remind_every: must be longer than nothing"),
        ("quiet_hours: {zone: Mars/X, whole_days: [sunday]}", "'Mars/X' is no time zone"),
        ("quiet_hours: {zone: UTC, from: 20:00, to: '07:00'}", "write it in quotes"),
        ("quiet_hours: {zone: UTC, from: '25:00', to: '07:00'}", "'25:00' is no time of day"),
        ("quiet_hours: {zone: UTC, from: '20:00'}", "from and to belong together"),
        ("quiet_hours: {zone: UTC}", "is never: give from and to, or whole_days"),
        ("report_url: 'https://me:secret@example.com'", "must hold no login and no query"),
        ("report_url: 'javascript:alert(1)'", "is no address"),
        (
            "channels: {a: {type: email, host: mx.example.com, tls: none, sender: a@b.example, "
            "to: [c@d.example]}}",
            "tls: none is for a server on this machine",
        ),
        (
            "channels: {a: {type: email, host: mx, user_env: U, sender: a@b.example, to: [c@d]}}",
            "user_env and password_env belong together",
        ),
        (
            "channels: {a: {type: email, host: mx, sender: a@b.example, to: ['c@d, e@f']}}",
            "channels.a.to.0: is no plain e-mail address",
        ),
    ],
)
def test_a_fault_is_told_with_file_place_and_fix(text: str, fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_alerts(text, "monitor/alerts.yml")
    assert caught.value.message.startswith("monitor/alerts.yml: ")
    assert fault in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "channels: {a: {type: slack, url_env: 'https://hooks.slack.com/services/S3CRET'}}",
        "channels: {a: {type: webhook, url_env: A, secret_env: whsec_S3CRET}}",
        "channels: {a: {type: slack, url: 'https://hooks.slack.com/S3CRET'}}",
        "report_url: 'https://me:S3CRET@example.com'",
    ],
)
def test_a_secret_in_the_wrong_place_is_not_repeated(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_alerts(text, "alerts.yml")
    assert "S3CRET" not in caught.value.message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*none\.yml: No such file"):
        load_alerts(tmp_path / "none.yml")
    (tmp_path / "bytes.yml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="it is not UTF-8"):
        load_alerts(tmp_path / "bytes.yml")


def test_ports_follow_from_tls() -> None:
    ports = {
        tls: Email(type="email", host="localhost", tls=tls, sender="a@b", to=["c@d"]).real_port
        for tls in ("starttls", "implicit", "none")
    }
    assert ports == {"starttls": 587, "implicit": 465, "none": 25}


def quiet(text: str) -> QuietHours:
    hours = parse_alerts(f"quiet_hours: {text}", "alerts.yml").quiet_hours
    assert hours is not None
    return hours


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "now", "end"),
    [
        # Winter and summer in London; the night goes over midnight.
        (LONDON, "2026-01-10T19:59", None),
        (LONDON, "2026-01-10T20:00", "2026-01-11T07:00"),
        (LONDON, "2026-07-10T05:59", "2026-07-10T06:00"),
        (LONDON, "2026-07-10T06:00", None),
        (KOLKATA, "2026-01-10T07:00", "2026-01-10T08:00"),
        # The clock is put forward at 01:00 UTC on 29 March 2026, back on 25 October.
        (BERLIN, "2026-03-28T20:00", "2026-03-29T05:00"),
        (BERLIN, "2026-10-24T20:00", "2026-10-25T06:00"),
        # An end that the clock skips: 02:30 is 03:30.
        (EARLY, "2026-03-28T20:00", "2026-03-29T01:30"),
        # An end that comes twice: at 02:30, and an hour later at 02:30.
        (EARLY, "2026-10-24T23:00", "2026-10-25T00:30"),
        (EARLY, "2026-10-25T00:40", None),
        (EARLY, "2026-10-25T01:10", "2026-10-25T01:30"),
        # Whole days join the nights around them: Friday evening to Monday morning.
        (
            '{zone: UTC, from: "20:00", to: "07:00", whole_days: [saturday, sunday]}',
            "2026-03-06T21:00",
            "2026-03-09T07:00",
        ),
        ("{zone: UTC, whole_days: [saturday, sunday]}", "2026-03-07T00:00", "2026-03-09T00:00"),
        ("{zone: UTC, whole_days: [saturday, sunday]}", "2026-03-06T23:59", None),
    ],
)
def test_quiet_hours_end_on_the_clock_of_their_zone(hours: str, now: str, end: str | None) -> None:
    moment = at(now)
    assert quiet(hours).holds(moment) is (end is not None)
    assert quiet(hours).end(moment) == (at(end) if end else moment)


def test_a_channel_can_have_its_own_quiet_hours_or_none() -> None:
    alerts = parse_alerts(
        """
channels:
  a: {type: slack, url_env: A}
  b: {type: slack, url_env: B, quiet_hours: off}
  c: {type: slack, url_env: C, quiet_hours: {zone: UTC, whole_days: [sunday]}}
routes: [{channels: [a, b, c]}]
quiet_hours: {zone: UTC, whole_days: [monday]}
""",
        "alerts.yml",
    )
    days = {name: alerts.quiet_hours_of(name) for name in "abc"}
    assert days["b"] is None
    assert days["a"] is not None
    assert days["c"] is not None
    assert (days["a"].whole_days, days["c"].whole_days) == (["monday"], ["sunday"])
