"""Clean CSV: the loader beside the server's own COPY of the same files into identical tables."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench.goal import Goal
from bench.loaders import orders
from bench.loaders.loading import Delivery, Loading, load
from bench.loaders.plan import MB, Plan
from bench.processes import measure
from bench.sections import Section, in_turns, seconds
from bench.server_copy import copy_by_server
from bench.workplace import Workplace
from loader.sources import SOURCES_FILE, load_sources
from warehouse.console import say
from warehouse.errors import StepFailed

_SHARE = 0.9
_SHOP = "shop"
_HEADINGS = (
    "clean CSV", "rows", "MB", "loader s", "rows/s", "CPU s", "server s", "rows/s", "ratio",
)  # fmt: skip


@dataclass
class _Case:
    """Files, and what both took for them, round by round."""

    name: str
    delivery: Delivery
    bytes: int
    loadings: list[Loading] = field(default_factory=list)
    by_server: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Rows a second over the server's: the median of the rounds' own."""
        pairs = zip(self.loadings, self.by_server, strict=True)
        return median(server / loading.loading_seconds for loading, server in pairs)


def measure_ceiling(place: Workplace, plan: Plan) -> Section:
    """Measure the shop, TPC-H's orders in two files, and in one that has to be cut.

    Raises:
        StepFailed: one of the two did not load every row.
    """
    cases = list(_cases(place.folder / "ceiling", plan))
    for number in range(plan.runs):
        for case in cases:
            _round(place, case, plan.workers, number)
            say(
                f"{case.name}: loader {case.loadings[-1].loading_seconds:.2f} s, server "
                f"{case.by_server[-1]:.2f} s"
            )
    goals = [
        Goal(f"{case.name}: rows/s over the server's own COPY", case.ratio, least=_SHARE)
        for case in cases
    ]
    return Section(
        f"Beside the server's COPY FROM file, {plan.workers} connections",
        _HEADINGS, [_row(case) for case in cases], goals,
    )  # fmt: skip


def _cases(folder: Path, plan: Plan) -> Iterator[_Case]:
    landing = folder / "landing"
    landing.mkdir(parents=True)
    command = [sys.executable, "-m", "generator", "--scale", f"{plan.scale:g}", "--format", "csv"]
    command += ["--defects", "0", "--workers", str(plan.workers), "--out", str(landing)]
    measure("the generator", command, folder)
    yield _case("shop", Delivery(_SHOP, landing / _SHOP, SOURCES_FILE))
    for name, parts in (("orders in two files", 2), ("orders in one file", 1)):
        delivery = orders.deliver(folder / f"orders-{parts}")
        for file in orders.generate(folder / f"made-{parts}", plan.scale, parts):
            file.rename(delivery.folder / file.name)
        yield _case(name, delivery)


def _case(name: str, delivery: Delivery) -> _Case:
    files = delivery.folder.rglob("*.csv")
    return _Case(name, delivery, sum(file.stat().st_size for file in files))


def _round(place: Workplace, case: _Case, workers: int, number: int) -> None:
    delivery = case.delivery
    with place.database("loaded") as loaded, place.database("copied") as copied:
        rows = 0

        def by_loader() -> None:
            case.loadings.append(load(place, loaded, delivery, workers))

        def by_server() -> None:
            nonlocal rows
            place.settle_disk()
            rows, taken = copy_by_server(
                copied, delivery.source, delivery.folder,
                sources=load_sources(delivery.sources_file), workers=workers, scratch=place.folder,
            )  # fmt: skip
            case.by_server.append(taken)

        steps: list[Callable[[], None]] = [by_loader, by_server]
        in_turns(number, steps)
    if case.loadings[-1].rows != rows or case.loadings[-1].rejects:
        raise StepFailed(
            f"{case.name}: the loader loaded {case.loadings[-1].rows:,} rows, the server {rows:,}"
        )


def _row(case: _Case) -> list[str]:
    loading = [done.loading_seconds for done in case.loadings]
    rows = case.loadings[0].rows
    return [
        case.name,
        f"{rows:,}",
        f"{case.bytes / MB:,.0f}",
        seconds(loading),
        f"{rows / median(loading):,.0f}",
        f"{median(done.cpu for done in case.loadings):.2f}",
        seconds(case.by_server),
        f"{rows / median(case.by_server):,.0f}",
        f"{case.ratio:.2f}",
    ]
