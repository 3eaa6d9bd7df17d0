"""Batches that are no good, from the file to the report: red where they are wrong, green again."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from watched import Watched, red

from monitor.history import Run

ENOUGH = 25  # rows: fewer of a batch say nothing


def _batches(watched: Watched) -> list[Path]:
    return sorted((watched.project.folder / "data" / "landing" / "shop").iterdir())


def _deliver(watched: Watched, batch: str, files: dict[str, list[list[str]] | Path]) -> None:
    """Land a batch of some CSV tables as the source would, without any truth."""
    like = _batches(watched)[0]
    folder = like.with_name(batch)
    manifest = json.loads((like / "manifest.json").read_bytes())
    manifest.pop("truth", None)
    tables = {}
    for name, rows in files.items():
        path = folder / name / "part-00000.csv"
        path.parent.mkdir(parents=True)
        if isinstance(rows, Path):
            shutil.copy(rows, path)
        else:
            path.write_text("".join(f"{','.join(row)}\n" for row in rows), encoding="utf-8")
        tables[name] = {
            **manifest["tables"][name],
            "files": [
                {
                    "path": f"{name}/part-00000.csv",
                    "rows": len(path.read_bytes().splitlines()) - 1,
                    "bytes": path.stat().st_size,
                    "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                }
            ],
        }
    changed = {"batch": batch, "first_day": batch, "last_day": batch, "tables": tables}
    (folder / "manifest.json").write_text(json.dumps(manifest | changed), encoding="utf-8")


def _rows(folder: Path, table: str) -> list[list[str]]:
    """Read the header and the sound lines: some are broken on purpose, in bytes or fields."""
    text = (folder / table / "part-00000.csv").read_text(encoding="utf-8", errors="replace")
    header, *rows = [line.split(",") for line in text.splitlines() if '"' not in line]
    return [header, *(row for row in rows if len(row) == len(header) and all(row))]


def _load_and_build(watched: Watched) -> None:
    watched.project.run_well("python", "-m", "loader", "shop")
    watched.project.run_well("python", "-m", "warehouse", "build")


def _payments(watched: Watched, amount: str) -> list[list[str]]:
    """Payments with keys of their own, that were refused: no order's total is touched."""
    header, *rows = _rows(_batches(watched)[0], "payments")
    sound = rows[:ENOUGH]
    place = {name: number for number, name in enumerate(header)}
    for number, row in enumerate(sound):
        row[place["payment_id"]] = f"watched-{number}"
        row[place["status"]] = "failed"
        row[place["amount"]] = amount
    return [header, *sound]


def _red(run: Run) -> set[str]:
    """What is red; these batches do lack tables that others have, if there were many before."""
    return {key for key in red(run) if not key.startswith("freshness:shop.")}


def test_a_batch_twice_and_a_rule_newly_broken(watched: Watched) -> None:
    before = _red(watched.look())
    header, *lines = _rows(_batches(watched)[0], "order_items")
    again = _batches(watched)[-1] / "order_items" / "part-00000.csv"
    assert len(again.read_bytes().splitlines()) > ENOUGH
    _deliver(watched, "2030-01-01", {"order_items": again, "payments": _payments(watched, "-1.00")})
    loaded = watched.look()
    assert _red(loaded) == before
    _load_and_build(watched)
    broken = watched.look()
    assert _red(broken) - before == {
        "loads:repeated:shop",
        "rule:order_items:duplicate_row",
        "rule:payments:amount_not_positive",
    }
    (rule,) = [check for check in broken.checks if check.key == "rule:payments:amount_not_positive"]
    assert f"{ENOUGH} of {ENOUGH} rows of shop's newest batch 2030-01-01" in rule.message
    assert {sample["amount"] for sample in rule.samples} == {"-1.00"}
    # The source corrects its payments; of the lines it sends a single one, which is held.
    held = [*lines[0]]
    held[header.index("order_item_id")] = "watched"
    held[header.index("quantity")] = "-1"
    _deliver(
        watched,
        "2030-01-02",
        {"order_items": [header, held], "payments": _payments(watched, "1.00")},
    )
    _load_and_build(watched)
    repaired = watched.look()
    assert _red(repaired) == before
    (after,) = [check for check in repaired.checks if check.key == rule.key]
    # All but those whose order the history holds back on purpose.
    assert rule.failed - after.failed > ENOUGH / 2
