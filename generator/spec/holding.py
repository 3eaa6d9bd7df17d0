"""Which faults the files of a format can hold."""

from __future__ import annotations

from generator.spec.faults import REJECT, Fault
from generator.spec.model import FileFormat
from generator.spec.values import Type

_TEXTS = ("text", "uuid")
_NEED_TEXT = (
    "text_for_number",
    "malformed_date",
    "malformed_email",
    "malformed_phone",
    "white_space",
    "wrong_case",
)


def can_hold(fault: Fault, kind: Type | None, fmt: FileFormat) -> bool:
    """Tell whether a file of a format can hold a fault.

    A broken line needs a format whose lines can break; a Parquet column takes values of its type
    only.

    Args:
        fault: the fault.
        kind: its column's type; None for a fault of the whole line.
        fmt: the format.
    """
    if fault.make in REJECT:
        return fmt.startswith("csv")
    if fmt != "parquet" or kind is None or kind in _TEXTS:
        return True
    return fault.make not in _NEED_TEXT and (
        fault.make != "unknown_value" or bool(typed_values(fault, kind))
    )


def typed_values(fault: Fault, kind: Type) -> tuple[str, ...]:
    """Return those of an unknown_value's values that a column of this type can hold."""
    if kind in ("integer", "bigint", "decimal"):
        return tuple(text for text in fault.values or () if _is_of(kind, text))
    return (fault.values or ()) if kind in _TEXTS else ()


def _is_of(kind: Type, text: str) -> bool:
    whole, point, places = text.removeprefix("-").partition(".")
    if not whole.isascii() or not whole.isdigit() or len(whole) > 9:
        return False
    if not point:
        return True
    return kind == "decimal" and places.isascii() and places.isdigit() and len(places) <= 2
