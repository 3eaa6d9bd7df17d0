"""Servers on loopback that take messages, and some that do it badly."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# Says something to one request; the last one of a sink's list answers all that follow.
Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Taken:
    """A request that a sink has read."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Sink:
    """A server of webhooks: keeps what it is sent, answers as it is told."""

    url: str
    answers: list[Answer]
    taken: list[Taken] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    over: threading.Event = field(default_factory=threading.Event)

    def take(self, taken: Taken) -> Answer:
        with self.lock:
            self.taken.append(taken)
            return self.answers[min(len(self.taken), len(self.answers)) - 1]


def says(status: int, body: bytes = b"ok", **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def drips(head: bytes, sink_over: Callable[[], threading.Event]) -> Answer:
    """Sends the head at once and then a byte now and then, for as long as anybody reads."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):
            handler.wfile.write(head)
            while not sink_over().wait(0.02):
                handler.wfile.write(b"a")

    return answer


def is_silent(sink_over: Callable[[], threading.Event]) -> Answer:
    def answer(_handler: BaseHTTPRequestHandler) -> None:
        sink_over().wait(20)

    return answer


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def http_sink(*answers: Answer, context: ssl.SSLContext | None = None) -> Iterator[Sink]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sink.take(Taken(self.path, dict(self.headers), body))(self)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass  # whoever hung up has its own test

    server = Server(("127.0.0.1", 0), Handler, bind_and_activate=True)
    scheme = "http"
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    sink = Sink(f"{scheme}://localhost:{server.server_port}/hook/T0P-S3CRET", list(answers))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield sink
    finally:
        sink.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def raw_server(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does anything at all with its connections, one at a time; gives its port."""
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            try:
                sock, _ = listening.accept()
            except OSError:
                return
            with sock, suppress(OSError):
                talk(sock)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        over.set()
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Makes a certificate for localhost that nobody trusts unless told to, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    at = folder / "certificate.pem", folder / "key.pem"
    at[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    at[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return at
