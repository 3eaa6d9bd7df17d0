"""Servers for the tests of this room: one of each major version that the wheel carries."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from warehouse.embedded import EmbeddedServer


@pytest.fixture(scope="session", params=[18, 16], ids=["postgres18", "postgres16"])
def server(request: pytest.FixtureRequest) -> Iterator[EmbeddedServer]:
    """A server that tests may stop, kill and start; each test starts it as it needs it."""
    folder = Path(tempfile.mkdtemp(prefix="counting-house-"))
    embedded = EmbeddedServer(folder / ".postgres", major=request.param)
    try:
        yield embedded
    finally:
        embedded.stop()
        shutil.rmtree(folder)
