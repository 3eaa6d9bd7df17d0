"""The JSON Schema of model files, for editors; made from the classes that read them."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

from generator.spec.base import Spec
from generator.spec.model import Model

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
PUBLISHED = Path(__file__).parent.parent / "models" / "model.schema.json"

# What pydantic puts before the name of a class that is not the only one of its name.
_MODULE = re.compile(r"generator__spec__(?=\w+__)")
_ARGUMENT = re.compile(r"^    (\w+): (.*(?:\n {5,}.*)*)", re.MULTILINE)


def json_schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12): structure, types and limits, with descriptions.

    What a schema cannot say (that a reference leads to a table, that a key is unique, ...) is
    checked by `python -m generator check`.
    """
    made = Model.model_json_schema(by_alias=True)
    _tidy(made)
    classes = {_MODULE.sub("", _full_name(spec)): spec for spec in _subclasses(Spec)}
    classes |= {spec.__name__: spec for spec in classes.values()}
    definitions = {_MODULE.sub("", name): part for name, part in made.pop("$defs").items()}
    _describe(made, Model)
    for name, definition in definitions.items():
        definition["title"] = name
        _describe(definition, classes[name])
    return {"$schema": _DIALECT, **made, "title": "Data model", "$defs": definitions}


def published_text() -> str:
    """Return the text of the published file."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _subclasses(spec: type[Spec]) -> list[type[Spec]]:
    direct = spec.__subclasses__()
    return direct + [below for one in direct for below in _subclasses(one)]


def _describe(definition: dict[str, Any], spec: type[Spec]) -> None:
    """Put the docstring's words where editors show them."""
    definition["description"] = _split(spec)[0]
    meanings: dict[str, str] = {}
    for base in reversed(spec.__mro__):
        if issubclass(base, Spec):
            meanings |= _split(base)[1]
    aliases = {name: field.alias or name for name, field in spec.model_fields.items()}
    for name, meaning in meanings.items():
        place = definition["properties"].get(aliases.get(name, name))
        if place is not None:
            place["description"] = meaning


def _split(spec: type[Spec]) -> tuple[str, dict[str, str]]:
    """Return a docstring's text before `Args:` and the arguments' meanings."""
    text, _, arguments = inspect.cleandoc(spec.__doc__ or "").partition("\nArgs:\n")
    meanings = {name: _sentence(meaning) for name, meaning in _ARGUMENT.findall(arguments)}
    return " ".join(text.split()), meanings


def _sentence(text: str) -> str:
    words = " ".join(text.split())
    return words[:1].upper() + words[1:]


def _full_name(spec: type[Spec]) -> str:
    """Name a class as pydantic does where two have the same name."""
    return f"{spec.__module__}.{spec.__name__}".replace(".", "__")


def _tidy(part: object) -> None:
    """Leave out what editors have no use for, and refuse names that fit no pattern."""
    if isinstance(part, dict):
        if isinstance(part.get("title"), str):
            del part["title"]  # a key's name with capitals
        if "mapping" in part.get("discriminator", {}):
            del part["discriminator"]  # OpenAPI's word, not JSON Schema's
        if "patternProperties" in part:
            part.setdefault("additionalProperties", False)
        if isinstance(reference := part.get("$ref"), str):
            part["$ref"] = _MODULE.sub("", reference)
    if isinstance(part, dict | list):
        for below in part.values() if isinstance(part, dict) else part:
            _tidy(below)
