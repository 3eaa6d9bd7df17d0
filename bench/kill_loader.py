"""`python -m loader` with its thresholds scaled down, so that small files take a large one's way.

The first argument is the scale; the others are the loader's own.
"""

from __future__ import annotations

import functools
import sys

import loader.loading.cut
import loader.raw.indexes
from loader.__main__ import main
from loader.reading.blocks import BLOCK_BYTES, Splitter


def scale_down(scale: float) -> None:
    """Cut smaller files, into smaller blocks; take indexes off for smaller loads."""
    loader.loading.cut.CUT_BYTES = int(loader.loading.cut.CUT_BYTES * scale)
    loader.raw.indexes.BULK_BYTES = int(loader.raw.indexes.BULK_BYTES * scale)
    blocks = functools.partial(Splitter, block_bytes=int(BLOCK_BYTES * scale))
    for module in ("cut", "load_file"):
        vars(sys.modules[f"loader.loading.{module}"])["Splitter"] = blocks


if __name__ == "__main__":
    scale_down(float(sys.argv.pop(1)))
    main(prog_name="python -m loader")
