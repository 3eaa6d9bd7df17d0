"""The page: a run of the watch as one HTML file, for the warehouse and for landing files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.check import Check, Group, Severity, Status
from monitor.history import Run
from monitor.pipeline import Pipeline
from monitor.report.environment import LONGEST_VALUE, environment

RUNS = 30

# A page is mailed around: what its samples may take of 1 MB. A cell costs its markup besides.
_SAMPLES_BYTES = 350_000
_CELL_BYTES = 40

_SEVERITIES = list(reversed(Severity))
_STATUSES = (Status.FAIL, Status.WARN, Status.SKIP, Status.PASS)


@dataclass(frozen=True)
class Verdict:
    """The line on top: what a reader in a hurry goes by."""

    status: Status
    line: str
    first: Check | None
    rest: str


@dataclass(frozen=True)
class _Section:
    group: Group
    checks: Sequence[Check]


def render(run: Run, history: Sequence[Run], pipeline: Pipeline | None = None) -> str:
    """Write the page of a run.

    Args:
        run: of the warehouse, or of landing files.
        history: earlier runs, newest first; the run itself may be among them.
        pipeline: the last builds; none for landing files.
    """
    runs = [*reversed([one for one in history if one.run_id != run.run_id][: RUNS - 1]), run]
    hand = sorted(
        (check for check in run.checks if check.status in {Status.FAIL, Status.WARN}), key=_urgency
    )
    return (
        environment()
        .get_template("report.html")
        .render(
            run=run,
            runs=runs,
            verdict=verdict(run),
            counts={status: run.count(status) for status in _STATUSES},
            failing=[check for check in hand if check.status is Status.FAIL],
            warnings=[check for check in hand if check.status is Status.WARN],
            sections=[
                _Section(group, _ordered(run.checks, group))
                for group in Group
                if any(check.group is group for check in run.checks)
            ],
            history=_by_key(runs),
            history_of_runs=[
                [
                    one.count(status)
                    for status in (Status.PASS, Status.SKIP, Status.WARN, Status.FAIL)
                ]
                for one in runs
            ],
            shown=_samples_shown(hand),
            pipeline=pipeline or Pipeline(),
            Status=Status,
            Severity=Severity,
        )
    )


def verdict(run: Run) -> Verdict:
    """Say in one line whether the warehouse can be trusted, or the files be loaded."""
    trust, distrust = ("Trust it", "Do not trust it")
    if run.kind == "landing":
        trust, distrust = ("Load them", "Do not load them")
    failing = sorted((c for c in run.checks if c.status is Status.FAIL), key=_urgency)
    warned, looked = run.count(Status.WARN), len(run.checks) - run.count(Status.SKIP)
    warnings = f"{warned:,} warn" if warned != 1 else "1 warns"
    if failing:
        verb = "fails" if len(failing) == 1 else "fail"
        line = f"{distrust}: {len(failing):,} of {looked:,} checks {verb}"
        return Verdict(Status.FAIL, line, failing[0], warnings if warned else "")
    if not looked:
        return Verdict(Status.SKIP, "Nothing could be checked", None, "")
    line = f"{trust}: {looked:,} checks, 0 failing"
    return Verdict(Status.PASS, line, None, warnings if warned else "nothing warns")


def _urgency(check: Check) -> tuple[int, int, int, float, str]:
    """Order what needs a hand: failures first, then by how much each matters, then by rows."""
    return (
        _STATUSES.index(check.status),
        _SEVERITIES.index(check.severity),
        list(Group).index(check.group),
        -(check.failed or 0) / (check.checked or 1),
        check.key,
    )


def _ordered(checks: Sequence[Check], group: Group) -> list[Check]:
    of_group = [check for check in checks if check.group is group]
    return sorted(of_group, key=lambda check: _STATUSES.index(check.status))


def _by_key(runs: Sequence[Run]) -> dict[str, list[Status | None]]:
    found: dict[str, list[Status | None]] = {
        check.key: [None] * len(runs) for check in runs[-1].checks
    }
    for place, run in enumerate(runs):
        for check in run.checks:
            if check.key in found:
                found[check.key][place] = check.status
    return found


def _samples_shown(hand: Sequence[Check]) -> set[str]:
    """Choose the checks whose samples fit the page: the most urgent ones."""
    left, shown = _SAMPLES_BYTES, set()
    for check in hand:
        left -= sum(
            _CELL_BYTES + min(len((value or "").encode()), 4 * LONGEST_VALUE)
            for sample in check.samples
            for value in sample.values()
        )
        if left < 0:
            break
        if check.samples:
            shown.add(check.key)
    return shown
