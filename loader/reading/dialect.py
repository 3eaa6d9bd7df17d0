"""How a source writes its text files: the keys of `dialect` in sources.yml."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Encoding = Literal["utf-8", "utf-16", "latin-1", "cp1252"]
LineEnds = Literal["auto", "lf", "crlf", "cr"]

# What COPY calls them. UTF-16 is turned into UTF-8 while it is read: COPY does not know it.
_SERVER_ENCODINGS: dict[str, str] = {
    "utf-8": "UTF8",
    "utf-16": "UTF8",
    "latin-1": "LATIN1",
    "cp1252": "WIN1252",
}

# Stands for "no quote" in COPY, which must have one: a character that no text file holds. A file
# that does hold it is read in records.
NO_QUOTE = b"\x01"


class Dialect(BaseModel):
    """How a CSV file is written; the defaults are RFC 4180 in UTF-8, with a header.

    Attributes:
        delimiter: between fields, one ASCII character.
        quote: around fields; None where the source quotes nothing.
        escape: before a quote inside quotes; the quote itself where not given.
        header: whether the first record names the columns.
        skip_lines: lines before the header (or the first record) that are not data.
        comment: lines that begin with this character are not data.
        encoding: of the file; `utf-8` and `utf-16` with or without a byte order mark (UTF-16
            without one is little-endian).
        line_ends: `auto` takes those of the file's first line.
        nulls: unquoted fields that mean null.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    quote: Annotated[str, Field(min_length=1, max_length=1)] | None = '"'
    escape: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    header: bool = True
    skip_lines: Annotated[int, Field(ge=0)] = 0
    comment: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    encoding: Encoding = "utf-8"
    line_ends: LineEnds = "auto"
    # Not strict, so that a list, as YAML has it, will do.
    nulls: Annotated[tuple[str, ...], Field(min_length=1, strict=False)] = ("",)

    @model_validator(mode="after")
    def _characters_differ(self) -> Self:
        named = {"delimiter": self.delimiter, "quote": self.quote, "comment": self.comment}
        given = {name: value for name, value in named.items() if value is not None}
        for name, value in {**given, "escape": self.escape}.items():
            if value is not None and (not value.isascii() or value in "\r\n\0\x01"):
                raise ValueError(f"{name} {value!r} must be one ASCII character, no line end")
        if len(set(given.values())) < len(given):
            raise ValueError("delimiter, quote and comment must differ")
        if self.escape is not None and self.escape == self.delimiter:
            raise ValueError("escape and delimiter must differ")
        if self.escape is not None and self.quote is None:
            raise ValueError("escape without quote: there is nothing to escape")
        for null in self.nulls:
            if any(
                c in null for c in (self.delimiter, self.quote or "\n", "\r", "\n", "\0", "\x01")
            ):
                raise ValueError(
                    f"null marker {null!r} holds a delimiter, a quote, a line end or a control byte"
                )
        return self

    @property
    def server_encoding(self) -> str:
        """Name of the encoding in which COPY gets the bytes."""
        return _SERVER_ENCODINGS[self.encoding]

    @property
    def codec(self) -> str:
        """Python's name of the encoding in which the reading modules see the bytes."""
        return "utf-8" if self.encoding == "utf-16" else self.encoding

    def codec_of_rejects(self, noted: str | None) -> str:
        """Python's name of the encoding of a file's own bytes, in which its rejects are kept.

        What is declared now holds, for it may have been corrected; but for the order of the two
        bytes of UTF-16, which only the file shows.

        Args:
            noted: by the ledger. None: by an earlier version, which kept UTF-16 as UTF-8.
        """
        if self.encoding != "utf-16" or noted is None:
            return self.codec
        return noted if noted.startswith("utf-16") else "utf-16-le"

    @property
    def delimiter_byte(self) -> bytes:
        """Between fields."""
        return self.delimiter.encode()

    @property
    def quote_byte(self) -> bytes | None:
        """Around fields; None where nothing is quoted."""
        return self.quote.encode() if self.quote is not None else None

    @property
    def escape_byte(self) -> bytes | None:
        """Before a quote inside quotes; None where nothing is quoted."""
        return (self.escape or self.quote).encode() if self.quote is not None else None

    @property
    def comment_byte(self) -> bytes | None:
        """With which a comment begins; None where there are none."""
        return self.comment.encode() if self.comment is not None else None
