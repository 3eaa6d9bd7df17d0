"""A run of alerts: incidents, one message a channel, deliveries, and what happens in between."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

from alert_runs import ORDERS, STALE, passing, run_of, skipped
from alert_servers import http_sink, says

from monitor.alerts.message import Event
from monitor.check import Severity, Status

HOOK = """
channels:
  ops: {type: webhook, url_env: OPS_URL}
routes:
  - channels: [ops]
"""


def told(sink) -> list[dict]:
    return [json.loads(taken.body) for taken in sink.taken]


def test_one_message_a_run_and_one_alert_an_incident(alerts, rows, noon: datetime) -> None:
    with http_sink(says(200)) as sink:
        secrets = {"OPS_URL": sink.url}
        first = alerts(run_of(ORDERS, STALE), HOOK, secrets)
        assert first.events == {Event.OPENED: 2}
        assert (first.count("sent"), len(sink.taken)) == (1, 1)
        # The same run again, and the same failures in the next one: nothing new.
        again = alerts(run_of(ORDERS, STALE), HOOK, secrets)
        assert (again.is_new, again.results) == (False, [])
        hour = noon + timedelta(hours=1)
        assert alerts(run_of(ORDERS, STALE, at=hour), HOOK, secrets).results == []
        later = noon + timedelta(hours=2)
        end = alerts(run_of(passing(ORDERS), STALE, at=later), HOOK, secrets)
        assert end.events == {Event.RESOLVED: 1}
    opened, resolved = told(sink)
    assert [(i["event"], i["key"]) for i in opened["items"]] == [
        ("opened", ORDERS.key),
        ("opened", STALE.key),
    ]
    assert [(i["event"], i["key"]) for i in resolved["items"]] == [("resolved", ORDERS.key)]
    assert resolved["items"][0]["since"] == noon.isoformat()
    assert resolved["severity"] is None
    assert opened["id"] != resolved["id"]
    assert rows(
        "select check_key, status, severity, opened_at, resolved_at, resolution"
        " from monitoring.incidents order by incident_id"
    ) == [
        (ORDERS.key, "fail", "critical", noon, later, "passed"),
        (STALE.key, "warn", "warning", noon, None, None),
    ]
    assert rows("select distinct status, attempts, last_error from monitoring.deliveries") == [
        ("sent", 1, None)
    ]


def test_reminders_come_at_their_interval(alerts, noon: datetime) -> None:
    config = f"{HOOK}\nremind_every: 1d"
    with http_sink(says(200)) as sink:
        secrets = {"OPS_URL": sink.url}
        alerts(run_of(ORDERS), config, secrets)
        for hours in (1, 12, 22):
            at = noon + timedelta(hours=hours)
            assert not alerts(run_of(ORDERS, at=at), config, secrets).events
        # Ten minutes short of a day: the report of the next morning.
        morning = noon + timedelta(hours=23, minutes=50)
        outcome = alerts(run_of(ORDERS, at=morning), config, secrets)
        assert outcome.events == {Event.REMINDER: 1}
        assert not alerts(run_of(ORDERS, at=noon + timedelta(hours=25)), config, secrets).events
        never = f"{HOOK}\nremind_every: null"
        assert not alerts(run_of(ORDERS, at=noon + timedelta(days=9)), never, secrets).events
    assert [message["items"][0]["since"] for message in told(sink)] == [noon.isoformat()] * 2
    assert told(sink)[1]["title"].endswith(": 1 still failing")


def test_what_was_skipped_neither_opens_nor_closes(alerts, noon: datetime) -> None:
    with http_sink(says(200)) as sink:
        secrets = {"OPS_URL": sink.url}
        assert not alerts(run_of(skipped(ORDERS)), HOOK, secrets).events
        alerts(run_of(ORDERS, at=noon + timedelta(hours=1)), HOOK, secrets)
        later = run_of(skipped(ORDERS), at=noon + timedelta(days=30))
        assert not alerts(later, HOOK, secrets).events
        back = alerts(run_of(passing(ORDERS), at=noon + timedelta(days=31)), HOOK, secrets)
        assert back.events == {Event.RESOLVED: 1}


def test_a_check_that_is_no_more_is_closed_when_it_was_gone_for_long(
    alerts, rows, noon: datetime
) -> None:
    with http_sink(says(200)) as sink:
        secrets = {"OPS_URL": sink.url}
        alerts(run_of(ORDERS), HOOK, secrets)
        assert not alerts(run_of(at=noon + timedelta(days=6)), HOOK, secrets).events
        gone = alerts(run_of(at=noon + timedelta(days=7)), HOOK, secrets)
        assert gone.events == {Event.GONE: 1}
    assert rows("select resolution from monitoring.incidents") == [("gone",)]
    assert told(sink)[-1]["title"].endswith(": 1 no longer checked")


def test_what_comes_back_soon_is_the_same_incident(alerts, rows, noon: datetime) -> None:
    """It fails and passes every ten minutes: told of the first times, then left to settle."""
    with http_sink(says(200)) as sink:
        secrets = {"OPS_URL": sink.url}
        events = []
        for step in range(12):
            check = passing(ORDERS) if step % 2 else ORDERS
            at = noon + timedelta(minutes=10 * step)
            events.append(dict(alerts(run_of(check, at=at), HOOK, secrets).events))
        assert events[:3] == [{Event.OPENED: 1}, {Event.RESOLVED: 1}, {Event.REOPENED: 1}]
        assert events[3:] == [{}] * 9
        settled = noon + timedelta(minutes=10 * 11 + 60)
        last = alerts(run_of(passing(ORDERS), at=settled), HOOK, secrets)
        assert last.events == {Event.RESOLVED: 1}
        # Long after that it is another incident.
        other = alerts(run_of(ORDERS, at=settled + timedelta(hours=2)), HOOK, secrets)
        assert other.events == {Event.OPENED: 1}
    assert rows("select reopened from monitoring.incidents order by incident_id") == [(5,), (0,)]


def test_what_gets_worse_is_told_again_and_to_whom_it_then_concerns(alerts, noon: datetime) -> None:
    config = """
