"""Settings of the embedded server, from the size of the machine.

The load is a warehouse's: a handful of connections, long scans, big sorts and hashes, bulk loads.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import psutil

MB = 1024**2
GB = 1024**3

# Where a container's memory limit stands: control groups version 2, then 1.
_CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
_SHARED_MEMORY = Path("/dev/shm")


def memory_bytes() -> int:
    """Memory that this machine or container may use, in bytes."""
    total = int(psutil.virtual_memory().total)
    for path in _CGROUP_LIMITS:
        try:
            return min(total, int(path.read_text()))
        except (OSError, ValueError):  # no such file, or "max"
            continue
    return total


def cores() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _between(low: int, value: float, high: int) -> int:
    return int(min(max(low, value), high))


def server_settings(*, memory: int, processors: int, free_disk: int, shared: int) -> dict[str, str]:
    """Choose the server's settings.

    Args:
        memory: bytes the machine has.
        processors: number of cores.
        free_disk: bytes free where the data lies.
        shared: bytes that fit into /dev/shm, 0 where there is none.

    Shares of memory follow the PostgreSQL manual, 19.4 (a quarter for shared_buffers); work_mem is
    small enough that four connections with four hashes each, doubled by hash_mem_multiplier, take
    at most half of it.
    """
    workers = _between(1, processors // 2, 4)
    settings = {
        "shared_buffers": f"{_between(64 * MB, memory / 4, 8 * GB) // MB}MB",
        "effective_cache_size": f"{_between(128 * MB, memory * 0.6, 512 * GB) // MB}MB",
        "work_mem": f"{_between(8 * MB, memory / 64, 256 * MB) // MB}MB",
        "maintenance_work_mem": f"{_between(64 * MB, memory / 16, 1 * GB) // MB}MB",
        "max_wal_size": f"{_between(512 * MB, free_disk / 16, 8 * GB) // MB}MB",
        "wal_buffers": "16MB",
        "checkpoint_timeout": "15min",
        # No replica reads this log: bulk loads into new tables then skip it.
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "max_connections": "50",
        "max_worker_processes": str(max(8, processors)),
        "max_parallel_workers": str(processors),
        "max_parallel_workers_per_gather": str(workers),
        "max_parallel_maintenance_workers": str(workers),
        "random_page_cost": "1.1",  # solid state disks and a warm cache
        "default_statistics_target": "200",
        "jit": "off",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        "datestyle": "'ISO, MDY'",
        "lc_messages": "'C'",
        "log_checkpoints": "off",
        "log_line_prefix": "'%m [%p] %a '",
    }
    if shared < max(256 * MB, memory // 8):
        # Containers often get a /dev/shm of 64 MB, too small for the hash tables of parallel joins.
        settings["dynamic_shared_memory_type"] = "mmap"
    return settings


def settings_for_this_machine(data: Path) -> dict[str, str]:
    """Choose the settings for a server whose data lies in the folder `data`."""
    shared = shutil.disk_usage(_SHARED_MEMORY).total if _SHARED_MEMORY.is_dir() else 0
    return server_settings(
        memory=memory_bytes(),
        processors=cores(),
        free_disk=shutil.disk_usage(data).free,
        shared=shared,
    )
