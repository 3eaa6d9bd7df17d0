"""What goes wrong ends in one clear line, an exit code other than 0, and no manifest."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from click.testing import Result

from generator.engine.values.draws import ChoicePlan
from generator.landing.manifest import Manifest

DATA = Path(__file__).parents[1] / "data"
SMALL = ("--scale", "0.001", "--days", "30")
# Long enough to be caught in the middle.
LONG = ("--scale", "0.2", "--defects", "0")


def command(out: Path | str, *flags: str) -> list[str]:
    return [sys.executable, "-m", "generator", "--out", str(out), *flags]


def run(out: Path | str, *flags: str, **options) -> subprocess.CompletedProcess[str]:
    """Run the real command line in a process of its own."""
    return subprocess.run(
        command(out, *flags), capture_output=True, text=True, check=False, **options
    )


def assert_clear(result: subprocess.CompletedProcess[str], *words: str) -> None:
    assert result.returncode in (1, 2)
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    for word in words:
        assert word in line


def assert_refused(result: Result, *words: str) -> None:
    """The same for a command line that was run in this process."""
    assert result.exit_code in (1, 2)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    for word in words:
        assert word in result.stderr


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--scale", "-1"), ("--scale -1", "above 0")),
        (("--scale", "0"), ("--scale 0", "above 0")),
        (("--scale", "1e9"), ("--scale", "up to 1000")),
        (("--scale", "nan"), ("--scale nan",)),
        (("--scale", "inf"), ("--scale inf",)),
        (("--scale", "much"), ("--scale", "float")),
        (
            ("--scale", "1000"),
            ("--scale 1000", "suppliers has", "its key supplier_id ends at 9,998"),
        ),
        (("--scale", "40", "--days", "1500"), ("--scale 40", "its key")),
        (("--start", "2025-02-30"), ("--start", "2025-02-30")),
        (("--start", "1066-10-14"), ("--start", "1970")),
        (("--days", "0"), ("--days 0", "1 to")),
        (("--days", "-3"), ("--days -3", "1 to")),
        (("--days", "100000"), ("--days 100000", "1 to")),
        (("--workers", "0"), ("--workers 0", "1 to")),
        (("--workers", "1000"), ("--workers 1000", "1 to")),
        (("--defects", "1.5"), ("--defects 1.5", "share")),
        (("--defects", "-0.1"), ("--defects -0.1", "share")),
        (("--defects", "much"), ("--defects much", "share")),
        (("--defects", "misplaced=0.1"), ("--defects misplaced=0.1", "no kind of fault")),
        (("--defects", "missing=2"), ("--defects missing=2", "share")),
        (("--defects", "0.1", "--defects", "0.2"), ("--defects 0.2", "twice")),
        (
            ("--defects", "too_few_fields=0.1", "--format", "parquet"),
            ("--defects too_few_fields=0.1", "parquet"),
        ),
        (
            ("--defects", "duplicate_row=0.5", "--defects", "missing=0.5"),
            ("--defects", "add up to"),
        ),
        (("--late", "-0.1"), ("--late -0.1", "share")),
        (("--late", "0.9"), ("--late 0.9", "share")),
        (("--format", "xml"), ("--format xml", "mixed, csv")),
        (("--model", "bakery"), ("bakery", "clinic, shop")),
        (("--seed", "-5"), ("--seed -5", "from 0")),
        (("--seed", "1.5"), ("--seed", "1.5")),
        (("--sclae", "1"), ("--sclae",)),
    ],
)
def test_wrong_flags(tmp_path, generate, flags, words):
    result = generate(tmp_path / "landing", *flags)
    assert_refused(result, *words)
    assert result.exit_code == 2
    assert not list(tmp_path.rglob("*.csv"))
    assert not list(tmp_path.rglob("manifest.json"))


def test_a_wrong_flag_on_the_real_command_line(tmp_path):
    result = run(tmp_path / "landing", "--scale", "-1")
    assert_clear(result, "--scale -1.0: give a number above 0")
    assert result.returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_out_is_a_file(tmp_path, generate):
    (tmp_path / "landing").write_text("in the way")
    result = generate(tmp_path / "landing", *SMALL)
    assert_refused(result, str(tmp_path / "landing"), "Not a directory")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_unwritable_folder(tmp_path, generate):
    tmp_path.chmod(0o500)
    result = generate(tmp_path / "landing", *SMALL)
    assert_refused(result, str(tmp_path / "landing"), "Permission denied")


def test_folder_that_nobody_can_write(generate):
    assert_refused(generate(Path("/proc/landing"), *SMALL), "/proc/landing", "--out")


@pytest.mark.parametrize(
    ("workers", "fmt"), [("1", "mixed"), ("2", "mixed"), ("2", "parquet"), ("1", "csv.zst")]
)
def test_a_disk_that_takes_no_more(tmp_path, workers, fmt):
    """A limit on the size of files stands for a full disk: write() fails in the middle."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))

    flags = ("--scale", "0.05", "--workers", workers, "--format", fmt)
    result = run(tmp_path, *flags, preexec_fn=limit)
    assert_clear(result, "/part-0", "cannot be written: ", "2025-12-31 was not made")
    assert result.returncode == 1
    assert list((tmp_path / "shop").iterdir()) == []


