"""Try again, with growing and random pauses, what fails for a passing reason; and only that.

A wrong password, a missing table or a broken constraint fails the same way a second time: it is
raised at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import psycopg2
import tenacity

from warehouse.console import tell

P = ParamSpec("P")
T = TypeVar("T")

# PostgreSQL, appendix A. Class 08 is the connection's; 08P01 in it is a fault of the client's own.
TRANSIENT_STATES = frozenset(
    {
        "08000",  # connection_exception
        "08001",  # sqlclient_unable_to_establish_sqlconnection
        "08003",  # connection_does_not_exist
        "08006",  # connection_failure
        "40001",  # serialization_failure
        "40P01",  # deadlock_detected
        "53300",  # too_many_connections
        "55P03",  # lock_not_available: only ever raised by a lock timeout or NOWAIT
        "57P01",  # admin_shutdown, also pg_terminate_backend
        "57P02",  # crash_shutdown
        "57P03",  # cannot_connect_now: starting, stopping or recovering
    }
)

# A connection that breaks, or that never came about, has no SQLSTATE in psycopg2: only libpq's
# words.
TRANSIENT_WORDS = (
    "connection refused",
    "connection reset by peer",
    "broken pipe",
    "connection timed out",
    "timeout expired",
    "server closed the connection unexpectedly",
    "connection has been closed unexpectedly",
    "could not receive data from server",
    "could not send data to server",
    "invalid socket",  # what is asked of a connection that libpq has closed after a loss
    "terminating connection due to",
    "too many clients already",
    "remaining connection slots are reserved",
    "the database system is starting up",
    "the database system is shutting down",
    "the database system is in recovery mode",
    "the database system is not yet accepting connections",
)


def is_transient(error: BaseException) -> bool:
    """Say whether the same work may succeed when it is tried again on a fresh connection."""
    if not isinstance(error, psycopg2.Error):
        return False
    if error.pgcode is not None:
        return error.pgcode in TRANSIENT_STATES
    # psycopg2 has no SQLSTATE for these; an InterfaceError "connection already closed" is what a
    # caller sees on the statement after the loss.
    if isinstance(error, psycopg2.InterfaceError):
        return "already closed" in str(error)
    words = str(error).lower()
    return isinstance(error, psycopg2.DatabaseError) and any(w in words for w in TRANSIENT_WORDS)


def retry(
    *,
    attempts: int = 5,
    first_wait: float = 0.2,
    longest_wait: float = 5.0,
    what: str = "",
    also: tuple[type[Exception], ...] = (),
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorate a function so that transient database errors make it run again.

    The function must do its work from the start each time (a whole transaction on a connection that
    it fetches itself), for the one it had may be lost. After the last attempt the error itself is
    raised.

    Args:
        attempts: how often to try in all.
        first_wait: seconds; the n-th pause is random between 0 and first_wait * 2**n (full jitter:
            Brooker, Exponential Backoff And Jitter, AWS Architecture Blog 2015).
        longest_wait: seconds that no pause exceeds.
        what: what is being tried, for the line printed before each pause; without it none is.
        also: other errors that pass.
    """

    def announce(state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        reason = " ".join(str(error).split())
        again = f"attempt {state.attempt_number + 1} of {attempts}"
        tell(
            "retry",
            f"{what}: {reason}; trying again ({again})",
            level="warning",
            what=what,
            reason=reason,
            attempt=state.attempt_number + 1,
            attempts=attempts,
            pause=round(state.next_action.sleep, 3) if state.next_action else 0.0,
        )

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        return tenacity.retry(
            retry=tenacity.retry_if_exception(lambda e: is_transient(e) or isinstance(e, also)),
            stop=tenacity.stop_after_attempt(attempts),
            wait=tenacity.wait_random_exponential(multiplier=first_wait, max=longest_wait),
            before_sleep=announce if what else None,
            reraise=True,
        )(function)

    return decorate
