"""E-mail: over TLS, to servers that take it, refuse it, break off or never come to an end."""

from __future__ import annotations

import email
import email.policy
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from alert_runs import IMPATIENT, NOON, ORDERS
from alert_servers import raw_server, self_signed

from monitor.alerts.channels.common import Patience
from monitor.alerts.channels.senders import send, sender_for
from monitor.alerts.config import parse_alerts
from monitor.alerts.errors import Lasting, Passing, SendError
from monitor.alerts.message import Event, Item, Message
from monitor.alerts.secrets import Secrets

SECRETS = Secrets({"SMTP_USER": "warehouse-login", "SMTP_PASSWORD": "pass-S3CRET"})
ITEM = Item.of(
    ORDERS,
    Event.OPENED,
    incident=1,
    status=ORDERS.status,
    severity=ORDERS.severity,
    since=NOON,
    at=NOON,
)
MESSAGE = Message(key="key-1", warehouse="prod", run_id="run-1", at=NOON, items=(ITEM,))


@dataclass
class Inbox:
    """Takes mail; what it says to each message can be told."""

    answers: list[str] = field(default_factory=lambda: ["250 OK"])
    refused: frozenset[str] = frozenset()
    seen: list[Envelope] = field(default_factory=list)
    was_encrypted: list[bool] = field(default_factory=list)
    logins: list[bytes] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list
    ) -> str:
        if address in self.refused:
            return "550 S3CRET is nobody"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        self.seen.append(envelope)
        self.was_encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        return self.answers[min(len(self.seen), len(self.answers)) - 1]

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _kind: str, login: object
    ) -> AuthResult:
        assert isinstance(login, LoginPassword)
        self.logins.append(login.login)
        return AuthResult(success=login.password == b"pass-S3CRET")

    @property
    def mails(self) -> list[EmailMessage]:
        return [
            email.message_from_bytes(envelope.original_content, policy=email.policy.default)
            for envelope in self.seen
        ]


class AnyPort(Controller):
    """A mail server on a port that was free when it began to listen."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return self_signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def serve(certificate: tuple[Path, Path]) -> Iterator[Callable[..., int]]:
    """Starts a mail server; gives its port."""
    started: list[Controller] = []

    def call(inbox: Inbox, tls: str = "starttls", *, login: bool = False) -> int:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        options: dict = {}
        if tls == "starttls":
            options = {"tls_context": context, "require_starttls": True}
        if tls == "implicit":
            options = {"ssl_context": context}
        if login:
            options |= {"authenticator": inbox.authenticate, "auth_required": True}
        controller = AnyPort(inbox, hostname="127.0.0.1", port=0, **options)
        controller.start()
        started.append(controller)
        return controller.port

    yield call
    for controller in started:
        controller.stop()


@pytest.fixture
def trusted(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))


def mail(port: int, tls: str, patience: Patience = IMPATIENT, *, login: bool = False) -> str | None:
    names = ", user_env: SMTP_USER, password_env: SMTP_PASSWORD" if login else ""
    text = f"""
channels:
  mail: {{type: email, host: localhost, port: {port}, tls: {tls}, sender: w@example.com,
          to: [a@example.com, b@example.com]{names}}}
