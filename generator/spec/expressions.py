"""The little language of expressions: Python's arithmetic over paths, read by Python's own parser.

    round((subtotal - discount) * tax_rate / 10000, 2)
    orders.total - card_amount if slot == "main" else card_amount
    known(orders.delivered_at) and quantity > 1

Numbers are exact (integers and decimals, never floats); `/` makes a fraction, which `round`,
`floor` or a comparison takes. There are `+ - * / // %`, comparisons, `and or not`, `a if c else b`,
and the functions `round(x, places)`, `floor(x)`, `min`, `max`, `abs` and `known(path)`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Literal

Operator = Literal["+", "-", "*", "/", "//", "%"]
Relation = Literal["==", "!=", "<", "<=", ">", ">="]
Function = Literal["round", "floor", "min", "max", "abs", "known"]

_OPERATORS: dict[type[ast.operator], Operator] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}
_RELATIONS: dict[type[ast.cmpop], Relation] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
# Least and most arguments.
_FUNCTIONS: dict[Function, tuple[int, int]] = {
    "round": (1, 2),
    "floor": (1, 1),
    "min": (2, 8),
    "max": (2, 8),
    "abs": (1, 1),
    "known": (1, 1),
}
_NAMED: dict[str, Function] = {name: name for name in _FUNCTIONS}
_MOST_PLACES = 6
_NUMBER = re.compile(r"\d{1,18}(\.\d{1,18})?")


class ExpressionError(ValueError):
    """An expression that is not of the language; the message names the place and the fix."""


@dataclass(frozen=True)
class Value:
    """A number, exactly as written."""

    number: Fraction


@dataclass(frozen=True)
class Text:
    """A text; only compared with a column's values or with `slot`."""

    text: str


@dataclass(frozen=True)
class Path:
    """A column, its own or seen through references: `quantity`, `product_id.list_price`."""

    steps: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(self.steps)


@dataclass(frozen=True)
class Binary:
    """Arithmetic of two numbers."""

    operator: Operator
    left: Node
    right: Node


@dataclass(frozen=True)
class Compare:
    """True or false: a relation between two values."""

    relation: Relation
    left: Node
    right: Node


@dataclass(frozen=True)
class Logic:
    """Several conditions joined by `and` or by `or`."""

    operator: Literal["and", "or"]
    conditions: tuple[Node, ...]


@dataclass(frozen=True)
class Not:
    """The opposite of a condition."""

    condition: Node


@dataclass(frozen=True)
class If:
    """One value where the condition holds, another elsewhere."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True)
class Call:
    """A function of some values; `places` is the second argument of `round`."""

    function: Function
    arguments: tuple[Node, ...]
    places: int = 0


Node = Value | Text | Path | Binary | Compare | Logic | Not | If | Call


@lru_cache(maxsize=4096)
def parse(text: str) -> Node:
    """Read an expression; the checks and the engine ask for the same ones again and again.

    Raises:
        ExpressionError: it is not one; the message quotes it and says what is allowed.
    """
    try:
        return _Reader(text).node(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ExpressionError(f"{text!r}: is no expression ({error.args[0]})") from error


def paths(node: Node) -> Iterator[Path]:
    """Yield the columns that an expression needs."""
    if isinstance(node, Path):
        yield node
    elif isinstance(node, Binary | Compare):
        yield from paths(node.left)
        yield from paths(node.right)
    elif isinstance(node, Logic):
        for condition in node.conditions:
            yield from paths(condition)
    elif isinstance(node, Not):
        yield from paths(node.condition)
    elif isinstance(node, If):
        for part in (node.condition, node.then, node.otherwise):
            yield from paths(part)
    elif isinstance(node, Call):
        for argument in node.arguments:
            yield from paths(argument)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text

    def _refuse(self, tree: ast.AST, fix: str) -> ExpressionError:
        part = ast.get_source_segment(self._text.strip(), tree) or self._text
        return ExpressionError(f"{self._text!r}: cannot use {part!r}; {fix}")

    def node(self, tree: ast.expr) -> Node:  # noqa: PLR0911 (one case a kind of node)
        match tree:
            case ast.Constant():
                return self._constant(tree)
            case ast.Name() | ast.Attribute():
                return self._path(tree)
            case ast.UnaryOp(op=ast.USub()):
                return Binary("-", Value(Fraction(0)), self.node(tree.operand))
            case ast.UnaryOp(op=ast.Not()):
                return Not(self.node(tree.operand))
            case ast.BinOp() if type(tree.op) in _OPERATORS:
                left, right = self.node(tree.left), self.node(tree.right)
                return Binary(_OPERATORS[type(tree.op)], left, right)
            case ast.Compare(ops=[operator], comparators=[right]) if type(operator) in _RELATIONS:
                return Compare(_RELATIONS[type(operator)], self.node(tree.left), self.node(right))
            case ast.BoolOp():
                joined: Literal["and", "or"] = "and" if isinstance(tree.op, ast.And) else "or"
                return Logic(joined, tuple(self.node(value) for value in tree.values))
            case ast.IfExp():
                return If(self.node(tree.test), self.node(tree.body), self.node(tree.orelse))
            case ast.Call(func=ast.Name(id=name), keywords=[]) if function := _NAMED.get(name):
                return self._call(tree, function)
            case _:
                raise self._refuse(
                    tree,
                    "use + - * / // %, comparisons, and, or, not, a if c else b, and "
                    + ", ".join(_FUNCTIONS),
                )

    def _constant(self, tree: ast.Constant) -> Node:
        if isinstance(tree.value, str):
            return Text(tree.value)
        if isinstance(tree.value, bool) or not isinstance(tree.value, int | float):
            raise self._refuse(tree, "use numbers and texts")
        # The digits as written: 0.1 is a tenth here.
        written = ast.get_source_segment(self._text.strip(), tree) or ""
        if not _NUMBER.fullmatch(written):
            raise self._refuse(tree, "write numbers as 12 or 12.5, with at most 18 digits a side")
        return Value(Fraction(written))

    def _path(self, tree: ast.Name | ast.Attribute) -> Path:
        steps: list[str] = []
        at: ast.expr = tree
        while isinstance(at, ast.Attribute):
            steps.append(at.attr)
            at = at.value
        if not isinstance(at, ast.Name):
            raise self._refuse(tree, "a path is names joined by dots")
        return Path((at.id, *reversed(steps)))

    def _call(self, tree: ast.Call, name: Function) -> Call:
        least, most = _FUNCTIONS[name]
        if not least <= len(tree.args) <= most:
            raise self._refuse(tree, f"{name} takes {least} to {most} arguments")
        if name == "round":
            return Call(name, (self.node(tree.args[0]),), self._places(tree))
        arguments = tuple(self.node(argument) for argument in tree.args)
        if name == "known" and not isinstance(arguments[0], Path):
            raise self._refuse(tree, "known takes a column")
        return Call(name, arguments)

    def _places(self, tree: ast.Call) -> int:
        match tree.args[1:]:
            case []:
                return 0
            case [ast.Constant(value=int(places))] if 0 <= places <= _MOST_PLACES:
                return int(places)
            case _:
                raise self._refuse(tree, f"round takes 0 to {_MOST_PLACES} places")
