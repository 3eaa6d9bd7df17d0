"""The language of expressions: what it reads, what it refuses, and of which type the value is."""

from __future__ import annotations

from fractions import Fraction

import pytest

from generator.spec.expressions import (
    Binary,
    Call,
    Compare,
    ExpressionError,
    If,
    Logic,
    Not,
    Path,
    Text,
    Value,
    parse,
    paths,
)
from generator.spec.kinds import kind_of
from generator.spec.model import Model

ONE = Value(Fraction(1))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("1", ONE),
        ("0.1", Value(Fraction(1, 10))),
        ("a", Path(("a",))),
        (" a.b.c ", Path(("a", "b", "c"))),
        ("'x'", Text("x")),
        ("a + 1", Binary("+", Path(("a",)), ONE)),
        ("-1", Binary("-", Value(Fraction(0)), ONE)),
        ("a // b % 1", Binary("%", Binary("//", Path(("a",)), Path(("b",))), ONE)),
        ("a >= 1", Compare(">=", Path(("a",)), ONE)),
        ("not a", Not(Path(("a",)))),
        ("a or b or c", Logic("or", (Path(("a",)), Path(("b",)), Path(("c",))))),
        ("a and b", Logic("and", (Path(("a",)), Path(("b",))))),
        ("1 if a else b", If(Path(("a",)), ONE, Path(("b",)))),
        ("round(a)", Call("round", (Path(("a",)),))),
        ("round(a, 2)", Call("round", (Path(("a",)),), 2)),
        ("max(a, 1)", Call("max", (Path(("a",)), ONE))),
        ("known(a.b)", Call("known", (Path(("a", "b")),))),
    ],
)
def test_reads_an_expression(text: str, tree: object) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no expression"),
        ("a +", "is no expression"),
        ("(a", "is no expression"),
        ("a\x00", "is no expression"),
        ("+".join(["a"] * 20_000), "is no expression"),
        ("a < b < 3", "cannot use 'a < b < 3'"),
        ("a ** 2", "cannot use 'a ** 2'; use + - * / // %"),
        ("print(a)", "cannot use 'print(a)'"),
        ("max(a, key=b)", "cannot use"),
        ("a[0]", "cannot use 'a[0]'"),
        ("(lambda: 1)()", "cannot use"),
        ("f(a).b", "a path is names joined by dots"),
        ("True", "use numbers and texts"),
        ("1j", "use numbers and texts"),
        ("0x10", "write numbers as 12 or 12.5"),
        ("1e999999999", "write numbers as 12 or 12.5"),
        ("round(a, 7)", "round takes 0 to 6 places"),
        ("round(a, b)", "round takes 0 to 6 places"),
        ("round(a, 'x')", "round takes 0 to 6 places"),
        ("floor(a, 1)", "floor takes 1 to 1 arguments"),
        ("min(a)", "min takes 2 to 8 arguments"),
        ("known(a + 1)", "known takes a column"),
    ],
)
def test_refuses_what_is_not_of_the_language(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        parse(text)
    assert message in str(refused.value)


def test_finds_every_path() -> None:
    text = "round(a * b.c, 2) if known(d) and not e < 1 else max(f, -g)"
    assert [str(path) for path in paths(parse(text))] == ["d", "e", "a", "b.c", "f", "g"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("pages + place", "a whole number"),
        ("price + pages", "a number with 2 places"),
        ("price * price", "a number with 4 places"),
        ("price * 0.125", "a number with 5 places"),
        ("price / 3", "a fraction"),
        ("1 + price / 3", "a fraction"),
        ("round(price / 3, 2)", "a number with 2 places"),
        ("floor(price / 3)", "a whole number"),
        ("price // 3", "a whole number"),
        ("price % 1", "a number with 2 places"),
        ("max(pages, price / 3)", "a fraction"),
        ("price / 3 > 1", "a condition"),
        ("lent_at - loans.lent_at", "a whole number"),
        ("lent_at + 86400", "a time"),
        ("60 + lent_at", "a time"),
        ("min(lent_at, loans.lent_at)", "a time"),
        ("lent_at < loans.returned_at", "a condition"),
        ("known(book_id)", "a condition"),
        ("price if pages > 1 else 1", "a number with 2 places"),
        ('book_id.title != "x" and not pages > 1', "a condition"),
    ],
)
def test_tells_the_type_of_a_value(sound: Model, text: str, kind: str) -> None:
    assert str(kind_of(sound, "loan_items", text)) == kind


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lent_at + 0.5", "cannot use + on a time and a number with 1 places"),
        ("lent_at * 2", "cannot use * on a time and a whole number"),
        ("1 - lent_at", "cannot use - on a whole number and a time"),
        ("book_id + 1", "cannot use + on a text and a whole number"),
        ("pages > lent_at", "cannot compare a whole number and a time"),
        ("(pages > 1) > (place > 1)", "cannot compare a condition and a condition"),
        ("floor(lent_at)", "cannot use floor on a time"),
        ("abs(pages > 1)", "cannot use abs on a condition"),
        ("max(pages > 1, place > 1)", "cannot use max on conditions"),
        ("max(pages, lent_at)", "cannot choose between a whole number and a time"),
        ("'a' if pages > 1 else 'b'", "a text comes by template, choice or by_slot"),
        ("not pages", "a whole number stands where a condition must"),
        ("book_id.title < 'x'", "texts are compared by == and != only"),
        ("'a' == 'b'", "compare a column, or slot, with a text in quotes"),
        (
            "loans.status == 'gone'",
            "loans.status is never 'gone'; it is one of lent, returned, lost",
        ),
        ("slot == 'a'", "table loan_items has no slots"),
        ("pages % 0", "divides by zero"),
    ],
)
def test_refuses_operands_that_do_not_fit(sound: Model, text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        kind_of(sound, "loan_items", text)
    assert message in str(refused.value)


def test_every_row_has_its_slot(sound: Model) -> None:
    with pytest.raises(ExpressionError, match="every row has its slot"):
        kind_of(sound, "fines", "known(slot)")
