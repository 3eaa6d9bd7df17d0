"""Worker processes: each makes whole parts on its own and reports only what came of them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from generator.parameters import Parameters
from generator.parts import Made, Maker, Part
from generator.pools import Pools
from generator.world import Window, World

# Below this many rows of orders and customers a batch is done before a worker has started.
WORTH_WORKERS = 60_000


def made_parts(
    world: World, folder: Path, parts: list[Part], workers: int
) -> Iterator[tuple[Part, Made]]:
    """Yield what came of each part, in the parts' order.

    Args:
        world: the run.
        folder: the folder the files go to.
        parts: what to make.
        workers: number of processes at most.

    Raises:
        OSError: the disk is full or the folder cannot be written.
        BrokenProcessPool: a worker was ended from outside.
    """
    rows = sum(part.stop - part.first for part in parts)
    workers = min(workers, len(parts))
    if workers == 1 or rows < WORTH_WORKERS:
        maker = Maker(world, folder)
        for part in parts:
            yield part, maker.make(part)
        return
    # Fresh processes: a fork would copy the progress display's thread in the middle of its work.
    pool = ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(world.parameters, world.pools, world.window, folder),
    )
    try:
        # Ctrl-C reaches the whole process group; the first process alone answers it. Workers
        # inherit the mask, so not even their start can be interrupted.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            made = pool.map(_make_part, parts)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        yield from zip(parts, made, strict=True)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_makers: list[Maker] = []


def _start_worker(parameters: Parameters, pools: Pools, window: Window, folder: Path) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _makers.append(Maker(World(parameters, pools, window), folder))


def _end_with_parent() -> None:
    """End this worker when its parent is gone: nobody would publish its work."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _make_part(part: Part) -> Made:
    return _makers[0].make(part)
