"""What COPY is told of a dialect."""

from __future__ import annotations

from loader.reading.dialect import NO_QUOTE, Dialect


def copy_options(dialect: Dialect) -> dict[str, str]:
    """Give the options of COPY for files of a dialect, as they are or judged, without a header.

    Of several null markers COPY can be told only the first: blocks of such files are always judged,
    and in what was judged the others are written as the first.
    """
    no_quote = NO_QUOTE.decode()
    return {
        "format": "csv",
        "delimiter": dialect.delimiter,
        "quote": dialect.quote or no_quote,
        "escape": dialect.escape or dialect.quote or no_quote,
        "null": dialect.nulls[0],
        "encoding": dialect.server_encoding,
    }
