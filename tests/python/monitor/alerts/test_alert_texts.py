"""What values can do to a message: nothing; and what fits into one."""

from __future__ import annotations

import email
import email.policy
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from alert_runs import NOON, ORDERS

from monitor.alerts.channels.senders import sender_for
from monitor.alerts.channels.slack import BLOCKS, HEADER, SECTION, TEXT
from monitor.alerts.config import parse_alerts
from monitor.alerts.message import Event, Item, Message, merged
from monitor.alerts.secrets import Secrets
from monitor.alerts.wording import clean, escaped, units
from monitor.check import Check, Severity, Status

CONFIG = parse_alerts(
    """
channels:
  slack: {type: slack, url_env: SLACK_URL, show: 100}
  teams: {type: teams, url_env: TEAMS_URL, show: 100}
  webhook: {type: webhook, url_env: HOOK_URL, show: 100}
  email:
    {type: email, host: localhost, tls: none, sender: w@example.com, to: [d@example.com], show: 100}
routes:
  - channels: [slack, teams, webhook, email]
report_url: https://example.com/report.html
""",
    "alerts.yml",
)
KINDS = ["slack", "teams", "webhook", "email"]


def item(number: int = 1, event: Event = Event.OPENED, check: Check = ORDERS) -> Item:
    return Item.of(
        check,
        event,
        incident=number,
        status=check.status,
        severity=check.severity,
        since=NOON,
        at=NOON,
    )


def message(*items: Item) -> Message:
    return Message(
        key="key-1",
        warehouse="prod",
        run_id="run-1",
        at=NOON,
        items=items,
        report_url=CONFIG.report_url,
    )


def written(kind: str, told: Message) -> bytes:
    return sender_for(CONFIG.channels[kind], Secrets({})).written(told).body


