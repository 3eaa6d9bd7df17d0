"""A TCP proxy before the server, which cuts connections where a test wants it."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from urllib.parse import urlsplit

_CHUNK = 16 * 1024

# Closing then sends a reset, as a network that breaks does, and not a farewell.
_AT_ONCE = struct.pack("ii", 1, 0)


class Proxy:
    """Passes bytes on between clients and the server of a URL.

    A connection is cut when the client has sent `after` bytes over it, or, once it has been passed
    on, a statement that holds `word`; `times` times in all, None for always.

    Attributes:
        url: what a client connects to.
        cuts: connections cut so far.
        refusing: whether new connections are closed at once.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname or "", parts.port or 5432)
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = parts._replace(
            netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}"
        ).geturl()
        self.cuts = 0
        self.refusing = False
        self._after: int | None = None
        self._word: bytes | None = None
        self._times: int | None = 0
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def cut(
        self, *, after: int | None = None, word: bytes | None = None, times: int | None = 1
    ) -> None:
        """Say when connections are cut from now on."""
        self._after, self._word, self._times = after, word, times

    def cut_all(self) -> None:
        """Cut every connection there is now."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
            self.cuts += len(pairs)
        for pair in pairs:
            _reset(*pair)

    def close(self) -> None:
        """Cut everything and end the threads."""
        # A thread that waits in accept does not notice that its socket is closed.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join()
        self.cut_all()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.refusing:
                _reset(client)
                continue
            server = socket.create_connection(self._server)
            with self._lock:
                self._pairs.append((client, server))
            for source, target in ((client, server), (server, client)):
                thread = threading.Thread(target=self._pump, args=(source, target, client))
                self._threads.append(thread)
                thread.start()

    def _pump(self, source: socket.socket, target: socket.socket, client: socket.socket) -> None:
        sent = 0
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                room = None if self._after is None or source is not client else self._after - sent
                if room is not None and len(data) >= room and self._may_cut():
                    target.sendall(data[: max(room, 0)])
                    break
                target.sendall(data)
                sent += len(data)
                if source is client and self._word and self._word in data and self._may_cut():
                    break
        _reset(source, target)

    def _may_cut(self) -> bool:
        with self._lock:
            if self._times == 0:
                return False
            if self._times is not None:
                self._times -= 1
            self.cuts += 1
            return True


def _reset(*sockets: socket.socket) -> None:
    for each in sockets:
        with suppress(OSError):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            each.shutdown(socket.SHUT_RDWR)
        each.close()
