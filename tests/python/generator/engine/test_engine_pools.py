"""Pools: sizes, templates, the same texts for a seed, each pool for itself, and clear errors."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from faker.factory import Factory

from generator.engine.pools import fill_pools
from generator.errors import ModelError
from generator.spec.model import Model

TABLE: dict[str, Any] = {
    "delivery": "append",
    "key": ["id"],
    "rows": {"kind": "fixed", "count": 3},
    "columns": {"id": {"type": "integer", "kind": "sequence"}},
}
NAMES = {"faker": "last_name", "size": 400}


def fill(
    pools: dict[str, Any], seed: int = 1, columns: dict[str, Any] | None = None
) -> dict[str, tuple[str, ...]]:
    table = {**TABLE, "columns": {**TABLE["columns"], **(columns or {})}}
    model = Model.model_validate({"name": "test", "pools": pools, "tables": {"people": table}})
    return fill_pools(model, seed)


def column(provider: str, **others: Any) -> dict[str, Any]:
    return {"type": "text", "kind": "faker", "provider": provider, **others}


def test_written_values_stay_as_they_are() -> None:
    assert fill({"colours": {"values": ["red", "blue", "red"]}}) == {
        "colours": ("red", "blue", "red")
    }


def test_drawn_pools_hold_as_many_different_texts_as_asked_for() -> None:
    pools = fill(
        {
            "names": NAMES,
            "cities": {"faker": "city", "size": 1_000},
            "streets": {"faker": "street_name", "size": 1_000},
            "firms": {"faker": "company", "size": 240},
        }
    )
    assert {name: len(texts) for name, texts in pools.items()} == {
        "names": 400,
        "cities": 1_000,
        "streets": 1_000,
        "firms": 240,
    }
    assert all(len(set(texts)) == len(texts) for texts in pools.values())
    assert all(text and isinstance(text, str) for texts in pools.values() for text in texts)


def test_a_pool_hangs_on_its_seed_and_name_alone() -> None:
    alone = fill({"names": NAMES})["names"]
    others = {"a": {"faker": "city"}, "b": {"faker": "email", "size": 5}, "names": NAMES}
    assert fill(others)["names"] == alone
    assert fill(dict(reversed(others.items())))["names"] == alone
    assert fill({"names": NAMES}, seed=2)["names"] != alone
    assert fill({"more_names": NAMES})["more_names"] != alone


def test_a_longer_pool_begins_with_the_shorter() -> None:
    assert fill({"names": {**NAMES, "size": 100}})["names"] == fill({"names": NAMES})["names"][:100]


def test_another_process_makes_the_same_texts() -> None:
    program = (
        "from generator.spec.model import Model; from generator.engine.pools import fill_pools;"
        f"model = Model.model_validate({{'name': 'test', 'pools': {{'names': {NAMES!r}}},"
        f" 'tables': {{'people': {TABLE!r}}}}}); print(fill_pools(model, 1)['names'])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout
    assert printed.strip() == repr(fill({"names": NAMES})["names"])


def test_a_model_without_faker_does_not_import_it() -> None:
    program = (
        "import sys; from generator.spec.model import Model;"
        "from generator.engine.pools import fill_pools; fill_pools(Model.model_validate({'name':"
        f" 'test', 'pools': {{'a': {{'values': ['x']}}}}, 'tables': {{'people': {TABLE!r}}}}}), 1);"
        "print('faker' in sys.modules)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout
    assert printed.strip() == "False"


def test_columns_have_pools_of_their_own() -> None:
    pools = fill(
        {"names": NAMES},
        columns={"first": column("first_name", size=50), "number": column("numerify", size=20)},
    )
    assert list(pools) == ["names", "people.first", "people.number"]
    assert (len(pools["people.first"]), len(pools["people.number"])) == (50, 20)


def test_arguments_reach_the_provider() -> None:
    pools = fill(
        {"codes": {"faker": "bothify", "arguments": {"text": "??-##"}, "size": 30}},
        columns={"small": column("random_int", arguments={"min": 3, "max": 5}, size=3)},
    )
    assert all(len(text) == 5 and text[2] == "-" for text in pools["codes"])
    assert sorted(pools["people.small"]) == ["3", "4", "5"]


def test_a_size_that_was_not_asked_for_is_as_many_as_there_are() -> None:
    pools = fill({"bits": {"faker": "boolean"}, "colours": {"faker": "color_name"}})
    assert sorted(pools["bits"]) == ["False", "True"]
    assert 100 < len(pools["colours"]) < 200


def test_a_size_that_cannot_be_had_is_refused() -> None:
    with pytest.raises(ModelError, match=r"pool bits: asks for 3 .* there are 2; lower its size"):
        fill({"bits": {"faker": "boolean", "size": 3}})
    with pytest.raises(ModelError, match=r"people.bits: asks for 3"):
        fill({}, columns={"bits": column("boolean", size=3)})


TEMPLATES = {
    "brands": {"templates": ["{names} {ends}", "{names|upper}"], "size": 30},
    "names": {"values": ["Ash", "Birch", "Cedar"]},
    "ends": {"templates": ["& {more}", "{{{more|lower}}}"], "size": 4},
    "more": {"values": ["Co", "Sons"]},
}


def test_templates_take_from_other_pools_in_any_order() -> None:
    pools = fill({**TEMPLATES, "brands": {**TEMPLATES["brands"], "size": 15}})
    assert set(pools["ends"]) == {"& Co", "& Sons", "{co}", "{sons}"}
    named = {f"{name} {end}" for name in pools["names"] for end in pools["ends"]}
    assert set(pools["brands"]) == named | {"ASH", "BIRCH", "CEDAR"}


def test_templates_that_make_too_few_are_refused() -> None:
    with pytest.raises(ModelError, match="pool brands: asks for 30 different texts and there are"):
        fill(TEMPLATES)


def test_templates_pad_no_texts() -> None:
    with pytest.raises(ModelError, match=r"pool a, templates: \{b:5\} pads a text"):
        fill({"a": {"templates": ["{b:5}"]}, "b": {"values": ["x"]}})


def test_unknown_provider_is_named_with_its_pool_and_a_fix() -> None:
    with pytest.raises(
        ModelError, match=r"pool names: Faker has no provider frist_name; use .*first_name"
    ):
        fill({"names": {"faker": "frist_name"}})
    with pytest.raises(ModelError, match=r"people\.first: Faker has no provider qqqqqqq"):
        fill({}, columns={"first": column("qqqqqqq")})


@pytest.mark.parametrize("name", ["seed_instance", "add_provider", "providers", "__init__"])
def test_what_is_no_provider_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match=f"Faker has no provider {name}"):
        fill({"names": {"faker": name}})


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ModelError, match=r"pool names: Faker's city cannot use the arguments"):
        fill({"names": {"faker": "city", "arguments": {"size": "large"}}})


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(ModelError, match="pool people: Faker's profile makes a dict, no text"):
        fill({"people": {"faker": "profile"}})


@pytest.mark.parametrize("provider", ["address", "company", "name", "catch_phrase", "hex_color"])
def test_few_providers_make_the_texts_of_all(provider: str) -> None:
    """The engine starts with Faker's usual providers only; that must not show."""
    few = fill({"texts": {"faker": provider, "size": 20}})["texts"]
    all_of_them = fill(
        {"other": {"faker": "user_agent", "size": 1}, "texts": {"faker": provider, "size": 20}}
    )["texts"]
    assert few == all_of_them


def test_usual_providers_need_no_others() -> None:
    from generator.engine.pools import _USUAL  # noqa: PLC0415

    few = Factory.create("en_US", _USUAL, use_weighting=False)
    every = Factory.create("en_US", use_weighting=False)
    for name in sorted(key for key, value in vars(few).items() if callable(value)):
        few.seed_instance(1)
        every.seed_instance(1)
        try:
            expected = vars(every)[name]()
        except (TypeError, ValueError, AttributeError):
            continue  # needs arguments
        assert vars(few)[name]() == expected, name
