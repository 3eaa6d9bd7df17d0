"""What the channels share: the shape of a message as it goes out, and how patient a sender is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from monitor.alerts.message import Message


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long servers are waited for.

    Args:
        attempts: in one run of alerts.
        first_wait: seconds; the pause before the n-th attempt is random up to first_wait * 2**n.
        longest_wait: seconds that no pause exceeds; where a server asks for more, the next run of
            alerts is the next attempt.
        timeout: seconds to connect, and from byte to byte.
        deadline: seconds for one attempt as a whole.
    """

    attempts: int = 3
    first_wait: float = 0.5
    longest_wait: float = 5.0
    timeout: float = 10.0
    deadline: float = 30.0


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A message as it goes out.

    Args:
        to: where, secrets by their names.
        headers: in their order; the rest of one that is folded has no name.
        body: the bytes.
    """

    to: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def shown(self) -> str:
        """Write it for a terminal, as it goes out."""
        head = "".join(
            f"{name}: {value}\n" if name else f"{value}\n" for name, value in self.headers
        )
        return f"{self.to}\n{head}\n{self.body.decode(errors='replace')}"


class Sender(Protocol):
    """A channel that can be sent to."""

    def written(self, message: Message) -> Outgoing:
        """Write a message for the channel."""

    def send(self, message: Message, patience: Patience) -> str | None:
        """Try once to send a message.

        Returns:
            What the channel did not take of it; none where it took all.

        Raises:
            SendError: it was not taken.
        """
