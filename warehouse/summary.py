"""The summary on one screen: what the warehouse holds, what it holds back, whether layers agree."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from rich import box
from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.table import Table

from warehouse.errors import WarehouseError
from warehouse.figures import Figures, Rule
from warehouse.settings import PROJECT_DIR

# Kept beside the landing zone, so that a later summary can tell how long the steps took.
STEPS_FILE = PROJECT_DIR / "data" / "steps.json"

WIDTH = 100  # columns; what a terminal of usual size shows
_RECONCILED_SHOWN = 4
_RULES_SHOWN = 5

NEXT = (
    ("make psql", "look around: \\dt marts.* lists the marts"),
    ("make day", "one more business day: generate, load, build"),
    ("make docs", "every model and column explained, and their graph"),
    ("make load SOURCE=online_retail FROM=<folder>", "a real shop's files into the same tables"),
    ("make down", "stop PostgreSQL; the data stay"),
)


@dataclass(frozen=True)
class Step:
    """A step that ran on a database (as `where` names it), and how long it took in seconds."""

    name: str
    seconds: float
    database: str


def read_steps(path: Path = STEPS_FILE) -> list[Step]:
    """Read the steps of earlier demos, on whichever database; none when there was none.

    Raises:
        WarehouseError: the file is damaged.
    """
    try:
        return [Step(**step) for step in json.loads(path.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError):
        raise WarehouseError(f"{path} is damaged: remove it") from None


def show(figures: Figures, steps: list[Step], console: Console | None = None) -> None:
    """Print the summary to standard output, in at most 100 columns where the figures fit."""
    out = console or Console(highlight=False)
    out.width = min(out.width if out.is_terminal else WIDTH, WIDTH)
    if not figures.raw:
        out.print("The warehouse is empty: make demo fills it.")
        return
    batches = ", ".join(f"{source} up to batch {batch}" for source, batch in figures.last_batches)
    out.print(f"[bold]The warehouse holds[/] {batches}\n")
    _print_whole(out, _raw(figures), _layers(figures))
    if not figures.marts:
        out.print("\nThe marts are not built yet: make build.")
        return
    out.print()
    _print_whole(out, *_marts(figures), _derived(figures))
    out.print()
    _print_whole(out, _rules(figures))
    out.print()
    _print_whole(out, _reconciled(figures))
    out.print(_verdict(figures))
    if steps:
        total = sum(step.seconds for step in steps)
        each = ", ".join(f"{step.name} {step.seconds:.1f}" for step in steps)
        out.print(f"[bold]Seconds[/] {each}; in all {total:.1f}")
    commands = Table.grid(padding=(0, 2))
    for command, meaning in NEXT:
        commands.add_row(f"  {command}", meaning)
    out.print("[bold]Next[/]", commands, sep="\n")


def _print_whole(out: Console, *tables: RenderableType) -> None:
    """Print tables beside each other, or one below the other where they do not fit.

    Never narrower than they are: rich would cut figures, and a figure that is cut is a wrong one.
    """
    unbound = out.options.update(max_width=10_000)
    grid = Table.grid(padding=(0, 3))
    grid.add_row(*tables)
    below = Group(*[part for table in tables for part in ("", table)][1:])
    fits = Measurement.get(out, unbound, grid).maximum <= out.width
    whole = grid if fits else below
    usual, out.width = out.width, max(out.width, Measurement.get(out, unbound, whole).maximum)
    out.print(whole)
    out.width = usual


def _table(title: str, *headings: str, texts: int = 1) -> Table:
    """Make a table whose first `texts` columns are text and whose others are numbers."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for number, heading in enumerate((title, *headings)):
        justify = "left" if number < texts else "right"
        table.add_column(heading, justify=justify, no_wrap=True, header_style="bold")  # type: ignore[arg-type]
    return table


def _number(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int | Decimal) else str(value)


def _raw(figures: Figures) -> Table:
    # Few warehouses are ever pruned, and the screen is narrow.
    pruned = any(one.pruned for one in figures.raw)
    table = _table("raw", "rows", *["of them pruned"] * pruned, "rejects")
    for one in figures.raw:
        counts = (one.rows, *[one.pruned] * pruned, one.rejects)
        table.add_row(one.name, *map(_number, counts))
    return table


def _layers(figures: Figures) -> Table:
    table = _table("quality, production", "valid", "held", "production")
    for entity in figures.entities:
        counts = (entity.valid, entity.quarantined, entity.production)
        table.add_row(entity.name, *map(_number, counts))
    return table


def _derived(figures: Figures) -> Table:
    table = _table("production", "rows")
    for name, rows in figures.production_only:
        table.add_row(name, _number(rows))
    return table


def _marts(figures: Figures) -> tuple[Table, ...]:
    """Put the marts into two tables of equal height: they are many, and the screen is wide."""
    half = (len(figures.marts) + 1) // 2
    tables = []
    for marts in (figures.marts[:half], figures.marts[half:]):
        table = _table("marts", "rows")
        for name, rows in marts:
            table.add_row(name, _number(rows))
        tables.append(table)
    return tuple(tables)


def _rules(figures: Figures) -> RenderableType:
    if not figures.rules:
        return "no row is in quarantine"
    table = _table("quarantine", "rule", "held", "ledger", "missed", "wrong", texts=2)
    shown = _rules_shown(figures.rules)
    for rule in shown:
        table.add_row(rule.entity, rule.name, *map(_number, _counts(rule)), style=_colour(rule))
    rest = [rule for rule in figures.rules if rule not in shown]
    if rest:
        sums = [sum(filter(None, counts)) for counts in zip(*map(_counts, rest), strict=True)]
        table.add_row("", f"{len(rest)} more rules", *map(_number, sums))
    return table


def _rules_shown(rules: list[Rule]) -> list[Rule]:
    """Choose the rules that one screen has room for: the wrong ones and those that hold most."""
    weighty = sorted(rules, key=lambda rule: (not _colour(rule), -rule.held))
    kept = set(weighty[:_RULES_SHOWN] if len(rules) > _RULES_SHOWN + 1 else rules)
    return [rule for rule in rules if rule in kept]


def _counts(rule: Rule) -> tuple[int | None, ...]:
    return rule.held, rule.injected, rule.missed, rule.wrongly_held


def _colour(rule: Rule) -> str:
    return "red" if rule.missed or rule.wrongly_held else ""


def _reconciled(figures: Figures) -> RenderableType:
    rows = figures.reconciled
    if not rows:
        return "nothing is reconciled yet"
    table = _table(
        "reconciliation", *[""] * (len(rows[0].label) - 1), "in production", "difference"
    )
    for column in table.columns[: len(rows[0].label)]:
        column.justify = "left"
    table.add_column("verdict")
    for row in rows[:_RECONCILED_SHOWN]:
        verdict = "[green]agrees[/]" if row.agrees else "[red]differs[/]"
        table.add_row(*row.label, _number(row.figure), _number(row.difference), verdict)
    return table


def _verdict(figures: Figures) -> str:
    """Say in one line whether all layers agree."""
    rows = figures.reconciled
    differing = sum(not row.agrees for row in rows)
    if differing:
        fault = f"{differing} of {len(rows)} reconciliations differ"
        return f"[bold red]{fault}[/]: select * from monitoring.reconciliation"
    more = f", {len(rows) - _RECONCILED_SHOWN} not shown" if len(rows) > _RECONCILED_SHOWN else ""
    return f"[bold green]All {len(rows)} reconciliations agree[/] (raw, production, marts{more})"
