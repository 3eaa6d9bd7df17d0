"""Landing files checked before they are loaded."""

from monitor.landing.validation import validate

__all__ = ["validate"]