def is_full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "some-file")


@pytest.mark.parametrize(
    "place",
    [
        "generator.engine.output.files.Disk.write",
        "os.fsync",
        "generator.landing.run.sync_folder",
        "generator.landing.manifest.Manifest.write",
    ],
)
def test_a_disk_that_is_full_at_any_step(tmp_path, generate, landing, monkeypatch, place):
    """Also after all is written: when it is brought to the disk, and for the manifest itself."""
    assert generate(tmp_path, *SMALL).exit_code == 0
    before = landing.hashes(tmp_path)
    with monkeypatch.context() as full:
        full.setattr(place, is_full)
        result = generate(tmp_path)
    assert_refused(result, ": cannot be written: No space left on device", "was not made")
    assert "2025-01-31" in result.stderr
    assert landing.hashes(tmp_path) == before
    assert [path.name for path in (tmp_path / "shop").iterdir()] == ["2025-01-30"]
    assert generate(tmp_path).exit_code == 0


def test_the_manifest_is_written_last(tmp_path, generate, monkeypatch):
    seen = []
    write = Manifest.write

    def watched(manifest: Manifest, folder: Path) -> None:
        seen.append({path.name for path in folder.rglob("*")})
        assert folder.name == ".2025-01-30.unfinished"
        write(manifest, folder)

    monkeypatch.setattr(Manifest, "write", watched)
    assert generate(tmp_path, *SMALL).exit_code == 0
    assert "manifest.json" not in seen[0]
    assert {"orders", "totals.csv", "defects.csv"} <= seen[0]


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.002)


def begun(process: subprocess.Popen, source: Path) -> None:
    """Wait until a run has written something."""
    wait_for(lambda: any(source.glob(".*/orders/part-*")) or process.poll() is not None)
    assert process.poll() is None, "it ended too early"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_killed_in_the_middle_leaves_no_manifest_and_the_next_run_mends_it(
    tmp_path, landing, generate, workers
):
    """SIGKILL, at the start of a history; its workers end with it."""
    flags = (*LONG, "--workers", workers)
    source = tmp_path / "killed" / "shop"
    quiet = {"stderr": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    with subprocess.Popen(command(tmp_path / "killed", *flags), **quiet) as process:
        begun(process, source)
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) == (2 if workers == "2" else 0)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    wait_for(lambda: not any(child.is_running() for child in family))
    assert list(source.rglob("*.csv")), "the run had begun to write"
    assert not list(source.rglob("manifest.json"))
    assert not list(source.glob("2*"))
    # The next one starts from nothing, with whatever flags it is given.
    assert generate(tmp_path / "killed", *SMALL).exit_code == 0
    assert generate(tmp_path / "whole", *SMALL).exit_code == 0
    assert landing.hashes(source) == landing.hashes(tmp_path / "whole" / "shop")


