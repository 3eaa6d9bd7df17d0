"""payments: captured ones add up to the order's total; failures and refunds beside them."""

from __future__ import annotations

import numpy as np

from generator.mix import SLOTS, Ints, between
from generator.rows import Rows
from generator.tables.baskets import Totals
from generator.tables.lifecycle import (
    GIFT_CARD,
    MAIN,
    METHODS,
    PAYMENT_STATUSES,
    SLOT_STATUSES,
    SPLIT,
    Orders,
)
from generator.text import Column, Digits, Money, Stamp, Text
from generator.world import NEVER, World

_METHODS = np.array([method.encode() for method in METHODS])
_STATUSES = np.array([status.encode() for status in PAYMENT_STATUSES])
# Payment numbers an order takes; it uses one of them as a rule.
NUMBERS_AN_ORDER = 4


def payment_columns(stamp: Stamp) -> list[Column]:
    """Return the layout."""
    return [
        Column("payment_id", (b"PAY-", Digits(9))),
        Column("order_id", (b"ORD-", Digits(8))),
        Column("payment_method", (Text(13),)),
        Column("status", (Text(8),)),
        Column("amount", (Money(),), quoted=False),
        Column("currency", (b"USD",)),
        Column("paid_at", (stamp,)),
    ]


def fill_payments(world: World, rows: Rows, orders: Orders, sums: Totals) -> Ints:
    """Fill the payments that arrive in the batch and return a unique number for each.

    Where an order is split, a gift card takes a fifth to three fifths and the main method the rest.
    """
    order, slot = np.nonzero(world.window.holds(orders.paid))
    number, total = orders.number[order], sums.total[order]
    percent = between(world.keys("payments").draw("split_share", number), 20, 60)
    by_card = np.where(orders.paid[order, SPLIT] < NEVER, total * percent // 100, 0)
    amount = np.where(slot == SPLIT, by_card, np.where(slot == MAIN, total - by_card, total))
    rows.begin(len(order))
    rows.put("payment_id", number * NUMBERS_AN_ORDER + slot + 1)
    rows.put("order_id", number + 1)
    rows.put("payment_method", _METHODS[np.where(slot == SPLIT, GIFT_CARD, orders.method[order])])
    rows.put("status", _STATUSES[SLOT_STATUSES[slot]])
    rows.put("amount", amount)
    rows.put("paid_at", orders.paid[order, slot])
    return number * SLOTS + slot
