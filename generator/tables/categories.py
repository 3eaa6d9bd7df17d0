"""categories: a fixed tree, departments over groups over kinds of goods."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from generator.departments import DEPARTMENTS
from generator.rows import Rows
from generator.text import Column, Digits, Format, Text, encode


@dataclass(frozen=True)
class Category:
    """A node of the tree.

    Args:
        number: its number, from 1.
        name: its name.
        parent: number of its parent; None for a department.
        department: position of its department in DEPARTMENTS.
        leaf: products belong to it.
    """

    number: int
    name: str
    parent: int | None
    department: int
    leaf: bool


@cache
def category_tree() -> tuple[Category, ...]:
    """Return all nodes, level by level: departments first, kinds of goods last."""
    nodes: list[Category] = []

    def add(name: str, parent: int | None, department: int, *, leaf: bool = False) -> int:
        nodes.append(Category(len(nodes) + 1, name, parent, department, leaf))
        return len(nodes)

    tops = [add(d.name, None, i) for i, d in enumerate(DEPARTMENTS)]
    groups = [
        (add(group, tops[i], i), i, kinds)
        for i, d in enumerate(DEPARTMENTS)
        for group, kinds in d.groups.items()
    ]
    for group, i, kinds in groups:
        for kind in kinds:
            add(kind, group, i, leaf=True)
    return tuple(nodes)


def category_columns(fmt: Format) -> list[Column]:
    """Return the layout; the parent brings its own quotes, as it can be null."""
    return [
        Column("category_id", (b"CAT-", Digits(3))),
        Column("category_name", (Text(40),), quoted=False),
        Column("parent_category_id", (Text(9 if fmt == "json" else 7),), quoted=False),
    ]


def fill_categories(rows: Rows) -> None:
    """Fill the records of the whole tree."""
    tree = category_tree()
    parents = [None if node.parent is None else f"CAT-{node.parent:03d}" for node in tree]
    rows.begin(len(tree))
    rows.put("category_id", np.array([node.number for node in tree]))
    rows.put("category_name", encode((node.name for node in tree), rows.format))
    rows.put("parent_category_id", encode(parents, rows.format))
