"""`python -m loader prune`: old raw rows go, once the warehouse has consumed them.

What the warehouse says is played here by a table; the real view and all that dbt builds stand the
test of pruning in tests/python/promises/test_convergence.py.
"""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
import yaml
from click.testing import CliRunner

from loader.__main__ import main
from loader.loading.lock import locked
from warehouse.settings import PROJECT_DIR

SOURCES = {
    "mill": {
        "layout": "files",
        "tables": {
            "sacks": {"format": "csv", "patterns": ["sacks*"], "columns": ["id", "grain"]},
            "flour": {"format": "csv", "patterns": ["flour*"], "columns": ["id", "kind"]},
        },
    }
}


@pytest.fixture
def loader(database_url, tmp_path, landing, monkeypatch):
    """Runs the command line; the exit code must be the one given."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.chdir(landing)
    path = tmp_path / "sources.yml"
    path.write_text(yaml.safe_dump(SOURCES))

    def call(*arguments, exit_code=0):
        if arguments[0] != "prune":
            arguments = (*arguments, "--sources", str(path))
        done = CliRunner().invoke(main, list(arguments))
        assert done.exit_code == exit_code, done.output
        return done.output

    return call


@pytest.fixture
def loads(loader, landing, query):
    """Four loads, 1 to 4; flour, sacks1, sacks2 are 40, 40 and 20 days old, sacks3 is new."""
    for n, name in enumerate(("flour1", "sacks1", "sacks2", "sacks3"), start=1):
        (landing / f"{name}.csv").write_text(
            f"id,{'kind' if 'flour' in name else 'grain'}\n" + f"{n},a\n" * n + "bad\n"
        )
        loader("load", "mill", "--from", str(landing), "--max-rejects", "1")
    query("update raw._loads set loaded_at = now() - interval '40 days' where load_id <= 2")
    query("update raw._loads set loaded_at = now() - interval '20 days' where load_id = 3")
    query("create schema monitoring")
    query(
        "create table monitoring.consumed_loads as "
        "select load_id, null::text as needed_because from raw._loads"
    )


def held(query):
    return query("select _load_id, count(*) from raw.mill_sacks group by 1 order by 1")


def pruned(query):
    return [
        number
        for (number,) in query(
            "select load_id from raw._loads where pruned_at is not null order by 1"
        )
    ]


def test_old_consumed_rows_go_and_the_ledger_remembers(loads, loader, query, landing):
    said = loader("prune", "mill", "--keep", "30d")
    assert "mill sacks: 2 rows of 1 load deleted, about" in said
    assert held(query) == [(3, 3), (4, 4)]
    assert pruned(query) == [1, 2]
    assert query("select load_id, rows, rejects, status from raw._loads where load_id = 2") == [
        (2, 2, 1, "loaded")
    ]
    assert query("select count(*) from raw._rejects") == [(4,)]
    assert "nothing new" in loader("load", "mill", "--from", str(landing))
    assert "no load is that old" in loader("prune", "mill", "--keep", "30d")
    loader("prune", "--keep", "10d")
    assert held(query) == [(4, 4)]


def test_a_dry_run_changes_nothing(loads, loader, query):
    said = loader("prune", "--keep", "1d", "--dry-run")
    assert "mill sacks: 5 rows of 2 loads would be deleted" in said
    assert held(query) == [(2, 2), (3, 3), (4, 4)]
    assert pruned(query) == []


def test_what_is_still_needed_stays_and_says_why(loads, loader, query):
    query("update monitoring.consumed_loads set needed_because = 'it is new' where load_id = 3")
    query("delete from monitoring.consumed_loads where load_id = 1")
    said = loader("prune", "--keep", "0s")
    assert "mill sacks: 6 rows of 2 loads deleted" in said
    assert "    kept, because it is new: sacks2.csv\n" in said
    assert "mill flour: 0 rows of 0 loads deleted\n" in said
    assert "    kept, because the warehouse is not built from it: flour1.csv\n" in said
    assert held(query) == [(3, 3)]
    assert pruned(query) == [2, 4]


def test_rows_of_a_database_stay_though_they_are_consumed(loads, loader, query):
    """Its next run compares the source with them: what was gone would be loaded again."""
    query("update raw._loads set format = 'postgres' where load_id = 2")
    said = loader("prune", "--keep", "30d")
    assert "    kept, because a database source is compared with its rows: sacks1.csv\n" in said
    assert held(query) == [(2, 2), (3, 3), (4, 4)]


def test_without_a_build_nothing_is_pruned(loads, loader, query):
    query("drop table monitoring.consumed_loads")
    assert "build the warehouse first" in loader("prune", "--keep", "0s", exit_code=1)
    query("drop schema monitoring")
    assert "build the warehouse first" in loader("prune", "--keep", "0s", exit_code=1)
    assert pruned(query) == []


def test_raw_that_is_not_what_the_ledger_says_is_not_pruned(loads, loader, query):
    query("delete from raw.mill_sacks where _load_id = 3 and _row_id = 1")
    said = loader("prune", "--keep", "10d", exit_code=1)
    assert "raw.mill_sacks holds 4 rows of its old loads, the ledger says 5" in said
    assert held(query) == [(2, 2), (3, 2), (4, 4)]
    assert pruned(query) == [1]


@pytest.mark.parametrize(
    ("arguments", "said", "exit_code"),
    [
        (["--keep", "soon"], "'soon' is no duration", 2),
        ([], "Missing option '--keep'", 2),
        (["mil", "--keep", "1d"], "nothing of 'mil' is in raw; there is mill", 2),
    ],
)
def test_faulty_arguments_are_told(loads, loader, arguments, said, exit_code):
    assert said in loader("prune", *arguments, exit_code=exit_code)


def test_nothing_is_pruned_while_a_loader_is_at_work(
    loads, loader, query, database_url, monkeypatch
):
    monkeypatch.setattr("loader.loading.lock.LOCK_PATIENCE", 0.1)
    with locked(database_url, "mill"):
        assert "another loader" in loader("prune", "--keep", "0s", exit_code=1)
    assert pruned(query) == []


def test_an_empty_database_and_a_ledger_of_an_earlier_version_are_told(loader, query):
    assert "nothing was loaded" in loader("prune", "--keep", "0s", exit_code=1)
    query("create schema raw")
    query("create table raw._loads (source text, status text)")
    assert "of an earlier version" in loader("prune", "--keep", "0s", exit_code=1)


def test_rejects_of_pruned_loads_can_be_replayed(loads, loader, query):
    loader("prune", "--keep", "30d")
    query("update raw._rejects set line = '9,mended'")
    loader("rejects", "replay", "mill", "--load", "2")
    assert held(query) == [(3, 3), (4, 4), (5, 1)]
    # The replay is a young load of its own.
    query("insert into monitoring.consumed_loads values (5, null)")
    loader("prune", "--keep", "1d")
    assert held(query) == [(4, 4), (5, 1)]


KILLED = """
import os, signal, sys
from datetime import timedelta
from loader.raw import prune
def killed(*arguments):
    before(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
before = getattr(prune, sys.argv[2])
setattr(prune, sys.argv[2], killed)
prune.prune(sys.argv[1], "mill", timedelta(0))
"""


@pytest.mark.parametrize(("moment", "left"), [("_delete", []), ("_vacuum", [1, 2, 3, 4])])
def test_a_killed_prune_leaves_ledger_and_rows_in_step(
    loads, loader, query, database_url, *, moment, left
):
    command = [sys.executable, "-c", KILLED, database_url, moment]
    killed = subprocess.run(command, check=False, cwd=PROJECT_DIR)
    assert killed.returncode == -signal.SIGKILL
    assert pruned(query) == left
    # Where nothing is left to do, the same command does nothing.
    loader("prune", "--keep", "0s")
    assert pruned(query) == [1, 2, 3, 4]
    assert held(query) == []
