"""Words that all channels share, and how a message is made to fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from monitor.alerts.message import HEADINGS, Event, Item, Message, duration, when
from monitor.check import Severity, Status

T = TypeVar("T")

SYMBOLS = {Severity.CRITICAL: "🔴", Severity.WARNING: "🟠", Severity.INFO: "🔵", None: "🟢"}


def symbol(item: Item) -> str:
    """Give an item's severity as a picture; green where it is over."""
    return SYMBOLS[None if item.event.ends else item.severity]


def heading(event: Event, message: Message) -> str:
    """Say what stands below: "New: 3"."""
    return f"{HEADINGS[event]}: {sum(item.event is event for item in message.items):,}"


def trail(item: Item) -> str:
    """Say since when, how much it matters and whose it is, in one line."""
    lasted = duration((item.at - item.since).total_seconds())
    state = "warns" if item.status is Status.WARN else "fails"
    if item.event is Event.OPENED:
        began = f"{state} since {when(item.since)}"
    elif item.event is Event.RESOLVED:
        began = f"failed from {when(item.since)}, for {lasted}"
    elif item.event is Event.GONE:
        began = f"failed from {when(item.since)}; no run has looked at it for long"
    else:
        began = f"still {state} since {when(item.since)}, for {lasted}"
    parts = [
        began,
        item.severity.value,
        item.source and f"source {item.source}",
        f"owner {item.owner}" if item.owner else "no owner",
    ]
    return " · ".join(part for part in parts if part)


def remark(message: Message, shown: int) -> str:
    """Say how many items are not shown; nothing where all are."""
    hidden = len(message.items) - shown
    return f"and {hidden:,} more" if hidden > 0 else ""


def test_text(message: Message) -> str:
    """Say in a test message what it is."""
    return (
        f"This is a test of the alerts of the warehouse {message.warehouse}, "
        f"{when(message.at)}. Nothing has happened."
    )


def fitting(
    message: Message, show: int, write: Callable[[Message, int], T], fits: Callable[[T], bool]
) -> T:
    """Write a message with as many of its first items as a channel takes, at most `show`."""
    shown = min(show, len(message.items))
    written = write(message, shown)
    if fits(written):
        return written
    # None always fits; the most that do are found by halving.
    most, too_many = 0, shown
    while too_many - most > 1:
        middle = (most + too_many) // 2
        if fits(write(message, middle)):
            most = middle
        else:
            too_many = middle
    return write(message, most)
