"""What COPY is told of a dialect."""

from __future__ import annotations

from loader.reading.dialect import Dialect
from loader.reading.options import copy_options


def test_the_default_is_csv_in_utf8() -> None:
    assert copy_options(Dialect()) == {
        "format": "csv",
        "delimiter": ",",
        "quote": '"',
        "escape": '"',
        "null": "",
        "encoding": "UTF8",
    }


def test_each_key_of_a_dialect_has_its_option() -> None:
    dialect = Dialect(
        delimiter=";", quote="'", escape="\\", encoding="cp1252", nulls=("NULL", "N/A")
    )
    assert copy_options(dialect) == {
        "format": "csv",
        "delimiter": ";",
        "quote": "'",
        "escape": "\\",
        "null": "NULL",
        "encoding": "WIN1252",
    }


def test_without_a_quote_copy_gets_one_that_no_text_holds() -> None:
    options = copy_options(Dialect(quote=None, encoding="utf-16"))
    assert (options["quote"], options["escape"]) == ("\x01", "\x01")
    assert options["encoding"] == "UTF8"
