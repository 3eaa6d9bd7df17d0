"""The comparison of warehouses finds what differs, and says it; the ways are in tests/promises."""

from __future__ import annotations

import pytest
from project import new_database
from queries import query

from bench.convergence.checksums import Difference, Sum, contents, differences
from bench.convergence.proof import Ending, Truth, Verdict
from bench.convergence.report import show
from bench.convergence.ways import WAYS

TABLES = """
    create schema quality;
    create schema production;
    create schema marts;
    create schema snapshots;
    create table quality.quarantine (
        source text, entity text, record_key text, failed_rules text, record jsonb, file text,
        row_id bigint, resolution text
    );
    create table snapshots.seen as select clock_timestamp() as seen_at;
    create table production.things (thing_id, name) as values (1, 'one'), (2, 'two'), (2, 'two');
    create view marts.named as select name from production.things;
"""
HELD = "insert into quality.quarantine (entity, resolution) values ('things', {})"


def test_rows_that_differ_are_found(postgres_server: str) -> None:
    """Whatever their order; what stands twice is two rows; what snapshots saw is passed by."""
    with new_database(postgres_server) as one, new_database(postgres_server) as other:
        for url in (one, other):
            query(url, TABLES)
        query(other, "delete from production.things where thing_id = 1")
        query(other, "insert into production.things values (1, 'one')")
        assert differences(one, other) == []
        assert contents(one)["production.things"].rows == 3

        query(other, "update production.things set name = 'uno' where thing_id = 1")
        query(other, HELD.format("'corrected'"))
        query(other, HELD.format("'released'"))
        query(other, "create table marts.more as select 1 as number")
        assert differences(one, other) == [
            Difference("held rows", 0, 1, ("has (,things,,,,,,corrected)",)),
            Difference("marts.more", 0, 1, ("has (1)",)),
            Difference("marts.named", 1, 1, ("lacks (one)", "has (uno)")),
            Difference("production.things", 1, 1, ("lacks (1,one)", "has (1,uno)")),
        ]
        query(other, "delete from production.things where ctid = '(0,2)'")
        assert differences(one, other)[-1].missing == 2


def test_the_report_says_what_differs(capsys: pytest.CaptureFixture[str]) -> None:
    sound = Truth(2, 30, 30, 0, 0, 3, 400, 0)
    broken = Truth(2, 30, 29, 1, 0, 3, 400, 0.01)
    apart = Difference("marts.fct_sales", 1, 2, ("has (x)",))
    same = Ending(WAYS["at once"], (), sound)
    table = {"marts.fct_sales": Sum(1_000, 7)}
    assert Verdict(table, (same,), {}).holds
    assert not Verdict(table, (same,), {"killed": "over too soon"}).holds
    assert not Verdict(table, (same, Ending(WAYS["killed"], (), broken)), {}).holds
    verdict = Verdict(table, (same, Ending(WAYS["shuffled"], (apart,), sound)), {"killed": "x"})
    assert not verdict.holds
    show(verdict)
    said = capsys.readouterr().out
    assert "-1 +2" in said
    assert "shuffled: marts.fct_sales has (x)" in said
    assert "broke off: killed" in said
    assert "2 ways, 1 tables of 1,000 rows: 1 ways differ, 0 do not hold" in said