def test_a_worker_ended_from_outside(tmp_path):
    source = tmp_path / "shop"
    arguments = command(tmp_path, *LONG, "--workers", "2")
    pipes = {"stderr": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(arguments, text=True, **pipes) as process:
        begun(process, source)
        workers = psutil.Process(process.pid).children(recursive=True)
        workers[0].kill()
        out, err = process.communicate(timeout=120)
    result = subprocess.CompletedProcess(arguments, process.returncode, out, err)
    assert_clear(result, "batch 2025-12-31", "a worker was ended", "--workers")
    assert list(source.iterdir()) == []


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_interrupt_leaves_nothing(tmp_path, workers):
    """Ctrl-C reaches the process and its workers."""
    source = tmp_path / "shop"
    arguments = command(tmp_path, *LONG, "--workers", workers)
    pipes = {"stderr": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(arguments, text=True, start_new_session=True, **pipes) as process:
        begun(process, source)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Traceback" not in err
    assert "Aborted!" in err
    assert list(source.iterdir()) == []


def test_two_generators_at_once(tmp_path, generate):
    quiet = {"stderr": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    with subprocess.Popen(command(tmp_path, *LONG, "--workers", "1"), **quiet) as process:
        begun(process, tmp_path / "shop")
        assert_refused(generate(tmp_path, *SMALL), str(tmp_path / "shop"), "another generator")
        # Another source in the same landing zone is nobody's business.
        assert generate(tmp_path, "--model", "clinic", *SMALL).exit_code == 0
        process.kill()


# Bad models through the command line: what is wrong with each kind is tested in spec/.
@pytest.mark.parametrize("how", ["generate", "check", "ddl"])
def test_a_bad_model_is_refused_before_anything_is_made(tmp_path, generate, how):
    bad = str(DATA / "bad_models" / "unknown_table.json")
    flags = {"generate": ("--model", bad), "check": ("check", bad), "ddl": ("ddl", bad)}[how]
    result = generate(tmp_path / "landing", *flags)
    assert_refused(result, "there is no table")
    assert result.exit_code == 2
    assert not (tmp_path / "landing").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", ("line 1", "is not JSON")),
        ('{"name": "x", "tables": {}}', ("tables",)),
        ("[]", ("no JSON object",)),
    ],
)
def test_a_file_that_is_no_model(tmp_path, generate, text, words):
    (tmp_path / "mine.json").write_text(text)
    result = generate(tmp_path / "landing", "--model", str(tmp_path / "mine.json"))
    assert_refused(result, "mine.json", *words)
    assert result.exit_code == 2


def model_with(**column: object) -> dict[str, object]:
    """A model of one table with one column besides its key."""
    return {
        "name": "tiny",
        "tables": {
            "things": {
                "delivery": "full_extract",
                "key": ["thing_id"],
                "rows": {"kind": "fixed", "count": 300, "grows": "not"},
                "columns": {"thing_id": {"type": "integer", "kind": "sequence"}, "size": column},
            }
        },
    }


@pytest.mark.parametrize("fmt", ["csv", "json", "parquet"])
@pytest.mark.parametrize(
    "column",
    [
        {"type": "integer", "kind": "expression", "value": "thing_id * 20000000"},
        {"type": "integer", "kind": "expression", "value": "thing_id - 290"},
        {"type": "decimal", "kind": "expression", "value": "thing_id * 90000000.5"},
    ],
    ids=["large", "negative", "much money"],
)
def test_a_value_that_does_not_fit(tmp_path, generate, column, fmt):
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps(model_with(**column)))
    result = generate(tmp_path / "landing", "--model", str(path), "--format", fmt)
    assert_refused(result, "table things, column size: ", "give the column a range")
    assert result.exit_code == 2
    assert list((tmp_path / "landing" / "tiny").iterdir()) == []


@pytest.mark.parametrize(
    "column",
    [
        {"type": "integer", "kind": "choice", "values": [0, 2_147_483_647]},
        {"type": "integer", "kind": "choice", "values": [-2_147_483_647, 5], "signed": True},
        {"type": "bigint", "kind": "choice", "values": [1, 9_999_999_999_999_999]},
        {"type": "decimal", "kind": "choice", "values": [0.01, 9_999_999_999]},
        {
            "type": "integer",
            "kind": "expression",
            "value": "7000000 * thing_id",
            "range": [0, 2_100_000_000],
        },
    ],
    ids=["integer", "negative", "bigint", "decimal", "by its range"],
)
@pytest.mark.parametrize("fmt", ["csv", "parquet"])
def test_the_greatest_values_that_the_check_allows_do_fit(tmp_path, generate, landing, column, fmt):
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps(model_with(**column)))
    result = generate(tmp_path, "--model", str(path), "--format", fmt)
    assert result.exit_code == 0, result.output
    sizes = landing.table(tmp_path / "tiny", "things")["size"]
    wanted = column.get("values", range(7_000_000, 2_100_000_001, 7_000_000))
    assert set(map(float, sizes)) == set(map(float, wanted))


def test_validation_fails_and_nothing_is_published(tmp_path, generate, monkeypatch):
    compute = ChoicePlan.compute

    def wrong(plan: ChoicePlan, frame):
        values = compute(plan, frame)
        return (values[0] * 0 + 99,) if plan.name == "quantity" else values

    monkeypatch.setattr(ChoicePlan, "compute", wrong)
    result = generate(tmp_path, *SMALL, "--validate")
    assert_refused(result, "order_items.quantity", "order_items/part-00000.csv, record 1")
    assert result.exit_code == 1
    assert list((tmp_path / "shop").iterdir()) == []


def test_a_removed_landing_zone_begins_anew(tmp_path, generate):
    assert generate(tmp_path, *SMALL).exit_code == 0
    shutil.rmtree(tmp_path / "shop")
    assert generate(tmp_path, *SMALL, "--seed", "3").exit_code == 0
