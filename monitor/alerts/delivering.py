"""Sending what is written down, and writing down what became of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg2.extensions import connection

from monitor.alerts import store
from monitor.alerts.channels.common import Patience
from monitor.alerts.channels.senders import send, sender_for
from monitor.alerts.config import Alerts
from monitor.alerts.errors import Passing, SendError
from monitor.alerts.outcome import Result
from monitor.alerts.secrets import Secrets
from monitor.alerts.store import Delivery
from warehouse.connections import transaction
from warehouse.console import tell

# A server that asks for more is asked again all the same: it may be mistaken.
_LONGEST_PAUSE = timedelta(hours=6)


def due_at(delivery: Delivery, config: Alerts, now: datetime) -> datetime:
    """When a message may be tried next."""
    quiet = config.quiet_hours_of(delivery.channel)
    urgent = any(item.urgent for item in delivery.message.items)
    if quiet is None or (quiet.critical == "send" and urgent):
        # What only quiet hours held, before they were changed, is due now.
        return delivery.next_attempt_at if delivery.attempts else now
    loud = quiet.end(now)
    return max(loud, delivery.next_attempt_at) if delivery.attempts else loud


@dataclass(frozen=True, kw_only=True)
class Courier:
    """Takes messages to their channels.

    Args:
        conn: no transaction is open on it.
        config: says which channels there are.
        secrets: addresses and passwords of the channels.
        patience: with their servers.
        clock: tells the time of each attempt.
    """

    conn: connection
    config: Alerts
    secrets: Secrets
    patience: Patience
    clock: Callable[[], datetime]

    def deliver(self, now: datetime) -> Iterator[Result]:
        """Send what is due: the channels at once, the messages of one one after the other.

        Args:
            now: what is due later is held.

        Yields:
            What became of each message, as soon as it is written down.
        """
        with transaction(self.conn) as cur:
            deliveries = store.pending(cur)
        queues: dict[str, list[Delivery]] = defaultdict(list)
        for delivery in deliveries:
            until = due_at(delivery, self.config, now)
            if until > now:
                yield Result.of(delivery, "held", until=until)
            else:
                queues[delivery.channel].append(delivery)
        while batch := [queue.pop(0) for queue in queues.values() if queue]:
            with transaction(self.conn) as cur:
                store.claim(cur, batch, self.clock())
            for delivery, sent in self._sent(batch):
                try:
                    note = sent.result()
                except SendError as error:
                    yield self._failed(delivery, error)
                    # A server that does not answer is not asked again for the next message.
                    if isinstance(error, Passing):
                        queues[delivery.channel].clear()
                else:
                    yield self._arrived(delivery, note)

    def _sent(self, batch: list[Delivery]) -> Iterator[tuple[Delivery, Future[str | None]]]:
        """Send messages to several channels at once; give each as it is done."""
        with ThreadPoolExecutor(len(batch), thread_name_prefix="alert") as pool:
            futures = {
                pool.submit(
                    send,
                    sender_for(self.config.channels[delivery.channel], self.secrets),
                    delivery.message,
                    self.patience,
                ): delivery
                for delivery in batch
            }
            for future in as_completed(futures):
                yield futures[future], future

    def _arrived(self, delivery: Delivery, note: str | None) -> Result:
        with transaction(self.conn) as cur:
            store.set_sent(cur, delivery, self.clock(), note)
        return _told(Result.of(delivery, "sent", error=note))

    def _failed(self, delivery: Delivery, error: SendError) -> Result:
        now = self.clock()
        reason = self.secrets.hide(error.format_message())
        pause = error.retry_after if isinstance(error, Passing) else None
        if now - delivery.created_at >= self.config.give_up_after:
            with transaction(self.conn) as cur:
                store.set_failed(cur, [delivery], reason)
            return _told(Result.of(delivery, "given_up", error=reason))
        next_attempt_at = now + min(timedelta(seconds=pause or 0.0), _LONGEST_PAUSE)
        with transaction(self.conn) as cur:
            store.set_postponed(cur, delivery, next_attempt_at, reason)
        return _told(Result.of(delivery, "failed", error=reason))


def _told(result: Result) -> Result:
    """Tell machines of a message; people are told at the end."""
    tell(
        f"message_{result.state}",
        level="info" if result.state == "sent" else "error",
        channel=result.channel,
        key=result.key,
        items=result.items,
        error=result.error,
    )
    return result
