"""Texts that Faker fills once for a seed: names, streets, places, words.

A cell draws an index into a pool, so Faker costs a fraction of a second for a run and nothing for a
row. The pools hang on the seed alone: an own Faker instance with an own random generator is used,
never the shared one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

FIRST_NAMES, LAST_NAMES, STREETS, PLACES, BRANDS, COLORS = 500, 900, 1_200, 1_500, 240, 100

# Rounds of drawing before a pool is taken as full: a provider may not have as many different texts.
_ROUNDS = 20

T = TypeVar("T")


@dataclass(frozen=True)
class Pools:
    """The pools of a seed; every pool holds different texts.

    Args:
        first_names: given names.
        last_names: family names.
        streets: street names without number.
        places: (city, state's two letters, postal code within that state).
        brands: made-up brand names.
        colors: names of colours, in words.
    """

    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    streets: tuple[str, ...]
    places: tuple[tuple[str, str, str], ...]
    brands: tuple[str, ...]
    colors: tuple[str, ...]


def _fill(make: Callable[[], T], size: int) -> tuple[T, ...]:
    """Draw until `size` different values are there, or until the provider has no more."""
    values: dict[T, None] = {}
    for _ in range(size * _ROUNDS):
        values.setdefault(make())
        if len(values) == size:
            break
    return tuple(values)


@lru_cache(maxsize=4)
def fill_pools(seed: int) -> Pools:
    """Fill the pools for a seed; a second call in the same process returns the same object."""
    # Only here: workers get their pools ready-made and need not wait for the import.
    from faker import Faker  # noqa: PLC0415

    fake = Faker("en_US")
    fake.seed_instance(seed)

    def place() -> tuple[str, str, str]:
        state = fake.state_abbr(include_territories=False, include_freely_associated_states=False)
        return fake.city(), state, fake.postcode_in_state(state)

    def brand() -> str:
        ending = fake.random_element(("Works", "Labs", "House", "Goods", "Supply", "& Co"))
        return f"{fake.last_name()} {ending}"

    def color() -> str:
        return "".join(f" {c}" if c.isupper() else c for c in fake.color_name()).strip()

    return Pools(
        first_names=_fill(fake.first_name, FIRST_NAMES),
        last_names=_fill(fake.last_name, LAST_NAMES),
        streets=_fill(fake.street_name, STREETS),
        places=_fill(place, PLACES),
        brands=_fill(brand, BRANDS),
        colors=_fill(color, COLORS),
    )
