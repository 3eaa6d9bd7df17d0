"""Which faults a table's rows can have, and what must come of them."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from generator.spec.base import Name, Path, Spec

Outcome = Literal["quarantine", "clean", "reject"]

CLEAN = ("white_space", "wrong_case")
REJECT = ("too_few_fields", "too_many_fields", "broken_quote", "invalid_utf8")
COPIES = ("duplicate_key", "duplicate_row")

Make = Literal[
    "not_positive",
    "missing",
    "malformed_email",
    "malformed_phone",
    "malformed_date",
    "text_for_number",
    "unknown_reference",
    "duplicate_key",
    "duplicate_row",
    "wrong_total",
    "future_date",
    "too_early",
    "not_below",
    "unknown_value",
    "white_space",
    "wrong_case",
    "too_few_fields",
    "too_many_fields",
    "broken_quote",
    "invalid_utf8",
]


class Fault(Spec):
    """A kind of fault.

    Args:
        make: what is done to a row.
        column: the column that is changed; not for faults of a whole line.
        rule: the rule that the row must break; not for those that are cleaned or rejected.
        weight: how often, relative to the table's other faults, among the share that `--defects`
            gives to all; 0: only when asked for by name (`--defects too_few_fields=0.001`).
        values: for unknown_value, what is written.
        other: for too_early, the column that the broken one comes before; for not_below, the
            column that the broken one reaches.
    """

    make: Make
    column: Name | None = None
    rule: Name | None = None
    weight: float = Field(default=1, ge=0)
    values: tuple[str, ...] | None = None
    other: Path | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        whole_line = self.make in (*REJECT, "duplicate_row")
        if whole_line == (self.column is not None):
            raise ValueError(
                f"{self.make}: breaks a whole line, leave column out"
                if whole_line
                else f"{self.make}: say which column"
            )
        if (self.outcome == "quarantine") != (self.rule is not None):
            raise ValueError(
                f"{self.make}: say which rule the row breaks"
                if self.outcome == "quarantine"
                else f"{self.make}: breaks no rule, leave rule out"
            )
        if (self.make == "unknown_value") != (self.values is not None):
            raise ValueError(f"{self.make}: values belong to unknown_value, and only to it")
        if (self.make in ("too_early", "not_below")) != (self.other is not None):
            raise ValueError(f"{self.make}: other belongs to too_early and not_below only")
        return self

    @property
    def outcome(self) -> Outcome:
        """What must become of the row."""
        if self.make in CLEAN:
            return "clean"
        return "reject" if self.make in REJECT else "quarantine"
