"""The server's settings follow the size of the machine."""

from __future__ import annotations

import pytest

from warehouse.tuning import GB, MB, cores, memory_bytes, server_settings


def megabytes(settings: dict[str, str], name: str) -> int:
    value = settings[name]
    assert value.endswith("MB")
    return int(value.removesuffix("MB"))


@pytest.mark.parametrize("memory", [512 * MB, 2 * GB, 8 * GB, 64 * GB, 1024 * GB])
@pytest.mark.parametrize("processors", [1, 2, 8, 128])
def test_memory_is_never_promised_twice(memory, processors):
    chosen = server_settings(
        memory=memory, processors=processors, free_disk=100 * GB, shared=memory
    )
    shared = megabytes(chosen, "shared_buffers") * MB
    assert shared <= memory / 4
    # Four connections, each with two sorts or hashes, and one index being built.
    busy = 8 * megabytes(chosen, "work_mem") * MB
    assert shared + busy + megabytes(chosen, "maintenance_work_mem") * MB <= memory / 2
    assert 1 <= int(chosen["max_parallel_workers_per_gather"]) <= processors


@pytest.mark.parametrize(("shared", "kind"), [(64 * MB, "mmap"), (0, "mmap"), (8 * GB, None)])
def test_a_small_shared_memory_is_not_used_for_parallel_joins(shared, kind):
    chosen = server_settings(memory=16 * GB, processors=4, free_disk=100 * GB, shared=shared)
    assert chosen.get("dynamic_shared_memory_type") == kind


def test_the_log_does_not_fill_a_small_disk():
    chosen = server_settings(memory=16 * GB, processors=4, free_disk=10 * GB, shared=8 * GB)
    assert megabytes(chosen, "max_wal_size") <= 1024


def test_this_machine_has_a_size():
    assert memory_bytes() > 100 * MB
    assert cores() >= 1
