"""Which columns can be read back from the text of a template, and so make it unique."""

from __future__ import annotations

from generator.spec import templates
from generator.spec.facts import possible_texts
from generator.spec.model import Model
from generator.spec.paths import parent_of, resolve
from generator.spec.templates import Field
from generator.spec.values import (
    Column,
    Faker,
    Lookup,
    Parent,
    Pool,
    Sequence,
    Template,
    Uniform,
    Uuid,
)

_UUID_WIDTH = 36


def readable_columns(model: Model, table: str, template: str) -> set[str]:
    """Return the columns whose values follow from a template's text, whatever they are.

    From either end a part can be read while it is known where it ends: a constant, a part of fixed
    width, or a whole number before something that begins with no digit. What is left between
    the two ends can be read if it is one part. And the only whole number among texts that hold no
    digits can be read wherever it stands. (A sequence among names: Faker's texts are taken to
    have no digits, which `--validate` checks.) A UUID makes any text unique.
    """
    parts = templates.parse(template)
    left = _read(model, table, list(parts), 0)
    right = _read(model, table, list(reversed(parts)), -1)
    read = set(range(left)) | set(range(len(parts) - right, len(parts)))
    if len(read) == len(parts) - 1:
        read = set(range(len(parts)))
    for number, part in enumerate(parts):
        others = [other for n, other in enumerate(parts) if n != number]
        if _is_number(model, table, part) and all(
            _digits_are_fixed(model, table, other) for other in others
        ):
            read.add(number)
    # A filter loses what the case of letters tells; a sequence's or a UUID's tells nothing.
    return {
        part.name
        for number, part in enumerate(parts)
        if isinstance(part, Field)
        and (_is_random(model, table, part) or number in read)
        and (part.filter is None or _is_one_case(model, table, part))
    }


def _read(model: Model, table: str, parts: list[str | Field], end: int) -> int:
    """Return how many parts can be read, beginning with the first.

    Args:
        model: the model.
        table: the template's table.
        parts: a template's parts, from the end at which the reading begins.
        end: which character of a part comes next in that direction: 0 or -1.
    """
    for number, part in enumerate(parts):
        follower = parts[number + 1 : number + 2]
        apart = not follower or (isinstance(follower[0], str) and not follower[0][end].isdigit())
        if _width(model, table, part) is None and not (_is_number(model, table, part) and apart):
            return number
    return len(parts)


def _origin(model: Model, table: str, column: str) -> tuple[str, Column]:
    """Return where a column's values are made, through look-ups and the parent's key."""
    while True:
        spec = model.tables[table].columns[column]
        match spec:
            case Lookup():
                end = resolve(model, table, spec.column)
                table, column = end.table, end.column
            case Parent() if (parent := parent_of(model.tables[table])) is not None:
                table, column = parent, model.tables[parent].key[0]
            case _:
                return table, spec


def _is_random(model: Model, table: str, part: Field) -> bool:
    return isinstance(_origin(model, table, part.name)[1], Uuid)


def _is_one_case(model: Model, table: str, part: Field) -> bool:
    return isinstance(_origin(model, table, part.name)[1], Sequence | Uuid)


def _is_number(model: Model, table: str, part: str | Field) -> bool:
    """Say whether a part is a whole number: digits and nothing else."""
    if isinstance(part, str):
        return False
    spec = model.tables[table].columns[part.name]
    return spec.type in ("integer", "bigint") and not spec.signed


def _width(model: Model, table: str, part: str | Field) -> int | None:  # noqa: PLR0911
    """Return how many characters a part always has; None if that varies or is not known."""
    if isinstance(part, str):
        return len(part)
    if part.digits is not None:
        return part.digits
    owner, spec = _origin(model, table, part.name)
    match spec:
        case Uuid():
            return _UUID_WIDTH
        case Sequence(type="text", digits=int(digits)):
            return len(spec.prefix) + digits
        case Uniform(type="integer" | "bigint", min=int(low), max=int(high)):
            same = low >= 0 and len(str(low)) == len(str(high))
            return len(str(low)) if same else None
        case Template():
            widths = [_width(model, owner, piece) for piece in templates.parse(spec.template)]
            return None if None in widths else sum(width or 0 for width in widths)
        case _:
            lengths = {len(text) for text in possible_texts(model, table, part.name) or ()}
            return lengths.pop() if len(lengths) == 1 else None


def _digits_are_fixed(model: Model, table: str, part: str | Field) -> bool:
    """Say whether a part always holds equally many digits in the same order of parts."""
    if isinstance(part, str) or part.digits is not None:
        return True
    owner, spec = _origin(model, table, part.name)
    match spec:
        case Faker():
            return True
        case Pool():
            return _has_no_digits(model, spec.pool)
        case Template():
            pieces = templates.parse(spec.template)
            return all(_digits_are_fixed(model, owner, piece) for piece in pieces)
        case _:
            texts = possible_texts(model, table, part.name)
            return texts is not None and not _hold_digits(texts)


def _has_no_digits(model: Model, pool: str) -> bool:
    spec = model.pools[pool]
    if spec.templates is None:
        return not _hold_digits(spec.values or ())
    parts = [part for template in spec.templates for part in templates.parse(template)]
    constants = tuple(part for part in parts if isinstance(part, str))
    return not _hold_digits(constants) and all(
        _has_no_digits(model, part.name) for part in parts if isinstance(part, Field)
    )


def _hold_digits(texts: tuple[str, ...]) -> bool:
    return any(character.isdigit() for text in texts for character in text)
