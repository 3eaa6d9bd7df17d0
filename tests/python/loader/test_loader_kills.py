"""Kill -9 at any moment, of the loader, a connection or the server: the repeated command mends it.

`python -m bench kills` does the same with larger files and more runs.
"""

from __future__ import annotations

from bench.killing import KINDS
from bench.kills import Plan, kills

RUNS = 30


def test_whatever_is_killed_the_same_command_again_ends_in_the_same_rows() -> None:
    verdict = kills(Plan(runs=RUNS, seed=4, megabytes=1.5, workers=2))
    assert [run.differences for run in verdict.runs] == [()] * RUNS
    assert verdict.kills >= RUNS
    assert {hit.kind for run in verdict.runs for hit in run.hits} == set(KINDS)
    assert verdict.in_the_middle > verdict.kills / 2  # five sixths of them, as a rule
