"""Templates: texts with columns or pools in braces, `{first|lower}.{last|lower}{number:4}`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

Filter = Literal["lower", "upper"]
_FILTERS: dict[str, Filter] = {name: name for name in get_args(Filter)}
_MOST_DIGITS = 12
_TOKEN = re.compile(r"\{\{|\}\}|\{(?P<field>[^{}]*)\}|[{}]|[^{}]+")
_FIELD = re.compile(r"(?P<name>[a-z_][a-z0-9_]*)(\|(?P<filter>\w+)|:(?P<digits>\d+))?")


class TemplateError(ValueError):
    """A template that cannot be read; the message quotes it and says what is allowed."""


@dataclass(frozen=True)
class Field:
    """A place that is filled: a column's (or pool's) name, changed by a filter or padded.

    Args:
        name: of the column.
        filter: "lower" or "upper" case.
        digits: an integer is written with so many digits, zeros first.
    """

    name: str
    filter: Filter | None = None
    digits: int | None = None


@lru_cache(maxsize=4096)
def parse(template: str) -> tuple[str | Field, ...]:
    """Read a template into constant texts and fields, in order; no two texts stand together.

    Raises:
        TemplateError: a brace without its partner, or something else than a name in them.
    """
    parts: list[str | Field] = []
    for token in _TOKEN.finditer(template):
        found = token.group()
        if token["field"] is not None:
            parts.append(_field(template, token["field"]))
            continue
        if found in ("{", "}"):
            raise TemplateError(
                f"{template!r}: a lone {found!r} at character {token.start() + 1};"
                f" write {found * 2!r} for the brace itself"
            )
        text = {"{{": "{", "}}": "}"}.get(found, found)
        if parts and isinstance(parts[-1], str):
            parts[-1] += text
        else:
            parts.append(text)
    return tuple(parts)


def fields(template: str) -> tuple[Field, ...]:
    """Return the places of a template that are filled."""
    return tuple(part for part in parse(template) if isinstance(part, Field))


def _field(template: str, text: str) -> Field:
    match = _FIELD.fullmatch(text)
    if match is None:
        raise TemplateError(
            f"{template!r}: cannot use '{{{text}}}'; write {{column}}, {{column|lower}},"
            " {column|upper} or {column:5}"
        )
    chosen, digits = match["filter"], match["digits"]
    if chosen is not None and chosen not in _FILTERS:
        raise TemplateError(
            f"{template!r}: there is no filter {chosen!r}; use {' or '.join(_FILTERS)}"
        )
    if digits is not None and not 1 <= int(digits) <= _MOST_DIGITS:
        raise TemplateError(f"{template!r}: '{{{text}}}': give 1 to {_MOST_DIGITS} digits")
    return Field(
        match["name"],
        None if chosen is None else _FILTERS[chosen],
        None if digits is None else int(digits),
    )
