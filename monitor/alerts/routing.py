"""Which channels hear of what."""

from __future__ import annotations

from collections.abc import Collection

from monitor.alerts.config import Alerts, Route
from monitor.alerts.message import level
from monitor.check import Check, Severity


def channels_of(check: Check, severity: Severity, alerts: Alerts) -> list[str]:
    """Name the channels that a check's incident goes to: of every route that fits, each once."""
    fitting = (route for route in alerts.routes if _fits(route, check, severity))
    return list(dict.fromkeys(name for route in fitting for name in route.channels))


def _fits(route: Route, check: Check, severity: Severity) -> bool:
    return (
        _among([check.owner], route.owners)
        and _among(check.tags, route.tags)
        and _among([check.group], route.groups)
        and _among([check.source], route.sources)
        and level(severity) >= level(route.at_least)
    )


def _among(found: Collection[object], wanted: Collection[object] | None) -> bool:
    return wanted is None or any(one in wanted for one in found)
