"""When rows that are set aside are expected dirt, and when they are a fault.

Some rows of every shop are broken: they are held, counted and shown, and a warning. A fault is
when they are too many, of all rows or of the newest batch: in a long history a day that is broken
altogether is still a small share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from monitor.check import Status
from monitor.manifest import ManifestError


@dataclass(frozen=True)
class Limits:
    """Declared in dbt under `meta: {held: {...}}`, of a checked model or in the rule itself.

    Args:
        warn_above: the share of rows above which a rule warns.
        fail_above: the share of rows above which it fails.
        least_rows: held rows of the newest batch below which its share says nothing.
    """

    warn_above: float = 0.0
    fail_above: float = 0.05
    least_rows: int = 20


@dataclass(frozen=True)
class Held:
    """Rows of one source: all of them, and those of its newest batch."""

    source: str
    checked: int
    held: int
    batch: str | None
    batch_checked: int
    batch_held: int


def limits(path: str, *declared: Mapping[str, Any] | None) -> Limits:
    """Read the limits of a rule; what a later mapping says takes the place of an earlier.

    Raises:
        ManifestError: a limit is unknown or no number.
    """
    said: dict[str, Any] = {}
    for one in declared:
        said |= one or {}
    unknown = said.keys() - Limits.__dataclass_fields__.keys()
    if unknown:
        raise ManifestError(
            f"{path}: meta held knows no {', '.join(sorted(unknown))}: "
            f"it has {', '.join(Limits.__dataclass_fields__)}"
        )
    for name, limit in said.items():
        if isinstance(limit, bool) or not isinstance(limit, int | float) or limit < 0:
            raise ManifestError(f"{path}: meta held: {name} is {limit!r}, and must be a number")
    return Limits(**said)


def judge(found: Iterable[Held], within: Limits) -> tuple[Status, str]:
    """Judge the held rows of all sources: the worst of them counts.

    Returns:
        The status, and why it is a failure; "" where it is none.
    """
    status = Status.PASS
    for one in found:
        if not one.held:
            continue
        if one.held > within.fail_above * one.checked:
            return Status.FAIL, f"more than {within.fail_above:.1%} of the rows of {one.source}"
        if (
            one.batch_held >= within.least_rows
            and one.batch_held > within.fail_above * one.batch_checked
        ):
            return Status.FAIL, (
                f"{one.batch_held:,} of {one.batch_checked:,} rows of {one.source}'s newest batch "
                f"{one.batch}: more than {within.fail_above:.1%}"
            )
        if one.held > within.warn_above * one.checked:
            status = Status.WARN
    return status, ""
