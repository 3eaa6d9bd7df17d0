"""What goes wrong ends in one clear line, an exit code other than 0, and no manifest."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

SMALL = ("--scale", "0.001")


def run(out: Path | str, *flags: str, **options) -> subprocess.CompletedProcess[str]:
    """Run the real command line in a process of its own."""
    command = [sys.executable, "-m", "generator", "--out", str(out), *flags]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def assert_clear(result: subprocess.CompletedProcess[str], *words: str) -> None:
    assert result.returncode in (1, 2)
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    for word in words:
        assert word in line


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--scale", "-1"), ("--scale -1", "above 0")),
        (("--scale", "0"), ("--scale 0", "above 0")),
        (("--scale", "1e9"), ("--scale", "up to 40")),
        (("--scale", "nan"), ("--scale nan",)),
        (("--scale", "much"), ("--scale", "float")),
        (("--scale", "40", "--days", "1500"), ("--scale 40", "identifiers end")),
        (("--start", "2025-02-30"), ("--start", "2025-02-30")),
        (("--start", "1066-10-14"), ("--start", "1970")),
        (("--days", "0"), ("--days 0", "1 to")),
        (("--days", "100000"), ("--days 100000", "1 to")),
        (("--workers", "0"), ("--workers 0", "1 to")),
        (("--workers", "1000"), ("--workers 1000", "1 to")),
        (("--defects", "1.5"), ("--defects 1.5", "share")),
        (("--late", "-0.1"), ("--late -0.1", "share")),
        (("--format", "xml"), ("--format xml", "mixed, csv, json")),
        (("--model", "clinic"), ("--model clinic", "shop")),
        (("--seed", "-5"), ("--seed -5", "from 0")),
        (("--sclae", "1"), ("--sclae",)),
    ],
)
def test_wrong_flags(tmp_path, flags, words):
    result = run(tmp_path / "landing", *flags)
    assert_clear(result, *words)
    assert result.returncode == 2
    assert not list(tmp_path.rglob("*.csv"))
    assert not list(tmp_path.rglob("manifest.json"))


def test_out_is_a_file(tmp_path):
    (tmp_path / "landing").write_text("in the way")
    assert_clear(run(tmp_path / "landing", *SMALL), str(tmp_path / "landing"), "Not a directory")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_unwritable_folder(tmp_path):
    tmp_path.chmod(0o500)
    assert_clear(run(tmp_path / "landing", *SMALL), str(tmp_path / "landing"), "Permission denied")


def test_folder_that_nobody_can_write():
    assert_clear(run("/proc/landing", *SMALL), "/proc/landing", "--out")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_disk_that_takes_no_more(tmp_path, workers):
    """A limit on the size of files stands for a full disk: write() fails in the middle."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))

    flags = ("--scale", "0.05", "--workers", workers)
    result = run(tmp_path, *flags, preexec_fn=limit)
    assert_clear(result, "cannot be written", "2025-12-31 was not made")
    assert list((tmp_path / "shop").iterdir()) == []


def wait_for(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.002)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_killed_in_the_middle_leaves_no_manifest_and_the_next_run_mends_it(
    tmp_path, landing, workers
):
    flags = ("--scale", "0.3", "--workers", workers)
    command = [sys.executable, "-m", "generator", "--out", str(tmp_path / "killed"), *flags]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        source = tmp_path / "killed" / "shop"
        wait_for(lambda: any(source.glob(".*/customers/part-*")) or process.poll() is not None)
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    wait_for(lambda: not any(child.is_running() for child in family))
    assert list(source.rglob("*.csv")), "the run had begun to write"
    assert not list(source.rglob("manifest.json"))
    assert not list(source.glob("2*"))
    assert run(tmp_path / "killed", *flags).returncode == 0
    assert run(tmp_path / "whole", *flags).returncode == 0
    assert landing.hashes(source) == landing.hashes(tmp_path / "whole" / "shop")


def test_a_worker_ended_from_outside(tmp_path):
    flags = ("--scale", "0.5", "--workers", "2")
    command = [sys.executable, "-m", "generator", "--out", str(tmp_path), *flags]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        source = tmp_path / "shop"
        wait_for(lambda: any(source.glob(".*/customers/part-*")) or process.poll() is not None)
        children = psutil.Process(process.pid).children(recursive=True)
        workers = [child for child in children if "spawn_main" in " ".join(child.cmdline())]
        workers[0].kill()
        out, err = process.communicate(timeout=120)
    assert_clear(
        subprocess.CompletedProcess(command, process.returncode, out, err), "worker", "--workers"
    )
    assert list(source.iterdir()) == []


def test_an_interrupt_leaves_nothing(tmp_path):
    flags = ("--scale", "0.5", "--workers", "2")
    command = [sys.executable, "-m", "generator", "--out", str(tmp_path), *flags]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        source = tmp_path / "shop"
        wait_for(lambda: any(source.glob(".*/customers/part-*")) or process.poll() is not None)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Traceback" not in err
    assert list(source.iterdir()) == []


