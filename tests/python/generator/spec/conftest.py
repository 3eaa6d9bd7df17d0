"""Models to read: a small sound one, and the bad ones that differ from it in one thing each."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.spec.loading import load_model
from generator.spec.model import Model

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="session")
def sound_file() -> Path:
    return DATA / "sound_model.json"


@pytest.fixture(scope="session")
def sound(sound_file: Path) -> Model:
    return load_model(str(sound_file))


@pytest.fixture
def changed(
    sound_file: Path, tmp_path: Path
) -> Callable[[Callable[[dict[str, Any]], object]], Model]:
    """Read the sound model after a change of its content."""

    def read(change: Callable[[dict[str, Any]], object]) -> Model:
        data = copy.deepcopy(json.loads(sound_file.read_text()))
        change(data)
        path = tmp_path / "changed.json"
        path.write_text(json.dumps(data))
        return load_model(str(path))

    return read
