"""Patterns for the names of files below a folder: of this machine or of an object store."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence

# Stands for any number of folders, none included.
_ANY_FOLDERS = "**"


class Pattern:
    """`*`, `?` and `[...]` within one part of a name, `**` for any number of folders.

    Args:
        text: the pattern, '/' separated.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._parts = [
            None if part == _ANY_FOLDERS else re.compile(fnmatch.translate(part))
            for part in text.split("/")
        ]

    @property
    def is_deep(self) -> bool:
        """Whether files in folders below can fit."""
        return len(self._parts) > 1

    def fits(self, name: str) -> bool:
        """Whether a name fits as a whole."""
        return _fits(self._parts, name.split("/"))

    def reaches_into(self, folder: str) -> bool:
        """Whether names below a folder can fit."""
        names = folder.split("/")
        if None in self._parts[: len(names)]:
            names = names[: self._parts.index(None)]
        elif len(names) >= len(self._parts):
            return False
        return _fits(self._parts[: len(names)], names)


def _fits(parts: Sequence[re.Pattern[str] | None], names: Sequence[str]) -> bool:
    if not parts:
        return not names
    first, rest = parts[0], parts[1:]
    if first is None:
        return any(_fits(rest, names[skipped:]) for skipped in range(len(names)))
    return bool(names) and first.match(names[0]) is not None and _fits(rest, names[1:])
