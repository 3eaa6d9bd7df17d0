"""What the loaders' benchmark measures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MB = 1e6


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Args:
        scale: of the shop and of TPC-H; 1 is about 1 GB.
        runs: rounds, of which the medians count.
        workers: connections.
        files: that are skipped.
        gigabytes: of the large file.
        plot: file for the picture of the loaders side by side; None for no picture.
    """

    scale: float
    runs: int
    workers: int
    files: int
    gigabytes: float
    plot: Path | None = None
