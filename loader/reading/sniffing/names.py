"""Names for a proposal: of columns, and of a source by its file's name."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from pathlib import Path

from loader.errors import FileError
from loader.names import COMMANDS, MAX_COLUMNS, MAX_NAME_BYTES, UNFIT_FOR_NAMES, column_fault

# What a file's name has in one delivery and not in the next: dates, times and running numbers.
_NUMBERS = r"\d{4,}(?:[-_.T]?\d+)*|(?<![A-Za-z\d])\d+(?:[-_.T]\d+)*(?![A-Za-z\d])"

# Leaves room for the other half of raw.<source>_<table>.
_LONGEST = 30


def raw_names(names: Sequence[str], path: object) -> tuple[list[str], dict[str, str]]:
    """Find names for columns that a raw table can have.

    Returns:
        The names, and those that had to be changed: name in the file: name in raw.

    Raises:
        FileError: there are more columns than a table can have.
    """
    if len(names) > MAX_COLUMNS:
        raise FileError(
            f"{path}: has {len(names):,} columns, a raw table can have {MAX_COLUMNS:,}: "
            "deliver it in several files, each with the key"
        )
    taken = {name for name in names if column_fault([name]) is None}
    found, rename, seen = [], {}, set()
    for number, name in enumerate(names, start=1):
        new = name
        if name not in taken or name in seen:
            plain = UNFIT_FOR_NAMES.sub(" ", name).strip().lstrip("_")
            new = _free(plain or f"column_{number}", taken)
            rename[name] = new
        taken.add(new)
        seen.add(name)
        found.append(new)
    return found, rename


def _free(name: str, taken: set[str]) -> str:
    """Cut a name to what PostgreSQL takes, and number it where it is taken."""
    number, ending = 1, ""
    while True:
        room = MAX_NAME_BYTES - len(ending)
        short = name.encode()[:room].decode(errors="ignore") + ending
        if short not in taken:
            return short
        number += 1
        ending = f"_{number}"


def source_name(path: Path) -> str:
    """Make a source's name of a file's name."""
    stem = re.sub(_NUMBERS, "_", path.name.split(".", 1)[0])
    name = re.sub(r"[^a-z0-9]+", "_", stem.lower()).strip("_")[:_LONGEST].rstrip("_")
    if not name or name in COMMANDS:
        return f"{name}_files".lstrip("_")
    return name if name[0].isalpha() else f"files_{name}"


def pattern(path: Path) -> str:
    """Make a pattern of a file's name: what is a number or a date in it may be any."""
    stem, dot, suffixes = path.name.partition(".")
    pieces = [glob.escape(piece) for piece in re.split(_NUMBERS, stem)]
    return "*".join(pieces) + glob.escape(dot + suffixes)
