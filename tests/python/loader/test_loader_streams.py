"""A landed file's content: unpacked, seen to its end, and of one version of the file."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from loader.errors import FileError
from loader.finding.discovery import LandedFile
from loader.finding.local import LocalStore
from loader.finding.store import Location
from loader.loading.budget import DEFAULT_BUDGET
from loader.loading.job import Job, Terms
from loader.raw.tables import RawTables
from loader.reading.dialect import Dialect
from loader.reading.streams import FileStream, Meter, Stopped, file_sha256
from loader.sources import Table

ROWS = b"id,name\n1,Erna\n2,Berta\n"

# More than a block of everything, and no two parts alike.
MANY = b"".join(b"%d,%x\n" % (number, number**5) for number in range(20_000))

Land = Callable[..., LandedFile]


@pytest.fixture
def land(landing: Path) -> Land:
    """Writes a file as discovery would give it: land("name", b"content", needs_line_end=True)."""

    def write(name: str, content: bytes, **facts: Any) -> LandedFile:
        store = LocalStore(landing)
        (landing / name).write_bytes(content)
        location = Location(store, name, store.stamp(name))
        facts = {"needs_line_end": False, "format": "csv"} | facts
        return LandedFile("farm", "cows", "b", name, location, bytes=len(content), **facts)

    return write


def zstd(content: bytes) -> bytes:
    return pa.compress(content, "zstd", asbytes=True)


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("a.csv", lambda content: content),
        ("a.csv.gz", gzip.compress),
        ("a.csv.gz", lambda c: gzip.compress(c[:99_999]) + gzip.compress(c[99_999:])),
        ("a.csv.gz", lambda c: gzip.compress(b"") + gzip.compress(c) + gzip.compress(b"")),
        ("a.csv.gz", lambda c: gzip.compress(c) + bytes(512)),  # as tapes pad it
        ("a.csv.zst", zstd),
        ("a.csv.zst", lambda c: zstd(c[:99_999]) + zstd(c[99_999:])),
    ],
)
@pytest.mark.parametrize("content", [b"", ROWS, MANY])
def test_content_is_unpacked_and_the_files_own_bytes_are_hashed(
    land: Land, name: str, pack: Callable[[bytes], bytes], content: bytes
) -> None:
    packed = pack(content)
    meter = Meter()
    file = land(name, packed, needs_line_end=True)
    with FileStream(file, meter, dialect=Dialect()) as stream:
        assert stream.read() == content
        assert stream.verify() == hashlib.sha256(packed).hexdigest() == file_sha256(file)
        assert stream.disk_bytes == meter.take() == len(packed)


@pytest.mark.parametrize(
    ("name", "packed", "message"),
    [
        ("a.csv.gz", gzip.compress(MANY)[:-1], "the gzip file is cut off before its end"),
        ("a.csv.gz", gzip.compress(MANY)[:5], "the gzip file is cut off before its end"),
        ("a.csv.gz", b"", "the gzip file is cut off before its end"),
        ("a.csv.gz", gzip.compress(ROWS) + gzip.compress(ROWS)[:9], "is cut off before its end"),
        ("a.csv.gz", ROWS, "is not sound gzip (Not a gzipped file"),
        ("a.csv.gz", gzip.compress(ROWS) + b"more", "is not sound gzip"),
        ("a.csv.gz", gzip.compress(ROWS)[:-8] + bytes(8), "is not sound gzip (CRC check failed"),
        ("a.csv.zst", zstd(MANY)[:-1], "is not sound zstd (Truncated"),
        ("a.csv.zst", b"", "the zstd file is cut off before its end"),
        ("a.csv.zst", ROWS, "is not sound zstd"),
    ],
)
def test_packed_files_that_are_not_sound(
    land: Land, name: str, packed: bytes, message: str
) -> None:
    file = land(name, packed)
    with pytest.raises(FileError) as caught, FileStream(file) as stream:
        stream.read()
    assert f"{file.path}: " in caught.value.message
    assert message in caught.value.message
    assert caught.value.message.endswith("deliver it again")


@pytest.mark.parametrize(
    ("line_ends", "content", "open_line"),
    [
        ("auto", b"", None),
        ("auto", b"\xef\xbb\xbf", None),
        ("auto", b"\xef\xbb\xbfid", 1),
        ("auto", b"id,name", 1),
        ("auto", b"id,name\n", None),
        ("auto", b"id,name\n1,Erna", 2),
        ("auto", b"id,name\r\n1,Erna\r\n", None),
        ("auto", b"id,name\r\n1,Erna\r", 2),  # half of its end is no end
        ("auto", b"id,name\r", None),
        ("auto", b"id,name\r1,Erna\r", None),
        ("auto", b"id,name\r1,Erna", 2),
        ("auto", b'id,name\r1,"a\n"', 2),
        ("auto", b'id,name\n1,"a\r', 2),
        ("lf", b"id,name\r1,Erna\r", 1),
        ("crlf", b"id,name\r\n1,Erna\r\n", None),
        ("cr", b"id,name\r1,Erna\r", None),
        ("cr", b"id,name\r1,Erna\n", 2),
        ("auto", MANY.replace(b"\n", b"\r"), None),
        ("auto", MANY.replace(b"\n", b"\r")[:-1], 20_000),
        ("auto", b"x" * 200_000 + b"\r\n", None),
        ("auto", b"x" * (64 * 1024 - 1) + b"\r\n1\r\n", None),  # its first end lies on a border
        ("auto", b"x" * (64 * 1024 - 1) + b"\r1\r", None),
    ],
)
@pytest.mark.parametrize(("suffix", "pack"), [("", bytes), (".gz", gzip.compress)])
def test_the_last_line_must_have_an_end(  # noqa: PLR0917 - one argument a parameter
    land: Land,
    line_ends: str,
    content: bytes,
    open_line: int | None,
    suffix: str,
    pack: Callable[[bytes], bytes],
) -> None:
    file = land(f"a.csv{suffix}", pack(content), needs_line_end=True)
    dialect = Dialect.model_validate({"line_ends": line_ends})
    with FileStream(file, dialect=dialect) as stream:
        if open_line is None:
            assert stream.read() == content
            return
        with pytest.raises(FileError, match=rf"line {open_line:,} has no end: .* table cows in"):
            stream.read()


@pytest.mark.parametrize(
    ("content", "line_end"),
    [(b'"id\r",name\n1,Erna\n', b"\n"), (b'"id\n",name\r1,Erna\r', b"\r")],
)
def test_the_end_of_a_line_may_be_told(land: Land, content: bytes, line_end: bytes) -> None:
    for whole, part in ((content, b""), (content[:-1], content[-1:])):
        file = land("a.csv", whole, needs_line_end=True)
        with FileStream(file, dialect=Dialect()) as stream:
            assert stream.read(5) == content[:5]
            stream.settle_line_end(line_end)
            if not part:
                assert stream.read() == content[5:]
                continue
            with pytest.raises(FileError, match=r"line 2 has no end"):
                stream.read()


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le"])
def test_utf16_is_judged_as_what_it_says(land: Land, codec: str) -> None:
    dialect = Dialect(encoding="utf-16")
    text = "id,name\n1,Ĕrna\n"  # the letter has a byte that looks like nothing else, Ċ has LF's
    whole = land("a.csv", text.encode(codec), needs_line_end=True)
    with FileStream(whole, dialect=dialect) as stream:
        assert stream.read().decode("utf-8-sig") == text
        assert stream.verify() == hashlib.sha256(text.encode(codec)).hexdigest()
    cut = land("b.csv", (text + "2,Ċ").encode(codec), needs_line_end=True)
    with (
        FileStream(cut, dialect=dialect) as stream,
        pytest.raises(FileError, match="line 3 has no end"),
    ):
        stream.read()


def test_json_lines_end_in_line_feeds(land: Land) -> None:
    file = land("a.json", b'{"id": 1}\r', needs_line_end=True, format="json")
    with FileStream(file) as stream, pytest.raises(FileError, match="line 1 has no end"):
        stream.read()


def test_a_tables_dialect_says_nothing_of_its_json(land: Land) -> None:
    file = land("a.json", b'{"id": 1}\n', needs_line_end=True, format="json")
    declared = Table.model_validate({"columns": ["id"], "dialect": {"encoding": "utf-16"}})
    terms = Terms(RawTables({}), DEFAULT_BUDGET, Meter())
    with Job(file, declared, terms).open() as stream:
        assert stream.read() == b'{"id": 1}\n'


def test_a_file_that_grows_while_it_is_read_is_refused(land: Land) -> None:
    file = land("a.csv", ROWS)
    with FileStream(file) as stream:
        with Path(str(file.path)).open("ab") as writer:
            writer.write(b"3,Frieda\n")
        with pytest.raises(FileError, match=r"a\.csv: was changed while the run went on"):
            stream.read()


def test_a_file_that_is_gone_is_named(land: Land) -> None:
    file = land("a.csv", ROWS)
    Path(str(file.path)).unlink()
    with pytest.raises(FileError, match=r"a\.csv: cannot be read: No such file or directory"):
        FileStream(file)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv.zst"])
def test_a_run_that_ends_stops_every_reader(land: Land, name: str) -> None:
    packed = {"a.csv": MANY, "a.csv.gz": gzip.compress(MANY), "a.csv.zst": zstd(MANY)}[name]
    meter = Meter()
    meter.stop()
    with FileStream(land(name, packed), meter) as stream, pytest.raises(Stopped):
        stream.read()


def test_a_sum_that_is_not_the_manifests_is_refused(land: Land) -> None:
    with FileStream(land("a.csv", ROWS, sha256="0" * 64)) as stream:
        stream.read()
        with pytest.raises(FileError, match="its manifest promises 000000000000…"):
            stream.verify()
