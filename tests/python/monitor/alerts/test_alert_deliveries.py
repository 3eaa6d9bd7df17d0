"""Messages that do not arrive at once: retried, held, given up, never lost and never sent twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alert_runs import ORDERS, STALE, passing, run_of
from alert_servers import http_sink, is_silent, raw_server, says

from monitor.alerts.checks import delivery_checks
from monitor.check import Group, Status
from monitor.history import store
from warehouse.connections import connect
from warehouse.role_names import role_name
from warehouse.settings import PROJECT_DIR

HOOK = """
channels:
  ops: {type: webhook, url_env: OPS_URL}
routes:
  - channels: [ops]
"""
QUIET = f"""{HOOK}
quiet_hours: {{zone: Europe/Berlin, from: "20:00", to: "07:00"}}
"""


def told(sink) -> list[dict]:
    return [json.loads(taken.body) for taken in sink.taken]


@pytest.fixture
def checks(conn):
    """What the report says of deliveries."""

    def call() -> dict[str, tuple[Status, str]]:
        with conn, conn.cursor() as cur:
            found = list(delivery_checks(cur))
        assert {check.group for check in found} == {Group.ALERTS}
        return {check.key: (check.status, check.message) for check in found}

    return call


def test_what_does_not_arrive_is_tried_in_the_next_run_and_seen_in_the_report(
    alerts, rows, checks, noon: datetime
) -> None:
    assert checks()["alerts:delivery"][0] is Status.SKIP
    with http_sink(says(500)) as broken:
        secrets = {"OPS_URL": broken.url}
        first = alerts(run_of(ORDERS), HOOK, secrets)
        assert (first.count("failed"), len(broken.taken)) == (1, 3)
        status, message = checks()["alerts:delivery:ops"]
        assert status is Status.WARN
        assert "1 message not delivered yet" in message
        assert "the server of OPS_URL answered HTTP 500" in message
        assert "S3CRET" not in message
    # What is new since is one message more: the first one may have arrived after all.
    hour = noon + timedelta(hours=1)
    with http_sink(says(200)) as repaired:
        again = alerts(run_of(ORDERS, STALE, at=hour), HOOK, {"OPS_URL": repaired.url})
        assert again.count("sent") == 2
    assert [[i["key"] for i in m["items"]] for m in told(repaired)] == [[ORDERS.key], [STALE.key]]
    assert told(broken)[0] == told(repaired)[0]
    heads = [taken.headers["Idempotency-Key"] for taken in (*broken.taken, repaired.taken[0])]
    assert len(set(heads)) == 1
    assert rows("select status, attempts, last_error from monitoring.deliveries") == [
        ("sent", 2, None),
        ("sent", 1, None),
    ]
    assert checks()["alerts:delivery:ops"][0] is Status.PASS


def test_what_was_never_tried_goes_with_what_is_new(alerts, rows, noon: datetime) -> None:
    with http_sink(says(500)) as broken:
        secrets = {"OPS_URL": broken.url}
        for hours, checks_ in ((0, [ORDERS]), (1, [ORDERS, STALE]), (2, [passing(ORDERS), STALE])):
            alerts(run_of(*checks_, at=noon + timedelta(hours=hours)), HOOK, secrets)
    assert len(broken.taken) == 9  # three attempts a run, all at the first message
    with http_sink(says(200)) as repaired:
        later = run_of(STALE, at=noon + timedelta(hours=3))
        alerts(later, HOOK, {"OPS_URL": repaired.url})
    assert [[(i["event"], i["key"]) for i in m["items"]] for m in told(repaired)] == [
        [("opened", ORDERS.key)],
        [("opened", STALE.key), ("resolved", ORDERS.key)],
    ]


def test_a_server_that_asks_for_time_gets_it(alerts, noon: datetime) -> None:
    with http_sink(says(429, Retry_After="1800"), says(200)) as sink:
        secrets = {"OPS_URL": sink.url}
        alerts(run_of(ORDERS), HOOK, secrets)
        soon = alerts(run_of(ORDERS), HOOK, secrets, now=noon + timedelta(minutes=29))
        assert (soon.count("held"), len(sink.taken)) == (1, 1)
        late = alerts(run_of(ORDERS), HOOK, secrets, now=noon + timedelta(minutes=30))
        assert (late.count("sent"), len(sink.taken)) == (1, 2)


def test_what_only_some_recipients_took_is_seen_until_all_do(
    alerts, conn, checks, noon: datetime
) -> None:
    with http_sink(says(200)) as sink:
        alerts(run_of(ORDERS), HOOK, {"OPS_URL": sink.url})
        with conn, conn.cursor() as cur:
            cur.execute("update monitoring.deliveries set last_error = 'mx refused 1 recipient'")
        status, message = checks()["alerts:delivery:ops"]
        assert (status, message.partition(";")[0]) == (Status.WARN, "mx refused 1 recipient")
        later = run_of(passing(ORDERS), at=noon + timedelta(hours=1))
        alerts(later, HOOK, {"OPS_URL": sink.url})
        status, message = checks()["alerts:delivery:ops"]
        assert status is Status.PASS
        assert message.startswith("2 messages delivered")


def test_what_cannot_be_delivered_for_long_is_given_up(
    alerts, rows, checks, noon: datetime
) -> None:
    for days in (0, 1, 2, 3, 4):
        alerts(run_of(ORDERS), HOOK, {}, now=noon + timedelta(days=days))
    assert rows("select status, attempts, last_error from monitoring.deliveries") == [
        ("failed", 4, "OPS_URL is not set: set it in the environment or in .env")
    ]
    status, message = checks()["alerts:delivery:ops"]
    assert (status, message.partition(";")[0]) == (Status.FAIL, "1 message given up")
    with http_sink(says(200)) as sink:
        at = noon + timedelta(days=5)
        alerts(run_of(STALE, at=at), HOOK, {"OPS_URL": sink.url})
    assert checks()["alerts:delivery:ops"][0] is Status.PASS


def test_that_a_channel_is_late_is_told_to_the_others(alerts, conn, noon: datetime) -> None:
    config = """
