"""How the checks of a delivery put things."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Sized

from monitor.landing.examining import Example

# Examples that a check shows, and files that its sentence names.
SHOWN = 20
NAMED = 3


def samples(examples: Iterable[Example]) -> list[dict[str, str | None]]:
    """Give some records with a fault as a check shows them."""
    return [
        {"file": one.file, "record": f"{one.record:,}", "fault": one.what}
        for _, one in zip(range(SHOWN), examples, strict=False)
    ]


def listed(names: Sequence[str], most: int = NAMED) -> str:
    """Write the first names of some, and how many more there are."""
    return ", ".join(names[:most]) + (
        f" and {len(names) - most:,} more" if len(names) > most else ""
    )


def batches(found: Sized) -> str:
    """Count batches."""
    return f"{len(found):,} batch{'' if len(found) == 1 else 'es'}"


def more(faults: Sequence[object]) -> str:
    """Say how many faults there are beside the one that is told."""
    return f" (and {len(faults) - 1:,} more)" if len(faults) > 1 else ""


def have(names: Sequence[str]) -> str:
    """Give the verb for some names."""
    return "has" if len(names) == 1 else "have"
