"""What an order holds and costs: customer, lines, and the sums over them; money in cents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.mix import SLOTS, Bools, Choice, Ints, Keys, unit
from generator.tables.customers import address_versions, places
from generator.tables.lifecycle import Orders
from generator.taxes import SALES_TAX
from generator.world import World

# One to eight lines, 2.8 on average.
_LINES = Choice((22, 28, 22, 13, 8, 4, 2, 1))
QUANTITIES = np.array([1, 2, 3, 4, 5, 6, 10])
_QUANTITY = Choice((72, 16, 6, 3, 1.5, 1, 0.5))
DISCOUNTS = np.array([0, 5, 10, 20])
_DISCOUNT = Choice((80, 6, 10, 4))

FREE_SHIPPING_FROM = 7_500
SHIPPING_FEES = np.array([499, 699, 999])
_SHIPPING = Choice((70, 20, 10))


@dataclass(frozen=True)
class Lines:
    """Order lines; the lines of an order stand together, in order of the orders.

    Args:
        order: position of the line's order in `Orders`.
        counter: unique number of the line: order number * SLOTS + line number - 1.
        line_number: 1, 2, ... within the order.
        product: product number.
        quantity: pieces.
        unit_price: the product's price on the order's day.
        discount: discount on the line.
    """

    order: Ints
    counter: Ints
    line_number: Ints
    product: Ints
    quantity: Ints
    unit_price: Ints
    discount: Ints

    @property
    def gross(self) -> Ints:
        """Quantity times unit price."""
        return self.quantity * self.unit_price

    def of(self, chosen: Bools) -> Lines:
        """Return some of the lines."""
        fields = (self.order, self.counter, self.line_number, self.product, self.quantity)
        return Lines(*(field[chosen] for field in (*fields, self.unit_price, self.discount)))


@dataclass(frozen=True)
class Totals:
    """An order's customer and its sums; one array element an order."""

    customer: Ints
    subtotal: Ints
    discount: Ints
    tax: Ints
    shipping_fee: Ints
    total: Ints


def draw_lines(world: World, orders: Orders) -> Lines:
    """Return all lines of some orders."""
    keys = world.keys("order_items")
    count = _LINES(keys.draw("lines", orders.number)) + 1
    order = np.repeat(np.arange(len(count)), count)
    line_number = np.arange(len(order)) - (np.cumsum(count) - count)[order] + 1
    counter = orders.number[order] * SLOTS + line_number - 1
    day = orders.day[order]
    product = world.catalogue.pick(keys, counter, day)
    quantity = QUANTITIES[_QUANTITY(keys.draw("quantity", counter))]
    price = world.catalogue.price(product, day)
    percent = DISCOUNTS[_DISCOUNT(world.keys("orders").draw("discount", orders.number))][order]
    discount = (quantity * price * percent + 50) // 100
    return Lines(order, counter, line_number, product, quantity, price, discount)


def draw_totals(world: World, orders: Orders, lines: Lines) -> Totals:
    """Return the sums of some orders over their lines."""
    keys = world.keys("orders")
    first = np.flatnonzero(lines.line_number == 1)
    subtotal = np.add.reduceat(lines.gross, first) if len(first) else np.zeros(0, dtype=np.int64)
    discount = np.add.reduceat(lines.discount, first) if len(first) else subtotal
    net = subtotal - discount
    customer = pick_customers(world, orders)
    rates = np.array([SALES_TAX[state] for _, state, _ in world.pools.places])
    home = places(world, customer, address_versions(world, customer, orders.placed_at))
    tax = (net * rates[home] + 5_000) // 10_000
    fee = SHIPPING_FEES[_SHIPPING(keys.draw("shipping_fee", orders.number))]
    fee = np.where(net >= FREE_SHIPPING_FROM, 0, fee)
    return Totals(customer, subtotal, discount, tax, fee, net + tax + fee)


def pick_customers(world: World, orders: Orders) -> Ints:
    """Draw each order's customer among those registered before its day, few of them very often.

    The rank follows a Zipf-Mandelbrot law with exponent 1/2: with density 1 / sqrt(rank + q) over n
    customers, rank = (sqrt(q) + u (sqrt(n + q) - sqrt(q)))**2 - q, and q = n / 1000 keeps the first
    from buying every minute. Square roots are exact to the bit everywhere (IEEE 754).
    """
    keys = world.keys("orders")
    known = world.customers.before[orders.day]
    q = known / 1000.0
    root = np.sqrt(q) + unit(keys.draw("customer", orders.number)) * (
        np.sqrt(known + q) - np.sqrt(q)
    )
    rank = np.clip((root * root - q).astype(np.int64), 0, known - 1)
    return _scatter(keys, rank, known)


def _scatter(keys: Keys, rank: Ints, known: Ints) -> Ints:
    """Map ranks 0..n-1 one to one to customers 0..n-1: popular ones are not the oldest.

    An affine map over the next power of two is one to one; what falls outside is mapped again until
    it falls inside (cycle walking; Black and Rogaway, "Ciphers with arbitrary finite domains",
    2002).
    """
    factor, offset = keys.draw("scatter", np.arange(2)) | np.uint64(1)
    bits = np.frexp(known - 1)[1]  # the exponent is the number of binary digits, exactly
    mask = ((np.int64(1) << bits.astype(np.int64)) - 1).astype(np.uint64)
    customer = (rank.astype(np.uint64) * factor + offset) & mask
    outside = np.flatnonzero(customer.view(np.int64) >= known)
    while len(outside):
        again = (customer[outside] * factor + offset) & mask[outside]
        customer[outside] = again
        outside = outside[again.view(np.int64) >= known[outside]]
    numbers: Ints = customer.view(np.int64)
    return numbers
