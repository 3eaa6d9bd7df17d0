"""What the client library prints by itself, kept off the console."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType


@contextmanager
def errors_told_once() -> Iterator[None]:
    """Keep the client library from printing, in the block, errors that it raises as well.

    A server that ends a session in the middle of a COPY says so twice; psycopg2 prints the first
    with PyErr_Print and raises the second. Only C code gets from a thread to sys.excepthook.
    """
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, place: TracebackType | None) -> None:
        if threading.current_thread() is threading.main_thread():
            before(kind, error, place)

    sys.excepthook = hook
    try:
        yield
    finally:
        sys.excepthook = before
