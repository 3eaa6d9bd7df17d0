"""Reading a model file: strictly, with errors that name the place and the fix."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from pydantic import ValidationError

from generator.errors import ModelError
from generator.spec.base import Spec
from generator.spec.model import Model
from generator.spec.plain import plain_errors

_BUILT_IN = Path(__file__).parent.parent / "models"
_SCHEMA_FILE = "model.schema.json"

# They tell readers something and change no row.
_NOT_MEANT = ("description", "schema_")
# Their order is the order of columns, or numbers the slots.
_ORDERED = ("columns", "slots", "measures", "constants")


def built_in_models() -> list[str]:
    """Return the names of the models that come with the generator."""
    return sorted(p.stem for p in _BUILT_IN.glob("*.json") if p.name != _SCHEMA_FILE)


def load_model(name_or_path: str) -> Model:
    """Read a model: a built-in one by its name (with or without .json), or a file by its path.

    Raises:
        ModelError: it cannot be read or is no model; one line a problem.
    """
    path = _model_path(name_or_path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ModelError(f"{path.name}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ModelError(
            f"{path.name}: is not UTF-8 at byte {error.start + 1}; save it as UTF-8"
        ) from error
    data = _read_json(path, text)
    if "\\u0000" in text:
        raise ModelError(f"{path.name}: holds \\u0000, which no database stores; take it out")
    if not isinstance(data, dict):
        raise ModelError(f"{path.name}: is no JSON object; a model is {{...}} with name and tables")
    try:
        # Strict: no text is taken for a number. JSON input, so that lists may stand for tuples.
        return Model.model_validate_json(text, strict=True)
    except ValidationError as error:
        lines = plain_errors(error, data)
        raise ModelError("\n".join(f"{path.name}: {line}" for line in lines)) from error


def canonical_sha256(model: Model) -> str:
    """Return the SHA-256 of what a model means: files that differ in looks only share it.

    Descriptions, the schema's address, defaults written out and the order of keys (except of
    columns, slots and measures) do not count.
    """
    text = json.dumps(_meaning(model), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _model_path(name_or_path: str) -> Path:
    if name_or_path in built_in_models():
        return _BUILT_IN / f"{name_or_path}.json"
    path = Path(name_or_path)
    if path.is_file():
        return path
    if path.name == name_or_path and path.suffix == ".json" and path.stem in built_in_models():
        return _BUILT_IN / path.name
    if path.is_dir():
        raise ModelError(f"{path}: is a folder; give a model file")
    raise ModelError(
        f"{name_or_path}: there is no such model or file; built in are"
        f" {', '.join(built_in_models())}, else give the path of a .json file"
    )


def _read_json(path: Path, text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ModelError(
            f"{path.name}: line {error.lineno}, column {error.colno}: is not JSON ({error.msg})"
        ) from error
    except _OddJsonError as error:
        raise ModelError(f"{path.name}: {error}") from error
    except RecursionError as error:
        raise ModelError(f"{path.name}: is nested too deeply") from error


class _OddJsonError(Exception):
    pass


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _OddJsonError(
            f"key {twice!r} stands twice in the object with the keys"
            f" {', '.join(dict.fromkeys(names))}; keep one"
        )
    return found


def _refuse_constant(text: str) -> None:
    raise _OddJsonError(f"{text} is no JSON number; write a finite one")


def _meaning(part: object) -> object:
    if isinstance(part, Spec):
        meant: dict[str, object] = {}
        for name, field in type(part).model_fields.items():
            value = getattr(part, name)
            if name in _NOT_MEANT or (not field.is_required() and value == field.get_default()):
                continue
            ordered = name in _ORDERED and isinstance(value, dict)
            meant[name] = _meaning(list(value.items()) if ordered else value)
        return meant
    if isinstance(part, dict):
        return {str(key): _meaning(value) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [_meaning(value) for value in part]
    return part
