"""Deleting what the programs made: landing data, run records, server, exports, build results."""

from __future__ import annotations

import shutil
from pathlib import Path

from warehouse.embedded import EmbeddedServer
from warehouse.errors import WarehouseError
from warehouse.settings import Settings


def candidates(settings: Settings, project: Path) -> tuple[list[Path], list[Path]]:
    """List what there is to delete, and what is left because it lies outside the project folder.

    The second happens by a setting or a symbolic link: what was put elsewhere may be anybody's.
    """
    made = ("data/landing", "data/runs", "data/steps.json", "exports", "target", "logs")
    paths = [settings.server_dir, *(project / name for name in (*made, "profiles.yml"))]
    found = [path for path in paths if path.exists() or path.is_symlink()]
    inside = [path for path in found if project.resolve() in path.resolve().parents]
    return inside, [path for path in found if path not in inside]


def size_of(path: Path) -> int:
    """Bytes in a file or in all files below a folder."""
    if not path.is_dir():
        return path.stat().st_size
    return sum(file.lstat().st_size for file in path.rglob("*") if not file.is_dir())


def delete(settings: Settings, paths: list[Path]) -> None:
    """Stop the embedded server, then delete the paths that `candidates` gave.

    Raises:
        WarehouseError: something cannot be deleted.
    """
    if settings.server_dir in paths:
        EmbeddedServer(settings.server_dir, major=settings.postgres_major).stop()
    for path in paths:
        try:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        except OSError as error:
            raise WarehouseError(f"cannot delete {error.filename}: {error.strerror}") from None