channels:
  ops: {type: webhook, url_env: OPS_URL}
  pager: {type: webhook, url_env: PAGER_URL}
routes:
  - channels: [ops]
  - {channels: [pager], at_least: critical}
"""
    warns = replace(ORDERS, status=Status.WARN)
    with http_sink(says(200)) as ops, http_sink(says(200)) as pager:
        secrets = {"OPS_URL": ops.url, "PAGER_URL": pager.url}
        alerts(run_of(warns), config, secrets)
        assert (len(ops.taken), len(pager.taken)) == (1, 0)
        assert told(ops)[0]["severity"] == "warning"
        hours = iter(range(1, 9))
        steps = [
            alerts(run_of(check, at=noon + timedelta(hours=next(hours))), config, secrets).events
            for check in (ORDERS, warns, ORDERS, passing(ORDERS))
        ]
        assert steps == [{Event.WORSENED: 1}, {}, {}, {Event.RESOLVED: 1}]
    assert [m["items"][0]["event"] for m in told(pager)] == ["worsened", "resolved"]


def test_the_end_is_told_to_those_who_heard_of_the_beginning(alerts, noon: datetime) -> None:
    config = """
channels:
  finance: {type: webhook, url_env: FINANCE_URL}
  others: {type: webhook, url_env: OTHERS_URL}
routes:
  - {channels: [finance], owners: [finance]}
  - {channels: [others], owners: [platform]}
