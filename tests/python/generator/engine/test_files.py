"""Files: what is on the disk is what was hashed and counted; failures name the file."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
from pathlib import Path

import pyarrow as pa
import pytest

from generator.engine.output import files
from generator.engine.output.files import FileEntry, PartFile, Syncer, sync_folder

RECORDS = [b"%d,some text\n" % n * 50 for n in range(500)]
HEADER = b"id,text\n"


def write(folder: Path, path: str) -> FileEntry:
    part = PartFile(folder, path, HEADER)
    for records in RECORDS:
        part.write([bytearray(records)], 50)
    (entry,) = part.finish()

    return entry


def unpack(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(data)
    if path.suffix == ".zst":
        return pa.CompressedInputStream(pa.BufferReader(data), "zstd").read()
    return data


@pytest.mark.parametrize("ending", ["csv", "json", "csv.gz", "json.gz", "csv.zst", "json.zst"])
def test_files_hold_what_was_written(tmp_path: Path, ending: str) -> None:
    entry = write(tmp_path, f"orders/part-0001.{ending}")
    target = tmp_path / entry.path
    assert unpack(target) == HEADER + b"".join(RECORDS)
    data = target.read_bytes()
    assert entry == FileEntry(
        f"orders/part-0001.{ending}", 25_000, len(data), hashlib.sha256(data).hexdigest()
    )
    # The same content gives the same bytes, wherever and whenever.
    assert write(tmp_path / "again", f"other.{ending}").sha256 == entry.sha256


def test_gzip_names_no_time(tmp_path: Path) -> None:
    entry = write(tmp_path, "a.csv.gz")
    assert (tmp_path / entry.path).read_bytes()[3:8] == bytes(5)


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "csv.zst"])
def test_parts_without_records(tmp_path: Path, ending: str) -> None:
    part = PartFile(tmp_path, f"none.{ending}", HEADER)
    part.write([b""], 0)
    assert part.finish() == []
    assert list(tmp_path.iterdir()) == []
    (entry,) = PartFile(tmp_path, f"always.{ending}", HEADER, always=True).finish()
    assert entry.rows == 0
    assert unpack(tmp_path / entry.path) == HEADER


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "csv.zst"])
def test_a_full_disk_names_the_file(tmp_path: Path, ending: str) -> None:
    target = tmp_path / f"full.{ending}"
    target.symlink_to("/dev/full")
    part = PartFile(tmp_path, target.name, HEADER)
    with pytest.raises(OSError, match="No space left") as caught:
        for _ in range(200):
            part.write([os.urandom(50_000)], 1)
        part.finish()
    part.close()
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(target)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    part = PartFile(tmp_path, "taken/part.csv")
    with pytest.raises(OSError, match=r"taken/part\.csv"):
        part.write([b"x"], 1)


def test_closing_gives_a_file_up(tmp_path: Path) -> None:
    part = PartFile(tmp_path, "a.csv.zst")
    part.write([b"x"], 1)
    part.close()
    part.close()
    PartFile(tmp_path, "never.csv").close()


def test_a_failed_sync_is_raised_once(tmp_path: Path) -> None:
    syncer = Syncer()
    write(tmp_path, "a.csv")
    syncer.put(tmp_path / "a.csv")
    syncer.put(tmp_path / "gone.csv")
    with pytest.raises(OSError, match=r"No such file.*gone\.csv"):
        syncer.wait()
    syncer.wait()
    sync_folder(tmp_path)


def test_files_are_synced_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(files.os, "fsync", lambda handle: synced.append(os.fstat(handle).st_ino))
    syncer = Syncer()
    for number in range(3):
        write(tmp_path, f"{number}.csv")
        syncer.put(tmp_path / f"{number}.csv")
    syncer.wait()
    assert synced == [(tmp_path / f"{number}.csv").stat().st_ino for number in range(3)]
