"""The benchmark measures what it says, and cleans up."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.__main__ import main
from bench.report import share_of_ceiling
from bench.steps import LOAD, SERVER, Measure


def test_the_share_is_the_median_of_the_rounds_own() -> None:
    rounds = [
        [Measure(LOAD, 10, load), Measure(SERVER, 10, server)]
        for load, server in ((1.0, 0.5), (2.0, 1.8), (10.0, 8.0))
    ]
    assert share_of_ceiling(rounds) == pytest.approx(0.8)


def test_one_small_round(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    result = CliRunner().invoke(main, ["--scale", "0.0005", "--runs", "1", "--no-build"])
    assert result.exit_code == 0, result.output
    for step in ("generate", "load", "server-side COPY FROM file"):
        assert f" {step} " in result.stdout
    assert "of the server-side COPY's rows per second (median of 1" in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_scale_of_nothing_is_refused() -> None:
    result = CliRunner().invoke(main, ["--scale", "0"])
    assert result.exit_code == 2
    assert "--scale" in result.output
