"""Landing files checked before they are loaded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from loader.loading.budget import DEFAULT_BUDGET, Budget
from loader.reading.streams import Meter
from loader.sources import Sources, load_sources
from monitor.check import Check
from monitor.landing.delivery import find
from warehouse.console import progress

if TYPE_CHECKING:
    from monitor.landing.examining import TableFindings


def validate(  # noqa: PLR0913 - what the command line says
    folder: Path,
    *,
    source: str | None = None,
    batches: Collection[str] = (),
    sources: Sources | None = None,
    budget: Budget = DEFAULT_BUDGET,
    told: Callable[[int], None] = lambda _size: None,
) -> list[Check]:
    """Check the files of a source, each read to its end and once, in bounded memory.

    Args:
        folder: of the source, or of one of its batches.
        source: its name; none: that of the folder.
        batches: those to be checked; none: all.
        sources: as declared; none: those of loader/sources.yml.
        budget: records of a file, or of a table, that may have a fault before a check fails.
        told: called with the number of bytes that were read.

    Raises:
        LandingError: there is nothing to check.
        SourcesError: the source is not declared.
        FileError: there is no room for temporary files.
    """
    # Only here: Arrow and pandas take longer to import than the watch's other commands to begin.
    from monitor.landing.checks import Judge  # noqa: PLC0415
    from monitor.landing.examining import examine  # noqa: PLC0415

    delivery = find(folder, sources or load_sources(), source, batches)
    judge, meter = Judge(delivery, budget), Meter()
    findings: defaultdict[str, list[TableFindings]] = defaultdict(list)
    size = sum(file.file.bytes for file in delivery.checked if file.file)
    with progress(f"checking {delivery.source}", size, "bytes") as bar:
        for found in examine(delivery, meter):
            findings[found.table].append(found)
            taken = meter.take()
            told(taken)
            bar.advance(taken, found.table)
    checks = list(judge.of_delivery([one for found in findings.values() for one in found]))
    # A table that only other batches have is missing in these.
    named = {file.table for file in delivery.files}
    for table in (one for one in delivery.declared.tables if one in named):
        checks += judge.of_table(table, findings[table])
    return checks
