"""Kill what loads, at a random moment, repeat the command, and compare with an undisturbed run.

Three things are killed, always with SIGKILL: the loader; the server process of one of its
connections, after which PostgreSQL ends all sessions and recovers; the whole server, which is
started again at once. Some runs kill more than once, so that the repeated command is hit as well.
"""

from __future__ import annotations

import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.kill_contents import Facts, differences, facts
from bench.kill_files import SOURCE, write_files
from bench.killing import (
    KINDS,
    LOADING,
    PHASES,
    Command,
    Kind,
    Phase,
    PlainCommand,
    ScaledCommand,
    Watch,
    kill,
    until_recovered,
)
from bench.workplace import Workplace, workplace
from loader.raw.tables import prepare
from loader.sources import load_sources
from warehouse.connections import connect, transaction
from warehouse.console import say
from warehouse.embedded import EmbeddedServer
from warehouse.errors import StepFailed

# How many times a run kills, and how often that is drawn.
KILLS_A_RUN = (1, 2, 3)
KILLS_WEIGHTS = (6, 3, 1)

# A moment after the loader's end kills nothing: the run is made again, but not for ever.
MISSES_A_RUN = 20

# After the last kill the command must get through; killed sessions may cost it its own attempts.
REPEATS = 5

UNDISTURBED_RUNS = 4
PLAIN_WIDTH = 100

# Megabytes of the largest file from which on the loader goes all its ways by itself: it cuts the
# file, in several blocks, and takes indexes off.
FULL_SIZE = 40.0

INDEXES = """
    create index receipts_by_amount on raw.till_receipts (amount);
    create unique index events_by_record on raw.till_events (_load_id, _row_id);
"""


@dataclass(frozen=True)
class Plan:
    """How often to kill, on which files, with how many connections."""

    runs: int
    seed: int
    megabytes: float
    workers: int


@dataclass(frozen=True)
class Hit:
    """One kill."""

    kind: Kind
    phase: Phase


@dataclass(frozen=True)
class KillRun:
    """One run: its kills, how often the command was repeated, what differs in the end."""

    number: int
    hits: tuple[Hit, ...]
    repeats: int
    differences: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """All runs.

    Attributes:
        seconds: for which an undisturbed load has connections.
        misses: kills that came too late and were drawn again.
    """

    runs: list[KillRun]
    seconds: float
    misses: int

    @property
    def in_the_middle(self) -> int:
        """Kills that hit an open transaction."""
        return sum(hit.phase in LOADING for run in self.runs for hit in run.hits)

    @property
    def kills(self) -> int:
        """All kills."""
        return sum(len(run.hits) for run in self.runs)

    @property
    def different(self) -> list[KillRun]:
        """Runs that did not end in the undisturbed contents."""
        return [run for run in self.runs if run.differences]


@dataclass(frozen=True)
class _Scene:
    place: Workplace
    server: EmbeddedServer
    landing: Path
    plan: Plan

    @property
    def sources(self) -> Path:
        return self.landing.parent / "sources.yml"

    def command(self, url: str) -> Command:
        arguments = [SOURCE, "--from", str(self.landing), "--sources", str(self.sources)]
        arguments += ["--workers", str(self.plan.workers)]
        folder = self.landing.parent
        environment = {"DATABASE_URL": url, "LOADER_RECORD": str(folder / "run_record.json")}
        scale = self.plan.megabytes / FULL_SIZE
        if scale >= 1:
            return PlainCommand(arguments, environment, folder / "said.txt")
        return ScaledCommand(scale, arguments, environment, folder / "said.txt")

    @contextmanager
    def database(self, name: str, *, indexed: bool) -> Iterator[str]:
        """Make a database: empty, or with raw tables that have indexes of their user's."""
        until_recovered(self.place.url)
        with self.place.database(name) as url:
            if indexed:
                with closing(connect(url, application_name="prepare")) as conn:
                    prepare(conn, load_sources(self.sources))
                    with transaction(conn) as cur:
                        cur.execute(INDEXES)
            yield url
            until_recovered(self.place.url)

    def contents(self, url: str) -> Facts:
        with closing(connect(url, application_name="facts")) as conn:
            return facts(conn)

    def watch(self, database: str) -> Watch:
        until_recovered(self.place.url)
        return Watch(self.place.url, database)


def kills(plan: Plan) -> Verdict:
    """Make the undisturbed runs and the plan's runs, in a server and a folder of their own.

    Raises:
        StepFailed: the undisturbed load fails or is not the same every time, or runs end before
            they can be killed.
    """
    with workplace() as place:
        landing = write_files(place.folder, plan.megabytes, plan.seed)
        scene = _Scene(place, EmbeddedServer(place.folder / ".postgres"), landing, plan)
        expected, seconds = _undisturbed(scene)
        draw = random.Random(plan.seed)
        done: list[KillRun] = []
        misses = 0
        for number in range(1, plan.runs + 1):
            run, missed = _until_hit(scene, number, draw, expected, seconds)
            done.append(run)
            misses += missed
            what = ", ".join(f"{hit.kind} ({hit.phase})" for hit in run.hits)
            say(f"run {number} of {plan.runs}: {what}; {run.repeats} repeats")
            for line in run.differences:
                say(f"  DIFFERENT: {line}")
    return Verdict(done, seconds, misses)


