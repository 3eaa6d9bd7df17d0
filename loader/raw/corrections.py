"""Rejects in a file for a person to correct, and the corrected file: JSON, one record a line."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from loader.errors import CorrectionsError
from loader.raw.rejects import SetAside
from warehouse.whole_files import whole


class Correction(BaseModel):
    """A record as it shall be loaded, and the reject in whose place.

    `source`, `table` and `file` are those of the load: a file of another database would otherwise
    be loaded into whatever has the same number here. The rest is for the reader and not read.

    Attributes:
        line: the record as text, of whatever encoding its file is.
        line_base64: the record as bytes in its file's encoding.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    load_id: int
    record_number: int
    source: str
    table: str
    file: str
    line_number: int | None = None
    byte_offset: int | None = None
    reason: str = ""
    message: str = ""
    line: str | None = None
    line_base64: str | None = None

    @model_validator(mode="after")
    def _holds_one_line(self) -> Self:
        if (self.line is None) == (self.line_base64 is None):
            raise ValueError("must have either line or line_base64: leave the corrected one")
        if self.line_base64 is not None:
            try:
                base64.b64decode(self.line_base64, validate=True)
            except binascii.Error:
                raise ValueError("line_base64 is not base64") from None
        return self

    def content(self) -> str | bytes:
        """Give the record without a line end: text, or bytes in its file's encoding."""
        if self.line is not None:
            return self.line.rstrip("\r\n")
        return base64.b64decode(self.line_base64 or "")


def write_corrections(
    path: Path, rejects: Iterable[SetAside], text_of: Callable[[SetAside], str | None]
) -> int:
    """Write rejects for a person to correct; the file is there only when it is whole.

    Args:
        path: a file that does not exist: it could hold somebody's corrections.
        rejects: with their whole lines.
        text_of: gives the text of a line; None where it is none.

    Returns:
        Number of rejects.

    Raises:
        CorrectionsError: the file exists or cannot be written.
    """
    if path.exists():
        raise CorrectionsError(f"{path} exists, perhaps with corrections: give another name")
    count = 0
    try:
        with (
            whole(path) as unfinished,
            unfinished.open("w", encoding="utf-8", newline="\n") as file,
        ):
            for reject in rejects:
                record = _exported(reject, text_of(reject))
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
                count += 1
    except OSError as error:
        raise CorrectionsError(f"cannot write {path}: {error.strerror}") from None
    return count


def _exported(reject: SetAside, text: str | None) -> dict[str, object]:
    record: dict[str, object] = {
        "load_id": reject.load_id,
        "record_number": reject.record_number,
        "source": reject.source,
        "table": reject.table,
        "file": reject.file,
        "line_number": reject.line_number,
        "byte_offset": reject.byte_offset,
        "reason": reject.reason,
        "message": reject.message,
    }
    if text is None:
        return {**record, "line_base64": base64.b64encode(reject.line).decode()}
    return {**record, "line": text}


def read_corrections(path: Path) -> Iterator[Correction]:
    """Read a corrected file.

    Raises:
        CorrectionsError: it cannot be read, or a line of it is no correction.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield _parsed(line, f"{path}, line {number}")
    except OSError as error:
        raise CorrectionsError(f"cannot read {path}: {error.strerror}") from None


def _parsed(line: bytes, place: str) -> Correction:
    try:
        return Correction.model_validate(json.loads(line))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise CorrectionsError(f"{place}: {key + ': ' if key else ''}{first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise CorrectionsError(f"{place}: is not JSON: {error}") from None
