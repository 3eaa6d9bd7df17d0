"""Every error that alerts raise on purpose.

warehouse.errors.WarehouseError
└── AlertsError                 one line for the user, exit code 1
    ├── ConfigError             alerts.yml, or what it names in the environment, cannot be used
    ├── NothingToTell           no run of the report is stored
    ├── Undelivered             a message could not be delivered; the next run tries again
    └── SendError               one attempt to send one message failed
        ├── Passing             the same may succeed in a moment
        └── Lasting             it will fail again until somebody changes something

No message holds an address, a password or what a server said beyond its own codes: addresses of
webhooks are secrets, and servers repeat what they were asked.
"""

from __future__ import annotations

from warehouse.errors import WarehouseError


class AlertsError(WarehouseError):
    """Base of the errors of alerts."""


class ConfigError(AlertsError):
    """The configuration of alerts cannot be used."""


class NothingToTell(AlertsError):  # noqa: N818 - reads as what happened
    """No run of the report is stored yet."""


class Undelivered(AlertsError):  # noqa: N818 - reads as what happened
    """A message could not be delivered."""


class SendError(AlertsError):
    """One attempt to send one message failed."""


class Passing(SendError):  # noqa: N818 - says what kind of failure
    """A failure that may pass by itself.

    Args:
        message: for the user.
        retry_after: seconds that the server asked to be left alone; none where it did not.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Lasting(SendError):  # noqa: N818 - says what kind of failure
    """A failure that stays until somebody changes something."""
