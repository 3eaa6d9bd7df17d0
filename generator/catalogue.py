"""The catalogue: products, their prices on every day, their popularity, what is withdrawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.departments import DEPARTMENTS
from generator.mix import Bits, Ints, Keys, bell, below, between, chance
from generator.parameters import Parameters
from generator.tables.categories import category_tree
from generator.text import Texts

# A product keeps a price for 45 to 240 days; a new one is up to 15% off the product's usual price.
SHORTEST_PRICE, LONGEST_PRICE = 45, 240
PRICE_STEP = 15
# One product in 20 is withdrawn, on some day of the first two years.
WITHDRAWN_SHARE, WITHDRAWN_WITHIN = 0.05, 730
NOT_WITHDRAWN = 2**31 - 1
LOWEST_PRICE, HIGHEST_PRICE = 199, 999_999

# Popularity: the table of draws has 2**20 places, or 16 a product for large catalogues.
_POPULARITY_BITS = 20


@dataclass(frozen=True)
class Catalogue:
    """What the other tables need to know of products; arrays have one value a product.

    Args:
        keys: keys of the table.
        identifiers: product_id as text (36 bytes).
        phase: days by which the first price is older than day 0.
        period: days a price lasts.
        prices: cents, one row a product, one column for each price in turn.
        usual_price: cents, around which the prices move.
        withdrawn_day: the day from which it is sold no more.
        popularity: product numbers, each as often as it is drawn.
    """

    keys: Keys
    identifiers: Texts
    phase: Ints
    period: Ints
    prices: Ints
    usual_price: Ints
    withdrawn_day: Ints
    popularity: Ints

    @classmethod
    def of(cls, parameters: Parameters, days: int) -> Catalogue:
        """Make the catalogue with all prices up to day `days`."""
        keys = Keys(parameters.seed, "products")
        rows = np.arange(parameters.products)
        period = between(keys.draw("price_period", rows), SHORTEST_PRICE, LONGEST_PRICE)
        phase = below(keys.draw("price_phase", rows), period)
        usual = _usual_price(keys, rows)
        turns = (days + LONGEST_PRICE) // SHORTEST_PRICE + 1
        step = keys.draw("price_step", rows[:, None] * 1024 + np.arange(turns))
        moved = usual[:, None] * (100 + between(step, -PRICE_STEP, PRICE_STEP)) // 100
        prices = np.where(np.arange(turns) == 0, usual[:, None], moved // 100 * 100 + 99)
        withdrawn = np.where(
            chance(keys.draw("withdrawn", rows), WITHDRAWN_SHARE) & (rows > 0),
            1 + below(keys.draw("withdrawn_day", rows), WITHDRAWN_WITHIN),
            NOT_WITHDRAWN,
        )
        return cls(
            keys=keys,
            identifiers=uuids(keys.draw("id_high", rows), keys.draw("id_low", rows)),
            phase=phase,
            period=period,
            prices=prices,
            usual_price=usual,
            withdrawn_day=withdrawn,
            popularity=_popularity(keys, len(rows)),
        )

    def price(self, products: Ints, days: Ints) -> Ints:
        """Return the price in cents of products on days (day 0 or later)."""
        turn = (days + self.phase[products]) // self.period[products]
        prices: Ints = self.prices[products, turn]
        return prices

    def pick(self, keys: Keys, counters: Ints, days: Ints) -> Ints:
        """Draw products by popularity among those sold on the given days.

        Args:
            keys: keys of the drawing table.
            counters: one an item.
            days: the day of each item.
        """
        shift = np.uint64(64 - len(self.popularity).bit_length() + 1)
        products = self.popularity[(keys.draw("product", counters) >> shift).view(np.int64)]
        gone = np.flatnonzero(days >= self.withdrawn_day[products])
        for attempt in range(1, 9):
            if not len(gone):
                return products
            bits = keys.draw(f"product_again_{attempt}", counters[gone])
            products[gone] = self.popularity[(bits >> shift).view(np.int64)]
            gone = gone[days[gone] >= self.withdrawn_day[products[gone]]]
        products[gone] = 0  # never withdrawn
        return products


def category_of(keys: Keys, rows: Ints) -> Ints:
    """Return the kind of goods of products, as position in the category tree."""
    leaves = np.array([i for i, node in enumerate(category_tree()) if node.leaf])
    return leaves[below(keys.draw("category", rows), len(leaves))]


def _usual_price(keys: Keys, rows: Ints) -> Ints:
    """Return log-normal prices by department, in cents ending on 99."""
    department = np.array([node.department for node in category_tree()])[category_of(keys, rows)]
    median = np.array([d.median_price for d in DEPARTMENTS])[department]
    spread = np.array([d.spread for d in DEPARTMENTS])[department]
    dollars = median * np.exp(spread * bell(keys.draw("list_price", rows)))
    cents: Ints = dollars.astype(np.int64) * 100 + 99
    return np.clip(cents, LOWEST_PRICE, HIGHEST_PRICE)


def _popularity(keys: Keys, products: int) -> Ints:
    """Return product numbers so that a uniform position is a Zipf-Mandelbrot draw.

    The weight is 1 / (rank + q); q is a two-hundredth of the catalogue: the head is heavy, yet no
    product is an absurd share of all.
    """
    weights = 1.0 / (np.arange(products) + products / 200 + 1)
    size = 1 << max(_POPULARITY_BITS, (16 * products).bit_length())
    borders = np.round(np.cumsum(weights) / weights.sum() * size).astype(np.int64)
    ranked = np.argsort(keys.draw("popularity", np.arange(products)))
    return np.repeat(ranked, np.diff(borders, prepend=0))


def uuids(high: Bits, low: Bits) -> Texts:
    """Return version 4 UUIDs (RFC 9562) of 128 random bits each."""
    words = np.stack([high, low], axis=1).astype(">u8").view(np.uint8).reshape(-1, 16).copy()
    words[:, 6] = words[:, 6] & 0x0F | 0x40
    words[:, 8] = words[:, 8] & 0x3F | 0x80
    digits = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    text = np.full((len(words), 36), ord("-"), dtype=np.uint8)
    places = [i for i in range(36) if i not in (8, 13, 18, 23)]
    text[:, places[0::2]] = digits[words >> 4]
    text[:, places[1::2]] = digits[words & 15]
    return text.view("S36").ravel()