channels:
  bad: {type: webhook, url_env: BAD_URL}
  good: {type: webhook, url_env: GOOD_URL}
routes:
  - channels: [bad, good]
"""
    with http_sink(says(500)) as bad, http_sink(says(200)) as good:
        secrets = {"BAD_URL": bad.url, "GOOD_URL": good.url}
        alerts(run_of(STALE), config, secrets)
        with conn, conn.cursor() as cur:
            late = list(delivery_checks(cur))
        at = noon + timedelta(hours=1)
        outcome = alerts(run_of(STALE, *late, at=at), config, secrets)
        assert outcome.unrouted == []
    assert [[i["key"] for i in m["items"]] for m in told(good)] == [
        [STALE.key],
        ["alerts:delivery:bad"],
    ]
    assert {tuple(i["key"] for i in m["items"]) for m in told(bad)} == {(STALE.key,)}


def test_one_channel_that_fails_keeps_no_other_waiting(alerts) -> None:
    config = """
channels:
  bad: {type: webhook, url_env: BAD_URL}
  good: {type: webhook, url_env: GOOD_URL}
routes:
  - channels: [bad, good]
"""
    with http_sink(says(500)) as bad, http_sink(says(200)) as good:
        outcome = alerts(run_of(ORDERS), config, {"BAD_URL": bad.url, "GOOD_URL": good.url})
    assert {result.channel: result.state for result in outcome.results} == {
        "bad": "failed",
        "good": "sent",
    }


def test_what_nobody_foresaw_keeps_no_other_waiting(alerts) -> None:
    """A password that SMTP cannot say, after a server that asks for one."""
    config = """
channels:
  mail: {type: email, host: localhost, port: %s, tls: none, user_env: U, password_env: P,
         sender: w@example.com, to: [d@example.com]}
  ops: {type: webhook, url_env: OPS_URL}
routes:
  - channels: [mail, ops]
