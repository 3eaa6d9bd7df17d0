"""What depends on what: paths, the order of tables, what varies, what can be missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from generator.errors import ModelError
from generator.spec.facts import is_nullable
from generator.spec.graph import column_dependencies, sort, table_order, versioned_columns
from generator.spec.model import Model
from generator.spec.paths import PathError, Resolved, leads_to, resolve

Changed = Callable[[Callable[[dict[str, Any]], object]], Model]


@pytest.mark.parametrize(
    ("path", "end"),
    [
        ("pages", Resolved("loan_items", "pages", ())),
        ("loans.status", Resolved("loans", "status", (("parent", "loans"),))),
        ("book_id.price", Resolved("books", "price", (("reference", "book_id", "books"),))),
        ("loan_id.status", Resolved("loans", "status", (("reference", "loan_id", "loans"),))),
        (
            "loans.reader_id.city",
            Resolved(
                "readers", "city", (("parent", "loans"), ("reference", "reader_id", "readers"))
            ),
        ),
        (
            "book_id.shelf_id.above.shelf_id",
            Resolved(
                "shelves",
                "shelf_id",
                (
                    ("reference", "book_id", "books"),
                    ("reference", "shelf_id", "shelves"),
                    ("reference", "above", "shelves"),
                ),
            ),
        ),
    ],
)
def test_a_path_is_followed(sound: Model, path: str, end: Resolved) -> None:
    assert resolve(sound, "loan_items", path) == end


def test_a_looked_up_reference_leads_on(changed: Changed) -> None:
    lookup = {"type": "integer", "kind": "lookup", "column": "loans.reader_id"}
    model = changed(lambda data: data["tables"]["fines"]["columns"].update(reader=lookup))
    assert leads_to(model, "fines", "reader") == "readers"
    assert resolve(model, "fines", "reader.city").table == "readers"


def test_a_path_that_leads_nowhere_is_refused(sound: Model) -> None:
    with pytest.raises(PathError, match=r"title.x: column title of table books leads to no other"):
        resolve(sound, "books", "title.x")


def test_tables_come_after_what_they_refer_to(sound: Model, changed: Changed) -> None:
    assert table_order(sound) == ["shelves", "books", "readers", "loans", "loan_items", "fines"]

    def turn(data: dict[str, Any]) -> None:
        data["tables"] = dict(reversed(data["tables"].items()))

    order = table_order(changed(turn))
    for earlier, later in (
        ("shelves", "books"),
        ("readers", "loans"),
        ("books", "loan_items"),
        ("loans", "loan_items"),
        ("loans", "fines"),
    ):
        assert order.index(earlier) < order.index(later)


def test_tables_in_a_circle_have_no_order(changed: Changed) -> None:
    column = {"type": "text", "kind": "reference", "to": "books"}
    model = changed(lambda data: data["tables"]["shelves"]["columns"].update(best=column))
    with pytest.raises(ModelError, match="circle: shelves -> books -> shelves"):
        table_order(model)


def test_sorting_shows_each_circle() -> None:
    needs = {"a": ["b"], "b": ["c", "d"], "c": ["b"], "d": ["d"]}
    order, circles = sort(needs, needs.__getitem__)
    assert sorted(order) == ["a", "b", "c", "d"]
    assert circles == [["b", "c", "b"], ["d", "d"]]


def test_long_chains_do_not_exhaust_the_stack() -> None:
    order, circles = sort([0], lambda n: [n + 1] if n < 50_000 else [])
    assert order == list(range(50_000, -1, -1))
    assert circles == []


def test_columns_that_vary_with_the_moment(sound: Model) -> None:
    assert versioned_columns(sound, "shelves") == set()
    assert versioned_columns(sound, "books") == {"price", "updated_at"}
    assert versioned_columns(sound, "readers") == {"city", "updated_at", "op"}
    assert versioned_columns(sound, "loans") == {"status", "updated_at"}
    # A price looked up is the price at the row's own time.
    assert versioned_columns(sound, "loan_items") == set()


def test_what_is_derived_from_a_varying_column_varies(changed: Changed) -> None:
    def change(data: dict[str, Any]) -> None:
        data["tables"]["readers"]["columns"] |= {
            "address": {"type": "text", "kind": "template", "template": "{street}, {city}"},
            "street": {"type": "text", "kind": "template", "template": "{house} {first_name}"},
            "house": {"type": "integer", "kind": "normal", "mean": "rank", "spread": 2, "min": 0},
            "rank": {"type": "integer", "kind": "zipf", "count": 9, "exponent": 1},
        }
        data["tables"]["readers"]["changes"]["moves"]["columns"] = ["rank"]

    assert versioned_columns(changed(change), "readers") == {
        "address",
        "street",
        "house",
        "rank",
        "updated_at",
        "op",
    }


def test_what_a_column_needs(sound: Model) -> None:
    assert column_dependencies(sound, "loan_items", "price") == (
        ("loan_items", "book_id"),
        ("books", "price"),
        ("loan_items", "lent_at"),  # the price changes: it is seen at the row's time
    )
    assert column_dependencies(sound, "loan_items", "deposit") == (
        ("loan_items", "pages"),
        ("loan_items", "price"),
    )
    assert column_dependencies(sound, "loans", "pages") == (("loan_items", "pages"),)
    assert column_dependencies(sound, "loans", "reader_id") == (
        ("loans", "lent_at"),
        ("readers", "reader_id"),
        ("readers", "joined_at"),
    )


@pytest.mark.parametrize(
    ("value", "nullable"),
    [
        ("1", False),
        ("floor(price)", False),
        ("loans.returned_at - lent_at", True),
        ("1 if known(loans.returned_at) else 0", False),
        ("loans.returned_at - lent_at if known(loans.returned_at) else 0", False),
        ("0 if known(loans.returned_at) else loans.returned_at - lent_at", True),
        ("1 if loans.returned_at > lent_at else 0", True),
        ("pages // place", True),
        ("pages // 2", False),
    ],
)
def test_what_can_be_missing(changed: Changed, value: str, nullable: bool) -> None:
    column = {"type": "integer", "kind": "expression", "value": value}
    model = changed(lambda data: data["tables"]["loan_items"]["columns"].update(x=column))
    assert is_nullable(model, "loan_items", "x") is nullable


def test_missing_spreads_along_paths(sound: Model) -> None:
    assert is_nullable(sound, "shelves", "above")
    assert is_nullable(sound, "readers", "phone")
    assert is_nullable(sound, "loans", "returned_at")
    assert not is_nullable(sound, "loan_items", "price")
