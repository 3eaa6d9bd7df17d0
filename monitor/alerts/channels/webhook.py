"""Any address that takes JSON; signed as the Standard Webhooks specification says.

A receiver checks `webhook-signature` with any library of that specification, and knows by
`webhook-id` what it has taken already.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from typing import Any

from monitor.alerts.channels.common import Outgoing, Patience
from monitor.alerts.channels.http import post
from monitor.alerts.channels.text import fitting
from monitor.alerts.config import Webhook as WebhookConfig
from monitor.alerts.errors import Lasting
from monitor.alerts.message import Message
from monitor.alerts.secrets import Secrets

# The specification advises receivers to take 20 KB at least; what is larger is refused by some.
BYTES = 20_000

# Of the shape of the body; a higher one may lack or rename keys.
VERSION = 1

_PREFIX = "whsec_"


class WebhookSender:
    """Sends to one address."""

    def __init__(self, config: WebhookConfig, secrets: Secrets) -> None:
        self._config, self._secrets = config, secrets

    def written(self, message: Message) -> Outgoing:
        """Write a message as JSON, signed at this moment."""
        body = fitting(message, self._config.show, _body, lambda body: len(body) <= BYTES)
        timestamp = str(int(time.time()))
        headers = [
            ("Content-Type", "application/json"),
            ("Idempotency-Key", message.key),
            ("webhook-id", message.key),
            ("webhook-timestamp", timestamp),
        ]
        if self._config.secret_env:
            try:
                signed = signature(self._key(self._config.secret_env), message.key, timestamp, body)
            except Lasting as error:
                signed = f"({error.format_message()})"
            headers.append(("webhook-signature", signed))
        return Outgoing(to=f"POST ${self._config.url_env}", headers=tuple(headers), body=body)

    def send(self, message: Message, patience: Patience) -> str | None:
        """Send it; any 2xx says that it was taken."""
        name = self._config.url_env
        if self._config.secret_env:
            self._key(self._config.secret_env)  # never without, where one is declared
        post(self._secrets.url(name), name, self.written(message), patience, read=False)
        return None

    def _key(self, name: str) -> bytes:
        return signing_key(self._secrets.get(name), name)


def signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """Sign a message: HMAC-SHA256 of its id, its time and its body, with points between them."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def signing_key(secret: str, name: str) -> bytes:
    """Read a secret: base64 behind `whsec_`, or any other text as it is.

    Raises:
        Lasting: what stands behind `whsec_` is not base64.
    """
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise Lasting(
            f"{name} begins with {_PREFIX}, but goes on with what is not base64"
        ) from None


def _body(message: Message, shown: int) -> bytes:
    items: list[dict[str, Any]] = [item.to_json() for item in message.items[:shown]]
    for item in items:
        item["group"] = str(item["group"])
    worst = message.worst
    payload = {
        "version": VERSION,
        "id": message.key,
        "type": "test" if message.is_test else "incidents",
        "title": message.title,
        "warehouse": message.warehouse,
        "severity": worst and worst.value,
        "run": {"id": message.run_id, "finished_at": message.at.isoformat()},
        "report_url": message.report_url,
        "items": items,
        "not_shown": len(message.items) - shown,
    }
    return json.dumps(payload, ensure_ascii=False).encode()
