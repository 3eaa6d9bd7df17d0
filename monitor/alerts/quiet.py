"""Quiet hours: when a channel is to be left alone, on the clock of those who read it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from loader.names import Strict

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

_DAYS: tuple[Day, ...] = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # not found, a folder, or no name at all
        raise ValueError(f"{name!r} is no time zone: write it like Europe/London or UTC") from None
    return name


def _clock(value: object) -> time:
    if isinstance(value, str) and len(value) == len("20:00"):
        try:
            return time.fromisoformat(value)
        except ValueError:
            pass
    # YAML reads 20:00 without quotes as 1200, a number to the base of 60.
    raise ValueError(f'{value!r} is no time of day: write it in quotes, like "20:00"')


Clock = Annotated[time, BeforeValidator(_clock)]


class QuietHours(Strict):
    """When messages are held: they are sent when it is over, as one.

    Attributes:
        zone: whose clock counts.
        from_: `from` in YAML; when it begins, each day.
        to: when it ends; on the next day where that is not after `from`.
        whole_days: quiet from midnight to midnight.
        critical: what becomes of a critical failure: `send` lets it break through, `hold` does not.
    """

    zone: Annotated[str, AfterValidator(_zone)]
    from_: Annotated[Clock | None, Field(alias="from")] = None
    to: Clock | None = None
    whole_days: Annotated[list[Day], Field(default_factory=list)]
    critical: Literal["send", "hold"] = "send"

    @model_validator(mode="after")
    def _is_sometimes(self) -> Self:
        if (self.from_ is None) != (self.to is None):
            raise ValueError("from and to belong together: give both, or neither")
        if self.from_ is None and not self.whole_days:
            raise ValueError("is never: give from and to, or whole_days")
        if self.from_ is not None and self.from_ == self.to:
            raise ValueError("from and to are the same time: for whole days use whole_days")
        if set(self.whole_days) == set(_DAYS):
            raise ValueError("is always: leave a day out of whole_days, or remove the channel")
        return self

    def holds(self, now: datetime) -> bool:
        """Whether a moment is within the quiet hours."""
        local = now.astimezone(ZoneInfo(self.zone))
        if _DAYS[local.weekday()] in self.whole_days:
            return True
        if self.from_ is None or self.to is None:
            return False
        clock = local.time()
        if self.from_ < self.to:
            return self.from_ <= clock < self.to
        return clock >= self.from_ or clock < self.to

    def end(self, now: datetime) -> datetime:
        """When the quiet hours that hold at a moment are over, UTC; that moment where none hold.

        They end on the clock of the zone: a night in which it is put forward is shorter.
        """
        moment = now
        while self.holds(moment):
            moment = self._next_change(moment)
        return moment.astimezone(UTC)

    def _next_change(self, moment: datetime) -> datetime:
        """Give the next moment at which it may become loud: `to`, or midnight."""
        zone = ZoneInfo(self.zone)
        local = moment.astimezone(zone)
        changes = []
        for clock in {time(0), self.to or time(0)}:
            for days in (0, 1):
                day = local.date() + timedelta(days=days)
                for fold in (0, 1):  # a time that comes twice when the clock is put back
                    # Through UTC, so that one which the clock skips becomes one that there is.
                    change = datetime.combine(day, clock, zone).replace(fold=fold).astimezone(UTC)
                    changes.append(change)
        return min(change for change in changes if change > moment)
