"""A deadline for a whole exchange with a server.

The time-outs of sockets count from byte to byte: a server that sends one now and then holds a
client for as long as it likes. Here the connection is shut down when the time is up, whatever it is
doing, and whoever reads from it sees it end.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Deadline:
    """What is shut down when the time is up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self.is_over = False

    def guard(self, sock: socket.socket) -> None:
        """Have a connection shut down at the deadline.

        A copy is kept: TLS takes the socket itself away, and a shutdown reaches what is beneath.
        """
        with self._lock:
            copy = sock.dup()
            self._sockets.append(copy)
            if self.is_over:
                _shut(copy)

    def strike(self) -> None:
        """Shut down all that is guarded: the time is up."""
        with self._lock:
            self.is_over = True
            for sock in self._sockets:
                _shut(sock)

    def close(self) -> None:
        """Let go of the connections."""
        with self._lock:
            for sock in self._sockets:
                sock.close()
            self._sockets.clear()


def _shut(sock: socket.socket) -> None:
    with suppress(OSError):  # it has ended by itself
        sock.shutdown(socket.SHUT_RDWR)


@contextmanager
def deadline(seconds: float) -> Iterator[Deadline]:
    """Give the block so many seconds; after that what it guards is shut down."""
    watch = Deadline()
    timer = threading.Timer(seconds, watch.strike)
    timer.daemon = True
    timer.start()
    try:
        yield watch
    finally:
        timer.cancel()
        timer.join()
        watch.close()
