"""A record of a CSV file taken apart: what stands in quotes, and its fields."""

from __future__ import annotations

import re
from functools import lru_cache


class BrokenQuotingError(Exception):
    """A quote stands within a field, or text after a closing quote."""


@lru_cache(maxsize=32)
def _patterns(quote: bytes, escape: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Patterns of a quoted field and of an escape in it."""
    q, e = re.escape(quote), re.escape(escape)
    field = re.compile(q + inside_quotes(quote, escape) + q)
    return field, re.compile(rb"%b([%b%b])" % (e, q, e))


def inside_quotes(quote: bytes, escape: bytes) -> bytes:
    """Give a pattern of what stands between an opening quote and the one that closes it.

    An escape before another character than these two stands for itself.
    """
    q, e = re.escape(quote), re.escape(escape)
    if quote == escape:
        return rb"(?:[^%b]++|%b%b)*+" % (q, q, q)
    return rb"(?:[^%b%b]++|%b[%b%b]?+)*+" % (q, e, e, q, e)


def split(
    record: bytes, delimiter: bytes, quote: bytes | None, escape: bytes | None
) -> list[bytes] | None:
    """Take a record, given without its line end, apart.

    Returns:
        The fields as they are written; None when a quote is still open at the end, so that more
        may follow.

    Raises:
        BrokenQuotingError: the quotes are not where they belong.
    """
    if quote is None or escape is None:
        return record.split(delimiter)
    quoted, _ = _patterns(quote, escape)
    found: list[bytes] = []
    position = 0
    while True:
        if record[position : position + 1] == quote:
            field = quoted.match(record, position)
            if field is None:
                return None
            end = field.end()
        else:
            end = record.find(delimiter, position)
            end = len(record) if end < 0 else end
            if quote in record[position:end]:
                raise BrokenQuotingError
        found.append(record[position:end])
        if end == len(record):
            return found
        if record[end : end + 1] != delimiter:
            raise BrokenQuotingError
        position = end + 1


def unquoted(field: bytes, quote: bytes | None, escape: bytes | None) -> bytes:
    """Take the quotes off a field that may have them."""
    if quote is None or escape is None or not field.startswith(quote):
        return field
    return _patterns(quote, escape)[1].sub(rb"\1", field[1:-1])
