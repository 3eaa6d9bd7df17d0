"""What a run prints at its end."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from generator.landing.run import Summary


def print_summary(source: Path, summary: Summary) -> None:
    """Print rows, bytes and files of each table, and how fast they came, on standard output."""
    table = Table(
        title=f"{source / summary.batch.name} ({summary.batch.kind})", title_justify="left"
    )
    table.add_column("table")
    for name in ("rows", "bytes", "files"):
        table.add_column(name, justify="right")
    for name, files in summary.tables.items():
        rows, size = sum(file.rows for file in files), sum(file.bytes for file in files)
        table.add_row(name, f"{rows:,}", f"{size:,}", str(len(files)))
    entries = [file for files in summary.tables.values() for file in files]
    rows, size = sum(file.rows for file in entries), sum(file.bytes for file in entries)
    table.add_section()
    table.add_row("all", f"{rows:,}", f"{size:,}", str(len(entries)))
    console = Console(highlight=False, soft_wrap=True)
    console.print(table)
    seconds = max(summary.seconds, 1e-3)
    console.print(
        f"{seconds:.2f} s, {rows / seconds:,.0f} rows/s, {size / seconds / 1e6:,.1f} MB/s"
    )
    if summary.validated is not None:
        console.print(f"validated {summary.validated:,} records: all as the model says")
