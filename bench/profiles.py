"""`python -m bench profiles`: what profiles take, of a wide table and of a whole warehouse."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click

from bench.builds.shop import Shop, Size
from bench.goal import Goal
from bench.sections import Section, seconds
from bench.workplace import Workplace, workplace
from monitor.manifest import MANIFEST_PATH
from monitor.profiles.figures import TableProfile
from monitor.profiles.measuring import Terms, profile_table
from monitor.profiles.relations import find_relations
from warehouse.connections import connect, database_url, transaction
from warehouse.console import say
from warehouse.errors import StepFailed
from warehouse.settings import PROJECT_DIR

_SECONDS = 30.0
_MEGABYTES = 300.0

# "In seconds": as many as somebody waits for.
_WIDE_SECONDS = 10.0

_WAYS = {
    "a sample, distinct values estimated from it": Terms(),
    "a sample, distinct values of all rows by HyperLogLog": Terms(distinct="hyperloglog"),
    "all rows": Terms(limit=None),
}

# Keys, references, amounts, codes, times, texts: seven columns of which no two values are equal.
_WIDE = """
create table wide as
select
    i::bigint as id,
    'o-' || lpad(i::text, 9, '0') as key,
    md5(i::text) as digest,
    (random() * 50000)::int as reference,
    'c-' || (random() * 200000)::int as customer,
    (random() * 1e7)::int / 100.0 as price,
    (random() * 10)::int as quantity,
    (random() * 100000)::int / 100.0 as total,
    random() as share,
    random() * random() * 1000 as skewed,
    (array['new', 'paid', 'sent', 'done'])[1 + (random() * 3)::int] as status,
    (array['EUR', 'USD', 'GBP'])[1 + (random() * 2)::int] as currency,
    random() < 0.5 as flag,
    date '2025-01-01' + (random() * 365)::int as day,
    timestamptz '2025-01-01' + random() * interval '365 days' as ordered_at,
    timestamptz '2025-01-01' + random() * interval '365 days' as updated_at,
    case when random() < 0.7 then (random() * 1000)::int end as score,
    null::text as nothing,
    repeat('x', (random() * 40)::int) || (random() * 100)::int as note,
    'user' || i || '@mail.example' as address
from generate_series(1, {rows}) as i
"""


@dataclass(frozen=True)
class Taken:
    """What one run of the command took.

    Args:
        seconds: on the clock.
        megabytes: the most memory that the process held.
        page: megabytes of the page.
        said: its last line.
    """

    seconds: float
    megabytes: float
    page: float
    said: str


@click.command("profiles", context_settings={"show_default": True})
@click.option("--rows", type=click.IntRange(1), default=1_000_000, help="Of the wide table.")
@click.option(
    "--scale",
    type=click.FloatRange(min=0),
    default=1.0,
    help="Of the shop whose production and marts are profiled, a year; 0 leaves it out.",
)
@click.option("--runs", type=click.IntRange(1), default=3, help="Rounds, of which medians count.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, help="Connections of the loader.")
@click.option("--existing", is_flag=True, help="Profile the warehouse in use, and build none.")
def profiles(*, rows: int, scale: float, runs: int, workers: int, existing: bool) -> None:
    """Measure python -m monitor profile: a table of 20 columns, and production with marts.

    Everything happens in a server and a folder of its own, which are removed at the end.
    """
    if existing:
        _warehouse_section(_commands(database_url(), MANIFEST_PATH, runs), "in use").show()
        return
    with workplace() as place:
        _wide_section(_wide(place, rows, runs), rows).show()
        if scale:
            with place.database("profiled") as url:
                folder = place.folder / "profiled"
                shop = Shop(place, url, folder, Size(scale, 1, workers))
                shop.generate_history()
                shop.load()
                shop.build()
                place.settle_disk()
                taken = _commands(url, folder / "target" / "manifest.json", runs)
            _warehouse_section(taken, f"SCALE={scale:g}").show()


def _wide(place: Workplace, rows: int, runs: int) -> dict[str, list[TableProfile]]:
    found: dict[str, list[TableProfile]] = {way: [] for way in _WAYS}
    with place.database("wide") as url, closing(connect(url)) as conn:
        with transaction(conn) as cur:
            cur.execute(_WIDE.format(rows=rows))
        conn.autocommit = True
        with conn.cursor() as cur:
            cur.execute("vacuum analyze wide")
        conn.autocommit = False
        with transaction(conn) as cur:
            (relation,) = find_relations(cur, ["public"], ["wide"], ["address"])
        for number in range(1, runs + 1):
            say(f"wide table, round {number} of {runs}")
            for way, terms in _WAYS.items():
                found[way].append(profile_table(conn, relation, terms, {}))
    return found


def _wide_section(found: dict[str, list[TableProfile]], rows: int) -> Section:
    took = {way: [one.seconds for one in made] for way, made in found.items()}
    lines = [[way, f"{found[way][0].rows_profiled:,}", seconds(took[way])] for way in found]
    first = next(iter(took))
    return Section(
        f"A table of 20 columns and {rows:,} rows",
        ["way", "rows read", "seconds"],
        lines,
        [Goal("seconds by a sample", median(took[first]), most=_WIDE_SECONDS)],
    )


def _commands(url: str, manifest: Path, runs: int) -> list[Taken]:
    found = []
    for number in range(1, runs + 1):
        say(f"warehouse, round {number} of {runs}")
        found.append(_command(url, manifest))
    return found


def _command(url: str, manifest: Path) -> Taken:
    """Run the command once.

    Raises:
        StepFailed: it failed.
    """
    with tempfile.TemporaryDirectory(prefix="counting-house-profile-") as folder:
        command = [sys.executable, "-m", "monitor", "profile", "--out", folder]
        command += ["--manifest", str(manifest), "--no-store"]
        began = time.monotonic()
        with subprocess.Popen(
            command,
            cwd=PROJECT_DIR,
            env={**os.environ, "DATABASE_URL": url},
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            said = process.stderr.read()
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        took = time.monotonic() - began
        if process.returncode:
            raise StepFailed(f"python -m monitor profile failed: {said.strip()}")
        page = (Path(folder) / "profile.html").stat().st_size / 1e6
    # Kilobytes on Linux, bytes on macOS.
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return Taken(took, used.ru_maxrss / unit, page, said.strip().splitlines()[-1])


def _warehouse_section(taken: Sequence[Taken], title: str) -> Section:
    took, memory = [one.seconds for one in taken], [one.megabytes for one in taken]
    say(taken[-1].said)
    return Section(
        f"Production and marts, {title}",
        ["figure", "median (least-greatest)"],
        [
            ["seconds", seconds(took)],
            ["megabytes of memory", seconds(memory)],
            ["megabytes of the page", f"{taken[-1].page:.2f}"],
        ],
        [
            Goal("seconds of a profile", median(took), most=_SECONDS),
            Goal("megabytes of memory", median(memory), most=_MEGABYTES),
        ],
    )
