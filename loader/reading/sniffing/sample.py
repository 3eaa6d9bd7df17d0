"""The beginning of a file, decompressed, and the encoding of its text."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from loader.errors import FileError
from loader.reading.dialect import Encoding

# Enough to see a few thousand records, little enough to be read at once.
SAMPLE_BYTES = 1024**2

GZIP, ZSTD, PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"

# What stands for no letter in cp1252; Latin-1 has (invisible) characters there.
_NOT_IN_CP1252 = re.compile(b"[\x81\x8d\x8f\x90\x9d]")

# Of the bytes at even or odd places: text in Western languages has NUL in nearly all, and what is
# read as one byte a character in nearly none.
_UTF16_SHARE = 0.4

# More of them than one in a hundred bytes, and it is no text.
_CONTROLS = bytes(sorted({*range(32), 127} - set(b"\t\n\r\x1b\x1c\x1d\x1e\x1f\0")))
_CONTROL_SHARE = 0.01


@dataclass
class Sample:
    """The beginning of a file's text.

    Attributes:
        content: without a byte order mark; of UTF-16 as UTF-8.
        encoding: of the file.
        whole: whether it is all of the file.
        ended: whether the file's last line has an end; None where that is not known.
        notes: what is not sure, one line each.
    """

    content: bytes
    encoding: Encoding
    whole: bool
    ended: bool | None
    notes: list[str] = field(default_factory=list)

    def text(self, raw: bytes) -> str:
        """Decode a part of the content; what cannot be decoded becomes a question mark."""
        codec = "utf-8" if self.encoding == "utf-16" else self.encoding
        return raw.decode(codec, errors="replace")


def read_start(path: Path) -> tuple[bytes, bool]:
    """Read the first bytes of a file's content.

    Returns:
        The bytes, and whether they are all.

    Raises:
        FileError: it cannot be read, or is packed in another way than its name says.
    """
    try:
        with path.open("rb") as file, _unpacked(path, file) as content:
            start = content.read(SAMPLE_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileError(f"{path}: is not sound gzip ({error})") from None
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror or error}") from None
    for suffix, mark in ((".gz", GZIP), (".zst", ZSTD)):
        if start.startswith(mark):
            raise FileError(
                f"{path}: is compressed, but its name does not end in {suffix}: rename it"
            )
    if not start:
        raise FileError(f"{path}: is empty: there is nothing to tell")
    return start[:SAMPLE_BYTES], len(start) <= SAMPLE_BYTES


def _unpacked(path: Path, file: BinaryIO) -> BinaryIO | gzip.GzipFile | pa.NativeFile:
    if path.suffix == ".gz":
        return gzip.GzipFile(fileobj=file)
    if path.suffix == ".zst":
        return pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd")
    return file


def text_sample(path: Path, start: bytes, whole: bool) -> Sample:
    """Guess the encoding of a file's first bytes.

    Raises:
        FileError: they are no text, or in an encoding that the loader does not read.
    """
    notes: list[str] = []
    encoding = _encoding(path, start, whole, notes)
    if encoding == "utf-16":
        codec = "utf-16" if start.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"
        decoder = codecs.getincrementaldecoder(codec)("replace")
        content = decoder.decode(start, final=whole).removeprefix("\ufeff").encode()
    else:
        content = start.removeprefix(codecs.BOM_UTF8)
    controls = len(content) - len(content.translate(None, delete=_CONTROLS))
    if controls > _CONTROL_SHARE * len(content):
        raise FileError(f"{path}: does not look like text: csv, json and parquet can be loaded")
    if b"\0" in content:
        notes.append("records with a NUL byte will be set aside")
    ended = _ended(path, content, whole)
    return Sample(content, encoding, whole, ended, notes)


def _encoding(path: Path, start: bytes, whole: bool, notes: list[str]) -> Encoding:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    half = max(1, len(start) // 2)
    if start[1::2].count(0) > _UTF16_SHARE * half:
        return "utf-16"
    if start[::2].count(0) > _UTF16_SHARE * half:
        raise FileError(
            f"{path}: looks like big-endian UTF-16 without a byte order mark: convert it to UTF-8 "
            "with iconv"
        )
    wrong, right = _utf8(start, whole)
    if not wrong:
        return "utf-8"
    if right > wrong:
        notes.append(
            f"{wrong:,} places are not UTF-8, though most are: their records will be set aside"
        )
        return "utf-8"
    notes.append(
        "the encoding is one byte a character; whether it is this one, the letters in the preview "
        "must show"
    )
    return "latin-1" if _NOT_IN_CP1252.search(start) else "cp1252"


def _utf8(start: bytes, whole: bool) -> tuple[int, int]:
    """Count places that are not UTF-8, and letters beyond ASCII that are."""
    text = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(start, final=whole)
    escaped = sum("\udc80" <= char <= "\udcff" for char in text)
    return escaped, sum(char > "\x7f" for char in text) - escaped


def _ended(path: Path, content: bytes, whole: bool) -> bool | None:
    if whole:
        return content.endswith((b"\n", b"\r"))
    if path.suffix in {".gz", ".zst"}:
        return None
    with path.open("rb") as file:
        file.seek(-2, io.SEEK_END)
        return file.read().rstrip(b"\0")[-1:] in {b"\n", b"\r"}
