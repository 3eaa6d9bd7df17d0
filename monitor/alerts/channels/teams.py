"""Microsoft Teams: an adaptive card by the webhook of a workflow."""

from __future__ import annotations

import json
import re
from typing import Any

from monitor.alerts.channels.common import Outgoing, Patience
from monitor.alerts.channels.http import post
from monitor.alerts.channels.text import SYMBOLS, fitting, heading, remark, symbol, test_text, trail
from monitor.alerts.config import Teams as TeamsConfig
from monitor.alerts.errors import Lasting, Passing
from monitor.alerts.message import Item, Message, when
from monitor.alerts.secrets import Secrets

# Teams takes 28 KB; 4 KB are left for what a workflow puts around the card.
BYTES = 24_000

CARD = "application/vnd.microsoft.card.adaptive"

# Older addresses answer 200 whatever became of the message, with what failed in the body
# (MicrosoftDocs/msteams-docs, issues 400, 1810, 7425).
_BURIED = re.compile(rb"HTTP error (\d{3})")
_ACCEPTED = 202
_TOO_MANY, _SERVER_ERROR = 429, 500


class TeamsSender:
    """Sends to one channel of Teams."""

    def __init__(self, config: TeamsConfig, secrets: Secrets) -> None:
        self._config, self._secrets = config, secrets

    def written(self, message: Message) -> Outgoing:
        """Write a message as a card."""
        body = fitting(message, self._config.show, _body, lambda body: len(body) <= BYTES)
        return Outgoing(
            to=f"POST ${self._config.url_env}",
            headers=(("Content-Type", "application/json; charset=utf-8"),),
            body=body,
        )

    def send(self, message: Message, patience: Patience) -> str | None:
        """Send it; a 200 is only to be believed together with what the body says."""
        name = self._config.url_env
        answer = post(self._secrets.url(name), name, self.written(message), patience)
        said = answer.body.strip()
        if answer.status == _ACCEPTED or said in {b"", b"1"}:
            return None
        if found := _BURIED.search(said):
            code = int(found[1])
            if code == _TOO_MANY or code >= _SERVER_ERROR:
                raise Passing(f"Teams says HTTP {code} in an answer of {answer.status}")
            raise Lasting(f"Teams says HTTP {code} in an answer of {answer.status}")
        raise Lasting(
            f"the server of {name} said HTTP {answer.status}, but not that it took the message: "
            "is it the address of a workflow?"
        )


def _body(message: Message, shown: int) -> bytes:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": _literal(message.title),
        "msteams": {"width": "Full"},
        "body": _blocks(message, shown),
    }
    if message.report_url:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Report", "url": message.report_url}]
    attachment = {"contentType": CARD, "contentUrl": None, "content": card}
    payload = {"type": "message", "attachments": [attachment]}
    return json.dumps(payload, ensure_ascii=False).encode()


def _blocks(message: Message, shown: int) -> list[dict[str, Any]]:
    title = f"{SYMBOLS[message.worst]} {message.title}"
    blocks = [_line(_run(title, size="Large", weight="Bolder"))]
    if message.is_test:
        blocks.append(_line(_run(test_text(message))))
    for event, items in message.by_event(shown):
        title = heading(event, message)
        blocks.append(_line(_run(title, weight="Bolder"), separator=True))
        blocks += [_item(item) for item in items]
    if hidden := remark(message, shown):
        blocks.append(_line(_run(hidden, italic=True)))
    blocks.append(_line(_run(f"run {message.run_id}, {when(message.at)}", **_SMALL)))
    return blocks


_SMALL: dict[str, object] = {"size": "Small", "isSubtle": True}


def _item(item: Item) -> dict[str, Any]:
    return {
        "type": "Container",
        "items": [
            _line(_run(f"{symbol(item)} {item.name}", weight="Bolder"), _run(f" · {item.subject}")),
            _line(_run(item.message), spacing="None"),
            _line(_run(trail(item), **_SMALL), spacing="None"),
        ],
    }


def _line(*runs: dict[str, Any], **options: object) -> dict[str, Any]:
    """Make a paragraph whose text is no markdown, unlike that of a TextBlock."""
    return {"type": "RichTextBlock", **options, "inlines": list(runs)}


def _run(text: str, **options: object) -> dict[str, Any]:
    return {"type": "TextRun", "text": _literal(text) or " ", **options}


def _literal(text: str) -> str:
    """Keep cards from reading {{DATE(…)}} and ${…}, and clients from reading <at>…</at>."""
    return re.sub(r"\{(?=\{)|\$(?=\{)|<(?=/?at\b)", "\\g<0>\u2060", text)
