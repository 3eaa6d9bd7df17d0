"""Pydantic's errors in plain sentences: the place as a reader names it, what is wrong, the fix."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from generator.spec.base import Spec
from generator.spec.model import Model
from generator.spec.paths import suggest

Location = tuple[int | str, ...]

_KEY = "[key]"
# What pydantic calls the members of a union of plain values, and what we call them.
_PLAIN = {"bool": "true or false", "int": "a whole number", "float": "a number", "str": "a text"}
_NAME_RULE = (
    "use lower-case letters, digits and underscores, a letter or an underscore first,"
    " 63 characters at most"
)
_WANTED = {
    "bool_type": _PLAIN["bool"],
    "int_type": _PLAIN["int"],
    "int_from_float": _PLAIN["int"],
    "int_parsing": _PLAIN["int"],
    "float_type": _PLAIN["float"],
    "string_type": _PLAIN["str"],
    "dict_type": "an object {...}",
    "model_type": "an object {...}",
    "model_attributes_type": "an object {...}",
    "tuple_type": "a list [...]",
    "finite_number": "a finite number",
}


def plain_errors(error: ValidationError, data: dict[str, Any]) -> list[str]:
    """Return an error's problems, one line each, in the order of the file's places.

    Args:
        error: what pydantic said of the file.
        data: the file's content.
    """
    found: dict[tuple[str, str], list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        location = detail["loc"]
        if _is_member(location, detail["type"], data):
            # A value that fits no member of a union has one error for each: one line for all.
            found.setdefault((_place(location[:-1]), "member"), []).append(detail)
        else:
            found.setdefault((_place(location), detail["type"]), []).append(detail)
    lines = set()
    for (place, kind), details in found.items():
        if kind == "member":
            wanted = [_PLAIN[str(detail["loc"][-1])] for detail in details]
            shown = _shown(details[0]["input"])
            lines.add(f"{place}: {shown} does not fit; give {_joined(wanted)}")
        else:
            lines.update(f"{place}: {_sentence(detail)}" for detail in details)
    return sorted(lines)


def _is_member(location: Location, kind: str, data: object) -> bool:
    if not location or location[-1] not in _PLAIN or kind in ("missing", "extra_forbidden"):
        return False
    at: Any = data
    for key in _without_tags(location):
        inside = isinstance(at, dict) and key in at
        if not inside and not (isinstance(at, list) and isinstance(key, int) and key < len(at)):
            return True
        at = at[key]
    return False


def _without_tags(location: Location) -> Location:
    """Leave out the kinds that pydantic puts among the keys: of rows and of columns."""
    if location[:1] != ("tables",):
        return location
    if location[2:3] == ("rows",):
        return location[:3] + location[4:]
    return location[:4] + location[5:] if location[2:3] == ("columns",) else location


def _place(location: Location) -> str:
    """Name a place: `table orders, column total, delay.max`."""
    keys = [key for key in _without_tags(location) if key != _KEY]
    places: list[str] = []
    for plural, singular in (("tables", "table"), ("columns", "column")):
        if len(keys) >= 2 and keys[0] == plural:
            places.append(f"{singular} {keys[1]}")
            keys = keys[2:]
    for plural, singular in (("calendars", "calendar"), ("pools", "pool")):
        if len(keys) >= 2 and keys[0] == plural:
            places.append(f"{singular} {keys[1]}")
            keys = keys[2:]
    rest = ""
    for key in keys:
        # People count from one.
        rest += f"[{key + 1}]" if isinstance(key, int) else f".{key}" if rest else str(key)
    if rest:
        places.append(rest)
    return ", ".join(places) or "model"


def _sentence(detail: ErrorDetails) -> str:
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    key = str(detail["loc"][-1]) if detail["loc"] else ""
    sentences: dict[str, Callable[[], str]] = {
        "extra_forbidden": lambda: "unknown key" + suggest(key, _known_keys(detail["loc"])),
        "missing": lambda: "is missing",
        "union_tag_not_found": lambda: "say its kind" + _kinds(detail["loc"]),
        "union_tag_invalid": lambda: (
            f"unknown kind {_shown(context['tag'])}"
            + suggest(str(context["tag"]), _tags(context))
            + f"; kinds are {', '.join(_tags(context))}"
        ),
        "literal_error": lambda: f"{_shown(given)} does not fit; give {context['expected']}",
        "string_pattern_mismatch": lambda: f"{_shown(given)} is no name; {_NAME_RULE}",
        "value_error": lambda: str(context["error"]),
        "too_short": lambda: f"give at least {context['min_length']}",
        "too_long": lambda: f"give at most {context['max_length']}",
        "greater_than": lambda: f"{_shown(given)} must be above {context['gt']:g}",
        "greater_than_equal": lambda: f"{_shown(given)} is below {context['ge']:g}",
        "less_than": lambda: f"{_shown(given)} must be below {context['lt']:g}",
        "less_than_equal": lambda: f"{_shown(given)} is above {context['le']:g}",
    }
    if kind in sentences:
        return sentences[kind]()
    if kind in _WANTED:
        return f"{_shown(given)} does not fit; give {_WANTED[kind]}"
    return f"{_shown(given)}: {detail['msg']}"


def _tags(context: dict[str, Any]) -> list[str]:
    return [tag.strip("'") for tag in str(context["expected_tags"]).split(", ")]


def _kinds(location: Location) -> str:
    kinds = [tag for spec in _specs(_annotation(location)) if (tag := _tag(spec)) is not None]
    return f", one of {', '.join(kinds)}"


def _known_keys(location: Location) -> list[str]:
    return [
        field.alias or name
        for spec in _specs(_annotation(location[:-1]))
        for name, field in spec.model_fields.items()
    ]


def _annotation(location: Location) -> object:
    """Walk the format's classes along a location, kinds included; return the type there."""
    at: object = Model
    for key in location:
        specs = _specs(at)
        if len(specs) > 1:
            at = next(spec for spec in specs if _tag(spec) == key)
        elif specs:
            fields = specs[0].model_fields
            at = next(f.annotation for n, f in fields.items() if key in (n, f.alias))
        else:
            at = _item(at)
    return at


def _bare(annotation: object) -> object:
    """Take a type out of `Annotated` and `| None`."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
            continue
        members = [m for m in get_args(annotation) if m is not NoneType]
        if get_origin(annotation) not in (Union, UnionType) or len(members) != 1:
            return annotation
        annotation = members[0]


def _item(annotation: object) -> object:
    """Return the type of the values in a dict or tuple."""
    arguments = get_args(_bare(annotation))
    item: object = arguments[1] if get_origin(_bare(annotation)) is dict else arguments[0]
    return item


def _specs(annotation: object) -> list[type[Spec]]:
    bare = _bare(annotation)
    members = get_args(bare) if get_origin(bare) in (Union, UnionType) else (bare,)
    found = [_bare(member) for member in members]
    return [m for m in found if isinstance(m, type) and issubclass(m, Spec)]


def _tag(spec: type[Spec]) -> str | None:
    """Return the kind of a class that is one of several."""
    field = spec.model_fields.get("kind")
    if field is None or get_origin(field.annotation) is not Literal:
        return None
    return str(get_args(field.annotation)[0])


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _joined(wanted: list[str]) -> str:
    names = list(dict.fromkeys(wanted))
    if _PLAIN["float"] in names and _PLAIN["int"] in names:
        names.remove(_PLAIN["int"])  # a whole number is a number
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
