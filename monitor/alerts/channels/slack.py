"""Slack: Block Kit by an incoming webhook."""

from __future__ import annotations

import json
import re
from typing import Any

from monitor.alerts.channels.common import Outgoing, Patience
from monitor.alerts.channels.http import post
from monitor.alerts.channels.text import SYMBOLS, fitting, heading, remark, symbol, test_text, trail
from monitor.alerts.config import Slack as SlackConfig
from monitor.alerts.errors import Lasting, Passing
from monitor.alerts.message import Item, Message, when
from monitor.alerts.secrets import Secrets
from monitor.alerts.wording import escaped, units

# Slack's reference of Block Kit: of a message, a header, a section.
BLOCKS, HEADER, SECTION = 50, 150, 3_000

# All text together: undocumented. Messages of 9,597 characters were taken, of 11,341 refused as
# msg_blocks_too_long (slackapi/bolt-js, issue 2867).
TEXT = 9_000

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}

# What means something in mrkdwn is followed by nothing visible, so that it means nothing.
_MARKS = {c: f"{c}\u2060" for c in "@*_~`#"}

# Slack's own codes, such as invalid_blocks; anything else may repeat what it was sent.
_CODE = re.compile(rb"[a-z][a-z_]{0,60}")
_PASSING_CODES = frozenset({b"rate_limited", b"rollup_error", b"internal_error", b"fatal_error"})


class SlackSender:
    """Sends to one channel of Slack."""

    def __init__(self, config: SlackConfig, secrets: Secrets) -> None:
        self._config, self._secrets = config, secrets

    def written(self, message: Message) -> Outgoing:
        """Write a message in blocks."""
        payload = fitting(message, self._config.show, _payload, _fits)
        return Outgoing(
            to=f"POST ${self._config.url_env}",
            headers=(("Content-Type", "application/json; charset=utf-8"),),
            body=json.dumps(payload, ensure_ascii=False).encode(),
        )

    def send(self, message: Message, patience: Patience) -> str | None:
        """Send it; Slack has taken it when it says `ok`, not when it says 200."""
        name = self._config.url_env
        answer = post(self._secrets.url(name), name, self.written(message), patience)
        said = answer.body.strip()
        if said == b"ok":
            return None
        if said in _PASSING_CODES:
            raise Passing(f"Slack says {said.decode()}")
        if _CODE.fullmatch(said):
            raise Lasting(f"Slack says {said.decode()}: see its reference of incoming webhooks")
        raise Lasting(
            f"the server of {name} said HTTP {answer.status}, but not ok: is it Slack's address?"
        )


def _escape(character: str) -> str:
    return _ESCAPES.get(character) or _MARKS.get(character, character)


def _text(text: str, longest: int = SECTION) -> str:
    return escaped(text, _escape, longest)


def _mrkdwn(text: str) -> dict[str, Any]:
    # Verbatim: names of channels and addresses in a text are not made into links.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _payload(message: Message, shown: int) -> dict[str, Any]:
    title = f"{SYMBOLS[message.worst]} {message.title}"
    header = escaped(title, lambda c: c, HEADER)
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": header, "emoji": False}}
    ]
    if message.is_test:
        blocks.append(_section(_text(test_text(message))))
    for event, items in message.by_event(shown):
        blocks.append(_section(f"*{heading(event, message)}*"))
        blocks += [_section(_item(item)) for item in items]
    if hidden := remark(message, shown):
        blocks.append(_section(f"_{hidden}_"))
    foot = _text(f"run {message.run_id}, {when(message.at)}", 300)
    if message.report_url:
        foot = f"<{_link(message.report_url)}|Report> · {foot}"
    blocks.append({"type": "context", "elements": [_mrkdwn(foot)]})
    # What notifications show.
    return {"text": _text(title, HEADER), "blocks": blocks}


def _link(url: str) -> str:
    return "".join(_ESCAPES.get(c, c) for c in url)


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(text)}


def _item(item: Item) -> str:
    head = f"{symbol(item)} *{_text(item.name, 300)}* · {_text(item.subject, 300)}"
    return f"{head}\n{_text(item.message, 1_500)}\n{_text(trail(item), 600)}"


def _fits(payload: dict[str, Any]) -> bool:
    texts = [_of(block) for block in payload["blocks"]]
    return (
        len(texts) <= BLOCKS
        and all(units(text) <= SECTION for text in texts)
        and sum(map(units, texts)) + units(payload["text"]) <= TEXT
    )


def _of(block: dict[str, Any]) -> str:
    if block["type"] == "context":
        return str(block["elements"][0]["text"])
    return str(block["text"]["text"])
