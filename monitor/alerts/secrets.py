"""Secrets: read out of the environment by name, and kept out of everything that is said."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

from monitor.alerts.config import LOOPBACK, Alerts, Email, Webhook
from monitor.alerts.errors import Lasting
from warehouse.settings import Settings

# What is shorter is no secret, and hiding it would garble words.
_SHORTEST = 6


class Secrets:
    """The environment variables that a configuration names.

    Args:
        values: of variables, by their names.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = {name: value for name, value in values.items() if value}

    def __repr__(self) -> str:
        return f"Secrets({', '.join(sorted(self._values))})"

    def get(self, name: str) -> str:
        """Read a variable.

        Raises:
            Lasting: it is not set.
        """
        try:
            return self._values[name]
        except KeyError:
            raise Lasting(f"{name} is not set: set it in the environment or in .env") from None

    def url(self, name: str) -> str:
        """Read a variable that holds the address of a webhook.

        Raises:
            Lasting: it is not set, or no address that a secret may be sent to.
        """
        url = self.get(name).strip()
        try:
            parts = urlsplit(url)
            host, _port = parts.hostname, parts.port
        except ValueError:
            host = None
        if host is None or parts.scheme not in {"http", "https"} or not url.isprintable():
            raise Lasting(f"{name} holds no address: it must look like https://host/path")
        if parts.scheme == "http" and host not in LOOPBACK:
            raise Lasting(f"{name} holds an address without TLS: it must begin with https://")
        return url

    def hide(self, text: str) -> str:
        """Put the names of the variables in the place of their values."""
        for name, value in sorted(self._values.items(), key=lambda one: -len(one[1])):
            if len(value) >= _SHORTEST:
                text = text.replace(value, f"${name}")
        return text


def secrets_of(alerts: Alerts) -> Secrets:
    """Read what a configuration names: from the environment first, then from `.env`."""
    names = set(_names(alerts))
    env_file = Settings.model_config.get("env_file")
    found: dict[str, str | None] = {}
    if isinstance(env_file, Path) and env_file.is_file():
        found = dotenv_values(env_file, interpolate=False)
    found |= os.environ
    return Secrets({name: value for name, value in found.items() if name in names and value})


def _names(alerts: Alerts) -> Iterable[str]:
    for channel in alerts.channels.values():
        if isinstance(channel, Email):
            yield from filter(None, (channel.user_env, channel.password_env))
            continue
        yield channel.url_env
        if isinstance(channel, Webhook) and channel.secret_env:
            yield channel.secret_env
