"""A message before it is written for a channel: what has happened to which incidents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from monitor.alerts.wording import clean
from monitor.check import Check, Group, Severity, Status

# Of names, subjects and owners, in characters.
_NAME = 120

_LEVELS = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


def level(severity: Severity) -> int:
    """Put severities in order: the higher, the worse."""
    return _LEVELS[severity]


class Event(StrEnum):
    """What has happened to an incident, in the order in which a message shows it."""

    OPENED = "opened"
    REOPENED = "reopened"
    WORSENED = "worsened"
    REMINDER = "reminder"
    RESOLVED = "resolved"
    GONE = "gone"

    @property
    def ends(self) -> bool:
        """Whether the incident is over."""
        return self in {Event.RESOLVED, Event.GONE}


_NEWS = frozenset({Event.OPENED, Event.REOPENED, Event.WORSENED})

# What stands above the items of an event, and how many of them are announced.
HEADINGS = {
    Event.OPENED: "New",
    Event.REOPENED: "Failing again",
    Event.WORSENED: "Worse than before",
    Event.REMINDER: "Still failing",
    Event.RESOLVED: "Resolved",
    Event.GONE: "No longer checked",
}


@dataclass(frozen=True, kw_only=True)
class Item:
    """One incident in a message; all texts are harmless lines.

    Args:
        incident: number of the incident.
        event: what has happened to it.
        key: of the check.
        group: of the check.
        name: of the check.
        status: of the check in this run; of what is over, its last one before.
        severity: how much it matters: a check that only warns is at most a warning.
        message: the check's sentence.
        subject: the relation or file.
        source: of the data.
        owner: who answers for it.
        tags: of the subject.
        checked: rows looked at.
        failed: of these, rows that break it.
        since: when the incident began.
        at: when this happened.
    """

    incident: int
    event: Event
    key: str
    group: Group
    name: str
    status: Status
    severity: Severity
    message: str
    subject: str
    source: str | None
    owner: str | None
    tags: tuple[str, ...]
    checked: int | None
    failed: int | None
    since: datetime
    at: datetime

    @classmethod
    def of(  # noqa: PLR0913 - what the check does not say
        cls,
        check: Check,
        event: Event,
        *,
        incident: int,
        status: Status,
        severity: Severity,
        since: datetime,
        at: datetime,
    ) -> Self:
        """Make an item of a check, its texts made harmless."""
        return cls(
            incident=incident,
            event=event,
            key=clean(check.key, 4 * _NAME),
            group=check.group,
            name=clean(check.name, _NAME),
            status=status,
            severity=severity,
            message=clean(check.message),
            subject=clean(check.subject, _NAME),
            source=check.source and clean(check.source, _NAME),
            owner=check.owner and clean(check.owner, _NAME, mask_addresses=False),
            tags=tuple(clean(tag, _NAME, mask_addresses=False) for tag in check.tags[:10]),
            checked=check.checked,
            failed=check.failed,
            since=since,
            at=at,
        )

    @property
    def urgent(self) -> bool:
        """Whether it may break through quiet hours: news of a critical failure."""
        return self.event in _NEWS and self.severity is Severity.CRITICAL

    def to_json(self) -> dict[str, Any]:
        """Write it in JSON's types."""
        return {**asdict(self), "since": self.since.isoformat(), "at": self.at.isoformat()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            **{
                **stored,
                "event": Event(stored["event"]),
                "group": Group(stored["group"]),
                "status": Status(stored["status"]),
                "severity": Severity(stored["severity"]),
                "tags": tuple(stored["tags"]),
                "since": datetime.fromisoformat(stored["since"]),
                "at": datetime.fromisoformat(stored["at"]),
            }
        )


@dataclass(frozen=True, kw_only=True)
class Message:
    """What one channel is told at once.

    Args:
        key: the same whenever this message is sent, and of no other.
        warehouse: name of its database.
        run_id: of the run that it was made for; of held ones the first.
        at: when that run ended.
        items: the worst first.
        report_url: where the report can be opened.
        is_test: nothing has happened: somebody tries the channel.
    """

    key: str
    warehouse: str
    run_id: str
    at: datetime
    items: tuple[Item, ...]
    report_url: str | None = None
    is_test: bool = False

    @property
    def title(self) -> str:
        """The message in a line."""
        if self.is_test:
            return f"Warehouse {self.warehouse}: test message"
        counts = Counter(item.event for item in self.items)
        news = [item.status for item in self.items if item.event in _NEWS]
        failing, warning = news.count(Status.FAIL), news.count(Status.WARN)
        parts = [
            f"{failing} {'check fails' if failing == 1 else 'checks fail'}" if failing else "",
            f"{warning} {'check warns' if warning == 1 else 'checks warn'}" if warning else "",
            f"{counts[Event.REMINDER]} still failing" if counts[Event.REMINDER] else "",
            f"{counts[Event.RESOLVED]} resolved" if counts[Event.RESOLVED] else "",
            f"{counts[Event.GONE]} no longer checked" if counts[Event.GONE] else "",
        ]
        return f"Warehouse {self.warehouse}: {', '.join(filter(None, parts))}"

    @property
    def worst(self) -> Severity | None:
        """How much the worst of it matters; none where all is over."""
        lasting = [item.severity for item in self.items if not item.event.ends]
        return max(lasting, key=level, default=None)

    def by_event(self, shown: int) -> list[tuple[Event, list[Item]]]:
        """Group the first items by what has happened, in the order to be shown."""
        first = self.items[:shown]
        grouped = [(event, [i for i in first if i.event is event]) for event in Event]
        return [(event, items) for event, items in grouped if items]

    def to_json(self) -> dict[str, Any]:
        """Write it in JSON's types."""
        return {
            **asdict(self),
            "at": self.at.isoformat(),
            "items": [item.to_json() for item in self.items],
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        items = tuple(Item.from_json(item) for item in stored["items"])
        at = datetime.fromisoformat(stored["at"])
        return cls(**{**stored, "at": at, "items": items})


def merged(earlier: Sequence[Item], later: Iterable[Item]) -> tuple[Item, ...]:
    """Make one list of what was held and what has come since: an incident stands in it once.

    What is new in it is new to the reader, whatever came after, until it is over.
    """
    events = list(Event)
    kept = {item.incident: item for item in earlier}
    for item in later:
        before = kept.get(item.incident)
        if before is not None and not item.event.ends and not before.event.ends:
            news = min(before.event, item.event, key=events.index)
            kept[item.incident] = replace(item, event=news)
        elif before is not None and before.event.ends and not item.event.ends:
            # Over and back again in the meantime. Whether its beginning was told is not known here.
            kept[item.incident] = replace(item, event=Event.REOPENED)
        else:
            kept[item.incident] = item
    return in_order(kept.values())


def in_order(items: Iterable[Item]) -> tuple[Item, ...]:
    """Put items in order: by event, then the worst first; the rest as they came."""
    events = list(Event)
    return tuple(sorted(items, key=lambda item: (events.index(item.event), -level(item.severity))))


def duration(seconds: float) -> str:
    """Write how long something has lasted: 40 s, 25 min, 3 h, 2 days."""
    for limit, length, unit in ((120, 1, "s"), (7_200, 60, "min"), (172_800, 3_600, "h")):
        if seconds < limit:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"


def when(moment: datetime) -> str:
    """Write a moment for people: to the minute, UTC."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"
