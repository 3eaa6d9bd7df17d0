"""The embedded server's folder.

.postgres/
    server.json     port, password, user: mode 0600, of the user who runs the commands
    lock            held while a command starts or stops the server
    server.log      what the server says
    data/           PostgreSQL's own, of the server's user
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from warehouse.errors import ServerError
from warehouse.whole_files import whole

HOST = "127.0.0.1"

LOCK = "lock"  # the first thing that a start makes: it marks the folder as a server's

# Below the range (32768 and up) from which systems give outgoing connections their ports: a port
# from there could be in passing use just when the server starts again.
_FIRST_PORT, _PORTS = 20_000, 10_000


@dataclass(frozen=True)
class Access:
    """How to get into the embedded server."""

    port: int
    password: str = field(repr=False)
    user: str = "warehouse"

    def url(self, database: str) -> str:
        """URL of one database; the password is URL-safe by its making."""
        return f"postgresql://{self.user}:{self.password}@{HOST}:{self.port}/{database}"


def read_access(directory: Path) -> Access | None:
    """Read server.json; None when the server was never set up.

    Raises:
        ServerError: the file belongs to another user or is damaged.
    """
    path = directory / "server.json"
    try:
        return Access(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except PermissionError:
        raise ServerError(
            f"{path} belongs to another user: run the command as the user who made it"
        ) from None
    except (ValueError, TypeError):
        raise ServerError(
            f"{path} is damaged: restore it, or remove {directory} (and its data)"
        ) from None


def write_access(directory: Path, access: Access) -> None:
    """Write server.json whole or not at all, readable by its owner only."""
    write_private(directory / "server.json", json.dumps(asdict(access), indent=2) + "\n")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    with (
        whole(path, mode=0o600) as unfinished,
        unfinished.open("w", encoding="utf-8") as file,
    ):
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def new_access(directory: Path) -> Access:
    """Choose a password and a free port for a new server."""
    return Access(port=free_port(directory), password=secrets.token_urlsafe(24))


def free_port(directory: Path) -> int:
    """Find a free port; the search starts where the folder's path says, so projects differ."""
    start = zlib.crc32(str(directory).encode())
    for step in range(_PORTS):
        port = _FIRST_PORT + (start + step) % _PORTS
        if port_is_free(port):
            return port
    raise ServerError(f"no free port between {_FIRST_PORT} and {_FIRST_PORT + _PORTS} on {HOST}")


def port_is_free(port: int) -> bool:
    """Say whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As PostgreSQL does: connections of an earlier server that linger do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Let one command at a time start or stop the server; others wait."""
    with (directory / LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
