"""A file cut over several connections: the same rows under the same numbers, or none at all."""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from loader.loading import cut
from loader.reading import blocks

REJECTS = (
    "select record_number, line_number, byte_offset, reason, line from raw._rejects order by 1"
)
ROWS = "select _row_id, id, grain, weight from raw.mill_sacks order by 1"


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut files of a few kilobytes into many blocks."""
    monkeypatch.setattr(cut, "CUT_BYTES", 1000)
    monkeypatch.setattr(
        blocks.Splitter.__init__,
        "__kwdefaults__",
        {**(blocks.Splitter.__init__.__kwdefaults__ or {}), "block_bytes": 2000},
    )
    monkeypatch.setattr(blocks, "PIECE_BYTES", 512)


def write(landing: Path, *, bad: bool = False) -> int:
    draw = random.Random(5)
    lines = []
    for number in range(1, 5001):
        grain = draw.choice(["rye", '"oat, rolled"', '"two\nlines"', '"say ""when"""'])
        lines.append(f"{number},{grain},{draw.randint(1, 99)}")
        if bad and number % 500 == 0:
            lines[-1] = draw.choice([f"{number},too few", f'{number},5" pipe,1', f"{number},a,b,c"])
    (landing / "sacks.csv").write_text("\n".join(["id,grain,weight", *lines, ""]))
    return len(lines)


@pytest.mark.parametrize("bad", [False, True])
def test_a_cut_file_is_what_one_connection_would_have_made_of_it(
    load, query, landing: Path, *, bad: bool
) -> None:
    records = write(landing, bad=bad)
    (outcome,) = load(workers=3, max_rejects="1%").outcomes
    assert outcome.loaded is not None, outcome.error
    assert outcome.loaded.connections == 3
    by_three = query(ROWS), query(REJECTS)
    query("truncate raw.mill_sacks, raw._rejects, raw._loads cascade")
    (alone,) = load(workers=1, max_rejects="1%").outcomes
    assert alone.loaded is not None
    assert alone.loaded.connections == 1
    assert by_three == (query(ROWS), query(REJECTS))
    assert outcome.loaded.rows + len(outcome.loaded.rejects) == records
    assert len(outcome.loaded.rejects) == (10 if bad else 0)
    assert query("select status, rows from raw._loads") == [("loaded", outcome.loaded.rows)]


def test_more_rejects_than_allowed_leave_nothing(load, query, landing: Path) -> None:
    write(landing, bad=True)
    (outcome,) = load(max_rejects=3).outcomes
    assert "more than 3 records cannot be loaded" in outcome.error
    assert query("select count(*) from raw.mill_sacks") == [(0,)]
    assert query("select status from raw._loads") == [("failed",)]


def test_a_cut_connection_starts_the_file_again(
    load, query, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = write(landing)
    copied = cut.BlockCopier.copy
    ended: list[int] = []

    def end_once(self, block, first, aside):
        if not ended and first > 2000:
            ended.append(self._cur.connection.get_backend_pid())
            query("select pg_terminate_backend(%s)", (ended[0],))
        return copied(self, block, first, aside)

    monkeypatch.setattr(cut.BlockCopier, "copy", end_once)
    (outcome,) = load(workers=3).outcomes
    assert (outcome.status, outcome.retries, len(ended)) == ("loaded", 1, 1)
    assert query("select count(*), count(distinct _row_id) from raw.mill_sacks") == [(records,) * 2]
    assert query("select status, rows from raw._loads") == [("loaded", records)]


@pytest.mark.parametrize("committed", [1, 2])
def test_killed_between_two_commits(
    load, query, landing: Path, monkeypatch: pytest.MonkeyPatch, committed: int
) -> None:
    """Some parts are in raw, the ledger says `loading`: the next run takes them out first."""
    records = write(landing)

    def break_off(conns, load_id, facts) -> None:
        with conns[0].cursor() as cur:
            cut.record_finished(cur, load_id, facts)
        for conn in list(reversed(conns))[:committed]:
            conn.commit()
        raise SystemExit("killed")

    with monkeypatch.context() as patch:
        patch.setattr(cut, "_commit", break_off)
        patch.setattr(cut, "_withdraw", lambda *_: None)
        with pytest.raises(SystemExit):
            load(workers=3)
    assert query("select status from raw._loads") == [("loading",)]
    assert 0 < query("select count(*) from raw.mill_sacks")[0][0] < records
    (outcome,) = load(workers=3).outcomes
    assert outcome.status == "loaded"
    assert query("select count(*), count(distinct _row_id) from raw.mill_sacks") == [(records,) * 2]
    assert query("select status, rows, error is null from raw._loads order by load_id") == [
        ("failed", 0, False),
        ("loaded", records, True),
    ]


def test_a_server_process_of_a_killed_loader_is_waited_for(
    load, query, database_url: str, landing: Path
) -> None:
    """It may still commit: only when it has ended can its rows be told to be there or not."""
    (landing / "flour.csv").write_text("id,kind\n")
    load()
    query(
        "insert into raw._loads (load_id, source, table_name, batch, file, uri, format, "
        "header_lines, bytes, seconds, status) values "
        "(77, 'mill', 'sacks', 'x', 'x', 'x', 'csv', 1, 1, 0, 'loading')"
    )
    with closing(psycopg2.connect(database_url)) as late, late.cursor() as cur:
        cur.execute(
            "select pg_advisory_xact_lock_shared(hashtextextended(%s, 0))",
            ("counting-house.load 77",),
        )
        cur.execute("set local loader.load_id = '77'")
        cur.execute("insert into raw.mill_sacks (id, _load_id, _row_id) values ('late', 77, 1)")
        query("set lock_timeout = '300ms'")
        from loader.raw import recovery  # noqa: PLC0415

        with closing(psycopg2.connect(database_url)) as conn:
            with conn.cursor() as waiting:
                waiting.execute("set lock_timeout = '300ms'")
            conn.commit()
            with pytest.raises(psycopg2.errors.LockNotAvailable):
                recovery.recover(conn, "mill")
        late.commit()
    assert query("select count(*) from raw.mill_sacks") == [(1,)]
    load()
    assert query("select count(*) from raw.mill_sacks") == [(0,)]
    assert query("select status from raw._loads where load_id = 77") == [("failed",)]


def test_only_what_would_keep_the_others_waiting_is_cut(
    load, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cut, "CUT_BYTES", 100)
    for number, lines in enumerate((1000, 200, 200, 200)):
        text = "".join(f"{line},rye,1\n" for line in range(lines))
        (landing / f"sacks-{number}.csv").write_text(f"id,grain,weight\n{text}")
    outcomes = {o.name: o.loaded.connections for o in load(workers=2).outcomes if o.loaded}
    assert outcomes == {"sacks-0.csv": 2, "sacks-1.csv": 1, "sacks-2.csv": 1, "sacks-3.csv": 1}
