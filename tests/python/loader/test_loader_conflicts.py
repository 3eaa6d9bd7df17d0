"""A batch that was made again is refused as a whole; one that was half loaded goes on."""

# ruff: noqa: PLR0917 - pytest passes fixtures by name

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from loader.loading.outcome import Run

COWS = "cow_id,name\n1,Erna\n2,Berta\n"
MORE = "cow_id,name\n3,Olga\n"
EGGS = "egg_id,hen,laid_at\n1,Gerda,now\n"
OTHER = COWS.replace("Erna", "Elsa")
LOADED = "select file, bytes from raw._loads where status = 'loaded' order by file"

Query = Callable[..., list[tuple[object, ...]]]


def refused(result: Run) -> str:
    """Give the one message of a run in which a batch was refused, and nothing else failed."""
    assert (result.failed, result.count("failed")) == (True, 0)
    (problem,) = result.problems
    return problem.message


@pytest.fixture
def loaded(load, deliver, query) -> list[tuple[object, ...]]:
    """A batch of two files of cows, loaded; gives the ledger's files."""
    deliver("2025-01-01", {"cows": [COWS, COWS]})
    assert load("farm").count("loaded") == 2
    return query(LOADED)


@pytest.mark.parametrize("other", [OTHER, COWS + "3,Olga\n"], ids=["same size", "longer"])
def test_other_bytes_refuse_the_whole_batch(
    load, query: Query, deliver, landing: Path, loaded, other: str
) -> None:
    deliver("2025-01-01", {"cows": [other, other, MORE], "eggs": [EGGS]})
    message = refused(load("farm"))
    assert message.startswith(
        f"{landing}/2025-01-01/manifest.json: batch 2025-01-01 is not the one that was loaded "
        f"before: 2025-01-01/cows/part-00000.csv had other content ({len(COWS)} bytes, sha256 "
    )
    assert f"; now {len(other)} bytes, " in message
    assert message.endswith(
        "nothing of it was loaded now: load it into another database, or bring the batch back "
        "as it was"
    )
    assert query(LOADED) == loaded
    assert query("select count(*) from raw.farm_cows") == [(4,)]
    assert query("select count(*) from raw.farm_eggs") == [(0,)]


def test_other_bytes_of_the_truth_refuse_the_whole_batch(load, query: Query, deliver) -> None:
    deliver("2025-01-01", {"cows": [COWS]}, truth={"totals": "day,eggs\n2025-01-01,7\n"})
    load("farm")
    deliver("2025-01-01", {"cows": [COWS, MORE]}, truth={"totals": "day,eggs\n2025-01-01,8\n"})
    assert "2025-01-01/_truth/totals.csv had other content" in refused(load("farm"))
    assert query("select count(*) from raw.farm_cows") == [(2,)]


def test_a_file_that_the_manifest_does_not_list_any_more_refuses_the_whole_batch(
    load, query: Query, deliver, loaded
) -> None:
    deliver("2025-01-01", {"cows": [COWS], "eggs": [EGGS]})
    message = refused(load("farm"))
    assert (
        "batch 2025-01-01 is not the one that was loaded before: 2025-01-01/cows/part-00001.csv "
        "was loaded, and the manifest does not list it any more; "
    ) in message
    assert query(LOADED) == loaded
    assert query("select count(*) from raw.farm_eggs") == [(0,)]


def test_damage_on_disk_adds_no_message_to_that_of_the_batch(load, deliver, loaded) -> None:
    folder = deliver("2025-01-01", {"cows": [OTHER, OTHER], "eggs": [EGGS]})
    (folder / "eggs" / "part-00000.csv").unlink()
    assert "cows/part-00000.csv had other content" in refused(load("farm"))


def test_other_batches_load(load, query: Query, deliver, loaded) -> None:
    deliver("2024-12-31", {"cows": [MORE]})
    deliver("2025-01-01", {"cows": [OTHER, COWS, MORE]})
    deliver("2025-01-02", {"cows": [MORE]})
    result = load("farm")
    assert "batch 2025-01-01 " in refused(result)
    assert result.count("loaded") == 2
    assert {str(name).split("/")[0] for name, _ in query(LOADED)} == {
        "2024-12-31",
        "2025-01-01",
        "2025-01-02",
    }
    assert query("select count(*) from raw.farm_cows where name = 'Olga'") == [(2,)]


def test_a_batch_brought_back_as_it_was_is_known_again(load, deliver, loaded) -> None:
    deliver("2025-01-01", {"cows": [OTHER, COWS]})
    refused(load("farm"))
    deliver("2025-01-01", {"cows": [COWS, COWS]})
    result = load("farm")
    assert (result.failed, result.count("skipped")) == (False, 2)


def test_a_refused_batch_ends_the_command_with_one_line_and_exit_code_1(
    cli, deliver, loaded
) -> None:
    deliver("2025-01-01", {"cows": [OTHER, OTHER, MORE]})
    result = cli("farm")
    assert result.exit_code == 1
    assert result.stdout.count("failed: ") == 1
    assert "Error: 1 failure in farm (see above)" in result.stderr


def test_a_sound_batch_that_was_half_loaded_goes_on(load, query: Query, deliver) -> None:
    batch = {"cows": [COWS, MORE], "eggs": [EGGS]}
    folder = deliver("2025-01-01", batch)
    (folder / "cows" / "part-00001.csv").write_text(MORE.replace("Olga", "Elsa"))
    half = load("farm")
    assert (half.count("loaded"), half.count("failed")) == (2, 1)
    deliver("2025-01-01", batch)
    rest = load("farm")
    assert (rest.failed, rest.count("skipped"), rest.count("loaded")) == (False, 2, 1)
    assert query("select name from raw.farm_cows order by 1") == [("Berta",), ("Erna",), ("Olga",)]
