"""E-mail by SMTP, always over TLS except to a server on this machine."""

from __future__ import annotations

import smtplib
import socket
import ssl
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from monitor.alerts.channels.common import Outgoing, Patience
from monitor.alerts.channels.deadline import Deadline, deadline
from monitor.alerts.channels.text import SYMBOLS, heading, remark, symbol, test_text, trail
from monitor.alerts.config import Email as EmailConfig
from monitor.alerts.errors import Lasting, Passing
from monitor.alerts.message import Item, Message, when
from monitor.alerts.secrets import Secrets
from monitor.alerts.wording import shorten
from warehouse.console import counted

# Of a subject: longer ones are cut by the programs that show them.
SUBJECT = 120

_PRIORITY = {"🔴": "1", "🟠": "3", "🔵": "5", "🟢": "5"}

_PAGES = Environment(
    loader=PackageLoader("monitor.alerts.channels"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class EmailSender:
    """Sends to the addresses of one channel."""

    def __init__(self, config: EmailConfig, secrets: Secrets) -> None:
        self._config, self._secrets = config, secrets

    def written(self, message: Message) -> Outgoing:
        """Write a message as plain text and as a page."""
        mail = self._mail(message)
        head, _, body = mail.as_bytes().partition(b"\r\n\r\n")
        lines = head.decode("ascii", errors="replace").split("\r\n")
        config = self._config
        return Outgoing(
            to=f"SMTP {config.host}:{config.real_port}, tls {config.tls}",
            # A header that is folded stays so: it is shown as it goes out.
            headers=tuple(_header(line) for line in "\n".join(lines).split("\n") if line),
            body=body.replace(b"\r\n", b"\n"),
        )

    def _mail(self, message: Message) -> EmailMessage:
        config, symbol_ = self._config, SYMBOLS[message.worst]
        mail = EmailMessage(policy=SMTP)
        mail["From"] = Address(display_name="Counting House", addr_spec=config.sender)
        mail["To"] = ", ".join(config.to)
        mail["Subject"] = shorten(f"{symbol_} {message.title}", SUBJECT)
        mail["Date"] = format_datetime(message.at)
        # The same at each attempt: mail programs show one message of several with the same.
        mail["Message-ID"] = f"<{message.key}@{config.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Priority"] = _PRIORITY[symbol_]
        shown = min(config.show, len(message.items))
        mail.set_content(_plain(message, shown), cte="quoted-printable")
        mail.add_alternative(_page(message, shown), subtype="html", cte="quoted-printable")
        # What is drawn at random would change from attempt to attempt.
        mail.set_boundary(f"=_{message.key}")
        return mail

    def send(self, message: Message, patience: Patience) -> str | None:
        """Send it.

        Returns:
            How many of the recipients the server refused; none where it took all.

        Raises:
            SendError: the server took it for none of them.
        """
        config = self._config
        login = self._login()
        with deadline(patience.deadline) as watch:
            try:
                refused = self._exchange(self._mail(message), login, patience, watch)
            except (OSError, smtplib.SMTPException) as error:
                if watch.is_over:
                    raise Passing(
                        f"{config.host} did not take the message in {patience.deadline:g} s"
                    ) from None
                raise _explained(error, config) from None
        if refused:
            return f"{config.host} refused {counted(len(refused), 'recipient')} of {len(config.to)}"
        return None

    def _login(self) -> tuple[str, str] | None:
        if self._config.user_env is None or self._config.password_env is None:
            return None
        return (
            self._secrets.get(self._config.user_env),
            self._secrets.get(self._config.password_env),
        )

    def _exchange(
        self,
        mail: EmailMessage,
        login: tuple[str, str] | None,
        patience: Patience,
        watch: Deadline,
    ) -> dict[str, tuple[int, bytes]]:
        config = self._config
        context = ssl.create_default_context()
        at: dict[str, Any] = {
            "host": config.host,
            "port": config.real_port,
            "timeout": patience.timeout,
        }
        server: smtplib.SMTP
        if config.tls == "implicit":
            server = _GuardedTls(watch, context=context, **at)
        else:
            server = _Guarded(watch, **at)
        try:
            if config.tls == "starttls":
                server.starttls(context=context)
            if login:
                server.login(*login)
            refused = server.send_message(mail)
            with suppress(OSError, smtplib.SMTPException):  # it has the message
                server.quit()
        finally:
            server.close()
        return refused


# SMTP's answers from here on stay the same when it is asked again; those from 400 need not.
_FOR_EVER = 500


# What may be wrong, the most telling first, in words of ours: a server may repeat what it was told.
_REASONS: tuple[tuple[type[Exception], type[Passing | Lasting], str], ...] = (
    (
        ssl.SSLCertVerificationError,
        Lasting,
        "{host} has a certificate that is not to be trusted",
    ),
    (
        ssl.SSLError,
        Lasting,
        "{host}:{port} does not speak TLS as it should: does tls fit the port?",
    ),
    (
        smtplib.SMTPNotSupportedError,
        Lasting,
        "{host} offers no STARTTLS or no login: the message was not sent to it",
    ),
    (smtplib.SMTPServerDisconnected, Passing, "{host} broke off"),
    (TimeoutError, Passing, "{host} did not answer in time"),
    (socket.gaierror, Passing, "the host {host} is not known: is it right in alerts.yml?"),
    (OSError, Passing, "{host}:{port} cannot be reached, or broke off"),
)


def _explained(error: Exception, config: EmailConfig) -> Passing | Lasting:
    code = _code(error)
    if code is not None:
        kind = Lasting if code >= _FOR_EVER else Passing
        words = f"{config.host} refused the message (SMTP {code})"
        if isinstance(error, smtplib.SMTPAuthenticationError):
            words = (
                f"{config.host} does not let us in (SMTP {code}): "
                f"check {config.user_env} and {config.password_env}"
            )
        elif isinstance(error, smtplib.SMTPRecipientsRefused):
            words = f"{config.host} refused all recipients (SMTP {code})"
        return kind(words)
    for reason, failure, words in _REASONS:
        if isinstance(error, reason):
            return failure(words.format(host=config.host, port=config.real_port))
    return Passing(f"{config.host} broke off")


def _code(error: Exception) -> int | None:
    """Read the server's answer; of several recipients the one that gives most hope."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return min(code for code, _ in error.recipients.values())
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else None


class _Guarded(smtplib.SMTP):
    """Opens a connection that a deadline guards."""

    def __init__(self, watch: Deadline, **options: Any) -> None:  # noqa: ANN401 - smtplib's
        self._watch = watch
        super().__init__(**options)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        sock: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        self._watch.guard(sock)
        return sock


class _GuardedTls(smtplib.SMTP_SSL, _Guarded):
    """The same with TLS from the first byte: SMTP_SSL wraps what `_Guarded` opens."""

    def __init__(self, watch: Deadline, **options: Any) -> None:  # noqa: ANN401 - smtplib's
        self._watch = watch
        smtplib.SMTP_SSL.__init__(self, **options)


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(": ")
    return (name, value) if colon and not line.startswith((" ", "\t")) else ("", line)


def _plain(message: Message, shown: int) -> str:
    lines = [message.title, ""]
    if message.is_test:
        lines += [test_text(message), ""]
    for event, items in message.by_event(shown):
        lines += [f"{heading(event, message)}", ""]
        for item in items:
            lines += _plain_item(item)
    if hidden := remark(message, shown):
        lines += [hidden, ""]
    if message.report_url:
        lines.append(f"Report: {message.report_url}")
    lines.append(f"run {message.run_id}, {when(message.at)}")
    return "\n".join(lines) + "\n"


def _plain_item(item: Item) -> list[str]:
    head = f"{symbol(item)} {item.name} · {item.subject}"
    return [head, f"  {item.message}", f"  {trail(item)}", ""]


def _page(message: Message, shown: int) -> str:
    return _PAGES.get_template("mail.html").render(
        message=message,
        symbol=SYMBOLS[message.worst],
        groups=[
            (
                heading(event, message),
                [(item, symbol(item), trail(item)) for item in items],
            )
            for event, items in message.by_event(shown)
        ],
        test_text=test_text(message) if message.is_test else "",
        remark=remark(message, shown),
        at=when(message.at),
    )
