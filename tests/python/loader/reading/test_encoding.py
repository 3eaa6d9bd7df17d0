"""UTF-16 read as UTF-8: every character, and what is none, whatever the borders of the reads."""

from __future__ import annotations

import codecs
import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.reading.dialect import Dialect, Encoding
from loader.reading.encoding import Utf16AsUtf8, utf8_of, utf16_of

MARKS = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}


class _InBits(io.RawIOBase):
    """Gives a few bytes at a time."""

    def __init__(self, content: bytes, seed: int) -> None:
        self._stream, self._random = io.BytesIO(content), random.Random(seed)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:
        return self._stream.readinto(memoryview(buffer)[: self._random.randint(1, 5)])


def _read(content: bytes, seed: int = 0) -> bytes:
    return io.BufferedReader(Utf16AsUtf8(_InBits(content, seed)), 7).read()


@given(st.text(), st.sampled_from(list(MARKS)), st.booleans(), st.integers())
def test_text_arrives_with_its_mark(text: str, codec: str, marked: bool, seed: int) -> None:
    marked |= codec == "utf-16-be" or text.startswith(("\ufeff", "\ufffe"))
    content = (MARKS[codec] if marked else b"") + text.encode(codec)
    assert _read(content, seed) == ("\ufeff" * marked + text).encode()


@given(st.binary(), st.integers())
def test_nothing_is_lost_of_what_is_no_text(content: bytes, seed: int) -> None:
    """What comes out, turned back, is what went in; what was no text is none in UTF-8 either."""
    codec = "utf-16-be" if content.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"
    found = _read(content, seed)
    is_text = True
    try:
        content.decode(codec)
    except UnicodeDecodeError:
        is_text = False
    assert is_text == _is_utf8(found)
    assert utf16_of(found, codec) == content
    assert utf8_of(content, codec) == found


@given(st.text(), st.sampled_from(list(MARKS)), st.data())
def test_of_a_character_that_is_cut_off_nothing_is_given(
    text: str, codec: str, data: st.DataObject
) -> None:
    whole = text.encode()
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    assert utf16_of(cut, codec) == cut.decode(errors="ignore").encode(codec)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize(
    ("declared", "noted", "codec"),
    [
        ("utf-16", "utf-16-be", "utf-16-be"),
        ("utf-16", "utf-16-le", "utf-16-le"),
        ("utf-16", "cp1252", "utf-16-le"),  # the declaration was wrong
        ("utf-16", None, "utf-8"),
        ("latin-1", "utf-16-be", "latin-1"),
        ("utf-8", "utf-8", "utf-8"),
        ("cp1252", None, "cp1252"),
    ],
)
def test_in_which_encoding_rejects_are_kept(
    declared: Encoding, noted: str | None, codec: str
) -> None:
    assert Dialect(encoding=declared).codec_of_rejects(noted) == codec


@pytest.mark.parametrize("content", [b"", codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE])
def test_an_empty_file_is_empty(content: bytes) -> None:
    assert _read(content) == (codecs.BOM_UTF8 if content else b"")
