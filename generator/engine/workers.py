"""Worker processes: each makes whole parts on its own and reports only what came of them."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from generator.engine.memory import keep_memory
from generator.engine.parts import Made, Maker, Part
from generator.engine.world import World

# Below this many rows a batch is done before a worker has started.
WORTH_WORKERS = 60_000

# A fork has everything that is in memory at once, where a fresh process takes 0.4 s to import it.
# Elsewhere than on Linux, system libraries do not live through a fork.
_START = "fork" if sys.platform == "linux" else "spawn"


@contextmanager
def made_parts(
    world: World, folder: Path, parts: list[Part], workers: int
) -> Iterator[Iterator[tuple[Part, Made]]]:
    """Start the workers, and give what comes of each part, in the parts' order.

    No thread may run when this is entered: a fork would copy it in the middle of its work.

    Args:
        world: the run.
        folder: the folder the files go to.
        parts: what to make.
        workers: number of processes at most.

    Raises:
        GeneratorError: a value cannot be made.
        OSError: the disk is full or the folder cannot be written.
        BrokenProcessPool: a worker was ended from outside.
    """
    keep_memory()
    rows = sum(part.stop - part.first for part in parts)
    workers = min(workers, len(parts))
    maker = Maker(world, folder)
    gc.freeze()  # what is there now stays: nobody has to look through it again
    if workers <= 1 or rows < WORTH_WORKERS:
        try:
            yield ((part, maker.make(part)) for part in parts)
        finally:
            gc.unfreeze()
        return
    pool = ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context(_START),
        initializer=_start_worker,
        initargs=(maker,),
    )
    try:
        # Ctrl-C reaches the whole process group; the first process alone answers it. Workers
        # inherit the mask, so not even their start can be interrupted.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            made = pool.map(_make_part, parts)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        yield zip(parts, made, strict=True)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        gc.unfreeze()


_makers: list[Maker] = []


def _start_worker(maker: Maker) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _makers.append(maker)
    gc.freeze()


def _end_with_parent() -> None:
    """End this worker when its parent is gone: nobody would publish its work."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _make_part(part: Part) -> Made:
    return _makers[0].make(part)
