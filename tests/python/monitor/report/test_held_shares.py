"""Held rows: expected dirt up to a share, of all rows and of the newest batch."""

from __future__ import annotations

import pytest

from monitor.check import Status
from monitor.checks.shares import Held, Limits, judge, limits
from monitor.manifest import ManifestError


def held(all_held: int, batch_held: int = 0, batch: int = 100, checked: int = 10_000) -> Held:
    return Held("shop", checked, all_held, "2025-03-02", batch, batch_held)


@pytest.mark.parametrize(
    ("found", "status"),
    [
        ([], Status.PASS),
        ([held(0)], Status.PASS),
        ([held(1)], Status.WARN),
        ([held(500)], Status.WARN),  # not more than 5%
        ([held(501)], Status.FAIL),
        ([held(19, batch_held=19)], Status.WARN),  # too few to say anything
        ([held(20, batch_held=20)], Status.FAIL),
        ([held(20, batch_held=20, batch=400)], Status.WARN),  # 5% of the batch
        ([held(0), held(1)], Status.WARN),
        # A small source is not lost among the rows of a large one.
        ([held(0, checked=9_000_000), held(600)], Status.FAIL),
    ],
)
def test_the_worst_source_counts(found: list[Held], status: Status) -> None:
    judged, why = judge(found, Limits())
    assert judged is status
    assert bool(why) == (status is Status.FAIL)


def test_limits_are_those_nearest_to_the_rule() -> None:
    folder = {"warn_above": 0.01, "fail_above": 0.5}
    assert limits("x.sql", folder, {"fail_above": 0.9}) == Limits(0.01, 0.9, 20)
    assert limits("x.sql", None, None) == Limits()
    assert judge([held(50)], limits("x.sql", folder))[0] is Status.PASS


@pytest.mark.parametrize("declared", [{"fails_above": 1}, {"fail_above": "5%"}, {"least_rows": -1}])
def test_a_limit_that_is_none_is_refused(declared: dict[str, object]) -> None:
    with pytest.raises(ManifestError, match=r"x\.sql: meta held"):
        limits("x.sql", declared)
