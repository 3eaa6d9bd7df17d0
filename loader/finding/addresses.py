"""What `--from` may say: which store an address stands for."""

from __future__ import annotations

import re
from pathlib import Path

from loader.errors import LandingError
from loader.finding.local import LocalStore
from loader.finding.store import Store

S3_SCHEME = "s3://"

_ANY_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def open_store(where: str | Path, endpoint: str | None = None) -> Store:
    """Open a source's folder.

    Args:
        where: a folder's path, or s3://BUCKET/PREFIX.
        endpoint: URL of the object store, where it is not Amazon's.

    Raises:
        LandingError: it is the address of something else, or the settings for s3 are not sound.
    """
    text = str(where)
    if text.startswith(S3_SCHEME):
        # Arrow takes longer to import than most runs, which load local files, take to load.
        from loader.finding.s3 import S3Store  # noqa: PLC0415

        return S3Store(text, endpoint)
    if _ANY_SCHEME.match(text):
        raise LandingError(f"{text}: --from takes a folder or {S3_SCHEME}BUCKET/PREFIX")
    if endpoint is not None:
        raise LandingError(f"{text}: a folder has no endpoint: leave --endpoint out")
    return LocalStore(Path(text))
