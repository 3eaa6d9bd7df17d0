"""Files that are there as a whole, or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path, *, mode: int = 0o666) -> Iterator[Path]:
    """Give the block a new file to fill; it takes the path's place when the block has ended well.

    Args:
        path: what the file will be called; what is there under this name is replaced.
        mode: who may read it, as far as the umask lets them.

    Yields:
        Path of the file until then, in the same folder; it is deleted when the block fails. Its
        name is nobody else's, so that two processes that write the same file do not mix.

    Raises:
        OSError: it cannot be made, or cannot take its name.
    """
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.unfinished")
    os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
