"""Whether a text is a value of a type: the same question as the warehouse's macro `is_castable`.

A whole column is asked at a time. Days are looked up by their ten characters, of which a column has
few different ones.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

_INTEGER = r"^-?[0-9]+$"
_LONG_INTEGER = r"^-?0*[0-9]{1,18}$"
_DECIMAL = r"^-?([0-9]+\.?[0-9]*|\.[0-9]+)$"
_BOOLEAN = r"(?i)^\s*(t|tr|tru|true|f|fa|fal|fals|false|y|ye|yes|n|no|on|of|off|0|1)\s*$"
_UUID = r"^(\{([0-9a-fA-F]{4}-?){7}[0-9a-fA-F]{4}\}|([0-9a-fA-F]{4}-?){7}[0-9a-fA-F]{4})$"

# Behind the day: nothing, or a time, and an offset from UTC.
_TIME = (
    r"^([ T]((([01]?[0-9]|2[0-3]):[0-5][0-9](:([0-5][0-9]|60)(\.[0-9]*)?)?)|24:00(:00(\.0*)?)?))?"
    r"( ?([zZ]|UTC|GMT|[+-](0?[0-9]|1[0-5])(:?[0-5][0-9])?))?$"
)

_DAY_CHARACTERS = 10

_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


def uncastable(values: pa.StringArray, type_: str) -> pa.BooleanArray | None:
    """Say which texts are no value of a type; null and empty texts are none that is wrong.

    Args:
        values: the texts.
        type_: as a manifest or sources.yml names it.

    Returns:
        True for each that is none; None where the type takes any text, or is not known.
    """
    castable = _CASTABLE.get(type_)
    if castable is None:
        return None
    present = pc.fill_null(pc.not_equal(values, ""), False)
    return pc.and_(present, pc.invert(pc.fill_null(castable(values), False)))


def _matches(pattern: str) -> Callable[[pa.StringArray], pa.BooleanArray]:
    def castable(values: pa.StringArray) -> pa.BooleanArray:
        return pc.match_substring_regex(values, pattern)

    return castable


def _is_integer(values: pa.StringArray) -> pa.BooleanArray:
    sure = pc.match_substring_regex(values, _LONG_INTEGER)
    if pc.all(sure, min_count=0).as_py():
        return sure
    digits = pc.match_substring_regex(values, _INTEGER)
    # Only what has so many digits that it may be beyond a bigint is looked at one by one.
    in_range = [
        text is not None and (known or (digit and _SMALLEST <= int(text) <= _LARGEST))
        for text, known, digit in zip(
            values.to_pylist(), sure.to_pylist(), digits.to_pylist(), strict=True
        )
    ]
    return pa.array(in_range, pa.bool_())


def _is_day(values: pa.StringArray) -> pa.BooleanArray:
    is_ten = pc.equal(pc.utf8_length(values), _DAY_CHARACTERS)
    return pc.and_kleene(is_ten, _known_days(values))


def _is_moment(values: pa.StringArray) -> pa.BooleanArray:
    rest = pc.utf8_slice_codeunits(values, _DAY_CHARACTERS)
    days = _known_days(pc.utf8_slice_codeunits(values, 0, _DAY_CHARACTERS))
    return pc.and_kleene(days, pc.match_substring_regex(rest, _TIME))


def _known_days(texts: pa.StringArray) -> pa.BooleanArray:
    encoded = texts.dictionary_encode()
    are_days = pa.array([_is_date(text) for text in encoded.dictionary.to_pylist()], pa.bool_())
    return pc.take(are_days, encoded.indices)


@lru_cache(maxsize=65_536)
def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    # Python also reads 20250131 and 2025-W05-5.
    return len(text) == _DAY_CHARACTERS and text[4] == text[7] == "-"


_CASTABLE: dict[str, Callable[[pa.StringArray], pa.BooleanArray]] = {
    "integer": _is_integer,
    "bigint": _is_integer,
    "decimal": _matches(_DECIMAL),
    "boolean": _matches(_BOOLEAN),
    "date": _is_day,
    "timestamp": _is_moment,
    "uuid": _matches(_UUID),
}
