"""All checks of a model, in stages: each can rely on those before it."""

from __future__ import annotations

from collections.abc import Callable

from generator.errors import ModelError
from generator.spec.checks_circles import check_circles
from generator.spec.checks_expressions import check_expressions
from generator.spec.checks_faults import check_faults
from generator.spec.checks_keys import check_keys
from generator.spec.checks_names import check_names
from generator.spec.checks_rows import check_rows
from generator.spec.checks_values import check_records, check_values
from generator.spec.model import Model
from generator.spec.problems import Problems

_STAGES: tuple[tuple[Callable[[Model, Problems], None], ...], ...] = (
    (check_names, check_values, check_records),
    (check_circles,),  # needs names that exist
    (check_rows, check_keys, check_expressions, check_faults),  # follow references to their end
)


def check(model: Model, file: str | None = None) -> None:
    """Refuse a model that cannot be made as it says.

    Args:
        model: the model.
        file: what the problems' lines begin with; the model's name by default.

    Raises:
        ModelError: all problems of the first stage that finds any (names and constants; circles;
            rows, keys, types and faults), one a line, sorted by place.
    """
    for stage in _STAGES:
        problems = Problems()
        for find in stage:
            find(model, problems)
        if problems:
            raise ModelError(
                "\n".join(f"{file or model.name}: {line}" for line in problems.lines())
            )
