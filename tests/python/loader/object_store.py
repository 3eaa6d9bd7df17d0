"""An object store on loopback for tests: moto's server, with faults in front of it on demand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

BUCKET = "deliveries"
REGION = "us-east-1"

# Does something on the way of a request; what it returns, if anything, is the answer.
Fault = Callable[["Front", WSGIEnvironment, StartResponse], Iterable[bytes] | None]


@dataclass
class _Rule:
    method: str
    key: str
    times: int
    fault: Fault


class Front:
    """Stands before the server: notes each request, and answers some of them itself."""

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app
        self.requests: list[tuple[str, str]] = []
        self.rules: list[_Rule] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.requests.append((method, path))
        for rule in self.rules:
            if rule.times and rule.method == method and path.endswith(rule.key):
                rule.times -= 1
                answer = rule.fault(self, environ, start_response)
                if answer is not None:
                    return answer
        return self.app(environ, start_response)


def refused(status: int, code: str) -> Fault:
    """Answer with an error."""

    def fault(
        _front: Front, environ: WSGIEnvironment, start_response: StartResponse
    ) -> list[bytes]:
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>no</Message></Error>"
        sent = b"" if environ["REQUEST_METHOD"] == "HEAD" else body.encode()
        headers = [("Content-Type", "application/xml"), ("Content-Length", str(len(sent)))]
        start_response(f"{status} {code}", headers)
        return [sent]

    return fault


def cut_in_the_middle(
    front: Front, environ: WSGIEnvironment, start_response: StartResponse
) -> list[bytes]:
    """Break the connection off when half of the answer is sent."""
    body = b"".join(front.app(environ, start_response))
    return [body[: len(body) // 2]]


def before(action: Callable[[], object]) -> Fault:
    """Do something to the store first, then answer as always."""

    def fault(_front: Front, _environ: WSGIEnvironment, _start: StartResponse) -> None:
        action()

    return fault


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's
        """Say nothing."""


@dataclass
class ObjectStore:
    """The running server and its one bucket."""

    endpoint: str
    front: Front
    client: Any = field(init=False)

    def __post_init__(self) -> None:
        self.client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        self.client.create_bucket(Bucket=BUCKET)

    def put(self, key: str, body: bytes, **settings: str) -> None:
        """Write an object."""
        self.client.put_object(Bucket=BUCKET, Key=key, Body=body, **settings)

    def upload(self, folder: Path, prefix: str) -> str:
        """Write a folder's files; returns the address that the loader takes."""
        for path in folder.rglob("*"):
            if path.is_file():
                self.put(f"{prefix}/{path.relative_to(folder).as_posix()}", path.read_bytes())
        return f"s3://{BUCKET}/{prefix}"

    def meets(self, fault: Fault, *, key: str = "", method: str = "GET", times: int = 1) -> None:
        """Have the next requests for a key (by its end) meet a fault."""
        self.front.rules.append(_Rule(method, key, times, fault))

    def reads(self, key: str) -> int:
        """Count the requests for an object's bytes."""
        return self.front.requests.count(("GET", f"/{BUCKET}/{key}"))


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """Run the server in a thread for the block."""
    front = Front(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, front, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        store = ObjectStore(f"http://127.0.0.1:{server.server_port}", front)
        yield store
        store.client.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
