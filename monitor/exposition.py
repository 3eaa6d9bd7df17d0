"""The text format of Prometheus, version 0.0.4, for gauges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

_PREFIX = "counting_house_"

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Family:
    """A gauge with its samples.

    Args:
        name: without the prefix of this project; its unit at the end.
        text: what it is, in a line.
        samples: value by labels.
    """

    name: str
    text: str
    samples: Sequence[tuple[Labels, float]] = field(default_factory=tuple)


def exposition(families: Iterable[Family]) -> str:
    """Write gauges as Prometheus reads them."""
    return "".join(line for family in families for line in _lines(family))


def _lines(family: Family) -> Iterator[str]:
    name = f"{_PREFIX}{family.name}"
    text = family.text.replace("\\", r"\\").replace("\n", r"\n")
    yield f"# HELP {name} {text}\n"
    yield f"# TYPE {name} gauge\n"
    for labels, value in family.samples:
        inner = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{{{inner}}} {value!r}\n" if inner else f"{name} {value!r}\n"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