def texts(value: object) -> list[str]:
    """All strings in a JSON document."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for one in inner for text in texts(one)]


def said(value: object) -> list[str]:
    """All that a block shows: the strings under `text`."""
    if isinstance(value, list):
        return [text for one in value for text in said(one)]
    if not isinstance(value, dict):
        return []
    own = [value["text"]] if isinstance(value.get("text"), str) else []
    return own + [text for one in value.values() for text in said(one)]


NASTY = [
    "<script>alert(1)</script>",
    "<!channel> <@U012AB3CD> <https://evil.example|click here>",
    "@everyone @channel @here <at>everyone</at>",
    "*bold* _it_ ~no~ `code` [a](javascript:alert(1)) **b** ![x](y)",
    "{{DATE(2026-03-04T12:00:00Z)}} ${secret} @{variables('x')}",
    "x" * 10_000,
    "&" * 10_000,
    "😀" * 10_000,
    "שלום עולם 123",
    "abc\u202egnp.exe",
    "a\nBcc: victim@example.com\r\nSubject: other",
    "\x00\x07\x1b[31mred\x7f\x9b",
    "\ud800 half a pair",
    "=cmd()|' /C calc'!A0",
    "",
]


@pytest.mark.parametrize("value", NASTY, ids=range(len(NASTY)))
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_in_a_value_means_anything(kind: str, value: str) -> None:
    # Owners and tags are the project's own words: shown as they are, addresses too.
    own = value.replace("victim@example.com", "")
    nasty = replace(
        ORDERS, name=value, message=value, subject=value, source=value, owner=own, tags=(own,)
    )
    told = replace(message(item(check=nasty)), warehouse=clean(value), run_id=clean(value))
    body = written(kind, told)
    text = body.decode()  # it is UTF-8
    assert not re.search("[\u202a-\u202e\x00-\x08\x0b-\x1f\x7f-\x9f]", text)
    if kind == "email":
        check_mail(told)
        return
    payload = json.loads(body)
    if kind == "slack":
        for block in payload["blocks"]:
            check_slack(block)
        check_mrkdwn(payload["text"])
    if kind == "teams":
        assert '"TextBlock"' not in text  # the only element that reads markdown
        shown = "".join(texts(payload["attachments"][0]["content"]["body"]))
        assert "{{" not in shown
        assert "${" not in shown
        assert "<at>" not in shown
        assert len(body) <= 28_000
    assert "victim@example.com" not in text


def check_slack(block: dict) -> None:
    if block["type"] == "header":
        assert block["text"]["type"] == "plain_text"
    elif block["type"] == "rich_text":
        (section,) = block["elements"]
        assert section["type"] == "rich_text_section"
        # Others are mentions, links, emoji and broadcasts.
        assert {run["type"] for run in section["elements"]} == {"text"}
        assert all(run["text"] for run in section["elements"])
    else:
        assert block["type"] == "context"
        (foot,) = block["elements"]
        check_mrkdwn(foot["text"].removeprefix("<https://example.com/report.html|Report>"))


def check_mrkdwn(text: str) -> None:
    assert not re.search("[<>]", text)
    assert not re.search("&(?!amp;|lt;|gt;)", text)
    assert not re.search("@(?!\u2060)", text)


def check_mail(told: Message) -> None:
    outgoing = sender_for(CONFIG.channels["email"], Secrets({})).written(told)
    head = "\r\n".join(f"{name}: {value}" if name else value for name, value in outgoing.headers)
    raw = head.encode() + b"\r\n\r\n" + outgoing.body.replace(b"\n", b"\r\n")
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert mail.defects == []
    assert mail["To"] == "d@example.com"
    assert mail["Bcc"] is None
    assert len(mail.get_all("Subject")) == 1
    assert len(str(mail["Subject"])) <= 120
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    page = mail.get_body(("html",)).get_content()
    assert tags_of(page) <= {
        "html", "head", "meta", "title", "body", "h1", "h2", "p", "strong", "br", "small", "a", "em"
    }  # fmt: skip
    assert "victim@example.com" not in page


def tags_of(page: str) -> set[str]:
    found = set()

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list) -> None:
            found.add(tag)
            assert tag != "a" or dict(attrs)["href"] == CONFIG.report_url

    Parser().feed(page)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_are_shown_and_the_others_counted(kind: str) -> None:
    long = replace(ORDERS, message="& <>😀 " * 200, name="n" * 500)
    items = [item(n, check=replace(long, key=f"key-{n}")) for n in range(1, 140)]
    body = written(kind, message(*items))
    if kind == "webhook":
        payload = json.loads(body)
        assert len(body) <= 20_000
        shown = [one["key"] for one in payload["items"]]
        assert shown == [f"key-{n}" for n in range(1, len(shown) + 1)]
        assert len(shown) + payload["not_shown"] == 139
        return
    hidden = int(re.search(r"and (\d+) more", body.decode())[1])
    assert 39 <= hidden < 139
    if kind == "slack":
        payload = json.loads(body)
        blocks = payload["blocks"]
        assert len(blocks) <= BLOCKS == 50
        assert units(blocks[0]["text"]["text"]) <= HEADER == 150
        all_texts = [text for block in blocks for text in said(block)]
        assert max(map(units, all_texts)) <= SECTION == 3_000
        assert sum(map(units, all_texts)) <= TEXT < 9_597
        sections = [block for block in blocks if block["type"] == "rich_text"]
        assert len(sections) == (139 - hidden) + 2


def test_few_short_ones_are_all_shown() -> None:
    items = [item(n, check=replace(ORDERS, message="short")) for n in range(1, 21)]
    for kind in KINDS:
        text = written(kind, message(*items)).decode()
        assert "more" not in text.replace("not_shown", "")


def test_a_cut_is_never_within_an_escape() -> None:
    def escape(c: str) -> str:
        return {"&": "&amp;", "<": "&lt;"}.get(c, c)

    for longest in range(1, 40):
        text = escaped("a&<😀" * 9, escape, longest)
        assert units(text) <= longest
        assert text.endswith("…")
        assert not re.search("&(?!amp;|lt;)", text)
    assert escaped("a&", escape, 6) == "a&amp;"


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("12 of ada.lovelace+x@example.co.uk, grace@navy.mil", "12 of a•••@•••, g•••@•••"),
        ("postgresql://me:S3CRET@db:5432/prod is down", "postgresql://•••@db:5432/prod is down"),
        ("see https://hooks.slack.com/services/T0/B0/S3CRET now", "see ••• now"),
        ("https://x.webhook.office.com/webhookb2/S3CRET@1/y", "•••"),
        ("a\n\n b\tc", "a b c"),
        ("זה", "\u2068זה\u2069"),
        ("abc\u202egnp", "abcgnp"),
        ("y" * 600, "y" * 497 + "…"),
    ],
)
def test_clean(text: str, becomes: str) -> None:
    assert clean(text) == becomes
    assert clean(clean(text)) == becomes


def test_an_urgent_message_reads_well() -> None:
    told = message(item(), item(2, Event.REMINDER), item(3, Event.RESOLVED))
    assert told.title == "Warehouse prod: 1 check fails, 1 still failing, 1 resolved"
    assert told.worst is Severity.CRITICAL
    assert Message.from_json(json.loads(json.dumps(told.to_json()))) == told
    plain = written("email", told).decode()
    assert "fails since 2026-03-04 12:00 UTC" in plain
    over = message(item(3, Event.RESOLVED))
    assert (over.title, over.worst) == ("Warehouse prod: 1 resolved", None)


def test_what_is_held_is_merged_by_incident() -> None:
    both = [Event.OPENED, Event.REOPENED, Event.WORSENED, Event.REMINDER, Event.RESOLVED]
    table = {
        (before, after): merged([item(1, before)], [item(1, after)])[0].event
        for before in both
        for after in both
    }
    assert table[Event.OPENED, Event.WORSENED] is Event.OPENED
    assert table[Event.REMINDER, Event.WORSENED] is Event.WORSENED
    assert table[Event.OPENED, Event.RESOLVED] is Event.RESOLVED
    assert table[Event.RESOLVED, Event.OPENED] is Event.REOPENED
    worse = replace(ORDERS, status=Status.FAIL, message="worse")
    (one,) = merged([item(1)], [item(1, Event.REMINDER, worse)])
    assert (one.event, one.message) == (Event.OPENED, "worse")
