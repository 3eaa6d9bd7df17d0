"""The lock file of a PostgreSQL server, postmaster.pid, and what it is worth after a crash.

PostgreSQL itself forgives a stale file whose process is gone. It does not when another program has
got that process number since, which is common where numbers are few (containers, a machine just
started).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import psutil

LOCK_FILE = "postmaster.pid"

# Greater than any process number that Linux (2**22) or macOS (99,998) gives.
NO_PROCESS = 2**31 - 1


@dataclass(frozen=True)
class Postmaster:
    """What postmaster.pid says of a server that runs on this data folder."""

    pid: int
    port: int
    ready: bool


def running(data: Path) -> Postmaster | None:
    """Give the server that runs on this data folder, None when there is none.

    A file is believed only when its process really is a PostgreSQL that works in this folder.
    """
    lines = _read(data)
    if lines is None or not _is_postgres_in(data, int(lines[0])):
        return None
    # Line 4 is the port, line 8 the state; a server that is still starting has not written them.
    port = int(lines[3]) if len(lines) > 3 and lines[3].strip() else 0
    state = lines[7].strip() if len(lines) > 7 else "starting"
    return Postmaster(pid=int(lines[0]), port=port, ready=state == "ready")


def disown_stale_lock(data: Path) -> int | None:
    """Make a stale lock file harmless when another program now has its process number.

    The number in the file is replaced by one that no process can have. The rest stays, because
    PostgreSQL finds there the shared memory of the server that died, and refuses to start while an
    orphan of it still uses that: deleting the file would take this last guard away.

    Returns:
        The number that was taken, None when there was nothing to do.
    """
    lines = _read(data)
    if lines is None:
        return None
    pid = int(lines[0])
    if not psutil.pid_exists(pid) or _is_postgres_in(data, pid):
        return None
    path = data / LOCK_FILE
    owner = path.stat()
    harmless = path.with_name("postmaster.pid.stale")
    harmless.write_text("\n".join([str(NO_PROCESS), *lines[1:]]) + "\n")
    harmless.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(harmless, owner.st_uid, owner.st_gid)
    harmless.replace(path)
    return pid


def _read(data: Path) -> list[str] | None:
    try:
        lines = (data / LOCK_FILE).read_text().splitlines()
    except FileNotFoundError:
        return None
    # Empty or broken: the machine went down while it was written. PostgreSQL says how to go on.
    return lines if lines and lines[0].strip().isdigit() else None


def _is_postgres_in(data: Path, pid: int) -> bool:
    """Recognise a server's process by its working folder: it is the data folder."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return process.name().startswith("postgres") and Path(process.cwd()) == data.resolve()
    except psutil.NoSuchProcess:
        return False
    except (
        psutil.AccessDenied
    ):  # another user's process: not ours, for data folders are never shared
        return False
