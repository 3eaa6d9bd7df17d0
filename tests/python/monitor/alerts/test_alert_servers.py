"""Servers that are slow, fail, lie or break off: what is told of them, and what becomes of it."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import ssl
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alert_runs import IMPATIENT, NOON, ORDERS
from alert_servers import drips, hangs_up, http_sink, is_silent, raw_server, says, self_signed

from monitor.alerts.channels.common import Patience
from monitor.alerts.channels.senders import send, sender_for
from monitor.alerts.config import parse_alerts
from monitor.alerts.errors import Lasting, Passing, SendError
from monitor.alerts.message import Event, Item, Message
from monitor.alerts.secrets import Secrets

HASTE = Patience(attempts=1, first_wait=0.001, longest_wait=0.01, timeout=0.3, deadline=0.3)

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


def channel(kind: str, **keys: str):
    more = "".join(f", {name}: {value}" for name, value in keys.items())
    text = (
        f"channels: {{it: {{type: {kind}, url_env: IT_URL{more}}}}}\nroutes: [{{channels: [it]}}]"
    )
    return parse_alerts(text, "alerts.yml").channels["it"]


def try_it(kind: str, url: str, patience: Patience = IMPATIENT, **keys: str) -> str | None:
    secrets = Secrets({"IT_URL": url, "IT_SECRET": "whsec_c2VjcmV0IG9mIHRlc3Rz"})
    return send(sender_for(channel(kind, **keys), secrets), MESSAGE, patience)


def refusal(kind: str, url: str, patience: Patience = IMPATIENT, **keys: str) -> SendError:
    with pytest.raises(SendError) as caught:
        try_it(kind, url, patience, **keys)
    for secret in ("S3CRET", url, "c2VjcmV0"):
        assert secret not in caught.value.message
    return caught.value


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("slack", says(200, b"ok")),
        ("teams", says(202, b"")),
        ("teams", says(200, b"1")),
        ("webhook", says(204, b"")),
        ("webhook", says(201, b"created")),
    ],
)
def test_what_is_taken(kind: str, answer) -> None:
    with http_sink(answer) as sink:
        assert try_it(kind, sink.url) is None
    assert len(sink.taken) == 1
    assert json.loads(sink.taken[0].body)


LIE = b"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error "


@pytest.mark.parametrize(
    ("kind", "answer", "error", "words", "attempts"),
    [
        ("slack", says(200, b"<html>log in to the guest network</html>"), Lasting, "not ok", 1),
        ("slack", says(200, b"invalid_blocks"), Lasting, "Slack says invalid_blocks", 1),
        ("slack", says(200, b""), Lasting, "not ok", 1),
        ("slack", says(200, b"rate_limited"), Passing, "rate_limited", 3),
        ("slack", says(404, b"no_service"), Lasting, "HTTP 404", 1),
        ("teams", says(200, LIE + b"400 with ContextId 1"), Lasting, "HTTP 400", 1),
        ("teams", says(200, LIE + b"429 with ContextId 1"), Passing, "HTTP 429", 3),
        ("teams", says(200, b"<html>"), Lasting, "workflow", 1),
        ("webhook", says(500), Passing, "HTTP 500", 3),
        ("webhook", says(503, Retry_After="0"), Passing, "HTTP 503", 3),
        ("webhook", says(429, Retry_After="120"), Passing, "HTTP 429", 1),
        ("webhook", says(413), Lasting, "fewer checks", 1),
        ("webhook", says(403, b"S3CRET"), Lasting, "HTTP 403", 1),
        ("webhook", hangs_up, Passing, "broke off", 3),
    ],
)
def test_what_is_refused(kind: str, answer, error: type, words: str, attempts: int) -> None:
    with http_sink(answer) as sink:
        caught = refusal(kind, sink.url)
    assert (type(caught), len(sink.taken)) == (error, attempts)
    assert words in caught.message


def test_a_pause_that_is_asked_for_is_made() -> None:
    with http_sink(says(429, Retry_After="0"), says(500), says(200)) as sink:
        assert try_it("webhook", sink.url) is None
    assert len(sink.taken) == 3
    for asked, least, most in (
        ("3600", 3600, 3600),
        ("Wed, 21 Oct 2999 07:28:00 GMT", 1e9, 1e11),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("soon", None, None),
        ("9" * 400, 1e8, 1e9),
    ):
        with http_sink(says(503, Retry_After=asked)) as sink:
            caught = refusal("webhook", sink.url)
        assert isinstance(caught, Passing)
        if least is None:
            assert caught.retry_after is None
        else:
            assert caught.retry_after is not None
            assert least <= caught.retry_after <= most


def test_a_redirect_is_not_followed() -> None:
    with http_sink(says(200)) as other, http_sink(says(307, Location=other.url)) as sink:
        caught = refusal("webhook", sink.url, secret_env="IT_SECRET")
        assert isinstance(caught, Lasting)
        assert "leads elsewhere (HTTP 307)" in caught.message
        assert other.url not in caught.message
    assert (len(sink.taken), other.taken) == (1, [])


def test_a_server_that_does_not_answer() -> None:
    with http_sink(is_silent(lambda: sink.over)) as sink:
        assert isinstance(refusal("webhook", sink.url, HASTE), Passing)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nok",
    ],
)
def test_a_server_that_drips_is_left_at_the_deadline(head: bytes) -> None:
    with http_sink(drips(head, lambda: sink.over)) as sink:
        patience = Patience(attempts=1, timeout=5, deadline=0.3)
        caught = refusal("slack", sink.url, patience)
    assert isinstance(caught, Passing)
    assert "did not finish its answer" in caught.message


def test_where_the_status_says_all_the_body_is_not_waited_for() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    with http_sink(drips(head, lambda: sink.over)) as sink:
        assert try_it("webhook", sink.url) is None


def test_a_handshake_that_drips() -> None:
    def talk(sock: socket.socket) -> None:
        while sock.send(b"\x16"):
            if not sock.recv(1):
                return

    with raw_server(talk) as port:
        patience = Patience(attempts=1, timeout=5, deadline=0.3)
        url = f"https://localhost:{port}/S3CRET"
        assert isinstance(refusal("webhook", url, patience), SendError)


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    caught = refusal("webhook", f"http://localhost:{port}/S3CRET")
    assert isinstance(caught, Passing)
    assert "cannot be reached" in caught.message


def test_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with http_sink(says(200), context=context) as sink:
        caught = refusal("webhook", sink.url)
        assert isinstance(caught, Lasting)
        assert "not to be trusted" in caught.message
        assert sink.taken == []
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        assert try_it("webhook", sink.url) is None
        # The certificate is localhost's, and nobody else's.
        other = refusal("webhook", sink.url.replace("localhost", "127.0.0.1"))
        assert "not to be trusted" in other.message
    with http_sink(says(200)) as plain:
        caught = refusal("webhook", plain.url.replace("http:", "https:"))
        assert "does not speak TLS" in caught.message


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "IT_URL is not set"),
        ("S3CRET", "IT_URL holds no address"),
        ("http://example.com/S3CRET", "without TLS"),
        ("ftp://localhost/S3CRET", "holds no address"),
        ("https://localhost:99999/S3CRET", "holds no address"),
        ("https://[S3CRET", "holds no address"),
    ],
)
def test_addresses_that_are_none(url: str, words: str) -> None:
    with pytest.raises(Lasting) as caught:
        try_it("webhook", url)
    assert words in caught.value.message
    assert "S3CRET" not in caught.value.message


@pytest.mark.parametrize("secret", ["whsec_c2VjcmV0IG9mIHRlc3Rz", "any other text"])
def test_a_webhook_is_signed_as_the_specification_says(secret: str) -> None:
    with http_sink(says(200)) as sink:
        secrets = Secrets({"IT_URL": sink.url, "IT_SECRET": secret})
        send(sender_for(channel("webhook", secret_env="IT_SECRET"), secrets), MESSAGE, IMPATIENT)
    taken = sink.taken[0]
    head = {name.lower(): value for name, value in taken.headers.items()}
    assert head["webhook-id"] == head["idempotency-key"] == "key-1"
    sent_at = datetime.fromtimestamp(int(head["webhook-timestamp"]), UTC)
    assert abs(datetime.now(UTC) - sent_at) < timedelta(minutes=5)
    plain = b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    content = f"key-1.{head['webhook-timestamp']}.".encode() + taken.body
    digest = hmac.new(plain, content, hashlib.sha256).digest()
    assert head["webhook-signature"] == f"v1,{b64encode(digest).decode()}"


def test_nothing_is_sent_unsigned_where_a_secret_is_declared() -> None:
    with http_sink(says(200)) as sink:
        with pytest.raises(Lasting, match="IT_SECRET is not set"):
            send(
                sender_for(
                    channel("webhook", secret_env="IT_SECRET"), Secrets({"IT_URL": sink.url})
                ),
                MESSAGE,
                IMPATIENT,
            )
        assert sink.taken == []


def test_a_secret_that_is_no_base64() -> None:
    secrets = Secrets({"IT_URL": "http://localhost:9", "IT_SECRET": "whsec_S3CRET!"})
    with pytest.raises(Lasting, match="IT_SECRET begins with whsec_, but") as caught:
        send(sender_for(channel("webhook", secret_env="IT_SECRET"), secrets), MESSAGE, IMPATIENT)
    assert "S3CRET" not in caught.value.message


def test_no_login_of_the_home_folder_is_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine localhost login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with http_sink(says(200)) as sink:
        try_it("webhook", sink.url)
    assert "Authorization" not in sink.taken[0].headers


def test_a_login_in_the_address_is_used() -> None:
    with http_sink(says(200)) as sink:
        try_it("webhook", sink.url.replace("localhost", "me:S3CRET%21@localhost"))
    assert sink.taken[0].headers["Authorization"] == f"Basic {b64encode(b'me:S3CRET!').decode()}"


def test_a_proxy_is_gone_through_and_watched_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with http_sink(says(200), drips(b"HTTP/1.1 200 OK\r\nX-Slow: ", lambda: proxy.over)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert try_it("webhook", "http://localhost:9/S3CRET") is None
        assert proxy.taken[0].path == "http://localhost:9/S3CRET"
        patience = Patience(attempts=1, timeout=5, deadline=0.3)
        caught = refusal("webhook", "http://localhost:9/S3CRET", patience)
        assert "did not finish its answer" in caught.message
