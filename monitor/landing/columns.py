"""A file's columns beside those that are declared and those that its manifest promises."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from monitor.check import Status
from monitor.landing.examining import FileFindings
from monitor.landing.wording import listed

# Names that have so much in common may be one column, renamed.
_ALIKE = 0.6


def compare(
    file: FileFindings, declared: Sequence[str], promised: Sequence[str]
) -> tuple[Status, str]:
    """Compare a file's columns with those that are declared, and with its manifest's."""
    found = file.content.columns
    missing = [name for name in declared if name not in found]
    more = [name for name in found if name not in declared]
    unkept = [name for name in promised if name not in found]
    if file.named.file is not None and file.named.file.format == "json":
        # A record may leave out what it has no value for, so a file may never name a column.
        unkept = []
    parts = []
    renamed = [(old, new) for old in missing for new in more if _alike(old, new)]
    for old, new in renamed:
        parts.append(f"has {new} in the place of {old}: renamed?")
    gone = [name for name in missing if name not in {old for old, _ in renamed}]
    added = [name for name in more if name not in {new for _, new in renamed}]
    if gone:
        parts.append(f"lacks {listed(gone)}")
    if added:
        parts.append(f"has {listed(added)}, which nobody declared")
    if unkept:
        parts.append(f"lacks {listed(unkept)}, which its manifest promises")
    if missing or unkept:
        return Status.FAIL, "; ".join(parts)
    if parts:
        return Status.WARN, "; ".join(parts)
    in_order = [name for name in declared if name in found]
    if found != in_order and file.named.file is not None and file.named.file.format != "json":
        return Status.WARN, f"has its columns in another order: {listed(found, 20)}"
    return Status.PASS, ""


def _alike(old: str, new: str) -> bool:
    first, second = old.lower(), new.lower()
    is_part = first in second or second in first
    return is_part or SequenceMatcher(None, first, second).ratio() >= _ALIKE
