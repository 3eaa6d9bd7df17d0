"""What the generators' rounds come to: a table of medians, and the ratios with their goals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.generators import LARGER, Run
from bench.goal import Goal
from bench.programs import JAFGEN, OURS, TPCHGEN, Format, Step

PLAIN_WIDTH = 130
MB = 1e6

_FIGURES = ("seconds", "range", "CPU s", "rows", "MB", "values MB", "rows/s", "MB/s", "memory MB")


@dataclass(frozen=True)
class Row:
    """A step over all rounds; `runs` is never empty."""

    step: Step
    runs: list[Run]

    def middle(self, figure: Callable[[Run], float]) -> float:
        """Return the median of a figure."""
        return median(map(figure, self.runs))

    def span(self, figure: Callable[[Run], float]) -> tuple[float, float]:
        """Return the least and the greatest of a figure."""
        return min(map(figure, self.runs)), max(map(figure, self.runs))


def by_step(rounds: list[list[Run]]) -> list[Row]:
    """Put the rounds' runs of a step together, in the order of the first round."""
    runs: dict[str, list[Run]] = {}
    for done in (run for measured in rounds for run in measured):
        runs.setdefault(done.step.name, []).append(done)
    return [Row(same[0].step, same) for same in runs.values()]


@dataclass(frozen=True)
class _Duel:
    """Our figure over another program's, in one format."""

    text: str
    least: float
    reference: str
    format: Format
    figure: Callable[[Run], float]

    def goal(self, rounds: list[list[Run]]) -> Goal | None:
        """Return the median of the rounds' own ratios; None if one of the two was not measured."""
        ratios = []
        for measured in rounds:
            ours = _of(measured, OURS, self.format)
            other = _of(measured, self.reference, self.format)
            if ours and other:
                ratios.append(self.figure(ours[0]) / self.figure(other[0]))
        return Goal(self.text, median(ratios), least=self.least) if ratios else None


def _rows(run: Run) -> float:
    return run.rows_a_second


def _bytes(run: Run) -> float:
    return run.bytes_a_second


_DUELS = (
    _Duel("CSV, bytes/s over tpchgen-cli's", 1.5, TPCHGEN, "csv", _bytes),
    _Duel("Parquet, rows/s over tpchgen-cli's", 1.0, TPCHGEN, "parquet", _rows),
    _Duel("Parquet, bytes of values/s over tpchgen-cli's", 1.0, TPCHGEN, "parquet", _bytes),
    _Duel("CSV, rows/s over jafgen's", 100, JAFGEN, "csv", _rows),
)
_MOST_MEMORY = 400


def goals(rounds: list[list[Run]]) -> list[Goal]:
    """Return the figures that have a goal, those that were measured."""
    duels = [duel.goal(rounds) for duel in _DUELS]
    return [goal for goal in duels if goal is not None] + _memory(rounds) + _growth(rounds)


def _memory(rounds: list[list[Run]]) -> list[Goal]:
    most: dict[str, float] = {}
    for run in (run for measured in rounds for run in measured):
        if run.step.program == OURS:
            most[run.step.name] = max(most.get(run.step.name, 0.0), run.cost.memory / MB)
    return [
        Goal(f"{name}, MB of the largest process", value, most=_MOST_MEMORY)
        for name, value in most.items()
    ]


def _growth(rounds: list[list[Run]]) -> list[Goal]:
    """Compare our CSV at a larger scale with the same at the scale."""
    pairs = [both for measured in rounds if len(both := _of(measured, OURS, "csv")) == 2]
    if not pairs:
        return []
    rows = median(large.rows_a_second / small.rows_a_second for small, large in pairs)
    memory = median(large.cost.memory / small.cost.memory for small, large in pairs)
    return [
        Goal(f"rows/s at {LARGER} times the scale over those at the scale", rows, least=0.9),
        Goal(f"memory at {LARGER} times the scale over that at the scale", memory, most=1.1),
    ]


def _of(measured: list[Run], program: str, fmt: Format) -> list[Run]:
    """Return a round's runs of a program in a format, the smaller scale first."""
    found = [run for run in measured if (run.step.program, run.step.format) == (program, fmt)]
    return sorted(found, key=lambda run: run.step.scale)


def table(rounds: list[list[Run]], title: str) -> Table:
    """Put the medians of all rounds side by side."""
    made = Table(title=title, title_justify="left")
    for heading in ("program", *_FIGURES):
        made.add_column(heading, justify="right" if heading in _FIGURES else "left", no_wrap=True)
    for row in by_step(rounds):
        fastest, slowest = row.span(lambda run: run.cost.seconds)
        seconds = row.middle(lambda run: run.cost.seconds)
        contents = row.runs[0].contents
        made.add_row(
            row.step.name,
            f"{seconds:.2f}",
            f"{fastest:.2f}-{slowest:.2f}",
            f"{row.middle(lambda run: run.cost.cpu):.2f}",
            f"{contents.rows:,}",
            f"{contents.bytes / MB:,.1f}",
            f"{contents.values / MB:,.1f}" if contents.values else "",
            f"{contents.rows / seconds:,.0f}",
            f"{(contents.values or contents.bytes) / seconds / MB:,.1f}",
            f"{max(run.cost.memory for run in row.runs) / MB:,.0f}",
        )
    return made


def show(rounds: list[list[Run]], title: str) -> None:
    """Print the report on standard output."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PLAIN_WIDTH)
    console.print(table(rounds, title))
    for goal in goals(rounds):
        console.print(str(goal), soft_wrap=True)
