"""Dirt: a file with one bad record in a thousand, beside the same file clean."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median

from bench.goal import Goal
from bench.loaders import orders
from bench.loaders.loading import Delivery, Loading, load
from bench.loaders.plan import Plan
from bench.sections import Section, in_turns, seconds
from bench.workplace import Workplace
from warehouse.console import say
from warehouse.errors import StepFailed

_CLEAN = "clean"
_SHARE = 0.5
_HEADINGS = ("orders in one file", "records", "rejects", "seconds", "records/s", "CPU s", "ratio")


def measure_dirty(place: Workplace, plan: Plan) -> Section:
    """Load the orders clean and with each kind of damage.

    Raises:
        StepFailed: the rejects are not the records that were damaged.
    """
    folder = place.folder / "dirty"
    (clean,) = orders.generate(folder, plan.scale)
    deliveries, damaged = {_CLEAN: orders.deliver(folder / "clean")}, {_CLEAN: 0}
    for damage in orders.DAMAGES:
        deliveries[damage] = orders.deliver(folder / damage.replace(" ", "-"))
        file = deliveries[damage].folder / clean.name
        damaged[damage] = orders.spoil(clean, file, damage)
    clean.rename(deliveries[_CLEAN].folder / clean.name)
    measured: dict[str, list[Loading]] = {name: [] for name in deliveries}

    def one(name: str) -> None:
        done = _load(place, deliveries[name], plan.workers)
        if done.rejects != damaged[name]:
            raise StepFailed(f"{name}: {done.rejects:,} rejects of {damaged[name]:,} bad records")
        say(f"{name}: {done.loading_seconds:.2f} s")
        measured[name].append(done)

    steps: list[Callable[[], None]] = [partial(one, name) for name in deliveries]
    for number in range(plan.runs):
        in_turns(number, steps)
    if len({done.records for runs in measured.values() for done in runs}) != 1:
        raise StepFailed("the files were loaded with different numbers of records")
    ratios = {name: _ratio(measured[_CLEAN], runs) for name, runs in measured.items()}
    goals = [
        Goal(f"1 in {orders.EVERY:,} with {damage}: records/s over clean", ratios[damage], _SHARE)
        for damage in orders.DAMAGES
    ]
    rows = [_row(name, runs, ratios[name]) for name, runs in measured.items()]
    title = f"One bad record in {orders.EVERY:,}, {plan.workers} connections"
    return Section(title, _HEADINGS, rows, goals)


def _load(place: Workplace, delivery: Delivery, workers: int) -> Loading:
    with place.database("dirty") as url:
        return load(place, url, delivery, workers)


def _ratio(clean: list[Loading], dirty: list[Loading]) -> float:
    """Compare records a second with those of the clean file: the median of the rounds' own."""
    pairs = zip(clean, dirty, strict=True)
    return median(one.loading_seconds / other.loading_seconds for one, other in pairs)


def _row(name: str, runs: list[Loading], ratio: float) -> list[str]:
    loading = [done.loading_seconds for done in runs]
    return [
        name,
        f"{runs[0].records:,}",
        f"{runs[0].rejects:,}",
        seconds(loading),
        f"{runs[0].records / median(loading):,.0f}",
        f"{median(done.cpu for done in runs):.2f}",
        f"{ratio:.2f}",
    ]
