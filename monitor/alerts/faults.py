"""What is wrong with a configuration, for those who wrote it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic_core import ErrorDetails

_ADVICE = {
    "extra_forbidden": "no such key here: correct or remove it",
    "missing": "is missing: add it",
    "model_type": "must be keys with their values",
    "union_tag_not_found": "type is missing: slack, teams, webhook or email",
    "union_tag_invalid": "type must be slack, teams, webhook or email",
}


def faults(details: Iterable[ErrorDetails]) -> Iterator[str]:
    """Tell each fault in a line: the place in the file, and what to write there.

    Values are not repeated: one that is in the wrong place may be a secret.
    """
    for fault in details:
        if _is_of_the_other_branch(fault):
            continue
        place, message = _place(fault["loc"]), _message(fault)
        yield f"{place}: {message}" if place else message


def _is_of_the_other_branch(fault: ErrorDetails) -> bool:
    """Whether it is said of `off` where quiet hours are meant, or the other way round."""
    meant = isinstance(fault["input"], dict) or fault["type"] != "literal_error"
    if "literal['off']" in fault["loc"]:
        return meant
    return fault["type"] == "model_type" and "quiet_hours" in fault["loc"][:-1]


def _place(location: tuple[int | str, ...]) -> str:
    parts = list(location)
    # Pydantic puts the branch of a union behind what it stands in.
    if len(parts) > 2 and parts[0] == "channels":
        del parts[2]
    parts = [part for part in parts if "QuietHours" not in str(part) and part != "literal['off']"]
    return ".".join(str(part) for part in parts)


def _message(fault: ErrorDetails) -> str:
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "string_pattern_mismatch":
        return _about_pattern(str(context["pattern"]))
    if kind == "literal_error":
        return f"must be {context['expected']}"
    if kind in _ADVICE:
        return _ADVICE[kind]
    message: Any = fault["msg"]
    return str(message).removeprefix("Value error, ")


def _about_pattern(pattern: str) -> str:
    # Without the value: it may be the secret that was to be in the environment.
    if pattern.startswith("^[A-Z]"):
        return (
            "must be the name of an environment variable, such as SLACK_WEBHOOK_URL: "
            "the secret itself does not belong into this file"
        )
    if pattern.startswith("^[A-Za-z0-9.:-]"):
        return "must be the name of a host, such as mail.example.com"
    return "must be a name of small letters, digits, - and _, such as on-call"
