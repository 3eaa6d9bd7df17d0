"""orders and order_items: their records, and the true totals of each day."""

from __future__ import annotations

import numpy as np

from generator.catalogue import Catalogue
from generator.mix import Ints
from generator.rows import Rows
from generator.tables.baskets import Lines, Totals
from generator.tables.lifecycle import PATH_STATUSES, STATUSES, Orders
from generator.text import Column, Digits, Money, Number, Stamp, Text

_STATUSES = np.array([status.encode() for status in STATUSES])
MONEY_COLUMNS = ("subtotal", "discount", "tax", "shipping_fee", "total")


def order_columns(stamp: Stamp) -> list[Column]:
    """Return the layout of orders."""
    return [
        Column("order_id", (b"ORD-", Digits(8))),
        Column("customer_id", (b"CUS-", Digits(7))),
        Column("status", (Text(9),)),
        Column("currency", (b"USD",)),
        *(Column(name, (Money(),), quoted=False) for name in MONEY_COLUMNS),
        Column("ordered_at", (stamp,)),
        Column("updated_at", (stamp,)),
        Column("op", (Text(1),)),
    ]


def fill_orders(rows: Rows, orders: Orders, sums: Totals, order: Ints, version: Ints) -> None:
    """Fill one record for each version.

    Args:
        rows: the buffer.
        orders: the orders.
        sums: their sums.
        order: position of each version's order.
        version: number of each version, from 0.
    """
    rows.begin(len(orders.number))
    rows.put("order_id", orders.number + 1)
    rows.put("customer_id", sums.customer + 1)
    for name in MONEY_COLUMNS:
        rows.put(name, getattr(sums, name))
    rows.put("ordered_at", orders.placed_at)
    # What all versions share is written once an order and copied: a fifth less time for the table.
    rows.expand(order)
    rows.put("status", _STATUSES[PATH_STATUSES[orders.path[order], version]])
    rows.put("updated_at", orders.times[order, version])
    rows.put("op", np.where(version == 0, b"I", b"U"))


def item_columns() -> list[Column]:
    """Return the layout of order_items."""
    return [
        Column("order_item_id", (b"ORD-", Digits(8), b"-", Digits(1))),
        Column("order_id", (b"ORD-", Digits(8))),
        Column("product_id", (Text(36),)),
        Column("line_number", (Digits(1),), quoted=False),
        Column("quantity", (Number(),), quoted=False),
        Column("unit_price", (Money(),), quoted=False),
        Column("discount_amount", (Money(),), quoted=False),
        Column("line_total", (Money(),), quoted=False),
    ]


def fill_items(rows: Rows, catalogue: Catalogue, orders: Orders, lines: Lines) -> None:
    """Fill one record for each line."""
    number = orders.number[lines.order] + 1
    rows.begin(len(number))
    rows.put("order_item_id", number, lines.line_number)
    rows.put("order_id", number)
    rows.put("product_id", catalogue.identifiers[lines.product])
    rows.put("line_number", lines.line_number)
    rows.put("quantity", lines.quantity)
    rows.put("unit_price", lines.unit_price)
    rows.put("discount_amount", lines.discount)
    rows.put("line_total", lines.gross - lines.discount)


def add_totals(totals: Ints, orders: Orders, lines: Lines, first_day: int) -> None:
    """Add sound lines to the totals of their orders' days.

    Args:
        totals: int64, one row a day: orders with a sound line, units, gross and discount in cents.
        orders: the orders.
        lines: their sound lines.
        first_day: day of the first row.
    """
    day = orders.day[lines.order] - first_day
    first_of_order = np.diff(lines.order, prepend=-1) > 0
    np.add.at(totals[:, 0], day, first_of_order.astype(np.int64))
    np.add.at(totals[:, 1], day, lines.quantity)
    np.add.at(totals[:, 2], day, lines.gross)
    np.add.at(totals[:, 3], day, lines.discount)
