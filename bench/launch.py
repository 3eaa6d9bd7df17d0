"""Run one program and report its time, CPU and memory. Stands alone, as a script.

A process between the benchmark and the program: on Linux a new program starts with its starter's
peak of memory, and a benchmark that has read Parquet files has a high one. This one imports next to
nothing, so that what `wait4` reports is the program's own.

    python -I -S launch.py REPORT PROGRAM [ARGUMENT ...]
"""

from __future__ import annotations

import os
import sys
import time

# wait4 counts memory in kilobytes, on macOS in bytes.
_MEMORY_UNIT = 1 if sys.platform == "darwin" else 1024


def main(report: str, command: list[str]) -> int:
    """Run a command, write the report, return the command's exit code.

    Args:
        report: file for four numbers: seconds on the clock, CPU seconds (user and system, of the
            program and all its processes), bytes of its largest process, exit code.
        command: the program with its arguments.
    """
    started = time.monotonic()
    child = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    seconds = time.monotonic() - started
    code = os.waitstatus_to_exitcode(status)
    cpu = usage.ru_utime + usage.ru_stime
    with open(report, "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib costs memory
        file.write(f"{seconds} {cpu} {usage.ru_maxrss * _MEMORY_UNIT} {code}\n")
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
