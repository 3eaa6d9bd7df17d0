"""What the kill runs load: files of every kind that the loader takes, one large, some dirty."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SOURCE = "till"

SOURCES_YAML = """\
till:
  layout: files
  tables:
    receipts:
      format: csv
      patterns: ["receipts-*.csv", "receipts-*.csv.gz", "receipts-*.csv.zst"]
      columns: [receipt_id, cashier, amount, remark]
    events: {format: json, patterns: ["events-*.json"], columns: [event_id, kind, detail]}
    stock: {format: parquet, patterns: ["stock-*.parquet"], columns: [item_id, shelf, amount]}
"""

HEADER = "receipt_id,cashier,amount,remark\n"

# Bytes of a record of receipts, about: turns sizes into numbers of records.
RECORD_BYTES = 48

# Every so many records one that COPY refuses; half a percent, of the 5% that a run allows.
BAD_EVERY = 211

BAD_RECORDS = (
    b"too,few\n",
    b"one,field,too,many,by far\n",
    b'9,5" pipe,1.00,a stray quote\n',
    b"9,caf\xe9,1.00,another encoding\n",
    b"9,nul\0,1.00,no text\n",
)


def write_files(folder: Path, megabytes: float, seed: int) -> Path:
    """Write the landing files and their declaration.

    Args:
        folder: takes `sources.yml` and the folder `landing`.
        megabytes: size of the largest file; the other six have about a tenth of it each.
        seed: the same one gives the same bytes.

    Returns:
        The folder with the files.
    """
    draw = random.Random(seed)
    landing = folder / "landing"
    landing.mkdir()
    (folder / "sources.yml").write_text(SOURCES_YAML, encoding="utf-8")
    large = max(1000, int(megabytes * 1024**2 / RECORD_BYTES))
    small = max(500, large // 10)
    (landing / "receipts-large.csv").write_bytes(_receipts(draw, large, bad=False))
    (landing / "receipts-clean.csv").write_bytes(_receipts(draw, small, bad=False))
    (landing / "receipts-dirty.csv").write_bytes(_receipts(draw, small, bad=True))
    (landing / "receipts-packed.csv.gz").write_bytes(
        gzip.compress(_receipts(draw, small, bad=True), compresslevel=1, mtime=0)
    )
    zstd = pa.Codec("zstd").compress(_receipts(draw, small, bad=False), asbytes=True)
    (landing / "receipts-packed.csv.zst").write_bytes(zstd)
    (landing / "events-1.json").write_bytes(_events(draw, small))
    pq.write_table(_stock(draw, small), landing / "stock-1.parquet")
    return landing


def _receipts(draw: random.Random, records: int, *, bad: bool) -> bytes:
    parts = [HEADER.encode()]
    for number in range(1, records + 1):
        if bad and number % BAD_EVERY == 0:
            parts.append(draw.choice(BAD_RECORDS))
        else:
            parts.append(_receipt(draw, number).encode())
    return b"".join(parts)


def _receipt(draw: random.Random, number: int) -> str:
    kind = number % 16
    remark = "plain words of no importance"
    if kind == 3:
        remark = '"a remark\nof two lines, with a comma"'
    elif kind == 7:
        remark = '"said ""yes"" twice"'
    elif kind == 11:
        remark = "größer und schöner 🧾"
    elif kind == 13:
        remark = ""
    return f"{number},c{number % 97},{draw.random() * 1000:.2f},{remark}\n"


def _events(draw: random.Random, records: int) -> bytes:
    lines = []
    for number in range(1, records + 1):
        if number % BAD_EVERY == 0:
            lines.append("{not json\n")
            continue
        detail = {"till": number % 7, "note": 'a "quoted"\nnote'}
        record = {"event_id": number, "kind": draw.choice(["open", "sale"]), "detail": detail}
        lines.append(json.dumps(record) + "\n")
    return "".join(lines).encode()


def _stock(draw: random.Random, records: int) -> pa.Table:
    return pa.table(
        {
            "item_id": list(range(records)),
            "shelf": [f"shelf {number % 31}" for number in range(records)],
            "amount": [draw.randrange(1000) for _ in range(records)],
        }
    )
