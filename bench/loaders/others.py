"""The loader beside other ways to bring the same CSV into the same server."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

from psycopg2 import sql

from bench.bars import Bar, Panel, write_bars
from bench.goal import Goal
from bench.loaders import orders
from bench.loaders.contenders import CONTENDERS, DLT, SCHEMA, TABLE, Contender
from bench.loaders.loading import Delivery, load
from bench.loaders.plan import MB, Plan
from bench.processes import Cost, measure
from bench.sections import Section, in_turns, seconds
from bench.workplace import Workplace
from warehouse.connections import connect, transaction
from warehouse.console import say
from warehouse.errors import StepFailed
from warehouse.tuning import cores

_TIMES_DLT = 10
_HEADINGS = ("way", "rows", "seconds", "rows/s", "CPU s", "memory MB", "loader is faster")
_LABELS = 240


@dataclass
class _Measured:
    """One way over all rounds; `rows` is what it was measured on."""

    name: str
    rows: int
    seconds: list[float] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)

    @property
    def rates(self) -> list[float]:
        return [self.rows / taken for taken in self.seconds]

    def times_slower(self, ours: _Measured) -> float:
        """Our rows a second over its own: the median of the rounds' own ratios."""
        return median(a / b for a, b in zip(ours.rates, self.rates, strict=True))


def measure_others(place: Workplace, plan: Plan) -> Section:
    """Load the orders with the loader and with every contender.

    Raises:
        StepFailed: one of them failed, or did not load every row.
    """
    folder = place.folder / "others"
    (made,) = orders.generate(folder / "made", plan.scale)
    delivery = orders.deliver(folder / "delivered")
    file = made.rename(delivery.folder / made.name)
    measured = {name: _prepare(folder, file, one) for name, one in CONTENDERS.items()}
    ours = _Measured(
        f"this loader, {plan.workers} connections", max(one.rows for one in measured.values())
    )
    steps: list[Callable[[], None]] = [partial(_load, place, delivery, plan.workers, ours)]
    steps += [partial(_contend, place, folder, one) for one in measured.values()]
    for number in range(plan.runs):
        in_turns(number, steps)
    shutil.rmtree(folder)
    ranked = sorted([ours, *measured.values()], key=lambda one: -median(one.rates))
    if plan.plot is not None:
        _draw(ranked, ours, plan, plan.plot)
    goals = [
        Goal(f"rows/s over {one.name}", measured[one.name].times_slower(ours), least=_TIMES_DLT)
        for one in DLT.values()
    ]
    title = "TPC-H orders from CSV into the same server"
    return Section(title, _HEADINGS, [_row(one, ours) for one in ranked], goals)


def _file(folder: Path, contender: Contender) -> Path:
    return folder / f"first-{contender.rows or 'all'}.csv"


def _prepare(folder: Path, file: Path, contender: Contender) -> _Measured:
    rows = orders.head(file, contender.rows, _file(folder, contender))
    return _Measured(contender.name, rows)


def _load(place: Workplace, delivery: Delivery, workers: int, ours: _Measured) -> None:
    """Load with the loader; all of its run counts: lock, tables, ledger, statistics."""
    with place.database("ours") as url:
        done = load(place, url, delivery, workers)
    _note(ours, done.rows, done.seconds, done.process)


def _contend(place: Workplace, folder: Path, one: _Measured) -> None:
    own, result = folder / "own", folder / "result.json"
    own.mkdir()
    file = _file(folder, CONTENDERS[one.name])
    command = [sys.executable, "-m", "bench.loaders.contenders"]
    command += [str(result), one.name, str(file), str(own)]
    with place.database("others") as url:
        place.settle_disk()
        cost = measure(one.name, command, folder, DATABASE_URL=url)
        _note(one, _count(url), json.loads(result.read_text())["seconds"], cost)
    shutil.rmtree(own)


def _note(one: _Measured, rows: int, taken: float, cost: Cost) -> None:
    if rows != one.rows:
        raise StepFailed(f"{one.name} loaded {rows:,} of {one.rows:,} rows")
    say(f"{one.name}: {rows:,} rows in {taken:.2f} s")
    one.seconds.append(taken)
    one.costs.append(cost)


def _count(url: str) -> int:
    with closing(connect(url, application_name="bench")) as conn, transaction(conn) as cur:
        cur.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(SCHEMA, TABLE)))
        ((rows,),) = cur.fetchall()
        return int(rows)


def _row(one: _Measured, ours: _Measured) -> list[str]:
    return [
        one.name,
        f"{one.rows:,}",
        seconds(one.seconds),
        f"{median(one.rates):,.0f}",
        f"{median(cost.cpu for cost in one.costs):.2f}",
        f"{max(cost.memory for cost in one.costs) / MB:,.0f}",
        "" if one is ours else f"{one.times_slower(ours):,.1f} times",
    ]


def _draw(ranked: list[_Measured], ours: _Measured, plan: Plan, path: Path) -> None:
    """Draw rows a second, the fastest first."""
    bars = [
        Bar(one.name, median(one.rates), min(one.rates), max(one.rates), ours=one is ours)
        for one in ranked
    ]
    title = "Rows a second from a CSV file into PostgreSQL"
    note = (
        f"TPC-H orders, SF {plan.scale:g}, {cores()} cores. Bars: medians of {plan.runs} rounds; "
        "lines: slowest to fastest."
    )
    write_bars([Panel(title, bars)], title, note, path, left=_LABELS)
