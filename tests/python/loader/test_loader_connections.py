"""Connections that are cut by the network: at any byte, once or for good."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result
from proxy import Proxy

from loader.__main__ import main
from loader.loading import cut

at_once = pytest.mark.usefixtures("no_pauses")

FILES = 3
RECORDS = 4000


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once, as nothing has to recover."""
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=lambda _: None))


@pytest.fixture
def proxy(database_url: str) -> Iterator[Proxy]:
    with Proxy(database_url) as made:
        yield made


@pytest.fixture
def through(
    proxy: Proxy, sources_file: Path, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Result]:
    """Runs the command over the proxy."""
    monkeypatch.setenv("DATABASE_URL", proxy.url)

    def call() -> Result:
        arguments = ["mill", "--from", str(landing), "--sources", str(sources_file)]
        return CliRunner().invoke(main, [*arguments, "--workers", "2"])

    return call


@pytest.fixture(autouse=True)
def delivered(landing: Path) -> None:
    for number in range(FILES):
        lines = "".join(f'{row},"grain, {number}",{number}\n' for row in range(1, RECORDS + 1))
        (landing / f"sacks-{number}.csv").write_text(f"id,grain,weight\n{lines}")


def assert_complete(query) -> None:
    assert query(
        "select file, rows, status from raw._loads where status <> 'failed' order by 1"
    ) == [(f"sacks-{number}.csv", RECORDS, "loaded") for number in range(FILES)]
    assert query(
        "select count(*), count(distinct (weight, id)), "
        "count(*) filter (where id = _row_id::text and _load_id in "
        "(select load_id from raw._loads where status = 'loaded')) from raw.mill_sacks"
    ) == [(FILES * RECORDS,) * 3]


def assert_nothing_half_loaded(query) -> None:
    assert query(
        "select count(*) from raw.mill_sacks where _load_id not in "
        "(select load_id from raw._loads where status = 'loaded')"
    ) == [(0,)]
    assert query(
        "select count(*) from raw._loads as l where status = 'loaded' "
        "and rows <> (select count(*) from raw.mill_sacks where _load_id = load_id)"
    ) == [(0,)]


def until_done(through: Callable[[], Result], runs: int) -> None:
    """Repeat the command as its message asks for, when the run as a whole was hit."""
    for _ in range(runs):
        result = through()
        assert "Traceback" not in result.output
        if result.exit_code == 0:
            return
        assert result.output.count("Error: ") == 1, result.output
        assert "again" in result.output
    pytest.fail(f"not done after {runs} runs: {result.output}")


@at_once
@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("after", [20_000, 60_000])
def test_a_connection_cut_within_a_file_is_tried_again(
    through, proxy: Proxy, query, after: int, times: int
) -> None:
    proxy.cut(after=after, times=times)
    result = through()
    assert proxy.cuts == times
    assert result.exit_code == 0, result.output
    assert_complete(query)


# From the password's exchange on over making the tables to the end of a file.
@at_once
@pytest.mark.parametrize("after", [1, 300, 600, 1_500, 3_000, 6_000, 75_000])
def test_a_connection_cut_anywhere_costs_no_row(through, proxy: Proxy, query, after: int) -> None:
    proxy.cut(after=after, times=2)
    until_done(through, runs=3)
    assert proxy.cuts > 0
    assert_complete(query)


@at_once
@pytest.mark.parametrize(
    "word",
    [
        b"set timezone",
        b"pg_try_advisory_lock",
        b"to_regnamespace",
        b"create table",
        b"status = 'loading'",
        b"pg_table_size",
        b"brin_summarize_new_values",
    ],
)
@pytest.mark.parametrize("times", [1, 2])
def test_a_connection_cut_beside_the_files_is_tried_again(
    through, proxy: Proxy, query, monkeypatch: pytest.MonkeyPatch, word: bytes, *, times: int
) -> None:
    """While it gets ready, the lock and the tables made in one go, and while it clears up."""
    monkeypatch.setattr("loader.raw.indexes.BULK_BYTES", 1)
    proxy.cut(word=word, times=times)
    result = through()
    assert proxy.cuts == times
    assert result.exit_code == 0, result.output
    assert_complete(query)


@at_once
def test_a_connection_cut_while_a_failed_file_is_written_down_stops_no_other(
    through, proxy: Proxy, query, landing: Path
) -> None:
    (landing / "sacks-bad.csv").write_text("neither,of,them\n1,2,3\n")
    proxy.cut(word=b"'failed'", times=2)
    result = through()
    assert proxy.cuts == 2
    assert "1 failure in mill" in result.output
    assert_complete(query)


@at_once
def test_a_network_that_never_lets_a_file_through(through, proxy: Proxy, query) -> None:
    proxy.cut(after=30_000, times=None)
    result = through()
    assert result.exit_code == 1
    assert result.output.count("Error: ") == 1, result.output
    assert "Traceback" not in result.output
    assert "run the same command again" in result.output
    assert_nothing_half_loaded(query)
    proxy.cut(times=0)
    assert through().exit_code == 0
    assert_complete(query)


@at_once
def test_a_network_that_never_lets_a_connection_through(through, proxy: Proxy, query) -> None:
    proxy.refusing = True
    result = through()
    assert result.exit_code == 1
    assert result.output.count("Error: ") == 1, result.output
    assert "cannot connect to database" in result.output
    assert "Traceback" not in result.output
    proxy.refusing = False
    assert through().exit_code == 0
    assert_complete(query)


@at_once
@pytest.mark.parametrize("is_cut", [False, True], ids=["whole files", "files over connections"])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_the_answer_to_a_commit_is_lost(
    through, proxy: Proxy, query, monkeypatch: pytest.MonkeyPatch, times: int, *, is_cut: bool
) -> None:
    """Nobody knows then whether it came through: the next attempt must find out."""
    if is_cut:
        monkeypatch.setattr("loader.loading.run.worth_cutting", lambda *_: True)
    proxy.cut(word=b"COMMIT", times=times)
    until_done(through, runs=times + 1)
    assert proxy.cuts == times
    assert_complete(query)


@at_once
@pytest.mark.parametrize("commits", range(2))
def test_a_cut_file_loses_its_connections_between_its_commits(
    through, proxy: Proxy, query, monkeypatch: pytest.MonkeyPatch, commits: int
) -> None:
    """The parts that were committed are taken out again, and the file is loaded once."""
    monkeypatch.setattr("loader.loading.run.worth_cutting", lambda *_: True)
    finish = cut._commit
    lost: list[int] = []

    def commit(conns, load_id, facts) -> None:
        if not lost:
            lost.append(load_id)
            for conn in conns[::-1][:commits]:
                conn.commit()
            proxy.cut_all()
        finish(conns, load_id, facts)

    monkeypatch.setattr(cut, "_commit", commit)
    result = through()
    assert len(lost) == 1
    assert result.exit_code == 0, result.output
    assert_complete(query)


def test_all_connections_are_cut_and_the_server_is_away_for_a_moment(
    through, proxy: Proxy, query
) -> None:
    done = threading.Event()

    def disturb() -> None:
        while not done.is_set() and not query(
            "select 1 from pg_stat_activity where application_name = 'loader' and state = 'active'"
        ):
            time.sleep(0.005)
        proxy.refusing = True
        proxy.cut_all()
        time.sleep(0.5)
        proxy.refusing = False

    thread = threading.Thread(target=disturb)
    thread.start()
    result = through()
    done.set()
    thread.join()
    assert result.exit_code == 0, result.output
    assert_complete(query)