def _undisturbed(scene: _Scene) -> tuple[dict[bool, Facts], float]:
    """Load into empty databases and into ones with indexes; give what is in them, and how long."""
    found: dict[bool, Facts] = {}
    seconds: list[float] = []
    for number in range(UNDISTURBED_RUNS):
        indexed, name = number % 2 == 1, f"undisturbed_{number}"
        with scene.database(name, indexed=indexed) as url:
            with closing(scene.watch(name)) as watch:
                command = scene.command(url)
                seconds.append(watch.seconds(command))
                code, said = command.wait()
                if code != 0:
                    raise StepFailed(f"the undisturbed load failed:\n{said[-3000:]}")
            contents = scene.contents(url)
            if differences(found.setdefault(indexed, contents), contents):
                raise StepFailed("undisturbed loads of the same files differ")
    return found, statistics.median(seconds)


def _until_hit(
    scene: _Scene, number: int, draw: random.Random, expected: dict[bool, Facts], seconds: float
) -> tuple[KillRun, int]:
    indexed = number % 2 == 1
    for misses in range(MISSES_A_RUN):
        name = f"killed_{number}_{misses}"
        with scene.database(name, indexed=indexed) as url:
            run = _one_run(scene, number, draw, expected[indexed], (name, url, seconds))
        if run is not None:
            return run, misses
    raise StepFailed(f"run {number}: the loader ended {MISSES_A_RUN} times before it was killed")


def _one_run(
    scene: _Scene,
    number: int,
    draw: random.Random,
    expected: Facts,
    where: tuple[str, str, float],
) -> KillRun | None:
    """Kill, repeat, compare; None when there was nothing left to kill the first time."""
    name, url, seconds = where
    hits: list[Hit] = []
    faults: list[str] = []
    intended = draw.choices(KILLS_A_RUN, KILLS_WEIGHTS)[0]
    repeats = -1
    while True:
        command = scene.command(url)
        repeats += 1
        if len(hits) < intended and repeats < intended:
            hit = _hit(scene, command, name, draw, seconds)
            if hit is None and not hits:
                command.wait()
                return None
            hits += [hit] if hit else []
        code, said = command.wait()
        if "Traceback" in said:
            faults.append(f"a traceback: {' '.join(said[-2000:].split())}")
        if code == 0:
            break
        until_recovered(scene.place.url)
        if repeats >= intended + REPEATS:
            faults.append(f"not loaded after {repeats} repeats: {' '.join(said[-2000:].split())}")
            break
    until_recovered(scene.place.url)
    faults += differences(expected, scene.contents(url))
    return KillRun(number, tuple(hits), repeats, tuple(faults))


def _hit(
    scene: _Scene, command: Command, database: str, draw: random.Random, seconds: float
) -> Hit | None:
    """Kill a thing at a random moment after the command has its first connection."""
    kind = draw.choice(KINDS)
    delay = draw.random() * seconds
    with closing(scene.watch(database)) as watch:
        if not watch.first_seen(command):
            return None
        time.sleep(delay)
        found = kill(kind, command, watch, scene.server, draw)
    return Hit(kind, found) if found else None


def table(verdict: Verdict) -> Table:
    """Count the kills by kind and phase, the repeats and the differences."""
    made = Table(title=f"{len(verdict.runs)} runs, {verdict.kills} kills", title_justify="left")
    made.add_column("killed")
    for heading in ("kills", *PHASES):
        made.add_column(heading, justify="right")
    hits = [hit for run in verdict.runs for hit in run.hits]
    for kind in KINDS:
        made.add_row(kind, *_counts([hit.phase for hit in hits if hit.kind == kind]))
    made.add_section()
    made.add_row("all", *_counts([hit.phase for hit in hits]))
    return made


def _counts(phases: Sequence[Phase]) -> list[str]:
    counted = Counter(phases)
    return [f"{len(phases)}", *(f"{counted[name]}" if counted[name] else "-" for name in PHASES)]


def show(verdict: Verdict) -> None:
    """Print the verdict on standard output."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PLAIN_WIDTH)
    console.print(table(verdict))
    repeats = Counter(run.repeats for run in verdict.runs)
    often = ", ".join(f"{number} times in {repeats[number]} runs" for number in sorted(repeats))
    console.print(
        f"{verdict.in_the_middle} of {verdict.kills} kills hit an open transaction "
        f"(moments drawn from the {verdict.seconds:.2f} s of an undisturbed load; "
        f"{verdict.misses} that came after its end were drawn again)",
        soft_wrap=True,
    )
    console.print(f"the command was repeated {often}", soft_wrap=True)
    console.print(f"runs that ended in other contents: {len(verdict.different)}", soft_wrap=True)
