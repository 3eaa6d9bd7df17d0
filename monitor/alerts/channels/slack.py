"""Slack: Block Kit by an incoming webhook."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from monitor.alerts.channels.common import Outgoing, Patience
from monitor.alerts.channels.http import post
from monitor.alerts.channels.text import SYMBOLS, fitting, heading, remark, symbol, test_text, trail
from monitor.alerts.config import Slack as SlackConfig
from monitor.alerts.errors import Lasting, Passing
from monitor.alerts.message import Item, Message, when
from monitor.alerts.secrets import Secrets
from monitor.alerts.wording import escaped, units

# Slack's reference of Block Kit: of a message, a header, a text.
BLOCKS, HEADER, SECTION = 50, 150, 3_000

# All text together: undocumented. Messages of 9,597 characters were taken, of 11,341 refused as
# msg_blocks_too_long (slackapi/bolt-js, issue 2867).
TEXT = 9_000

# Of mrkdwn, which only the line of notifications and the last line are written in. A mention that
# is no markup, such as @channel, is kept from being read as one by what follows it unseen.
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "@\u2060"}

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


def _payload(message: Message, shown: int) -> dict[str, Any]:
    title = f"{SYMBOLS[message.worst]} {message.title}"
    header = {"type": "plain_text", "text": _cut(title, HEADER), "emoji": False}
    blocks: list[dict[str, Any]] = [{"type": "header", "text": header}]
    if message.is_test:
        blocks.append(_rich(_run(test_text(message))))
    for event, items in message.by_event(shown):
        blocks.append(_rich(_run(heading(event, message), bold=True)))
        blocks += [_item(item) for item in items]
    if hidden := remark(message, shown):
        blocks.append(_rich(_run(hidden, italic=True)))
    foot = escaped(f"run {message.run_id}, {when(message.at)}", _escape, 500)
    if message.report_url:
        foot = f"<{message.report_url.replace('&', '&amp;')}|Report> · {foot}"
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": foot}]})
    # What notifications show.
    return {"text": escaped(title, _escape, HEADER), "blocks": blocks}


def _item(item: Item) -> dict[str, Any]:
    return _rich(
        _run(f"{symbol(item)} {item.name}", bold=True),
        _run(f" · {item.subject}\n{item.message}\n{trail(item)}"),
    )


def _rich(*runs: dict[str, Any]) -> dict[str, Any]:
    """Make a block whose text is text: nothing in it is markup, a mention or a link."""
    section = {"type": "rich_text_section", "elements": list(runs)}
    return {"type": "rich_text", "elements": [section]}


def _run(text: str, **style: bool) -> dict[str, Any]:
    run: dict[str, Any] = {"type": "text", "text": _cut(text, SECTION)}
    return {**run, "style": style} if style else run


def _cut(text: str, longest: int) -> str:
    return escaped(text, lambda c: c, longest)


def _escape(character: str) -> str:
    return _ESCAPES.get(character, character)


def _fits(payload: dict[str, Any]) -> bool:
    blocks = payload["blocks"]
    texts = [payload["text"], *(text for block in blocks for text in _texts(block))]
    return len(blocks) <= BLOCKS and sum(map(units, texts)) <= TEXT


def _texts(value: object) -> Iterator[str]:
    """Give all that is said in a block."""
    if isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        text = value.get("text")
        if isinstance(text, str):
            yield text
        else:
            yield from _texts([text, value.get("elements")])
