"""`python -m bench report`: what the report of the watch takes, in seconds, memory and bytes."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click

from bench.builds.shop import Shop, Size
from bench.goal import Goal
from bench.processes import measure
from bench.sections import Section, seconds
from bench.workplace import workplace
from monitor.manifest import MANIFEST_PATH
from monitor.report.command import PAGE
from warehouse.connections import database_url
from warehouse.console import say

_MB = 1e6

_SECONDS = 30.0
_MEGABYTES = 300.0
_PAGE_MEGABYTES = 1.0


@dataclass(frozen=True)
class Taken:
    """What one report took.

    Args:
        seconds: on the clock, of the whole command.
        megabytes: the most memory that the process held.
        page: megabytes of the page.
    """

    seconds: float
    megabytes: float
    page: float


@click.command("report", context_settings={"show_default": True})
@click.option(
    "--scale", type=click.FloatRange(min=0, min_open=True), default=1.0, help="Of the shop, a year."
)
@click.option("--runs", type=click.IntRange(1), default=3, help="Reports, of which medians count.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, help="Connections of the loader.")
@click.option(
    "--existing", is_flag=True, help="Measure the warehouse in use, and build none; stores no run."
)
def report(*, scale: float, runs: int, workers: int, existing: bool) -> None:
    """Measure python -m monitor report, on a shop of its own or on the warehouse in use."""
    if existing:
        measured = _reports(database_url(), MANIFEST_PATH, runs, stores=False)
        _section(measured, "the warehouse in use").show()
        return
    with workplace() as place, place.database("watched") as url:
        shop = Shop(place, url, place.folder / "watched", Size(scale, 1, workers))
        shop.generate_history()
        shop.load()
        shop.build()
        place.settle_disk()
        manifest = place.folder / "watched" / "target" / "manifest.json"
        measured = _reports(url, manifest, runs, stores=True)
    _section(measured, f"SCALE={scale:g}").show()


def _reports(url: str, manifest: Path, runs: int, *, stores: bool) -> list[Taken]:
    measured = []
    for number in range(1, runs + 1):
        say(f"report {number} of {runs}")
        measured.append(_report(url, manifest, stores=stores))
    return measured


def _report(url: str, manifest: Path, *, stores: bool) -> Taken:
    with tempfile.TemporaryDirectory(prefix="counting-house-report-") as parent:
        folder = Path(parent) / "report"
        folder.mkdir()
        command = [sys.executable, "-m", "monitor", "report", "--out", str(folder)]
        command += ["--manifest", str(manifest), "--store" if stores else "--no-store"]
        cost = measure("python -m monitor report", command, folder, DATABASE_URL=url)
        page = (folder / PAGE).stat().st_size
    return Taken(cost.seconds, cost.memory / _MB, page / _MB)


def _section(measured: Sequence[Taken], title: str) -> Section:
    took = [one.seconds for one in measured]
    memory = [one.megabytes for one in measured]
    page = measured[-1].page
    return Section(
        title=f"The report, {title}, {len(measured)} runs",
        headings=["figure", "median (least-greatest)"],
        rows=[
            ["seconds", seconds(took)],
            ["megabytes of memory", seconds(memory)],
            ["megabytes of the page", f"{page:.2f}"],
        ],
        goals=[
            Goal("seconds of a report", median(took), most=_SECONDS),
            Goal("megabytes of memory", median(memory), most=_MEGABYTES),
            Goal("megabytes of the page", page, most=_PAGE_MEGABYTES),
        ],
    )
