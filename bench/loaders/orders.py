"""The files that are loaded: TPC-H's orders as they are, cut, damaged or repeated."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np
import yaml

from bench.loaders.loading import Delivery
from bench.processes import found, measure
from warehouse.errors import StepFailed

SOURCE, BATCHES, TABLE = "tpch", "tpch_batches", "orders"
COLUMNS = [
    "o_orderkey", "o_custkey", "o_orderstatus", "o_totalprice", "o_orderdate", "o_orderpriority",
    "o_clerk", "o_shippriority", "o_comment",
]  # fmt: skip
# Of a file at scale 1.
ROWS = 1_500_000
BYTES = 170_000_000

_PACKAGES = "make bench-loaders installs it, or: pip install -r requirements-bench.txt"
# One bad record in so many, the first in the middle of the first so many.
EVERY = 1_000
# A block that is repeated: orders at this scale, in bytes about BYTES times as many.
_BLOCK_SCALE = 0.2
_KEY_DIGITS = 6

Damage = Literal["too few fields", "stray quotes"]
DAMAGES: tuple[Damage, ...] = ("too few fields", "stray quotes")


def generate(folder: Path, scale: float, parts: int = 1) -> list[Path]:
    """Make the table orders with tpchgen-cli.

    Args:
        folder: is made.
        scale: 1 is ROWS orders.
        parts: files of the same number of orders.

    Raises:
        StepFailed: tpchgen-cli is not installed or failed.
    """
    folder.mkdir(parents=True)
    command = [found("tpchgen-cli", _PACKAGES), "csv", "--quiet", "--scale-factor", f"{scale:g}"]
    command += ["--tables", TABLE, "--output-dir", str(folder)]
    if parts > 1:
        command += ["--parts", str(parts)]
    measure("tpchgen-cli", command, folder)
    return sorted(folder.rglob("*.csv"))


def deliver(folder: Path) -> Delivery:
    """Declare a folder of files as the source SOURCE; files may lie in it at once or later."""
    folder.mkdir(parents=True, exist_ok=True)
    table = {"format": "csv", "patterns": ["*.csv", "*.csv.gz"], "columns": COLUMNS}
    return _declare(SOURCE, folder, {"layout": "files", "tables": {TABLE: table}})


def deliver_batches(folder: Path) -> Delivery:
    """Declare a folder of batches as the source BATCHES."""
    folder.mkdir(parents=True, exist_ok=True)
    return _declare(BATCHES, folder, {"layout": "batches", "tables": {TABLE: {"columns": COLUMNS}}})


def _declare(source: str, folder: Path, declaration: object) -> Delivery:
    path = folder.with_name(f"{folder.name}.yml")
    path.write_text(yaml.safe_dump({source: declaration}), encoding="utf-8")
    return Delivery(source, folder, path)


def head(file: Path, rows: int | None, target: Path) -> int:
    """Write the header and the first rows of a file, all for None; return how many there are."""
    taken = 0
    with file.open("rb") as lines, target.open("wb") as out:
        out.write(next(lines))
        for line in islice(lines, rows):
            out.write(line)
            taken += 1
    return taken


def spoil(file: Path, target: Path, damage: Damage) -> int:
    """Damage one record in EVERY.

    Returns:
        How many were damaged.

    Raises:
        StepFailed: the file has none to damage.
    """
    damaged = 0
    with file.open("rb") as lines, target.open("wb") as out:
        for number, line in enumerate(lines):
            if number % EVERY == EVERY // 2:
                out.write(_damaged(line, damage, damaged))
                damaged += 1
            else:
                out.write(line)
    if not damaged:
        raise StepFailed(f"fewer than {EVERY // 2} records cannot be damaged: a larger --scale")
    return damaged


def _damaged(line: bytes, damage: Damage, number: int) -> bytes:
    """Take the first field away, or put quotes into the clerk's: one that opens, or two."""
    if damage == "too few fields":
        return line.split(b",", 1)[1]
    return line.replace(b"Clerk#", b'Clerk 5"' if number % 2 else b'Clerk 5" x 7"', 1)


def repeat(folder: Path, target: Path, size: float) -> int:
    """Write a large file: the same orders again and again, each time under keys of their own.

    Args:
        folder: a new folder for the block that is repeated.
        target: file to write.
        size: bytes that it has at least.

    Returns:
        Number of orders.
    """
    (source,) = generate(folder, min(_BLOCK_SCALE, size / BYTES / 4))
    header, _, content = source.read_bytes().partition(b"\n")
    rows = written = 0
    with target.open("wb") as out:
        out.write(header + b"\n")
        for block, lines in _blocks(content):
            written += out.write(block)
            rows += lines
            if written >= size:
                return rows
    raise StepFailed(f"{target}: keys of {_KEY_DIGITS} more digits do not reach so many orders")


def _blocks(content: bytes) -> Iterator[tuple[bytearray, int]]:
    """Yield the lines with the number of their repetition before their keys, and how many."""
    lines = content.splitlines(keepends=True)
    room = b"0" * _KEY_DIGITS
    block = bytearray(b"".join(room + line for line in lines))
    characters = np.frombuffer(block, np.uint8)
    starts = np.concatenate([[0], np.cumsum([len(line) + _KEY_DIGITS for line in lines])[:-1]])
    for number in range(1, 10**_KEY_DIGITS):
        digits = np.frombuffer(f"{number:0{_KEY_DIGITS}d}".encode(), np.uint8)
        for place, digit in enumerate(digits):
            characters[starts + place] = digit
        yield block, len(lines)
