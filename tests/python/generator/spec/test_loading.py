"""Reading model files: which ones are found, what is refused, and when two mean the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.errors import ModelError
from generator.spec.checks import check
from generator.spec.loading import built_in_models, canonical_sha256, load_model
from generator.spec.model import Model

Changed = Callable[[Callable[[dict[str, Any]], object]], Model]


@pytest.mark.parametrize("name", ["clinic", "shop"])
def test_built_in_models_are_found_by_name_and_sound(name: str) -> None:
    assert name in built_in_models()
    model = load_model(name)
    check(model)
    assert model.name == name


def test_a_file_is_found_by_its_path(sound_file: Path) -> None:
    assert load_model(str(sound_file)).name == "library"


def test_a_byte_order_mark_is_no_obstacle(sound_file: Path, tmp_path: Path, sound: Model) -> None:
    path = tmp_path / "marked.json"
    path.write_text(sound_file.read_text(), encoding="utf-8-sig")
    assert load_model(str(path)) == sound


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match=r"hsop: there is no such model or file; built in are clin"
    ):
        load_model("hsop")
    with pytest.raises(ModelError, match=r"is a folder; give a model file"):
        load_model(str(tmp_path))


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "latin.json"
    path.write_bytes('{"name": "caf\u00e9"}'.encode("latin-1"))
    with pytest.raises(ModelError, match=r"is not UTF-8 at byte 14; save it as UTF-8"):
        load_model(str(path))


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_text("[" * 100_000)
    with pytest.raises(ModelError, match=r"is nested too deeply|is not JSON"):
        load_model(str(path))


def test_a_bad_model_is_no_success() -> None:
    assert ModelError("x").exit_code != 0


def test_all_problems_of_a_file_are_shown_at_once(changed: Changed) -> None:
    def change(data: dict[str, Any]) -> None:
        data["tables"]["books"]["colour"] = 1
        data["tables"]["books"]["columns"]["price"]["min"] = None
        del data["tables"]["loans"]["key"]

    with pytest.raises(ModelError) as refused:
        changed(change)
    assert str(refused.value).splitlines() == [
        "changed.json: table books, colour: unknown key; did you mean columns?",
        "changed.json: table books, column price, min: null does not fit; give a number or a text",
        "changed.json: table loans, key: is missing",
    ]


def test_looks_do_not_count(changed: Changed, sound: Model) -> None:
    def change(data: dict[str, Any]) -> None:
        data["$schema"] = "model.schema.json"
        data["description"] = "Another text."
        data["tables"] = dict(reversed(data["tables"].items()))
        data["tables"]["books"]["columns"]["price"]["description"] = "The price."
        data["tables"]["books"]["columns"]["price"]["null_share"] = 0  # the default
        data["tables"]["books"]["columns"]["price"]["max"] = 99.5

    assert canonical_sha256(changed(change)) == canonical_sha256(sound)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.update(name="books"),
        lambda data: data["tables"]["books"]["rows"].update(count=201),
        lambda data: data["tables"]["books"]["columns"]["price"].update(max=99),
        lambda data: data["tables"]["books"]["columns"].update(
            title=data["tables"]["books"]["columns"].pop("title")
        ),
        lambda data: data["tables"]["fines"]["rows"].update(
            slots=dict(reversed(data["tables"]["fines"]["rows"]["slots"].items()))
        ),
        lambda data: data["pools"]["names"]["values"].reverse(),
        lambda data: data["totals"]["measures"].update(
            loans=data["totals"]["measures"].pop("loans")
        ),
    ],
    ids=["name", "count", "limit", "column order", "slot order", "pool order", "measure order"],
)
def test_meaning_counts(
    changed: Changed, sound: Model, change: Callable[[dict[str, Any]], object]
) -> None:
    assert canonical_sha256(changed(change)) != canonical_sha256(sound)