routes: [{{channels: [mail]}}]
"""
    return send(
        sender_for(parse_alerts(text, "alerts.yml").channels["mail"], SECRETS), MESSAGE, patience
    )


def refusal(
    port: int, tls: str, patience: Patience = IMPATIENT, *, login: bool = False
) -> SendError:
    with pytest.raises(SendError) as caught:
        mail(port, tls, patience, login=login)
    assert "S3CRET" not in caught.value.message
    assert "warehouse-login" not in caught.value.message
    return caught.value


@pytest.mark.parametrize("tls", ["starttls", "implicit", "none"])
@pytest.mark.usefixtures("trusted")
def test_it_arrives(serve, tls: str) -> None:
    inbox = Inbox()
    port = serve(inbox, tls, login=tls == "starttls")
    assert mail(port, tls, login=tls == "starttls") is None
    assert inbox.was_encrypted == [tls != "none"]
    assert inbox.logins == ([b"warehouse-login"] if tls == "starttls" else [])
    (one,) = inbox.mails
    assert one.defects == []
    assert one["Subject"] == "🔴 Warehouse prod: 1 check fails"
    assert one["To"] == "a@example.com, b@example.com"
    assert one["Message-ID"] == "<key-1@example.com>"
    assert one["Auto-Submitted"] == "auto-generated"
    plain, page = (one.get_body((kind,)).get_content() for kind in ("plain", "html"))
    for text in (plain, page):
        assert "12 of 4,000 orders have another total than their lines" in text
        assert "owner finance" in text


@pytest.mark.usefixtures("trusted")
def test_each_attempt_is_the_same_mail(serve) -> None:
    inbox = Inbox(answers=["451 later", "250 OK"])
    mail(serve(inbox), "starttls")
    first, second = inbox.seen
    assert first.original_content == second.original_content


@pytest.mark.usefixtures("trusted")
def test_some_recipients_are_refused(serve) -> None:
    inbox = Inbox(refused=frozenset({"b@example.com"}))
    assert mail(serve(inbox), "starttls") == "localhost refused 1 recipient of 2"
    assert inbox.seen[0].rcpt_tos == ["a@example.com"]


@pytest.mark.parametrize(
    ("answer", "error", "attempts"),
    [("550 S3CRET", Lasting, 1), ("451 S3CRET", Passing, 3), ("421 S3CRET", Passing, 3)],
)
@pytest.mark.usefixtures("trusted")
def test_it_is_refused(serve, answer: str, error: type, attempts: int) -> None:
    inbox = Inbox(answers=[answer])
    caught = refusal(serve(inbox), "starttls")
    assert (type(caught), len(inbox.seen)) == (error, attempts)
    assert f"SMTP {answer[:3]}" in caught.message


@pytest.mark.usefixtures("trusted")
def test_all_recipients_are_refused(serve) -> None:
    inbox = Inbox(refused=frozenset({"a@example.com", "b@example.com"}))
    caught = refusal(serve(inbox), "starttls")
    assert isinstance(caught, Lasting)
    assert "refused all recipients (SMTP 550)" in caught.message


@pytest.mark.usefixtures("trusted")
def test_a_wrong_password(serve) -> None:
    inbox = Inbox()
    inbox.authenticate = lambda *_: AuthResult(success=False, handled=False)  # type: ignore[method-assign]
    caught = refusal(serve(inbox, login=True), "starttls", login=True)
    assert isinstance(caught, Lasting)
    assert "check SMTP_USER and SMTP_PASSWORD" in caught.message


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_certificate_that_is_not_trusted(serve, tls: str) -> None:
    inbox = Inbox()
    caught = refusal(serve(inbox, tls), tls)
    assert isinstance(caught, Lasting)
    assert "not to be trusted" in caught.message
    assert inbox.seen == []


def test_without_starttls_nothing_is_said(serve) -> None:
    inbox = Inbox()
    caught = refusal(serve(inbox, "none", login=False), "starttls", login=True)
    assert isinstance(caught, Lasting)
    assert "offers no STARTTLS" in caught.message
    assert (inbox.seen, inbox.logins) == ([], [])


def test_implicit_tls_with_a_server_that_has_none(serve) -> None:
    caught = refusal(serve(Inbox(), "none"), "implicit")
    assert "does not speak TLS" in caught.message


def test_it_takes_all_and_breaks_off_before_it_says_so() -> None:
    talks = []

    def talk(sock: socket.socket) -> None:
        reader = sock.makefile("rb")
        sock.sendall(b"220 hello\r\n")
        for line in reader:
            command = line[:4].upper()
            if command == b"DATA":
                sock.sendall(b"354 go on\r\n")
                while reader.readline() != b".\r\n":
                    pass
                talks.append("taken")
                reader.close()
                return
            sock.sendall(b"250 OK\r\n")

    with raw_server(talk) as port:
        caught = refusal(port, "none")
    assert isinstance(caught, Passing)
    assert "broke off" in caught.message
    assert len(talks) == 3


def test_a_greeting_that_drips_is_left_at_the_deadline() -> None:
    def talk(sock: socket.socket) -> None:
        sock.settimeout(0.02)
        while True:
            sock.sendall(b"2")
            try:
                if not sock.recv(100):
                    return
            except TimeoutError:
                continue

    with raw_server(talk) as port:
        caught = refusal(port, "none", Patience(attempts=1, timeout=5, deadline=0.3))
    assert isinstance(caught, Passing)
    assert "did not take the message in 0.3 s" in caught.message


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    caught = refusal(port, "none")
    assert isinstance(caught, Passing)
    assert "cannot be reached" in caught.message
