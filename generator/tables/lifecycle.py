"""An order's life: when it is placed, paid, shipped, delivered or cancelled, and how it is paid.

All times are seconds since day 0; NEVER stands for what does not happen. The longest life is 2 days
to the payment, 3 to the shipment and 7 to the delivery; a late version adds one: below
LONGEST_LIFE.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.calendar import SECONDS_A_DAY
from generator.mix import SLOTS, Bools, Choice, Ints, between, chance, unit
from generator.tables.customers import arrivals
from generator.world import LONGEST_LIFE, NEVER, World

STATUSES = ("placed", "paid", "shipped", "delivered", "cancelled")
DELIVERED, CANCELLED_UNPAID, CANCELLED_PAID = range(3)
_PATH = Choice((96.0, 2.5, 1.5))
# The status of each version, by path.
PATH_STATUSES = np.array([[0, 1, 2, 3], [0, 4, 4, 4], [0, 1, 4, 4]])

METHODS = ("card", "paypal", "bank_transfer", "gift_card")
CARD, _, BANK_TRANSFER, GIFT_CARD = range(4)
_METHOD = Choice((64, 22, 9, 5))
PAYMENT_STATUSES = ("captured", "failed", "refunded")
# The four payments an order can have: a failed attempt, one or two that are captured, a refund.
FAILED, MAIN, SPLIT, REFUND = range(4)
SLOT_STATUSES = np.array([1, 0, 0, 2])
FAILED_SHARE, SPLIT_SHARE, GIVEN_UP_SHARE = 0.02, 0.03, 0.5

HOUR = 3_600


@dataclass(frozen=True)
class Orders:
    """Orders with the times of all that happens to them; arrays have one row an order.

    Args:
        number: order number, from 0.
        day: day of the order.
        path: DELIVERED, CANCELLED_UNPAID or CANCELLED_PAID.
        method: how it is paid.
        times: time of each of up to 4 versions.
        arrival: when each version arrives.
        paid: time of each of up to 4 payments.
    """

    number: Ints
    day: Ints
    path: Ints
    method: Ints
    times: Ints
    arrival: Ints
    paid: Ints

    @property
    def placed_at(self) -> Ints:
        """Time of the order."""
        return self.times[:, 0]

    def of(self, chosen: Bools) -> Orders:
        """Return some of the orders."""
        fields = (
            self.number,
            self.day,
            self.path,
            self.method,
            self.times,
            self.arrival,
            self.paid,
        )
        return Orders(*(field[chosen] for field in fields))


def draw_orders(world: World, numbers: Ints) -> Orders:
    """Return the orders of some numbers with all their times, past and to come."""
    keys = world.keys("orders")
    day = world.orders.day_of(numbers)
    placed = world.orders.seconds(numbers, day, keys.draw("ordered_at", numbers))
    path = _PATH(keys.draw("path", numbers))
    method = _METHOD(keys.draw("payment_method", numbers))
    times = _version_times(world, numbers, placed, path, method)
    arrival = times.copy()
    counters = numbers[:, None] * SLOTS + np.arange(1, 4)
    arrival[:, 1:] = arrivals(world, "orders", counters, times[:, 1:])
    paid = _payment_times(world, numbers, times, path, method)
    return Orders(numbers, day, path, method, times, arrival, paid)


def _version_times(world: World, numbers: Ints, placed: Ints, path: Ints, method: Ints) -> Ints:
    keys = world.keys("orders")

    def delay(column: str, shortest: int, longest: int) -> Ints:
        """Return delays in seconds, short ones more often: the square of a uniform draw."""
        u = unit(keys.draw(column, numbers))
        return shortest + (u * u * (longest - shortest)).astype(np.int64)

    slow = method == BANK_TRANSFER
    to_payment = np.where(
        slow, delay("paid_slowly", 4 * HOUR, 48 * HOUR), delay("paid", 120, 15 * 60)
    )
    paid = placed + to_payment
    shipped = paid + delay("shipped", 4 * HOUR, 72 * HOUR)
    delivered = shipped + delay("delivered", 24 * HOUR, 168 * HOUR)
    times = np.stack([placed, paid, shipped, delivered], axis=1)
    given_up = path == CANCELLED_UNPAID
    times[given_up, 1] = (placed + delay("given_up", 12 * HOUR, 72 * HOUR))[given_up]
    recalled = path == CANCELLED_PAID
    times[recalled, 2] = (paid + delay("recalled", HOUR, 36 * HOUR))[recalled]
    times[given_up, 2] = NEVER
    times[path != DELIVERED, 3] = NEVER
    return times


def _payment_times(world: World, numbers: Ints, times: Ints, path: Ints, method: Ints) -> Ints:
    """Return the times of the four possible payments of each order, NEVER for most of them."""
    keys = world.keys("payments")
    paid = np.full((len(numbers), 4), NEVER)
    is_paid = path != CANCELLED_UNPAID
    tries = keys.draw("failed", numbers)
    failed = np.where(is_paid, chance(tries, FAILED_SHARE), chance(tries, GIVEN_UP_SHARE))
    attempt = times[:, 0] + between(keys.draw("failed_at", numbers), 5, 90)
    paid[failed, FAILED] = attempt[failed]
    paid[is_paid, MAIN] = times[is_paid, 1]
    split = (path == DELIVERED) & chance(keys.draw("split", numbers), SPLIT_SHARE)
    split &= method != GIFT_CARD
    paid[split, SPLIT] = times[split, 1]
    refunded = path == CANCELLED_PAID
    after = between(keys.draw("refunded_at", numbers), HOUR, 48 * HOUR)
    paid[refunded, REFUND] = (times[:, 2] + after)[refunded]
    return paid


def first_order_with_events(world: World) -> int:
    """Return the number of the first order that something can still happen to in the batch."""
    if world.window.begin < 0:
        return 0
    first_day = world.window.begin // SECONDS_A_DAY
    return int(world.orders.before[max(0, first_day - LONGEST_LIFE)])
