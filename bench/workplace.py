"""A PostgreSQL server and a folder for measuring, apart from the user's own and gone afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from psycopg2 import sql

from warehouse.connections import connect
from warehouse.embedded import EmbeddedServer


@dataclass(frozen=True)
class Workplace:
    """Where a benchmark works: its folder, and the URL of its server."""

    folder: Path
    url: str

    @contextmanager
    def database(self, name: str, template: str | None = None) -> Iterator[str]:
        """Make a database for the block, empty or a copy of another one, and give its URL."""
        copied = (
            sql.SQL(" template {}").format(sql.Identifier(template)) if template else sql.SQL("")
        )
        self._administer(sql.SQL("create database {}").format(sql.Identifier(name)) + copied)
        try:
            yield urlsplit(self.url)._replace(path=f"/{name}").geturl()
        finally:
            self._administer(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))

    def settle_disk(self) -> None:
        """Write out what earlier steps left to write, so that no step pays for another."""
        self._administer(sql.SQL("checkpoint"))

    def _administer(self, statement: sql.Composable) -> None:
        with closing(connect(self.url, application_name="bench")) as conn:
            conn.autocommit = True
            with conn.cursor() as cur:
                cur.execute(statement)


@contextmanager
def workplace() -> Iterator[Workplace]:
    """Start an embedded server in a new folder; both are gone after the block."""
    folder = Path(tempfile.mkdtemp(prefix="counting-house-bench-"))
    # The server runs as a user of its own when root starts it, and is to read the files itself.
    folder.chmod(0o755)
    server = EmbeddedServer(folder / ".postgres")
    try:
        yield Workplace(folder, server.start("bench"))
    finally:
        server.stop()
        shutil.rmtree(folder)
