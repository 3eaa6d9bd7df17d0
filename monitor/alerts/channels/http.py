"""One POST of JSON to an address that is a secret."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from monitor.alerts.channels.common import Outgoing, Patience
from monitor.alerts.channels.deadline import Deadline, deadline
from monitor.alerts.errors import Lasting, Passing

# Of an answer that are read: the services say what they think of a message in one line.
_READ = 4_096

_OK = range(200, 300)
_ELSEWHERE = range(300, 400)
# Request time-out, too early, too many requests; from 500 on the server itself is at fault.
_PASSING = frozenset({408, 425, 429})


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server said to a message that it took."""

    status: int
    body: bytes


class _NoLogin(requests.auth.AuthBase):
    """Keeps requests from adding a login out of ~/.netrc."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def _login(url: str) -> requests.auth.AuthBase:
    """Take the login that stands in an address, and no other."""
    user, password = requests.utils.get_auth_from_url(url)
    return requests.auth.HTTPBasicAuth(user, password) if user or password else _NoLogin()


class _Guarded(HTTPAdapter):
    """Opens connections that a deadline guards."""

    def __init__(self, watch: Deadline) -> None:
        class Plain(HTTPConnection):
            def _new_conn(self) -> Any:  # noqa: ANN401 - urllib3's
                sock = super()._new_conn()
                watch.guard(sock)
                return sock

        class Secure(HTTPSConnection):
            def _new_conn(self) -> Any:  # noqa: ANN401 - urllib3's
                sock = super()._new_conn()
                watch.guard(sock)
                return sock

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self._pools = {"http": PlainPool, "https": SecurePool}
        super().__init__(max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - requests'
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:  # noqa: ANN401 - requests'
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = self._pools
        return manager


def post(
    url: str, name: str, outgoing: Outgoing, patience: Patience, *, read: bool = True
) -> Answer:
    """Send a message once.

    Args:
        url: a secret.
        name: of the variable that holds it, for messages.
        outgoing: headers and body of the request.
        patience: how long to wait.
        read: whether the body of the answer matters; where its status says all, it is not waited
            for.

    Raises:
        Passing: the server did not answer, or asked to be asked again.
        Lasting: it refused, leads elsewhere, or is not the one that its certificate is for.
    """
    with deadline(patience.deadline) as watch, requests.Session() as session:
        adapter = _Guarded(watch)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        try:
            with session.post(
                url,
                data=outgoing.body,
                headers=dict(outgoing.headers),
                auth=_login(url),
                timeout=patience.timeout,
                # A redirect would hand the message, and its signature, to somebody else.
                allow_redirects=False,
                stream=True,
            ) as response:
                answer = _judged(response, name, read=read)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if not watch.is_over:
                raise _explained(error, name) from None
        # An answer that was cut off looks like one that has ended.
        if watch.is_over:
            raise Passing(
                f"the server of {name} did not finish its answer in {patience.deadline:g} s"
            )
        return answer


def _judged(response: requests.Response, name: str, *, read: bool) -> Answer:
    status = response.status_code
    if status in _OK:
        body = response.raw.read(_READ, decode_content=True) if read else b""
        return Answer(status=status, body=body)
    if status in _ELSEWHERE:
        raise Lasting(
            f"the server of {name} leads elsewhere (HTTP {status}), and a secret is not sent on: "
            f"put the new address into {name}"
        )
    if status in _PASSING or status >= requests.codes.server_error:
        raise Passing(
            f"the server of {name} answered HTTP {status}",
            retry_after=_seconds(response.headers.get("Retry-After")),
        )
    fix = "is the address whole and still in use?"
    if status == requests.codes.request_entity_too_large:
        fix = "have the channel show fewer checks"
    raise Lasting(f"the server of {name} refused the message (HTTP {status}): {fix}")


def _seconds(retry_after: str | None) -> float | None:
    """Read Retry-After: seconds, or a date; none where it is neither."""
    if retry_after is None:
        return None
    if retry_after.strip().isascii() and retry_after.strip().isdigit():
        return float(retry_after.strip()[:9])
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


_UNREACHABLE = "the server of {} cannot be reached, or broke off"

# What may be wrong, the most telling first, in words of ours: the libraries' hold the address.
_REASONS: tuple[tuple[type[BaseException], type[Passing | Lasting], str], ...] = (
    (
        ssl.SSLCertVerificationError,
        Lasting,
        "the server of {} has a certificate that is not to be trusted",
    ),
    (ssl.SSLError, Lasting, "the server of {} does not speak TLS as it should"),
    (requests.exceptions.ProxyError, Passing, "the proxy on the way to {} does not let us through"),
    (
        urllib3.exceptions.NameResolutionError,
        Passing,
        "the host of {} is not known: is the address right?",
    ),
    (urllib3.exceptions.NewConnectionError, Passing, _UNREACHABLE),
    (requests.Timeout, Passing, "the server of {} did not answer in time"),
    (urllib3.exceptions.TimeoutError, Passing, "the server of {} did not answer in time"),
    (
        requests.exceptions.InvalidURL,
        Lasting,
        "{} holds no address: it must look like https://host/path",
    ),
)


def _explained(error: Exception, name: str) -> Passing | Lasting:
    for kind, failure, words in _REASONS:
        if _caused_by(error, kind):
            return failure(words.format(name))
    return Passing(_UNREACHABLE.format(name))


def _caused_by(error: BaseException, kind: type[BaseException]) -> bool:
    seen: list[BaseException] = []
    queue: list[object] = [error]
    while queue:
        one = queue.pop()
        if isinstance(one, BaseException) and one not in seen:
            if isinstance(one, kind):
                return True
            seen.append(one)
            queue += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return False
