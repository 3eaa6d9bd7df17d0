"""One run of the loader in a process of its own: its CPU and memory are the loader's alone.

DATABASE_URL=... python -m bench.loaders.child RESULT SOURCES_FILE SOURCE FOLDER WORKERS
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path

from loader.loading import report
from loader.loading.run import run
from loader.sources import load_sources


def main(result: str, sources_file: str, source: str, folder: str, workers: str) -> None:
    """Load, and write what came of it as JSON; what failed ends the process with its reason."""
    before = _cpu()
    done = run(
        source,
        Path(folder),
        sources=load_sources(Path(sources_file)),
        url=os.environ["DATABASE_URL"],
        workers=int(workers),
    )
    cpu = _cpu() - before
    if done.failed:
        sys.exit("\n".join([done.fatal or "", *report.faults(done)]).strip())
    facts = {
        "rows": sum(done.rows_by_table().values()),
        "rejects": sum(len(o.loaded.rejects) for o in done.outcomes if o.loaded),
        "loaded": done.count("loaded"),
        "skipped": done.count("skipped"),
        "seconds": done.seconds,
        "loading_seconds": done.loading_seconds,
        "cpu": cpu,
    }
    Path(result).write_text(json.dumps(facts), encoding="utf-8")


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


if __name__ == "__main__":
    main(*sys.argv[1:])