"""
    moved = replace(passing(ORDERS), owner="platform")
    with http_sink(says(200)) as finance, http_sink(says(200)) as others:
        secrets = {"FINANCE_URL": finance.url, "OTHERS_URL": others.url}
        alerts(run_of(ORDERS), config, secrets)
        alerts(run_of(moved, at=noon + timedelta(hours=1)), config, secrets)
    assert [m["items"][0]["event"] for m in told(finance)] == ["opened", "resolved"]
    assert others.taken == []


def test_an_older_run_changes_nothing(alerts, rows, noon: datetime) -> None:
    with http_sink(says(200)) as sink:
        secrets = {"OPS_URL": sink.url}
        alerts(run_of(passing(ORDERS), at=noon + timedelta(hours=1)), HOOK, secrets)
        late = alerts(run_of(ORDERS), HOOK, secrets)
        assert (late.is_new, sink.taken) == (False, [])
    assert rows("select count(*) from monitoring.incidents") == [(0,)]


def test_without_channels_incidents_are_kept_and_told_when_there_is_one(
    alerts, rows, noon: datetime
) -> None:
    outcome = alerts(run_of(ORDERS, STALE), "")
    assert outcome.events == {Event.OPENED: 2}
    assert sorted(outcome.unrouted) == [STALE.key, ORDERS.key]
    assert rows("select count(*), count(told_at) from monitoring.incidents") == [(2, 0)]
    again = alerts(run_of(ORDERS, STALE, at=noon + timedelta(hours=1)), "")
    assert (again.events, len(again.unrouted)) == ({}, 2)
    assert rows("select count(*) from monitoring.deliveries") == [(0,)]
    at = noon + timedelta(hours=2)
    last = run_of(ORDERS, passing(STALE), at=at)
    alerts(last, "")
    with http_sink(says(200)) as sink:
        # The same run, with a channel: nobody waits for the next report.
        now_routed = alerts(last, HOOK, {"OPS_URL": sink.url})
        assert (now_routed.is_new, now_routed.events) == (False, {Event.OPENED: 1})
        assert alerts(last, HOOK, {"OPS_URL": sink.url}).results == []
    (message,) = told(sink)
    assert [(i["event"], i["since"]) for i in message["items"]] == [("opened", noon.isoformat())]


def test_what_a_new_route_takes_is_a_message_of_its_own(alerts, rows) -> None:
    with http_sink(says(200)) as sink:
        secrets = {"OPS_URL": sink.url}
        alerts(run_of(ORDERS, STALE), HOOK + "    owners: [finance]", secrets)
        alerts(run_of(ORDERS, STALE), HOOK, secrets)
    assert [[i["key"] for i in m["items"]] for m in told(sink)] == [[ORDERS.key], [STALE.key]]
    assert rows("select count(distinct idempotency_key) from monitoring.deliveries") == [(2,)]


def test_routes_take_by_owner_tag_group_source_and_severity(alerts) -> None:
    config = """
channels:
  a: {type: webhook, url_env: A_URL}
  b: {type: webhook, url_env: B_URL}
  c: {type: webhook, url_env: C_URL}
routes:
  - {channels: [a, b], tags: [money, weekly], owners: [finance]}
  - {channels: [b], groups: [freshness], sources: [shop]}
  - {channels: [c], at_least: critical, groups: [freshness]}
"""
    unowned = replace(STALE, key="freshness:till:sales", source="till", owner=None)
    info = replace(ORDERS, key="info", severity=Severity.INFO, tags=())
    with http_sink(says(200)) as a, http_sink(says(200)) as b, http_sink(says(200)) as c:
        secrets = {"A_URL": a.url, "B_URL": b.url, "C_URL": c.url}
        outcome = alerts(run_of(ORDERS, STALE, unowned, info), config, secrets)
    keys = [[i["key"] for m in told(sink) for i in m["items"]] for sink in (a, b, c)]
    assert keys == [[ORDERS.key], [ORDERS.key, STALE.key], []]
    assert outcome.unrouted == [unowned.key, "info"]


def test_an_owner_can_be_an_address(alerts) -> None:
    config = HOOK + "    owners: [data@example.com]"
    owned = replace(ORDERS, owner="data@example.com", message="of ada@example.com")
    with http_sink(says(200)) as sink:
        alerts(run_of(owned, STALE), config, {"OPS_URL": sink.url})
    (item,) = told(sink)[0]["items"]
    assert (item["owner"], item["message"]) == ("data@example.com", "of a•••@•••")


def test_the_tables_are_described(alerts, rows) -> None:
    alerts(run_of(ORDERS), "")
    undescribed = (
        "select relname, attname from pg_attribute inner join pg_class on attrelid = pg_class.oid"
        " where relnamespace = 'monitoring'::regnamespace and relkind = 'r' and attnum > 0"
    )
    assert len(rows(undescribed)) > 30
    assert (
        rows(
            f"{undescribed} and (col_description(attrelid, attnum) is null"
            " or obj_description(attrelid) is null)"
        )
        == []
    )
