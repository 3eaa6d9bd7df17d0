"""The report: for each table and way the rows that differ, and what monitoring says of a way."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from bench.convergence.proof import Ending, Verdict

PLAIN_WIDTH = 140

_HEADINGS = (
    "rules", "injected", "caught", "missed", "wrongly held", "waiting", "figures", "largest gap",
)  # fmt: skip


def tables(verdict: Verdict) -> Table:
    """Put the ways side by side: 0, or how many rows each lacks and has beside the first way's."""
    made = Table(title="rows that differ", title_justify="left")
    made.add_column("table")
    made.add_column("rows", justify="right")
    for ending in verdict.endings:
        made.add_column(ending.way.name, justify="right")
    apart = [{d.table: d for d in ending.differences} for ending in verdict.endings]
    for name in sorted({*verdict.contents, *(table for found in apart for table in found)}):
        rows = f"{verdict.contents[name].rows:,}" if name in verdict.contents else "none"
        cells = [
            f"-{found[name].missing:,} +{found[name].extra:,}" if name in found else "0"
            for found in apart
        ]
        made.add_row(name, rows, *cells)
    return made


def truth(verdict: Verdict) -> Table:
    """Show what each warehouse says of itself."""
    made = Table(title="truth", title_justify="left")
    made.add_column("way")
    for heading in _HEADINGS:
        made.add_column(heading, justify="right")
    for ending in verdict.endings:
        made.add_row(ending.way.name, *_numbers(ending))
    return made


def _numbers(ending: Ending) -> list[str]:
    found = ending.truth
    counts = [found.rules, found.injected, found.caught, found.missed, found.wrongly_held]
    counts += [found.waiting, found.figures]
    return [f"{number:,}" for number in counts] + [f"{found.apart:.2f}"]


def show(verdict: Verdict) -> None:
    """Print the verdict on standard output."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PLAIN_WIDTH)
    console.print(tables(verdict))
    console.print(truth(verdict))
    for ending in verdict.endings:
        for difference in ending.differences:
            for example in difference.examples:
                console.print(
                    f"{ending.way.name}: {difference.table} {example}", markup=False, soft_wrap=True
                )
    rows = sum(table.rows for table in verdict.contents.values())
    differing = sum(bool(ending.differences) for ending in verdict.endings)
    untrue = sum(not ending.truth.holds for ending in verdict.endings)
    console.print(
        f"{len(verdict.endings)} ways, {len(verdict.contents)} tables of {rows:,} rows: "
        f"{differing} ways differ, {untrue} do not hold against the truth"
    )
    if verdict.failures:
        console.print(f"broke off: {', '.join(verdict.failures)}")
