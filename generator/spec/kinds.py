"""The types of expressions: what a value is, and whether a column can hold it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from generator.spec.expressions import (
    Binary,
    Call,
    Compare,
    ExpressionError,
    If,
    Logic,
    Node,
    Not,
    Path,
    Text,
    Value,
    parse,
)
from generator.spec.facts import is_listed, possible_texts
from generator.spec.model import Model
from generator.spec.paths import SLOT, resolve
from generator.spec.rows import ChildRows
from generator.spec.values import Type

Sort = Literal["number", "condition", "time", "date", "text", "uuid"]
NUMBERS: dict[Type, int] = {"integer": 0, "bigint": 0, "decimal": 2}  # with their places
_SORTS: dict[Type, Sort] = {
    "integer": "number",
    "bigint": "number",
    "decimal": "number",
    "boolean": "condition",
    "timestamp": "time",
    "date": "date",
    "text": "text",
    "uuid": "uuid",
}
_ARTICLES: dict[Sort, str] = {
    "number": "a number",
    "condition": "a condition",
    "time": "a time",
    "date": "a date",
    "text": "a text",
    "uuid": "a uuid",
}


@dataclass(frozen=True)
class Kind:
    """What an expression gives.

    Args:
        sort: number, condition, ...
        places: decimal places of a number.
        fraction: a number that `/` made: no count of places is enough.
    """

    sort: Sort
    places: int = 0
    fraction: bool = False

    def __str__(self) -> str:
        if self.fraction:
            return "a fraction"
        if self.sort == "number":
            return "a whole number" if self.places == 0 else f"a number with {self.places} places"
        return _ARTICLES[self.sort]


_WHOLE = Kind("number")
_CONDITION = Kind("condition")


def check_value(model: Model, table: str, text: str, wanted: Type) -> None:
    """Refuse an expression whose value a column of the type cannot hold exactly.

    Raises:
        ExpressionError: with the fix.
        PathError: it holds a path that leads nowhere.
    """
    kind = kind_of(model, table, text)
    if kind.sort != _SORTS[wanted] or kind.sort in ("text", "uuid"):
        raise ExpressionError(f"{text!r}: gives {kind}, the column is of type {wanted}")
    if wanted in NUMBERS and (kind.fraction or kind.places > NUMBERS[wanted]):
        fix = "round(..., 2)" if wanted == "decimal" else "round(...) or floor(...)"
        raise ExpressionError(
            f"{text!r}: gives {kind}, the column is of type {wanted}; wrap it in {fix}"
        )


def check_condition(model: Model, table: str, text: str) -> None:
    """Refuse an expression that is no condition.

    Raises:
        ExpressionError: with the fix.
        PathError: it holds a path that leads nowhere.
    """
    kind = kind_of(model, table, text)
    if kind != _CONDITION:
        raise ExpressionError(f"{text!r}: gives {kind}; write a condition, such as a > 0")


def check_number(model: Model, table: str, text: str) -> None:
    """Refuse an expression that is no number, or a fraction that was not rounded.

    Raises:
        ExpressionError: with the fix.
        PathError: it holds a path that leads nowhere.
    """
    kind = kind_of(model, table, text)
    if kind.sort != "number" or kind.fraction:
        fix = "wrap it in round(..., 2)" if kind.fraction else "write a number"
        raise ExpressionError(f"{text!r}: gives {kind}; {fix}")


def kind_of(model: Model, table: str, text: str) -> Kind:
    """Return what an expression gives, seen from a row of a table.

    Raises:
        ExpressionError: its operands do not fit each other.
        PathError: it holds a path that leads nowhere.
    """
    return _Typing(model, table, text).kind(parse(text))


class _Typing:
    def __init__(self, model: Model, table: str, text: str) -> None:
        self._model = model
        self._table = table
        self._text = text

    def _refuse(self, message: str) -> ExpressionError:
        return ExpressionError(f"{self._text!r}: {message}")

    def kind(self, node: Node) -> Kind:  # noqa: PLR0911 (one case a kind of node)
        match node:
            case Value():
                return Kind("number", _places(node.number))
            case Text():
                return Kind("text")
            case Path():
                return self._path(node)
            case Binary():
                return self._binary(node)
            case Compare():
                return self._compare(node)
            case Logic():
                for condition in node.conditions:
                    self._condition(condition)
                return _CONDITION
            case Not():
                self._condition(node.condition)
                return _CONDITION
            case If():
                self._condition(node.condition)
                return self._joined("if", self.kind(node.then), self.kind(node.otherwise))
            case Call():
                return self._call(node)

    def _path(self, node: Path) -> Kind:
        if node.steps == (SLOT,):
            return Kind("text")
        end = resolve(self._model, self._table, str(node))
        type_ = self._model.tables[end.table].columns[end.column].type
        return Kind(_SORTS[type_], NUMBERS.get(type_, 0))

    def _condition(self, node: Node) -> None:
        kind = self.kind(node)
        if kind != _CONDITION:
            raise self._refuse(f"{kind} stands where a condition must")

    def _number(self, node: Node, doing: str) -> Kind:
        kind = self.kind(node)
        if kind.sort != "number":
            raise self._refuse(f"cannot use {doing} on {kind}")
        return kind

    def _joined(self, doing: str, *kinds: Kind) -> Kind:
        """Return the kind that holds all the kinds' values."""
        sorts = {kind.sort for kind in kinds}
        if len(sorts) > 1 or sorts & {"text", "uuid"}:
            raise self._refuse(
                f"{doing}: cannot choose between {' and '.join(dict.fromkeys(map(str, kinds)))}"
                " (a text comes by template, choice or by_slot)"
            )
        return replace(
            kinds[0],
            places=max(kind.places for kind in kinds),
            fraction=any(kind.fraction for kind in kinds),
        )

    def _binary(self, node: Binary) -> Kind:
        left, right = self.kind(node.left), self.kind(node.right)
        sign, sorts = node.operator, (left.sort, right.sort)
        if sign == "-" and sorts in (("time", "time"), ("date", "date")):
            return _WHOLE
        # A time moves by whole seconds, a date by whole days.
        if sign in "+-" and left.sort in ("time", "date") and right == _WHOLE:
            return left
        if sign == "+" and right.sort in ("time", "date") and left == _WHOLE:
            return right
        if sorts != ("number", "number"):
            raise self._refuse(f"cannot use {sign} on {left} and {right}")
        if sign in ("/", "//", "%") and node.right == Value(Fraction(0)):
            raise self._refuse("divides by zero")
        if sign == "//":
            return _WHOLE
        fraction = left.fraction or right.fraction or sign == "/"
        places = left.places + right.places if sign == "*" else max(left.places, right.places)
        return Kind("number", places, fraction)

    def _compare(self, node: Compare) -> Kind:
        left, right = self.kind(node.left), self.kind(node.right)
        if left.sort != right.sort or left.sort in ("condition", "uuid"):
            raise self._refuse(f"cannot compare {left} and {right}")
        if left.sort == "text":
            self._compare_texts(node)
        return _CONDITION

    def _compare_texts(self, node: Compare) -> None:
        if node.relation not in ("==", "!="):
            raise self._refuse("texts are compared by == and != only")
        match node.left, node.right:
            case (Path() as path, Text(text=text)) | (Text(text=text), Path() as path):
                known = self._texts(path)
            case _:
                raise self._refuse("compare a column, or slot, with a text in quotes")
        if known is not None and text not in known:
            raise self._refuse(f"{path} is never {text!r}; it is one of {', '.join(known)}")

    def _texts(self, path: Path) -> tuple[str, ...] | None:
        if path.steps == (SLOT,):
            rows = self._model.tables[self._table].rows
            slots = rows.slots if isinstance(rows, ChildRows) else None
            if slots is None:
                raise self._refuse(f"table {self._table} has no slots")
            return tuple(slots)
        end = resolve(self._model, self._table, str(path))
        if not is_listed(self._model, end.table, end.column):
            raise self._refuse(
                f"{path} is put together for each row and cannot be compared; compare a column"
                " of kind choice, pool, constant, status, by_slot, position or record"
            )
        return possible_texts(self._model, end.table, end.column)

    def _call(self, node: Call) -> Kind:
        name, arguments = node.function, node.arguments
        if name == "known":
            if arguments[0] == Path((SLOT,)):
                raise self._refuse("every row has its slot; known takes a column")
            self.kind(arguments[0])
            return _CONDITION
        if name in ("min", "max"):
            joined = self._joined(name, *(self.kind(argument) for argument in arguments))
            if joined == _CONDITION:
                raise self._refuse(f"cannot use {name} on conditions")
            return joined
        kind = self._number(arguments[0], name)
        if name == "abs":
            return kind
        return Kind("number", node.places)


def _places(number: Fraction) -> int:
    """Return how many decimal places a number is written with."""
    places = 0
    while (number * 10**places).denominator != 1:
        places += 1
    return places
