"""products: the catalogue's records on a day."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from generator.calendar import SECONDS_A_DAY
from generator.catalogue import category_of
from generator.mix import Ints, Keys, below, between
from generator.rows import Rows
from generator.tables.categories import category_tree
from generator.text import Column, Digits, Money, Piece, Stamp, Text, encode
from generator.world import World


def product_columns(stamp: Stamp) -> list[Column]:
    """Return the layout."""
    text: tuple[bytes | Piece, ...] = (Text(80),)
    return [
        Column("product_id", (Text(36),)),
        Column("product_name", text, quoted=False),
        Column("brand", text, quoted=False),
        Column("category_id", (b"CAT-", Digits(3))),
        Column("supplier_id", (b"SUP-", Digits(4))),
        Column("list_price", (Money(),), quoted=False),
        Column("unit_cost", (Money(),), quoted=False),
        Column("currency", (b"USD",)),
        Column("is_active", (Text(5),), quoted=False),
        Column("updated_at", (stamp,)),
    ]


def fill_products(rows: Rows, world: World, numbers: Ints) -> None:
    """Fill the records of some products as they are at the end of the batch's last day."""
    catalogue, pools, day = world.catalogue, world.pools, world.window.last_day
    keys, withdrawn = catalogue.keys, catalogue.withdrawn_day[numbers]
    last_sold = np.minimum(day, withdrawn - 1)
    turn = (last_sold + catalogue.phase[numbers]) // catalogue.period[numbers]
    price_since = turn * catalogue.period[numbers] - catalogue.phase[numbers]
    category = category_of(keys, numbers)
    brand = below(keys.draw("brand", numbers), len(pools.brands))
    cost_share = between(keys.draw("unit_cost", numbers), 40, 70)
    supplier = below(keys.draw("supplier", numbers), world.parameters.suppliers)
    names = _names(keys, numbers, [pools.brands[b] for b in brand.tolist()], pools.colors)
    rows.begin(len(numbers))
    rows.put("product_id", catalogue.identifiers[numbers])
    rows.put("product_name", encode(names, rows.format))
    rows.put("brand", encode(pools.brands, rows.format)[brand])
    rows.put("category_id", category + 1)
    rows.put("supplier_id", supplier + 1)
    rows.put("list_price", catalogue.price(numbers, last_sold))
    rows.put("unit_cost", catalogue.usual_price[numbers] * cost_share // 100)
    rows.put("is_active", np.where(withdrawn <= day, b"false", b"true"))
    since = np.where(withdrawn <= day, withdrawn, price_since)
    rows.put("updated_at", since * SECONDS_A_DAY)


def _names(keys: Keys, numbers: Ints, brands: list[str], colors: tuple[str, ...]) -> Iterator[str]:
    """Yield names such as `Perez Works Frying Pan, Steel Blue 250`."""
    kinds = [node.name for node in category_tree()]
    columns = (
        category_of(keys, numbers),
        below(keys.draw("color", numbers), len(colors)),
        10 * between(keys.draw("series", numbers), 10, 99),
    )
    lists = (column.tolist() for column in columns)
    for brand, kind, color, series in zip(brands, *lists, strict=True):
        yield f"{brand} {kinds[kind]}, {colors[color]} {series}"
