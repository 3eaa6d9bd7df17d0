"""Variables of the Makefile on their way to the programs."""

from __future__ import annotations

import os
import subprocess

import pytest

from warehouse.settings import PROJECT_DIR


@pytest.fixture
def make(tmp_path):
    """Run a target with a program in the place of Python that prints its arguments."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nprintf '[%s]' \"$@\"\n")
    python.chmod(0o755)
    variables = ("SCALE", "START", "DAYS", "SEED", "DEFECTS", "FORMAT", "SOURCE", "FROM")
    clean = {name: value for name, value in os.environ.items() if name not in variables}

    def run(target: str, *given: str, **environment: str) -> str:
        made_already = ["-o", "setup", "-o", "up"]
        done = subprocess.run(
            ["make", "-s", *made_already, target, f"BIN={tmp_path}", *given],
            cwd=PROJECT_DIR,
            env={**clean, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize("value", ["it's", 'a "b" c', "/x; echo y", "$(id)`id`".replace("$", "$$")])
def test_a_value_arrives_as_it_was_given(make, value):
    arrived = make("load", f"FROM={value}", f"SOURCE={value}")
    expected = value.replace("$$", "$")
    assert f"[--from][{expected}][--][{expected}]" in arrived
    for name in ("SCALE", "START", "DAYS", "SEED", "DEFECTS", "FORMAT", "WORKERS"):
        assert f"[--{name.lower()}][{expected}]" in make("generate", f"{name}={value}")


def test_the_demo_gets_only_what_was_asked_for(make):
    assert make("demo", "WORKERS=3").endswith("[demo][--workers][3][--]")
    assert make("demo", "SEED=7", DAYS="90").endswith("[--][--days][90][--seed][7]")