def test_two_generators_at_once(tmp_path):
    flags = ("--scale", "0.5", "--workers", "1")
    command = [sys.executable, "-m", "generator", "--out", str(tmp_path), *flags]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        wait_for(lambda: any((tmp_path / "shop").glob(".*/customers/part-*")))
        assert_clear(run(tmp_path, *flags), "another generator")
        process.kill()


@pytest.fixture
def source(tmp_path, generate) -> Path:
    assert generate(tmp_path, *SMALL, "--days", "30").exit_code == 0
    assert generate(tmp_path, "--days", "2").exit_code == 0
    return tmp_path / "shop"


@pytest.mark.parametrize(
    "flags",
    [
        ("--start", "2025-01-01", "--days", "30"),
        ("--start", "2025-01-01"),
        ("--start", "2025-01-31"),
        ("--start", "2025-01-31", "--days", "2", *SMALL, "--seed", "42", "--format", "mixed"),
    ],
)
def test_asked_again_changes_nothing(source, generate, landing, flags):
    before = landing.hashes(source), [p.stat().st_mtime_ns for p in sorted(source.rglob("*"))]
    result = generate(source.parent, *flags)
    assert result.exit_code == 0
    assert "already there" in result.output
    after = landing.hashes(source), [p.stat().st_mtime_ns for p in sorted(source.rglob("*"))]
    assert before == after


def test_days_go_on_where_they_ended(source, generate, landing):
    result = generate(source.parent, "--start", "2025-02-01", "--days", "3")
    assert result.exit_code == 0
    assert "2025-02-01: already there" in result.output
    batches = [manifest["batch"] for manifest in landing.manifests(source)]
    assert batches == ["2025-01-30", *(f"2025-0{day}" for day in ("1-31", "2-01", "2-02", "2-03"))]


def test_a_removed_day_is_made_again_byte_for_byte(source, generate, landing):
    before = landing.hashes(source)
    shutil.rmtree(source / "2025-01-31")
    assert generate(source.parent).exit_code == 0
    assert landing.hashes(source) == before


def test_a_day_without_manifest_is_made_again(source, generate, landing):
    before = landing.hashes(source)
    (source / "2025-01-31" / "manifest.json").unlink()
    (source / "2025-01-31" / "orders" / "part-00000.csv").write_text("half")
    assert generate(source.parent, "--start", "2025-01-31").exit_code == 0
    assert landing.hashes(source) == before


def test_files_of_others_are_not_touched(source, generate):
    (source / "2025-01-31" / "manifest.json").unlink()
    (source / "2025-01-31" / "thesis.docx").write_text("years of work")
    result = generate(source.parent)
    assert result.exit_code == 1
    assert "thesis.docx" in result.output
    assert (source / "2025-01-31" / "thesis.docx").exists()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (
            ("--scale", "0.5"),
            ("--scale 0.5", "--scale 0.001", "manifest.json", "leave --scale out"),
        ),
        (("--seed", "7"), ("--seed 7", "--seed 42")),
        (("--defects", "0"), ("--defects 0", "--defects 0.01")),
        (("--format", "csv"), ("--format csv", "--format mixed")),
        (("--start", "2025-03-01"), ("--start 2025-03-01", "gap", "--start 2025-02-02")),
        (("--start", "2025-01-01", "--days", "60"), ("--days 60", "--start 2025-01-31")),
        (("--start", "2024-01-01"), ("--start 2024-01-01", "another --out")),
        (("--days", "4380"), ("--days 4380", "after its start")),
    ],
)
def test_contradictions(source, generate, landing, flags, words):
    before = landing.hashes(source)
    result = generate(source.parent, *flags)
    assert result.exit_code == 2
    for word in words:
        assert word in result.output
    assert landing.hashes(source) == before


def change(manifest: Path, **values) -> None:
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | values))


def test_damaged_manifests(source, generate):
    history, day = source / "2025-01-30" / "manifest.json", source / "2025-01-31" / "manifest.json"
    whole = history.read_text()
    damages = {
        "not a manifest": lambda: history.write_text(whole[:100]),
        "generator is missing": lambda: history.write_text('{"format_version": 1}'),
        "format_version 9": lambda: change(history, format_version=9),
        "not a history": lambda: change(history, kind="day"),
        "rename the folder": lambda: change(history, last_day="2025-01-29"),
        "--scale -3": lambda: change(
            history, generator=json.loads(whole)["generator"] | {"scale": -3}
        ),
        "does not continue": lambda: change(day, kind="history"),
    }
    for words, damage in damages.items():
        kept = day.read_text()
        damage()
        result = generate(source.parent)
        assert result.exit_code == 1, words
        assert words in result.output
        assert ".json" in result.output
        history.write_text(whole)
        day.write_text(kept)
    assert generate(source.parent).exit_code == 0
