"""A sender for each channel of a configuration."""

from __future__ import annotations

import secrets as random

import tenacity

from monitor.alerts.channels.common import Patience, Sender
from monitor.alerts.channels.mail import EmailSender
from monitor.alerts.channels.slack import SlackSender
from monitor.alerts.channels.teams import TeamsSender
from monitor.alerts.channels.webhook import WebhookSender
from monitor.alerts.config import Channel, Slack, Teams, Webhook
from monitor.alerts.errors import Lasting, Passing, SendError
from monitor.alerts.message import Message
from monitor.alerts.secrets import Secrets


def sender_for(channel: Channel, secrets: Secrets) -> Sender:
    """Make the sender of a channel."""
    if isinstance(channel, Slack):
        return SlackSender(channel, secrets)
    if isinstance(channel, Teams):
        return TeamsSender(channel, secrets)
    if isinstance(channel, Webhook):
        return WebhookSender(channel, secrets)
    return EmailSender(channel, secrets)


def send(sender: Sender, message: Message, patience: Patience) -> str | None:
    """Send a message, and try again what may pass in a moment.

    Returns:
        What the channel did not take of it; none where it took all.

    Raises:
        SendError: the last attempt failed.
    """

    def wait(state: tenacity.RetryCallState) -> float:
        asked = _asked(state)
        if asked is not None:
            return asked
        return random.SystemRandom().uniform(
            0, min(patience.longest_wait, patience.first_wait * 2**state.attempt_number)
        )

    def may_pass(state: tenacity.RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        # A server that asks for a longer pause gets it: until the next run of alerts.
        return isinstance(error, Passing) and (_asked(state) or 0.0) <= patience.longest_wait

    attempts = tenacity.Retrying(
        retry=may_pass,
        stop=tenacity.stop_after_attempt(patience.attempts),
        wait=wait,
        reraise=True,
    )
    try:
        note: str | None = attempts(sender.send, message, patience)
    except SendError:
        raise
    except Exception as error:
        # What nobody foresaw, such as a password that cannot be encoded, must not keep the other
        # channels waiting. Its own words are left out: they may hold what could not be sent.
        raise Lasting(f"the message could not be sent: {type(error).__name__}") from None
    return note


def _asked(state: tenacity.RetryCallState) -> float | None:
    """How long the server asked to be left alone, in seconds; none where it did not."""
    error = state.outcome.exception() if state.outcome else None
    return error.retry_after if isinstance(error, Passing) else None
