"""The published schema is the format's, and refuses what the reader refuses for its structure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from generator.spec.loading import built_in_models
from generator.spec.schema import PUBLISHED, json_schema, published_text

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    return jsonschema.Draft202012Validator(json_schema())


def test_the_published_schema_is_up_to_date() -> None:
    assert PUBLISHED.read_text() == published_text(), (
        "write generator.spec.schema.published_text() to generator/models/model.schema.json"
    )


@pytest.mark.parametrize("name", built_in_models())
def test_accepts_built_in_models(validator: jsonschema.Draft202012Validator, name: str) -> None:
    validator.validate(json.loads((PUBLISHED.parent / f"{name}.json").read_text()))


def test_accepts_the_sound_model(validator: jsonschema.Draft202012Validator) -> None:
    validator.validate(json.loads((DATA / "sound_model.json").read_text()))


@pytest.mark.parametrize(
    "name",
    [
        "not_an_object",
        "unknown_key",
        "unknown_kind",
        "kind_missing",
        "unknown_kind_of_rows",
        "wrong_type",
        "wrong_type_of_number",
        "key_missing",
        "bad_name",
        "share_above_one",
        "unknown_format",
        "no_values",
    ],
)
def test_refuses_bad_structure(validator: jsonschema.Draft202012Validator, name: str) -> None:
    assert not validator.is_valid(json.loads((DATA / "bad_models" / f"{name}.json").read_text()))


def objects(part: object) -> Iterator[dict[str, object]]:
    if isinstance(part, dict):
        yield part
    for below in (
        part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    ):
        yield from objects(below)


def test_every_object_is_closed_and_described() -> None:
    schema = json_schema()
    for name, definition in schema["$defs"].items():
        assert definition["additionalProperties"] is False, name
        assert definition["description"], name
        assert "Args:" not in definition["description"], name
    assert all("discriminator" not in part for part in objects(schema))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    shares = schema["$defs"]["Uniform"]["properties"]["null_share"]
    assert shares["description"] == "Share of the values that are missing."
