"""monitor/alerts.yml: which channels there are, what goes to which, and when it is held."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from loader.durations import parse_duration
from loader.names import Strict
from loader.strict_yaml import strict_yaml
from monitor.alerts.errors import ConfigError
from monitor.alerts.faults import faults
from monitor.alerts.quiet import QuietHours
from monitor.check import Group, Severity

ALERTS_FILE = Path(__file__).parents[1] / "alerts.yml"

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def _duration(value: object) -> timedelta:
    if not isinstance(value, str):
        # Pydantic takes no TypeError for a fault of the file.
        raise ValueError(  # noqa: TRY004
            f"{value!r} is no duration: write it like 30s, 5 minutes, 1h or 2d"
        )
    return parse_duration(value)


def _longer_than_nothing(value: timedelta) -> timedelta:
    if not value:
        raise ValueError("must be longer than nothing")
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
RealDuration = Annotated[Duration, AfterValidator(_longer_than_nothing)]

# Of a channel. It stands in tables, headers and labels.
ChannelName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]

# The name of an environment variable. Whoever puts the secret itself here is told so, and the
# message does not repeat it.
EnvName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=100)]


def _address(text: str) -> str:
    local, at, domain = text.rpartition("@")
    plain = text.isascii() and text.isprintable() and not set(' ,;<>"') & set(text)
    if not (local and at and domain and plain):
        raise ValueError("is no plain e-mail address: write it like data@example.com")
    return text


Address = Annotated[str, AfterValidator(_address)]


def _enum(kind: type[Severity | Group]) -> BeforeValidator:
    def read(value: object) -> object:
        try:
            return kind(value)  # type: ignore[arg-type]
        except ValueError:
            names = ", ".join(member.value for member in kind)
            raise ValueError(f"{value!r} is none of {names}") from None

    return BeforeValidator(read)


SeverityName = Annotated[Severity, _enum(Severity)]
GroupName = Annotated[Group, _enum(Group)]


class _Channel(Strict):
    """What every channel can be told.

    Attributes:
        quiet_hours: of this channel, instead of those of the file; `off` for none.
        show: how many checks one message shows at most; the others are counted.
    """

    quiet_hours: QuietHours | Literal["off"] | None = None
    show: Annotated[int, Field(ge=1, le=100)] = 20

    @model_validator(mode="before")
    @classmethod
    def _off_is_a_word(cls, declared: object) -> object:
        # YAML takes a bare `off` for false.
        if isinstance(declared, dict) and declared.get("quiet_hours") is False:
            return {**declared, "quiet_hours": "off"}
        return declared


class Slack(_Channel):
    """An incoming webhook of Slack; `url_env` names the variable that holds its address."""

    type: Literal["slack"]
    url_env: EnvName


class Teams(_Channel):
    """A webhook of a Teams workflow; `url_env` names the variable that holds its address."""

    type: Literal["teams"]
    url_env: EnvName


class Webhook(_Channel):
    """Any address that takes JSON.

    Attributes:
        url_env: names the variable that holds its address.
        secret_env: names the variable that holds the secret which messages are signed with.
    """

    type: Literal["webhook"]
    url_env: EnvName
    secret_env: EnvName | None = None


class Email(_Channel):
    """E-mail by a mail server.

    Attributes:
        host: of the server.
        port: of the server; 587 for starttls, 465 for implicit, 25 for none.
        tls: `starttls` (nothing is said before it), `implicit`, or `none`, on this machine only.
        user_env: names the variable that holds the login.
        password_env: names the variable that holds its password.
        sender: from whom.
        to: to whom.
    """

    type: Literal["email"]
    host: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:-]+$", max_length=253)]
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    user_env: EnvName | None = None
    password_env: EnvName | None = None
    sender: Address
    to: Annotated[list[Address], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.user_env is None) != (self.password_env is None):
            raise ValueError("user_env and password_env belong together: give both, or neither")
        if self.tls == "none" and self.host not in LOOPBACK:
            raise ValueError("tls: none is for a server on this machine: use starttls or implicit")
        return self

    @property
    def real_port(self) -> int:
        """The port in use."""
        return self.port or {"starttls": 587, "implicit": 465, "none": 25}[self.tls]


Channel = Annotated[Slack | Teams | Webhook | Email, Field(discriminator="type")]


class Route(Strict):
    """What goes to which channels: a check that fits all that is said here.

    Attributes:
        channels: where it goes.
        owners: of the subject, as dbt's meta says; any where none are named.
        tags: of the subject in dbt, one of them.
        groups: of checks.
        sources: of the data.
        at_least: the least severity.
    """

    channels: Annotated[list[ChannelName], Field(min_length=1)]
    owners: Annotated[list[str], Field(min_length=1)] | None = None
    tags: Annotated[list[str], Field(min_length=1)] | None = None
    groups: Annotated[list[GroupName], Field(min_length=1)] | None = None
    sources: Annotated[list[str], Field(min_length=1)] | None = None
    at_least: SeverityName = Severity.INFO


def _report_url(text: str) -> str:
    parts = urlsplit(text)
    plain = text.isascii() and text.isprintable() and not set(' <>|"') & set(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not plain:
        raise ValueError("is no address: write it like https://example.com/report.html")
    if parts.username or parts.password or parts.query:
        raise ValueError("must hold no login and no query: it stands in every message")
    return text


class Alerts(Strict):
    """All of alerts.yml.

    Attributes:
        channels: by name.
        routes: every one that fits counts, in any order; a channel hears of a check once.
        quiet_hours: of the channels that have none of their own.
        remind_every: how often it is said that a check still fails; null for never.
        reopen_within: a check that fails again so soon after it passed is the same incident.
        gone_after: an incident whose check no run has made for so long is closed.
        give_up_after: a message that could not be delivered for so long is tried no more.
        report_url: where the report can be opened, as a link in messages.
    """

    channels: Annotated[dict[ChannelName, Channel], Field(default_factory=dict)]
    routes: Annotated[list[Route], Field(default_factory=list)]
    quiet_hours: QuietHours | None = None
    remind_every: RealDuration | None = timedelta(days=1)
    reopen_within: Duration = timedelta(hours=1)
    gone_after: RealDuration = timedelta(days=7)
    give_up_after: RealDuration = timedelta(days=3)
    report_url: Annotated[str, AfterValidator(_report_url)] | None = None

    @model_validator(mode="after")
    def _routes_lead_somewhere(self) -> Self:
        for number, route in enumerate(self.routes):
            for name in route.channels:
                if name not in self.channels:
                    raise ValueError(
                        f"routes.{number}.channels: there is no channel {name!r}: "
                        "declare it under channels, or remove it here"
                    )
        routed = {name for route in self.routes for name in route.channels}
        if idle := sorted(self.channels.keys() - routed):
            raise ValueError(
                f"no route leads to {', '.join(idle)}: add one, such as "
                f"`- channels: [{idle[0]}]`, or remove the channel"
            )
        return self

    def quiet_hours_of(self, channel: str) -> QuietHours | None:
        """Give the quiet hours of a channel."""
        own = self.channels[channel].quiet_hours
        return None if own == "off" else own or self.quiet_hours


def load_alerts(path: Path = ALERTS_FILE) -> Alerts:
    """Read the configuration.

    Raises:
        ConfigError: the file cannot be read, is not YAML, or a key in it is wrong or twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"cannot read {path}: {reason}") from None
    return parse_alerts(text, path)


def parse_alerts(text: str, origin: object) -> Alerts:
    """Read a configuration from its text; all is said in `load_alerts`."""
    try:
        declared = strict_yaml(text)
    except ValueError as error:
        raise ConfigError(f"{origin}: {error}") from None
    try:
        # A file of comments alone is null in YAML: it configures nothing.
        return Alerts.model_validate({} if declared is None else declared)
    except ValidationError as error:
        details = error.errors(include_url=False)
        told = "; ".join(dict.fromkeys(faults(details)))
        raise ConfigError(f"{origin}: {told}") from None
