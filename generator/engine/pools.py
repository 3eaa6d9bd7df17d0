"""Texts that are made once for a seed: names, streets, words, and combinations of them.

A cell draws an index into a pool, so Faker costs a fraction of a second for a run and nothing for a
row. Each pool is drawn from a random generator of its own, which hangs on the seed and the pool's
name alone: a pool added to a model leaves the others as they are. Faker's texts hang on its
version, and those of its providers of dates on today.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from generator.engine.randomness.mix import column_key
from generator.errors import ModelError
from generator.spec import templates
from generator.spec.values import Faker

if TYPE_CHECKING:
    from faker import Generator

    from generator.spec.model import Model

# The providers that most models need: with no others, Faker is ready 12 ms sooner.
_USUAL = ["faker.providers." + name for name in ("address", "color", "company", "person")]

# A pool is as full as it gets when so many texts in a row, for each text in it, were there already:
# one that is as likely as the others stays away so long with a probability of exp(-20).
_PATIENCE, _AT_LEAST = 20, 100

# What a provider raises for arguments that it cannot use.
_REFUSALS = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError)


def fill_pools(model: Model, seed: int) -> dict[str, tuple[str, ...]]:
    """Fill the model's pools; a drawn pool holds different texts.

    Args:
        model: the model, checked: its templates name pools, and not in a circle.
        seed: the run's seed.

    Returns:
        The texts by pool name; for each column of kind faker, a pool named "table.column".

    Raises:
        ModelError: a provider or its arguments cannot be used, or there are fewer different texts
            than `size` asks for (its default asks for as many as there are).
    """
    filling = _Filling(model, seed)
    for name in model.pools:
        filling.pool(name)
    for table, spec in model.tables.items():
        for name, column in spec.columns.items():
            if isinstance(column, Faker):
                filling.column(f"{table}.{name}", column)
    return filling.pools


class _Filling:
    def __init__(self, model: Model, seed: int) -> None:
        self.pools: dict[str, tuple[str, ...]] = {}
        self._specs, self._seed = model.pools, seed
        self._fake: Generator | None = None
        self._complete = False

    def pool(self, name: str) -> tuple[str, ...]:
        """Fill a pool of the model, after those that its templates name."""
        if name not in self.pools:
            spec, place = self._specs[name], f"pool {name}"
            if spec.values is not None:
                self.pools[name] = spec.values
            else:
                make = (
                    self._provider(place, spec.faker, spec.arguments)
                    if spec.faker is not None
                    else self._templates(place, spec.templates or ())
                )
                asked = "size" in spec.model_fields_set
                self.pools[name] = _different(place, make, spec.size, asked)
        return self.pools[name]

    def column(self, place: str, spec: Faker) -> None:
        """Fill the pool of a column."""
        make = self._provider(place, spec.provider, spec.arguments)
        asked = "size" in spec.model_fields_set
        self.pools[place] = _different(place, make, spec.size, asked)

    def _key(self, place: str) -> int:
        return int(column_key(self._seed, "/pools", place))

    def _provider(self, place: str, name: str, arguments: dict[str, Any]) -> Callable[[], str]:
        """Return a provider of Faker, with the pool's own random generator."""
        fake = self._faker(place, name)
        fake.seed_instance(self._key(place))
        provider = partial(getattr(fake, name), **arguments)

        def make() -> str:
            try:
                value = provider()
            except _REFUSALS as error:
                raise ModelError(
                    f"{place}: Faker's {name} cannot use the arguments {arguments}: {error}"
                ) from error
            if isinstance(value, str):
                return value
            if isinstance(value, bool | int | float | Decimal | date):
                return str(value)
            raise ModelError(
                f"{place}: Faker's {name} makes a {type(value).__name__}, no text; "
                "use another provider"
            )

        return make

    def _faker(self, place: str, name: str) -> Generator:
        """Return a Faker that has a provider, with as little of Faker as that takes."""
        # Only here: a model without Faker, and a worker, need not wait for the import.
        from faker.factory import Factory  # noqa: PLC0415

        # Without weights all of a provider's texts are alike, and 70 times faster to draw.
        if self._fake is None:
            self._fake = Factory.create("en_US", _USUAL, use_weighting=False)
        if name not in vars(self._fake) and not self._complete:
            self._fake, self._complete = Factory.create("en_US", use_weighting=False), True
        known = {key for key, value in vars(self._fake).items() if callable(value)}
        if name not in known:
            near = " or ".join(get_close_matches(name, known)) or "one of Faker's standard ones"
            raise ModelError(f"{place}: Faker has no provider {name}; use {near}")
        return self._fake

    def _templates(self, place: str, texts: tuple[str, ...]) -> Callable[[], str]:
        """Return a function that fills in one of the templates, each as often as the others."""
        choices = [[self._choices(place, part) for part in templates.parse(text)] for text in texts]
        # Of all that Random has, only random() is promised to stay as it is.
        random = Random(self._key(place)).random

        def make() -> str:
            parts = choices[int(random() * len(choices))]
            return "".join(part[int(random() * len(part))] for part in parts)

        return make

    def _choices(self, place: str, part: str | templates.Field) -> tuple[str, ...]:
        """Return the texts that can stand for a part of a template."""
        if isinstance(part, str):
            return (part,)
        if part.digits is not None:
            raise ModelError(
                f"{place}, templates: {{{part.name}:{part.digits}}} pads a text with zeros; "
                f"write {{{part.name}}}"
            )
        pool = self.pool(part.name)
        if part.filter is None:
            return pool
        return tuple(text.lower() if part.filter == "lower" else text.upper() for text in pool)


def _different(place: str, make: Callable[[], str], size: int, asked: bool) -> tuple[str, ...]:
    """Draw until there are `size` different texts, or until no new one comes.

    Raises:
        ModelError: there are fewer than `size`, and the model asked for so many.
    """
    texts: dict[str, None] = {}
    known = 0
    while len(texts) < size and known < _AT_LEAST + _PATIENCE * len(texts):
        before = len(texts)
        texts.setdefault(make())
        known = 0 if len(texts) > before else known + 1
    if len(texts) < size and asked:
        raise ModelError(
            f"{place}: asks for {size} different texts and there are {len(texts)}; lower its size"
        )
    return tuple(texts)
