"""Kept memory: a buffer that is made again and again costs no fresh pages."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource
from generator.engine.memory import keep_memory
assert keep_memory()
def use():
    for _ in range(50):
        first, second = bytearray(b"x") * 4_000_000, bytearray(b"y") * 3_000_000
use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc")
def test_memory_stays() -> None:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    # Without it, 50 times 1,700 pages of 4 KB.
    assert int(result.stdout) < 1_700
