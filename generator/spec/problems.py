"""Problems of a model: gathered, so that all are shown at once, each with its place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from generator.spec.expressions import ExpressionError
from generator.spec.paths import PathError
from generator.spec.templates import TemplateError


def place(table: str | None = None, column: str | None = None, part: str = "") -> str:
    """Name a place of a model: `table orders, column total, value`."""
    names = [
        f"table {table}" if table is not None else "",
        f"column {column}" if column is not None else "",
        part,
    ]
    return ", ".join(name for name in names if name) or "model"


class Problems:
    """What is wrong with a model, by place."""

    def __init__(self) -> None:
        self._found: set[tuple[str, str]] = set()

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, where: str, message: str) -> None:
        """Note a problem: where it is, what it is and how it is mended."""
        self._found.add((where, message))

    @contextmanager
    def caught(self, where: str) -> Iterator[None]:
        """Note what a path, an expression or a template is refused for."""
        try:
            yield
        except (PathError, ExpressionError, TemplateError) as error:
            self.add(where, str(error))

    def lines(self) -> list[str]:
        """Return the problems, one line each, sorted by place."""
        return [f"{where}: {message}" for where, message in sorted(self._found)]
