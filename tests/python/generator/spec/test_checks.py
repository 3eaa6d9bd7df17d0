"""Bad models: each file under data/bad_models has one fault and says in its description what the
check must answer (`expect: ...`)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.errors import ModelError
from generator.spec.checks import check
from generator.spec.loading import load_model
from generator.spec.model import Model

BAD = sorted((Path(__file__).parents[2] / "data" / "bad_models").glob("*.json"))
_EXPECTED = re.compile(r'"description": "expect: (.*)"')

Changed = Callable[[Callable[[dict[str, Any]], object]], Model]


def expected(path: Path) -> str:
    """Return what a bad model's description says; some of the files cannot be read as JSON."""
    found = _EXPECTED.search(path.read_text())
    assert found is not None, f"{path.name}: no description that begins with expect:"
    return str(json.loads(f'"{found[1]}"'))


def test_there_are_many_kinds_of_bad_models() -> None:
    assert len(BAD) >= 140


def test_the_sound_model_is_sound(sound: Model) -> None:
    check(sound)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_model_is_refused_with_place_and_fix(path: Path) -> None:
    with pytest.raises(ModelError) as refused:
        check(load_model(str(path)), path.name)
    lines = str(refused.value).splitlines()
    assert expected(path) in str(refused.value)
    assert all(line.startswith(f"{path.name}: ") for line in lines)
    assert lines == sorted(lines)


def test_all_problems_of_a_stage_are_shown_at_once(changed: Changed) -> None:
    def change(data: dict[str, Any]) -> None:
        data["tables"]["loans"]["columns"]["reader_id"]["to"] = "reader"
        data["tables"]["books"]["columns"]["price"]["max"] = 0
        data["tables"]["books"]["key"] = ["book"]

    with pytest.raises(ModelError) as refused:
        check(changed(change))
    assert str(refused.value).splitlines() == [
        "library: table books, column price: max 0 is below min 1",
        "library: table books, key: there is no column book; did you mean book_id?",
        "library: table loans, column reader_id: there is no table reader; did you mean readers?",
    ]


def set_email(template: str) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        columns = data["tables"]["readers"]["columns"]
        columns["email"]["template"] = template
        columns["age"] = {"type": "integer", "kind": "uniform", "min": 5, "max": 99}
        columns["area"] = {"type": "integer", "kind": "uniform", "min": 100, "max": 999}
        columns["token"] = {"type": "uuid", "kind": "uuid"}

    return change


@pytest.mark.parametrize(
    "template",
    [
        "{reader_id}",
        "{first_name}{reader_id}{city}",
        "{reader_id}/{age}",
        "{age}-{reader_id}",
        "{first_name}-{age}/{reader_id:8}",
        "{area}{reader_id:8}{age:2}",
        "{area}{reader_id}",
        "{first_name}{token}{age}",
    ],
)
def test_a_template_that_can_be_read_back_is_unique(changed: Changed, template: str) -> None:
    check(changed(set_email(template)))


@pytest.mark.parametrize(
    "template",
    [
        "{age}",
        "{first_name}-{age}",
        "{reader_id}{age}",
        "{age}{reader_id}",
        "{reader_id}0{age}",
        "{age}{first_name}{reader_id}{city}{age}",
    ],
)
def test_a_template_that_cannot_be_read_back_is_not(changed: Changed, template: str) -> None:
    with pytest.raises(ModelError, match="column email: cannot be proved unique"):
        check(changed(set_email(template)))


def places(part: object, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value of a file's content."""
    if isinstance(part, dict | list):
        for key, below in part.items() if isinstance(part, dict) else enumerate(part):
            yield (*way, key)
            yield from places(below, (*way, key))


@pytest.mark.parametrize("value", [None, "x", "loans.x", -1, 2**70, [], {}], ids=repr)
def test_no_value_in_any_place_breaks_the_check(
    sound_file: Path, tmp_path: Path, value: object
) -> None:
    path = tmp_path / "odd.json"
    text = sound_file.read_text()
    for *way, last in places(json.loads(text)):
        data = at = json.loads(text)
        for key in way:
            at = at[key]
        at[last] = value
        path.write_text(json.dumps(data))
        try:
            check(load_model(str(path)), path.name)
        except ModelError as error:
            assert str(error).startswith("odd.json: "), (way, last)
