"""The operating system's user under which the embedded server runs.

PostgreSQL refuses to run as root. Started by root, it therefore runs as a user of its own,
`counting-house`, which is made when first needed. That user must reach the data and the programs.
Where a folder above them is closed (a clone in /root, whose mode is 0700), it alone is given leave
to pass through that folder, by an access control entry; nobody else gains anything, and nothing
becomes readable.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse.console import say
from warehouse.errors import ServerError
from warehouse.settings import PROJECT_DIR

USER_NAME = "counting-house"

_ACL = "system.posix_acl_access"
# linux/posix_acl_xattr.h: a version, then entries of (tag, permissions, id), little endian.
_ACL_VERSION, _ENTRY = 2, struct.Struct("<HHI")
_USER_OBJ, _USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_NO_ID, _SEARCH = 0xFFFFFFFF, 1


@dataclass(frozen=True)
class ServerUser:
    """A user other than root; `None` in its place means: whoever we are."""

    uid: int
    gid: int

    def subprocess_arguments(self) -> dict[str, Any]:
        """Arguments that make subprocess.run run as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def server_user() -> ServerUser | None:
    """Find, or as root make, the user to run the server as; None when that is the current user.

    Raises:
        ServerError: we are root and the user can be neither found nor made.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(USER_NAME)
    except KeyError:
        _make_user()
        entry = pwd.getpwnam(USER_NAME)
    return ServerUser(entry.pw_uid, entry.pw_gid)


def _make_user() -> None:
    fix = f"PostgreSQL does not run as root: make a user {USER_NAME} for it, or run as another user"
    useradd = shutil.which("useradd") or shutil.which("useradd", path="/usr/sbin:/sbin")
    if useradd is None:
        raise ServerError(f"there is no useradd here. {fix}")
    nologin = shutil.which("nologin", path="/usr/sbin:/sbin:/usr/bin:/bin") or "/bin/false"
    command = [
        useradd,
        "--system",
        "--user-group",
        "--no-create-home",
        "--shell",
        nologin,
        USER_NAME,
    ]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode != 0 and not _user_exists():
        raise ServerError(f"{' '.join(made.stderr.split())}. {fix}")
    say(f"made the system user {USER_NAME} to run PostgreSQL (it does not run as root)")


def _user_exists() -> bool:
    try:
        pwd.getpwnam(USER_NAME)
    except KeyError:
        return False
    return True


def open_the_way(user: ServerUser, target: Path) -> None:
    """Let the user pass through every folder above `target`.

    Raises:
        ServerError: a folder is closed and its file system keeps no access control entries.
    """
    folders = [*reversed(target.resolve().parents)]
    for folder in folders:
        if _can_search(user, folder):
            continue
        _grant_search(user, folder)
        if not _can_search(user, folder):
            raise ServerError(
                f"the server's user {USER_NAME} cannot pass through {folder}: "
                f"run chmod o+x {folder}, move the project elsewhere, or run as an ordinary user"
            )
        if not folder.is_relative_to(PROJECT_DIR):
            say(
                f"let the server's user {USER_NAME} pass through {folder} "
                f"(undo: setfacl -x u:{USER_NAME} {folder})"
            )


def open_programs(folder: Path) -> None:
    """Make PostgreSQL's programs readable for everybody, as they mostly are."""
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        wanted = mode | (0o055 if mode & stat.S_IXUSR else 0o044)
        if wanted != mode:
            path.chmod(wanted)


def _can_search(user: ServerUser, folder: Path) -> bool:
    """Ask the kernel, as that user: permission bits are not the whole answer."""
    command = ["test", "-x", str(folder)]
    return subprocess.run(command, check=False, **user.subprocess_arguments()).returncode == 0


def _grant_search(user: ServerUser, folder: Path) -> None:
    """Add `user:<uid>:--x` to the folder's access control list; failures show in the next check."""
    if not hasattr(os, "setxattr"):
        return
    entries = _entries(folder)
    entries[(_USER, user.uid)] = entries.get((_USER, user.uid), 0) | _SEARCH
    # The mask caps named users and the group; it starts as what the group had, so the group keeps
    # its own.
    group = entries[(_GROUP_OBJ, _NO_ID)]
    entries[(_MASK, _NO_ID)] = entries.get((_MASK, _NO_ID), group) | _SEARCH
    packed = struct.pack("<I", _ACL_VERSION) + b"".join(
        _ENTRY.pack(tag, permissions, owner)
        for (tag, owner), permissions in sorted(entries.items())
    )
    try:
        os.setxattr(folder, _ACL, packed)
    except OSError:
        return


def _entries(folder: Path) -> dict[tuple[int, int], int]:
    """Access control entries of a folder, (tag, id) to permissions; from its mode if none."""
    try:
        packed = os.getxattr(folder, _ACL)
    except OSError:
        mode = folder.stat().st_mode
        return {
            (_USER_OBJ, _NO_ID): mode >> 6 & 7,
            (_GROUP_OBJ, _NO_ID): mode >> 3 & 7,
            (_OTHER, _NO_ID): mode & 7,
        }
    return {(tag, owner): perm for tag, perm, owner in _ENTRY.iter_unpack(packed[4:])}
