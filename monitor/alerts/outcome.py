"""What a run of alerts did, or would do."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Self

from monitor.alerts.channels.common import Outgoing
from monitor.alerts.message import Event
from monitor.alerts.store import Delivery

State = Literal["sent", "held", "failed", "given_up"]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of a message.

    Args:
        channel: where it was to go.
        key: of the message.
        title: of the message.
        items: how many incidents it tells of.
        state: `sent`; `held` in quiet hours or because its channel asked for time; `failed`, to be
            tried again; `given_up`.
        error: why it was not taken, or what of it.
        until: of one that is held, when it is due.
    """

    channel: str
    key: str
    title: str
    items: int
    state: State
    error: str | None = None
    until: datetime | None = None

    @classmethod
    def of(
        cls,
        delivery: Delivery,
        state: State,
        *,
        error: str | None = None,
        until: datetime | None = None,
    ) -> Self:
        """Say what became of a message that is written down."""
        message = delivery.message
        return cls(
            channel=delivery.channel,
            key=message.key,
            title=message.title,
            items=len(message.items),
            state=state,
            error=error,
            until=until,
        )


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A message as it would be sent.

    Args:
        channel: where it would go.
        outgoing: how it would go out.
        until: where it would be held first, when it is due.
    """

    channel: str
    outgoing: Outgoing
    until: datetime | None


@dataclass(kw_only=True)
class Outcome:
    """What a run of alerts did.

    Attributes:
        run_id: the run of the report.
        is_new: whether alerts had not seen it before.
        events: how many incidents were opened, resolved and so on.
        unrouted: keys of checks whose incidents no route takes.
        results: what became of each message.
        previews: of a dry run, the messages.
    """

    run_id: str
    is_new: bool = False
    events: Counter[Event] = field(default_factory=Counter)
    unrouted: list[str] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    previews: list[Preview] = field(default_factory=list)

    def count(self, state: State) -> int:
        """Count the messages that ended so."""
        return sum(result.state == state for result in self.results)