"""

    def talk(sock) -> None:
        sock.sendall(b"220 hello\r\n")
        while sock.recv(1000):
            sock.sendall(b"250-hello\r\n250 AUTH LOGIN PLAIN\r\n")

    with http_sink(says(200)) as sink, raw_server(talk) as port:
        secrets = {"OPS_URL": sink.url, "U": "me", "P": "Pässwörd-S3CRET"}
        outcome = alerts(run_of(ORDERS), config % port, secrets)
    results = {result.channel: (result.state, result.error) for result in outcome.results}
    assert results == {
        "mail": ("failed", "the message could not be sent: UnicodeEncodeError"),
        "ops": ("sent", None),
    }


def test_a_channel_that_is_no_more(alerts, rows) -> None:
    alerts(run_of(ORDERS), HOOK, {})
    alerts(run_of(ORDERS), "", {})
    assert rows("select status, last_error from monitoring.deliveries") == [
        ("failed", "the channel ops is no longer in alerts.yml")
    ]


def test_quiet_hours_hold_what_is_not_critical(alerts, rows, checks, noon: datetime) -> None:
    night = noon.replace(hour=22)
    with http_sink(says(200)) as sink:
        secrets = {"OPS_URL": sink.url}
        held = alerts(run_of(STALE, at=night), QUIET, secrets)
        assert held.count("held") == 1
        # Seven o'clock in Berlin.
        assert held.results[0].until == noon.replace(hour=6) + timedelta(days=1)
        assert checks()["alerts:delivery:ops"] == (
            Status.PASS,
            "1 message held until 2026-03-05 06:00 UTC; 0 messages delivered",
        )
        # A critical failure breaks through; the rest of the night waits, in one message.
        at = night + timedelta(hours=2)
        alerts(run_of(STALE, ORDERS, at=at), QUIET, secrets)
        assert [[i["key"] for i in m["items"]] for m in told(sink)] == [[ORDERS.key]]
        at = night + timedelta(hours=4)
        alerts(run_of(STALE, passing(ORDERS), at=at), QUIET, secrets)
        assert len(sink.taken) == 1
        morning = noon.replace(hour=6) + timedelta(days=1)
        alerts(run_of(STALE, passing(ORDERS), at=morning), QUIET, secrets)
    assert [(i["event"], i["key"]) for i in told(sink)[1]["items"]] == [
        ("opened", STALE.key),
        ("resolved", ORDERS.key),
    ]
    assert rows("select count(*) from monitoring.deliveries") == [(2,)]


def test_critical_can_be_held_too(alerts, noon: datetime) -> None:
    with http_sink(says(200)) as sink:
        config = QUIET.replace('"07:00"', '"07:00", critical: hold')
        outcome = alerts(run_of(ORDERS, at=noon.replace(hour=22)), config, {"OPS_URL": sink.url})
        assert (outcome.count("held"), sink.taken) == (1, [])


def test_what_came_and_went_in_the_night_is_one_line(alerts, noon: datetime) -> None:
    night = noon.replace(hour=22)
    with http_sink(says(200)) as sink:
        secrets = {"OPS_URL": sink.url}
        alerts(run_of(STALE, at=night), QUIET, secrets)
        alerts(run_of(passing(STALE), at=night + timedelta(hours=1)), QUIET, secrets)
        alerts(run_of(passing(STALE), at=night + timedelta(hours=10)), QUIET, secrets)
    (message,) = told(sink)
    assert [(i["event"], i["since"]) for i in message["items"]] == [("resolved", night.isoformat())]


def test_two_at_once_do_not_send_twice(alerts, database_url: str, noon: datetime) -> None:
    """The second one comes while the first one sends: it waits, and finds nothing left to do."""
    reached, go = threading.Event(), threading.Event()

    def waits(handler) -> None:
        reached.set()
        go.wait(20)
        says(200)(handler)

    with http_sink(waits, says(200)) as sink, closing(connect(database_url)) as other:
        secrets = {"OPS_URL": sink.url}
        outcomes = []
        first = threading.Thread(
            target=lambda: outcomes.append(alerts(run_of(ORDERS), HOOK, secrets))
        )
        first.start()
        assert reached.wait(20)
        second = threading.Thread(
            target=lambda: outcomes.append(alerts(run_of(ORDERS), HOOK, secrets, on=other))
        )
        second.start()
        with closing(connect(database_url)) as watcher, watcher.cursor() as cur:
            deadline = time.monotonic() + 20
            waiting = 0
            while not waiting:
                assert time.monotonic() < deadline, "the second one did not wait"
                cur.execute(
                    "select count(*) from pg_locks where locktype = 'advisory'"
                    " and not granted and database = (select oid from pg_database"
                    " where datname = current_database())"
                )
                ((waiting,),) = cur.fetchall()
                watcher.rollback()
        go.set()
        first.join()
        second.join()
    assert len(sink.taken) == 1
    assert sorted(len(outcome.results) for outcome in outcomes) == [0, 1]


def test_killed_while_sending_it_is_sent_again_with_the_same_key(
    alerts, conn, database_url: str, rows, tmp_path: Path
) -> None:
    store(conn, run_of(ORDERS))
    config = tmp_path / "alerts.yml"
    config.write_text(HOOK)
    with http_sink(is_silent(lambda: sink.over), says(200)) as sink:
        command = [sys.executable, "-m", "monitor", "alert", "--config", str(config)]
        environment = {**os.environ, "DATABASE_URL": database_url, "OPS_URL": sink.url}
        with subprocess.Popen(command, cwd=PROJECT_DIR, env=environment) as running:
            deadline = time.monotonic() + 60
            while not sink.taken:
                assert time.monotonic() < deadline, "waited in vain"
                assert running.poll() is None
                time.sleep(0.01)
            running.send_signal(signal.SIGKILL)
        assert rows("select status, attempts from monitoring.deliveries") == [("pending", 1)]
        again = alerts(run_of(ORDERS), HOOK, {"OPS_URL": sink.url}, now=datetime.now(UTC))
        assert again.count("sent") == 1
    first, second = sink.taken
    assert first.body == second.body
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert rows("select status, attempts from monitoring.deliveries") == [("sent", 2)]


def test_a_dry_run_changes_nothing_and_shows_what_is_then_sent(
    alerts, rows, noon: datetime
) -> None:
    with http_sink(says(200)) as sink:
        secrets = {"OPS_URL": sink.url}
        shown = alerts(run_of(ORDERS), HOOK, secrets, dry_run=True)
        assert sink.taken == []
        assert rows("select to_regclass('monitoring.incidents')") == [(None,)]
        (preview,) = shown.previews
        alerts(run_of(ORDERS), HOOK, secrets)
    assert preview.outgoing.body == sink.taken[0].body
    assert dict(preview.outgoing.headers)["Idempotency-Key"] in sink.taken[0].headers.values()
    assert preview.outgoing.to == "POST $OPS_URL"
    assert "S3CRET" not in preview.outgoing.shown()


def test_a_login_that_may_not_write_is_told_so(alerts, conn) -> None:
    with conn, conn.cursor() as cur:
        cur.execute("create role nobody_of_alerts nologin")
        cur.execute("grant nobody_of_alerts to current_user")
        cur.execute("set role nobody_of_alerts")
    try:
        with pytest.raises(Exception, match="role transformer") as caught:
            alerts(run_of(ORDERS), HOOK, {})
        assert "\n" not in str(caught.value)
    finally:
        with conn, conn.cursor() as cur:
            cur.execute("reset role")
            cur.execute("drop role nobody_of_alerts")


def test_readers_see_incidents_and_deliveries(alerts, conn, rows) -> None:
    reader = role_name(conn.info.dbname, "reader")
    with conn, conn.cursor() as cur:
        cur.execute(f"create role {reader}")
    try:
        alerts(run_of(ORDERS), HOOK, {})
        assert rows(
            f"select bool_and(has_table_privilege('{reader}', 'monitoring.' || name, 'select')),"
            f" bool_or(has_table_privilege('{reader}', 'monitoring.' || name, 'update'))"
            " from unnest(array['incidents', 'deliveries']) as name"
        ) == [(True, False)]
    finally:
        with conn, conn.cursor() as cur:
            cur.execute(f"drop owned by {reader}")
            cur.execute(f"drop role {reader}")
